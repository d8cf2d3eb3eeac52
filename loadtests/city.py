"""What a shape needs before it begins, made through the public contract: people, devices, tokens."""

from loadtests.crowd import Provisioner
from loadtests.processes import RunningService
from loadtests.scenario import DeviceMember, Scenario
from loadtests.shapes import Shape

_SEED = 2


def scenario_for(service: RunningService, shape: Shape) -> Scenario:
    """Make the responders, AEDs and tokens of a shape. Raises httpx.HTTPError when the service does not take them."""
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        aeds = provisioner.aeds(shape.aeds, within_m=shape.crowd_within_m, seed=_SEED)
        return Scenario(
            shape=shape,
            members=provisioner.responders(shape.responders, within_m=shape.crowd_within_m, seed=_SEED),
            devices=[DeviceMember(aed_id, provisioner.token("device", aed_id)) for aed_id in aeds],
            operator_tokens=[provisioner.token("operator", f"load-{each}") for each in range(shape.operators)],
            admin_token=provisioner.token("admin", "load-office"),
        )
    finally:
        provisioner.close()


def tidy(service: RunningService) -> None:
    """Cancel what is still open of a load test."""
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        while provisioner.cancel_open():
            pass
    finally:
        provisioner.close()
