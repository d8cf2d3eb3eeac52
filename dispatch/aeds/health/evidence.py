"""What is known of a device, small enough to be kept in one row: of every kind of report the newest.

Everything that is kept is a greatest or a least of what was reported, so neither the order in which reports arrive nor
one that comes twice changes it. Reports of one moment are told apart by their ids.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from dispatch.aeds.health.vocabulary import ONLY_A_PERSON_SEES, InspectionItem, ReportKind


@dataclass(frozen=True, slots=True)
class Evidence:
    """One report as the rules see it. `at`: when it was so, by the reporter's word.

    `trusted`: from the device, its custodian, a first-aider, an administrator or the source of an import; not trusted:
    from the public.
    """

    kind: ReportKind
    at: datetime
    trusted: bool
    data: Mapping[str, Any]
    report_id: str


def is_good(kind: ReportKind, data: Mapping[str, Any]) -> bool:
    """Whether a report of this kind says that all is well. A position is neither: the fence judges it."""
    if kind is ReportKind.HEARTBEAT or kind is ReportKind.LOCATION:
        return True
    if kind is ReportKind.DOOR:
        return not data.get("open")
    if kind is ReportKind.INSPECTION and serious_items(data):
        return False
    return data.get("outcome") == "ok"


def items_amiss(data: Mapping[str, Any]) -> list[str]:
    """What an inspection found amiss, in its order; an item may be named twice."""
    return [item["item"] for item in data.get("items") or () if not item.get("ok", True)]


def serious_items(data: Mapping[str, Any]) -> list[str]:
    """What of it keeps the device from saving a life, whatever the inspection's outcome says."""
    return [each for each in items_amiss(data) if each not in _MINOR]


def is_only_minor(data: Mapping[str, Any]) -> bool:
    """Whether a failed inspection names what is amiss, and none of it keeps the device from saving a life."""
    amiss = items_amiss(data)
    return bool(amiss) and not any(each not in _MINOR for each in amiss)


def key_of(kind: ReportKind, *, trusted: bool = True, good: bool) -> str:
    """Under which name the newest report of this kind, trust and outcome is kept."""
    return f"{kind.value}.{'trusted' if trusted else 'public'}.{'good' if good else 'bad'}"


HEARTBEAT: Final = key_of(ReportKind.HEARTBEAT, good=True)
TEST_PASSED: Final = key_of(ReportKind.SELF_TEST, good=True)
TEST_FAILED: Final = key_of(ReportKind.SELF_TEST, good=False)
DOOR_CLOSED: Final = key_of(ReportKind.DOOR, good=True)
DOOR_OPEN: Final = key_of(ReportKind.DOOR, good=False)
SEEN_AT: Final = key_of(ReportKind.LOCATION, good=True)
INSPECTED: Final = key_of(ReportKind.INSPECTION, good=True)
INSPECTION_FAILED: Final = key_of(ReportKind.INSPECTION, good=False)
USED: Final = key_of(ReportKind.USED, good=False)
FAULT: Final = key_of(ReportKind.FAULT, good=False)
SAID_BY_PUBLIC: Final = key_of(ReportKind.FAULT, trusted=False, good=False)
# Apart from what else the public says: a self-test answers that, and cannot answer this.
SAID_GONE_BY_PUBLIC: Final = f"{ReportKind.FAULT.value}.public.gone"

_KEYS: Final = {
    (kind, trusted, good): key_of(kind, trusted=trusted, good=good)
    for kind in ReportKind
    for trusted in (True, False)
    for good in (True, False)
}

_MINOR: Final = frozenset(each.value for each in InspectionItem.minor())

# What a device measures, whichever report brings it.
READINGS: Final = ("battery_percent", "temperature_c", "pads_ok")
_MEASURING: Final = frozenset({ReportKind.HEARTBEAT, ReportKind.SELF_TEST})

