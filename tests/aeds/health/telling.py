"""Reports about one device, told in minutes before a moment, and what is concluded from them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from dispatch.aeds.health.conclusion import Conclusion, Facts, conclude
from dispatch.aeds.health.evidence import Evidence, latest_of
from dispatch.aeds.health.needs import Need, needs
from dispatch.aeds.health.policy import CarePolicy, care_policy
from dispatch.aeds.health.vocabulary import Cause, InspectionItem, ReportKind
from geo.place import Place

NOW = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
HERE = Place(30.25, 120.15)
FACTS = Facts(place=HERE, timezone=ZoneInfo("Asia/Shanghai"))
POLICY = CarePolicy()
CONNECTED = replace(FACTS, connected=True, has_self_test=True)
OK = {"outcome": "ok"}

_numbers = count()


def said(kind: str, minutes_ago: float = 0, *, trusted: bool = True, **data: Any) -> Evidence:
    """A report of so many minutes before NOW."""
    return Evidence(ReportKind(kind), NOW - timedelta(minutes=minutes_ago), trusted, data, f"{next(_numbers):08d}")


def days(number: float) -> float:
    """So many days in minutes."""
    return number * 24 * 60


def concluded(
    *evidence: Evidence, facts: Facts = FACTS, policy: CarePolicy = POLICY, now: datetime = NOW
) -> Conclusion:
    return conclude(latest_of(evidence), facts, policy, now)


def verdict(
    *evidence: Evidence, facts: Facts = FACTS, policy: CarePolicy = POLICY, now: datetime = NOW
) -> tuple[str, tuple[str, ...]]:
    conclusion = concluded(*evidence, facts=facts, policy=policy, now=now)
    return conclusion.readiness.value, conclusion.reasons


def needed(
    *evidence: Evidence, facts: Facts = FACTS, policy: CarePolicy = POLICY, now: datetime = NOW
) -> dict[Cause, Need]:
    latest = latest_of(evidence)
    conclusion = conclude(latest, facts, policy, now)
    return {need.cause: need for need in needs(conclusion, latest, facts, policy, now)}


def _report(kind: ReportKind, minutes_ago: int, trusted: bool, data: Mapping[str, Any], number: int) -> Evidence:
    return Evidence(kind, NOW - timedelta(minutes=minutes_ago), trusted, data, f"{number:04d}")


_AGES = st.one_of(st.integers(0, 300), st.integers(0, 60 * 24 * 120), st.sampled_from([0, 1, 15, 120, 26 * 60]))
_IDS = st.integers(0, 9999)
_PERCENT = st.sampled_from([None, 0.0, 2.0, 15.0, 90.0])
_DEGREES = st.sampled_from([None, -20.0, 20.0, 70.0])
_PADS = st.sampled_from([None, True, False])
_OUTCOMES = st.sampled_from(["ok", "failed"])
_CODES = st.sampled_from([None, "battery", "missing", "locked"])
_ITEMS = st.lists(
    st.fixed_dictionaries({"item": st.sampled_from([each.value for each in InspectionItem]), "ok": st.booleans()}),
    max_size=3,
)
_MEASURED = {"battery_percent": _PERCENT, "temperature_c": _DEGREES, "pads_ok": _PADS}
_DATA = {
    ReportKind.HEARTBEAT: st.fixed_dictionaries(_MEASURED),
    ReportKind.SELF_TEST: st.fixed_dictionaries({**_MEASURED, "outcome": _OUTCOMES, "code": _CODES}),
    ReportKind.DOOR: st.fixed_dictionaries({"open": st.booleans()}),
    ReportKind.LOCATION: st.fixed_dictionaries(
        {"latitude": st.sampled_from([30.25, 30.2503, 30.4]), "longitude": st.just(120.15)}
    ),
    ReportKind.INSPECTION: st.fixed_dictionaries({"outcome": _OUTCOMES, "code": _CODES, "items": _ITEMS}),
    ReportKind.USED: st.just({}),
    ReportKind.FAULT: st.fixed_dictionaries({"code": _CODES}),
}


def _of_kind(kind: ReportKind) -> st.SearchStrategy[Evidence]:
    trusted = st.booleans() if kind is ReportKind.FAULT else st.just(value=True)
    return st.builds(_report, st.just(kind), _AGES, trusted, _DATA[kind], _IDS)


REPORTS = st.sampled_from(list(ReportKind)).flatmap(_of_kind)
"""Any report about one device, of the last months."""

HISTORIES = st.lists(REPORTS, max_size=12, unique_by=lambda each: each.report_id)

_EXPIRY = st.one_of(st.none(), st.dates(date(2026, 5, 1), date(2026, 10, 1)))
SOME_FACTS = st.builds(
    Facts,
    place=st.just(HERE),
    has_self_test=st.sampled_from([None, True, False]),
    connected=st.sampled_from([None, True, False]),
    mobile=st.booleans(),
    fence_m=st.sampled_from([None, 50.0, 50_000.0]),
    battery_expires_on=_EXPIRY,
    pads_adult_expires_on=_EXPIRY,
    pads_child_expires_on=_EXPIRY,
    in_service_since=st.sampled_from([NOW - timedelta(days=400), NOW - timedelta(days=10), NOW]),
    fix_at=st.sampled_from([None, NOW - timedelta(minutes=10), NOW - timedelta(days=3)]),
    timezone=st.sampled_from([ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Paris"), UTC]),
)

SOME_POLICY = st.sampled_from(
    [
        POLICY,
        care_policy([{"heartbeat_overdue_s": 3600, "door_open_for_s": 0, "in_use_for_s": 60}]),
        care_policy([{"inspection_every_days": None, "expiry_degrades_days": 14, "public_doubt_days": 2}]),
        care_policy([{"expiry_degrades_days": 60, "expiry_ahead_days": [45, 10, 3]}]),
        care_policy([{"inspection_overdue_days": 0, "expiry_ahead_days": [30, 30, 0], "self_test_overdue_s": 86_400}]),
    ]
)
