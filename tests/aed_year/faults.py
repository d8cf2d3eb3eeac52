"""Faults that keep a device from saving a life, and the words of people about them, true and false."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dispatch.aeds.health.deadlines import Trouble, detected_within_s
from dispatch.aeds.health.evidence import TEST_FAILED, TEST_PASSED, Evidence
from dispatch.aeds.health.vocabulary import Cause, ReportKind
from tests.aed_year.device import OF_PLACE, Device, Fault
from tests.aed_year.troubles import causes
from tests.aed_year.world import START, YEAR, Build, later

if TYPE_CHECKING:
    from tests.aed_year.owner_year import OwnerYear


def inflict(year: OwnerYear, device: Device, fault: Fault) -> bool:
    """The device has this fault from now on; whether it had not before."""
    year.catch_up(device)
    if fault in device.faults:
        return False
    device.faults[fault] = year.clock.now
    year.watch(device)
    for rate, what in ((device.truth.true_word, _public_sees), (0.002, _runner_sees)):
        instant = year.clock.now + later(device.chance, rate)
        if instant < START + YEAR:
            year.clock.at(instant, what, year, device, fault, year.clock.now)
    return True


def within(device: Device, trouble: Trouble) -> timedelta | None:
    """How long policy gives the register to notice."""
    seconds = detected_within_s(
        device.card.policy, connected=device.is_connected, tests_are_reported=_tests_are_reported(device)
    )[trouble]
    return None if seconds == float("inf") else timedelta(seconds=seconds)


def _tests_are_reported(device: Device) -> bool:
    newest = device.card.latest.newest
    return TEST_PASSED in newest or TEST_FAILED in newest


def _only_people_see(year: OwnerYear, device: Device, fault: Fault) -> None:
    people = within(device, Trouble.SEEN_BY_PEOPLE)
    year.trouble(device, Trouble.SEEN_BY_PEOPLE, fault.value, people, frozenset({Cause.FAULT, Cause.INSPECTION_DUE}))


def device_fault(year: OwnerYear, device: Device) -> None:
    """Its electronics fail: its self-test would say so, or it is dead and says nothing."""
    silent = device.is_connected and device.chance.random() < device.truth.dead_is_silent
    fault = Fault.POWER if silent else Fault.ELECTRONICS
    if not inflict(year, device, fault):
        return
    found = causes(Cause.SELF_TEST_FAILED, Cause.FAULT)
    if silent:
        year.trouble(device, Trouble.SILENT, fault.value, within(device, Trouble.SILENT), found)
    elif device.is_connected and _tests_are_reported(device):
        year.trouble(device, Trouble.SEEN_BY_DEVICE, fault.value, within(device, Trouble.SEEN_BY_DEVICE), found)
    else:
        _only_people_see(year, device, fault)


def place_fault(year: OwnerYear, device: Device) -> None:
    """Its pads are spoilt, it is stolen, or somebody locks it away."""
    fault = device.chance.choices(OF_PLACE, (0.55, 0.2, 0.25))[0]
    if not inflict(year, device, fault):
        return
    if fault is not Fault.GONE or not device.is_connected:
        _only_people_see(year, device, fault)
    elif device.build is not Build.CABINET:
        year.trouble(device, Trouble.SILENT, fault.value, within(device, Trouble.SILENT), causes(Cause.FAULT))
    elif _tests_are_reported(device):
        missed = causes(Cause.SELF_TEST_FAILED, Cause.FAULT)
        year.trouble(device, Trouble.SEEN_BY_DEVICE, fault.value, within(device, Trouble.SEEN_BY_DEVICE), missed)
    else:
        _only_people_see(year, device, fault)


def use(year: OwnerYear, device: Device) -> None:
    """Somebody uses it: four times of five somebody says so, within the hour."""
    if not device.works:
        return
    if device.chance.random() < 0.2:
        # Nobody tells, and the pads are gone.
        if inflict(year, device, Fault.PADS):
            _only_people_see(year, device, Fault.PADS)
        return
    inflict(year, device, Fault.USED)
    used = word_of(year, device, ReportKind.USED, {})
    year.clock.at(year.clock.now + device.chance.random() * timedelta(minutes=40), _tell_of_use, year, device, used)


def _tell_of_use(year: OwnerYear, device: Device, used: Evidence) -> None:
    year.hear(device, used)
    if Fault.USED in device.faults:
        year.trouble(device, Trouble.SAID, Fault.USED.value, timedelta(0), frozenset({Cause.USED}))


def false_word(year: OwnerYear, device: Device) -> None:
    """A passer-by is wrong."""
    _public_word(year, device, "missing" if device.chance.random() < 0.25 else None)


def _public_sees(year: OwnerYear, device: Device, fault: Fault, since: datetime) -> None:
    if device.faults.get(fault) == since:
        _public_word(year, device, {Fault.GONE: "missing", Fault.LOCKED: "locked"}.get(fault))


def _public_word(year: OwnerYear, device: Device, code: str | None) -> None:
    data = {} if code is None else {"code": code}
    year.hear(
        device, Evidence(ReportKind.FAULT, year.clock.now, trusted=False, data=data, report_id=device.report_id())
    )
    year.trouble(device, Trouble.SAID, "public word", timedelta(0), frozenset({Cause.SAID_BY_PUBLIC}))


def _runner_sees(year: OwnerYear, device: Device, fault: Fault, since: datetime) -> None:
    if device.faults.get(fault) != since:
        return
    code = {Fault.GONE: "missing", Fault.LOCKED: "locked", Fault.AWAY: "missing"}.get(fault, "broken")
    year.hear(device, word_of(year, device, ReportKind.FAULT, {"code": code}))
    year.trouble(device, Trouble.SAID, "runner's word", timedelta(0), frozenset({Cause.FAULT}))


def word_of(year: OwnerYear, device: Device, kind: ReportKind, data: Mapping[str, object]) -> Evidence:
    """A report of this moment that is not by the clock."""
    return Evidence(kind, year.clock.now, trusted=True, data=data, report_id=device.report_id())
