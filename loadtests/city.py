"""What a shape needs before it begins, made through the public contract: people, devices, tokens."""

from typing import Final

from loadtests.crowd import Provisioner
from loadtests.processes import RunningService
from loadtests.scenario import DeviceMember, Scenario
from loadtests.shapes import Shape

_SEED: Final = 2
_MOST_PAGES: Final = 20


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
        # A page of the list at a time; a service that does not cancel them must not hold us for ever.
        for _ in range(_MOST_PAGES):
            if not provisioner.cancel_open():
                return
    finally:
        provisioner.close()
