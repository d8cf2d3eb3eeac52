"""What befalls a device in a year, drawn from its owner's world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.aed_year.dates import EXPIRES, expect_expiry
from tests.aed_year.device import Device
from tests.aed_year.faults import device_fault, false_word, place_fault, use
from tests.aed_year.surroundings import (
    be_curious,
    drain,
    leave_door_open,
    lose_link,
    lose_link_for_good,
    move,
    weather,
)
from tests.aed_year.world import START, YEAR, Build, later

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.aed_year.owner_year import OwnerYear

_WITH_HEARTBEATS: Final = frozenset({Build.DAILY, Build.CABINET, Build.MOBILE})


def begin(year: OwnerYear, device: Device) -> None:
    """How it is at first, and everything that will happen to it."""
    chance, truth = device.chance, device.truth
    own = chance.gammavariate(3.0, 1 / 3.0)
    again: list[tuple[float, Callable[[OwnerYear, Device], None]]] = [
        (own * truth.device_fault, device_fault),
        (own * truth.place_fault, place_fault),
        (truth.false_word, false_word),
        (0.012 / 365, use),
    ]
    if device.is_connected:
        again += [(truth.link_lost, lose_link), (truth.link_dead, lose_link_for_good)]
    if device.build in _WITH_HEARTBEATS:
        again.append((0.1 / 365, drain))
    if device.build is Build.CABINET:
        again += [(0.3 / 365, weather), (4 / 365, be_curious), (0.15 / 365, leave_door_open)]
    if device.build is Build.DAILY:
        again.append((0.03 / 365, move))
    for rate, what in again:
        _now_and_then(year, device, rate, what, first=True)
    for thing, _, _ in EXPIRES:
        expect_expiry(year, device, thing)
    if device.begins_at == START and chance.random() < truth.first_unfit:
        device_fault(year, device) if chance.random() < 0.25 else place_fault(year, device)


def _now_and_then(
    year: OwnerYear, device: Device, rate: float, what: Callable[[OwnerYear, Device], None], *, first: bool = False
) -> None:
    if not first:
        what(year, device)
    instant = year.clock.now + later(device.chance, rate)
    if instant < START + YEAR:
        year.clock.at(instant, _now_and_then, year, device, rate, what)
