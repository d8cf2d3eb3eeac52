"""The neighbourhoods of the bench: responders, AEDs, and an operator."""

from typing import Final

from loadtests.bench_sides import Site
from loadtests.crowd import CENTRE, Provisioner
from loadtests.processes import RunningService
from simulator.movement import offset

# On duty and connected, at each site.
RESPONDERS: Final = 60
_RESPONDERS_WITHIN_M: Final = 900.0
_AEDS: Final = 12
# Nobody is asked at two sites, and nobody so often that the plan would rather spare them: at most a third of a
# site's responders are alerted in a round.
_SITES_APART_M: Final = 8_000.0
_SITES_IN_A_ROW: Final = 5


def provision_sites(service: RunningService, sites: int) -> tuple[list[Site], str]:
    """Make so many neighbourhoods; answers them and an operator's token."""
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        made = [_site(provisioner, number) for number in range(sites)]
        return made, provisioner.token("operator", "bench")
    finally:
        provisioner.close()


def _site(provisioner: Provisioner, number: int) -> Site:
    row, column = divmod(number, _SITES_IN_A_ROW)
    centre = offset(CENTRE, north_m=row * _SITES_APART_M, east_m=column * _SITES_APART_M)
    provisioner.aeds(_AEDS, within_m=_RESPONDERS_WITHIN_M, seed=number, centre=centre)
    members = provisioner.responders(
        RESPONDERS, within_m=_RESPONDERS_WITHIN_M, seed=number, centre=centre, first=number * RESPONDERS + 1
    )
    return Site(centre, members)