_TOLD_OF_BAD: Final = ("code", "outcome", "open", "latitude", "longitude", "accuracy_m")
# A door that is said to be open again and again has been open since the first time: of so many slots of time the first
# word is kept. A minute each, for one that is shut and opened again within a slot counts from its last word there; as
# many as cover the hour that a policy may grant.
_DOOR_SLOT_S: Final = 60
_DOOR_SLOTS: Final = 62
# A device that failed lately fails again sooner; how often beyond this makes little difference.
_FAILURES_KEPT: Final = 4
_FAILING: Final = frozenset({ReportKind.SELF_TEST, ReportKind.INSPECTION, ReportKind.FAULT})


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value and when it was so."""

    at: datetime
    value: Any
    report_id: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest report of each kind, trust and outcome, the newest readings, and a little history.

    `opened`: when the door was first said to be open, in each of the last slots of time. `failed_on`: the last days
    (UTC) on which it failed. `first_at`: the oldest report; `first_look_at`: the oldest inspection.
    """

    newest: Mapping[str, Evidence] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    opened: tuple[datetime, ...] = ()
    failed_on: tuple[date, ...] = ()
    first_at: datetime | None = None
    first_look_at: datetime | None = None

    def with_(self, *evidence: Evidence) -> "Latest":
        """What is known when this is known too, in whatever order it comes."""
        newest, readings = dict(self.newest), self.readings
        opened, failed_on = self.opened, self.failed_on
        first_at, first_look_at = self.first_at, self.first_look_at
        for each in evidence:
            good = is_good(each.kind, each.data)
            key = _KEYS[each.kind, each.trusted, good]
            if key == SAID_BY_PUBLIC and each.data.get("code") in ONLY_A_PERSON_SEES:
                key = SAID_GONE_BY_PUBLIC
            _keep_newest(newest, key, each, good=good)
            if not each.trusted:
                continue
            if first_at is None or each.at < first_at:
                first_at = each.at
            if each.kind is ReportKind.INSPECTION and (first_look_at is None or each.at < first_look_at):
                first_look_at = each.at
            if each.kind in _MEASURING:
                readings = _with_readings(readings, each)
            if good:
                continue
            if each.kind is ReportKind.DOOR:
                opened = _with_opening(opened, each.at)
            elif each.kind in _FAILING and not (each.kind is ReportKind.INSPECTION and is_only_minor(each.data)):
                failed_on = _with_day(failed_on, each.at)
        return Latest(newest, readings, opened, failed_on, first_at, first_look_at)

    @property
    def at(self) -> datetime | None:
        """When the newest of it was so."""
        return max((each.at for each in self.newest.values()), default=None)

    def when(self, key: str) -> datetime | None:
        """When the newest report of that key was so."""
        found = self.newest.get(key)
        return None if found is None else found.at

    def as_json(self) -> dict[str, Any]:
        """As it is kept: plain values, the same for the same knowledge but for the order of the names."""
        return {
            "newest": {
                key: [each.at.isoformat(), each.report_id, dict(each.data)] for key, each in self.newest.items()
            },
            "readings": {
                name: [each.at.isoformat(), each.value, each.report_id] for name, each in self.readings.items()
            },
            "opened": [each.isoformat() for each in self.opened],
            "failed_on": [each.isoformat() for each in self.failed_on],
            "first_at": _text(self.first_at),
            "first_look_at": _text(self.first_look_at),
        }

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> "Latest":
        """As it was kept; of `{}` nothing is known."""
        return Latest(
            {key: _evidence_of(key, *kept) for key, kept in data.get("newest", {}).items()},
            {
                name: Reading(datetime.fromisoformat(at), value, report_id)
                for name, (at, value, report_id) in data.get("readings", {}).items()
            },
            tuple(datetime.fromisoformat(each) for each in data.get("opened", ())),
            tuple(date.fromisoformat(each) for each in data.get("failed_on", ())),
            _instant(data.get("first_at")),
            _instant(data.get("first_look_at")),
        )


EMPTY: Final = Latest()
"""Nothing is known."""


def latest_of(evidence: Iterable[Evidence]) -> Latest:
    """What all these reports together say."""
    return EMPTY.with_(*evidence)


def _keep_newest(newest: dict[str, Evidence], key: str, each: Evidence, *, good: bool) -> None:
    known = newest.get(key)
    if known is None or (each.at, each.report_id) > (known.at, known.report_id):
        newest[key] = Evidence(each.kind, each.at, each.trusted, _told(each, good=good), each.report_id)


def _told(each: Evidence, *, good: bool) -> dict[str, Any]:
    """What of a report the rules read: rows of health are written with every report and must stay small."""
    data = each.data
    if each.kind is ReportKind.HEARTBEAT:
        return {}
    told = {name: data[name] for name in _TOLD_OF_BAD if data.get(name) is not None}
    if "code" not in told and data.get("codes"):
        told["code"] = data["codes"][0]
    amiss = items_amiss(data)
    if amiss:
        told["items"] = [{"item": item, "ok": False} for item in amiss]
    if good:
        told.pop("code", None)
    return told


def _with_readings(readings: Mapping[str, Reading], each: Evidence) -> Mapping[str, Reading]:
    changed: dict[str, Reading] | None = None
    for name in READINGS:
        value = each.data.get(name)
        if value is None:
            continue
        known = readings.get(name)
        if known is None or (each.at, each.report_id) > (known.at, known.report_id):
            changed = dict(readings) if changed is None else changed
            changed[name] = Reading(each.at, value, each.report_id)
    return readings if changed is None else changed


def _slot(at: datetime) -> int:
    return int(at.timestamp()) // _DOOR_SLOT_S


def _with_opening(opened: tuple[datetime, ...], at: datetime) -> tuple[datetime, ...]:
    first = {_slot(each): each for each in opened}
    slot = _slot(at)
    first[slot] = min(at, first.get(slot, at))
    return tuple(first[each] for each in sorted(first)[-_DOOR_SLOTS:])


def _with_day(days: tuple[date, ...], at: datetime) -> tuple[date, ...]:
    return tuple(sorted({*days, at.astimezone(UTC).date()})[-_FAILURES_KEPT:])


def _evidence_of(key: str, at: str, report_id: str, data: Mapping[str, Any]) -> Evidence:
    kind, trust, _ = key.split(".")
    return Evidence(ReportKind(kind), datetime.fromisoformat(at), trust == "trusted", data, report_id)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
