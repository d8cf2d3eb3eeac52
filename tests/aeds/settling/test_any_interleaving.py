"""Two services, one database, reports in any order, in any batches, at the same moment: always the same conclusion."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Access, Aed, differing_fields
from dispatch.aeds.repository import AedRepository
from dispatch.aeds.service import AedService
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.because import TIME_PASSED
from dispatch.aeds.settling.kept import SEEN_DATES
from dispatch.aeds.settling.one_device import Happened, Held, settled
from dispatch.aeds.settling.settling import ALONE
from dispatch.storage.database import Database
from geo.place import Place
from tests.aeds.settling.test_settling import ADMIN
from tests.people import NOON, MovableClock

LAKE = Place(30.25, 120.15)
# Registered long ago, so that reports of the last days are younger than the record.
REGISTERED = NOON - timedelta(days=60)

_PLACES = ({"latitude": 30.25, "longitude": 120.1501}, {"latitude": 30.3, "longitude": 120.2})
_SAID: list[dict[str, Any]] = [
    {"kind": "heartbeat"},
    {"kind": "heartbeat", "battery_percent": 10},
    {"kind": "heartbeat", "battery_percent": 90, "temperature_c": 70},
    {"kind": "self_test", "outcome": "ok", "pads_ok": True},
    {"kind": "self_test", "outcome": "failed", "code": "e3"},
    {"kind": "door", "open": True},
    {"kind": "door", "open": False},
    *({"kind": "location", "location": place} for place in _PLACES),
    {"kind": "inspection", "outcome": "ok", "pads_expire_on": "2026-06-16"},
    {"kind": "inspection", "outcome": "ok", "pads_expire_on": "2028-06-16", "battery_expires_on": "2029-01-01"},
    {"kind": "inspection", "outcome": "failed", "battery_expires_on": "2026-06-10"},
    {"kind": "used"},
    {"kind": "fault", "code": "missing"},
]
# Few instants, so that several things happen at the same one.
_MINUTES = st.sampled_from([0, 1, 30, 30, 200, 1500, 5000])

reports = st.tuples(st.sampled_from(_SAID), _MINUTES, st.uuids(version=4), st.integers(0, 2)).map(
    lambda made: {
        **made[0],
        "at": (NOON - timedelta(minutes=made[1])).isoformat(),
        "report_id": str(made[2]),
        "device": made[3],
    }
)
# Each report, which service has it, and in which of its batches; some come twice, by both.
histories = st.lists(
    st.tuples(reports, st.sampled_from(["one", "other", "both"]), st.integers(0, 3)),
    max_size=25,
    # Of two that claim one id the first is right, which is a matter of order.
    unique_by=lambda each: each[0]["report_id"],
)


async def _run(url: str, history: Sequence[tuple[dict[str, Any], str, int]]) -> None:
    clock = MovableClock(REGISTERED)
    databases = Database(url), Database(url)
    one, other = (AedService(each, AedDirectory(), clock, lambda _changed: None) for each in databases)
    try:
        given: dict[str, Any] = {"name": "x", "place": LAKE, "access": Access.PUBLIC, "opening_hours": "24/7"}
        aeds = [await one.create(given | {"is_mobile": number == 2}, ADMIN) for number in range(3)]
        await other.refresh(None)
        clock.move(seconds=(NOON - REGISTERED).total_seconds())
        batches: dict[tuple[str, int], list[dict[str, Any]]] = {}
        history = [({**report}, who, batch) for report, who, batch in history]
        for report, who, batch in history:
            said = {name: value for name, value in report.items() if name != "device"}
            said["aed_id"] = str(aeds[report["device"]].id)
            # An id of its own in every example, for all of them share one database.
            said["report_id"] = report["report_id"] = str(uuid5(aeds[0].id, report["report_id"]))
            for each in ("one", "other") if who == "both" else (who,):
                batches.setdefault((each, batch), []).append(said)
        await asyncio.gather(
            *(({"one": one, "other": other}[who]).reports.batch(some, ADMIN) for (who, _), some in batches.items())
        )
        while await other.due.act():
            pass
        async with databases[0].transaction() as connection:
            ids = [aed.id for aed in aeds]
            known, scratch = await rows.kept_of(connection, ids), await rows.kept_from_reports(connection, ids)
            stored = {aed.id: aed for aed in await AedRepository(connection).of_ids(ids)}
        for aed in aeds:
            assert known[aed.id].latest == scratch[aed.id].latest
            assert _shown(stored[aed.id]) == _shown(_from_scratch(aed, scratch[aed.id], stored[aed.id]))
            held = [each.directory.get(aed.id) for each in (one, other)]
            assert stored[aed.id] in held, [each and differing_fields(stored[aed.id], each) for each in held]
            said_of_it = [report for report, _, _ in history if report["device"] == aeds.index(aed)]
            assert {name: str(getattr(stored[aed.id], name)) for name in SEEN_DATES} == _seen_last(said_of_it)
    finally:
        for database in databases:
            await database.close()


def _from_scratch(registered: Aed, kept: Any, stored: Aed) -> Aed:
    """What follows from all reports at once, for a device as it was registered, with the dates seen last."""
    seen = {name: getattr(stored, name) for name in (*SEEN_DATES, "place", "fix_at", "is_connected", "has_self_test")}
    kept = replace(kept, sights={"placed": kept.sights.get("placed")} if "placed" in kept.sights else {})
    held = Held(aed=replace(registered, **seen), kept=kept)
    return settled(held, Happened(), ALONE.rule(registered, NOON), TIME_PASSED, NOON).aed


def _seen_last(said: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Of each date the one that the newest inspection saw which saw it."""
    inspections = sorted(
        (each for each in said if each["kind"] == "inspection"), key=lambda each: (each["at"], each["report_id"])
    )
    seen = dict.fromkeys(SEEN_DATES, "None")
    for each in inspections:
        seen |= {name: each[name] for name in SEEN_DATES if name in each}
    return seen


def _shown(aed: Aed) -> tuple[Any, ...]:
    return aed.readiness, aed.readiness_reasons, aed.readiness_at, aed.belief, aed.place, aed.fix_at


@pytest.mark.timeout(400)
# Without shrinking, which takes minutes against a database.
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_the_order_of_arrival_never_matters(postgis_url: str, history: list[tuple[dict[str, Any], str, int]]) -> None:
    asyncio.run(_run(postgis_url, history))
