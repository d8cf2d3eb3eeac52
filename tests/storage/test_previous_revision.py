"""A service of the previous revision, on today's tables: an upgrade may roll, and be taken back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Json
from sqlalchemy import Row as SqlRow
from sqlalchemy import text

from dispatch.storage.database import Database
from dispatch.storage.direct import Row
from dispatch.storage.prepared import Prepared

FOLDER = Path(__file__).parent / "previous_revision"
NOW = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
EPOCH = "0123456789ab"
_TYPE_OF_PARAMETER = "-- :"
_OF_ALERTS = (
    *("alert_ids", "alert_responders", "alert_roles", "alert_aed_ids", "alert_states", "alert_active", "alert_waves"),
    *("alert_etas", "respond_by"),
)
_UNKNOWN_OF_AED = (
    *("address", "place_detail", "floor", "indoor", "opening_hours", "opening_hours_note", "phone", "owner"),
    *("custodian", "maker", "model", "serial_number", "manufactured_on", "battery_expires_on", "pads_expire_on"),
    *("source", "source_ref"),
)


@dataclass
class PreviousService:
    """Says to the database what the service said then."""

    database: Database

    async def run(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """One of its prepared statements."""
        lines = (FOLDER / f"{name}.sql").read_text().splitlines()
        typed = (line.removeprefix(_TYPE_OF_PARAMETER).split() for line in lines if line.startswith(_TYPE_OF_PARAMETER))
        sql = "\n".join(line for line in lines if not line.startswith(_TYPE_OF_PARAMETER))
        types = dict(typed)
        return await self.database.run(Prepared(f"previous_{name}", sql, types), parameters)

    async def ask(self, name: str, /, **parameters: Any) -> list[SqlRow[Any]]:
        """One of its other statements."""
        async with self.database.transaction() as connection:
            result = await connection.execute(text((FOLDER / f"{name}.sql").read_text()), parameters)
            return list(result) if result.returns_rows else []


@pytest.fixture
def previous(database: Database) -> PreviousService:
    """A service of that revision, on a migrated database with empty tables."""
    return PreviousService(database)


def a_decision(incident_id: str, number: int, events: list[str], state: str) -> dict[str, Any]:
    """What every decision of that service said, without alerts and messages."""
    told = [{"kind": kind, "by": "system", "data": {}} for kind in events]
    return {
        "incident_id": incident_id,
        "at": NOW,
        "state": state,
        "version": number + len(events) - 1,
        "number": number,
        "events": json.dumps(told).encode(),
        **{each: [] for each in _OF_ALERTS},
        "look_again_at": None,
        **messages({}),
    }


def messages(bodies: Mapping[str, tuple[str, str | None]]) -> dict[str, Any]:
    """One message for each recipient: its body, and the alert that it offers."""
    recipients = sorted(bodies)
    return {
        "epoch": EPOCH,
        "recipients": recipients,
        "recipient_totals": [1] * len(recipients),
        "message_recipients": recipients,
        "message_places": [0] * len(recipients),
        "message_alert_ids": [bodies[each][1] for each in recipients],
        "message_bodies": [bodies[each][0] for each in recipients],
    }


def an_opening(incident_id: str, request_id: str, alerts: Mapping[str, str]) -> dict[str, Any]:
    """An SOS that alerts these responders."""
    offered = len(alerts)
    return {
        **a_decision(incident_id, 1, ["opened", "planned", *["offered"] * offered], "alerting"),
        "request_id": request_id,
        "latitude": 30.25,
        "longitude": 120.16,
        "drill": False,
        "receipt": b'{"alerted":%d}' % offered,
        "alert_ids": list(alerts.values()),
        "alert_responders": list(alerts),
        "alert_roles": ["cpr"] * offered,
        "alert_aed_ids": [None] * offered,
        "alert_states": ["offered"] * offered,
        "alert_active": [True] * offered,
        "alert_waves": [1] * offered,
        "alert_etas": [240.5] * offered,
        "respond_by": [(NOW + timedelta(seconds=20)).isoformat()],
        "look_again_at": NOW + timedelta(seconds=30),
        **messages({f"responder:{each}": ('{"type":"alert"}', alert_id) for each, alert_id in alerts.items()}),
    }


def an_answer(incident_id: str, alert_id: str, state: str, *, is_active: bool) -> dict[str, Any]:
    """Somebody's answer, the fifth event of an incident with two alerts; its caller is told."""
    return {
        **a_decision(incident_id, 5, ["accepted" if is_active else "declined"], "responding"),
        "closed_at": None,
        "changed_ids": [alert_id],
        "changed_states": [state],
        "changed_active": [is_active],
        "changed_roles": ["aed"],
        "changed_aed_ids": [str(uuid4())],
        "changed_etas": [180.0],
        **messages({f"caller:{incident_id}": ('{"type":"incident"}', None)}),
    }


async def test_a_rescue_as_the_previous_service_wrote_it(previous: PreviousService) -> None:
    incident_id, request_id = str(uuid4()), str(uuid4())
    alerts = {"r1": str(uuid4()), "r2": str(uuid4())}

    numbered = await previous.run("open", an_opening(incident_id, request_id, alerts))
    assert sorted(numbered) == [("responder:r1", "1"), ("responder:r2", "1")]
    ((receipt,),) = await previous.ask("receipt_of", request_id=request_id)
    assert receipt == {"alerted": 2}
    active = await previous.ask("active_alerts")
    assert {(row.responder_id, str(row.incident_id), str(row.id), row.state) for row in active} == {
        (responder_id, incident_id, alert_id, "offered") for responder_id, alert_id in alerts.items()
    }
    ((found,),) = await previous.ask("alert_incident", alert_id=alerts["r1"])
    assert str(found) == incident_id

    # The devices have them.
    await previous.ask("open_mailbox", recipient="responder:r1", epoch="not this one")
    assert await previous.ask("mailbox_state", recipient="responder:r1") == [(EPOCH, 1)]
    kept = await previous.ask("messages_after", recipient="responder:r1", after=0, last_seq=1)
    assert kept == [(1, '{"type":"alert"}')]
    gone = await previous.ask("acknowledge", recipients=["responder:r1", "responder:r2"], seqs=[1, 1])
    assert {str(row.alert_id) for row in gone} == set(alerts.values())
    assert await previous.ask("messages_after", recipient="responder:r1", after=0, last_seq=1) == []

    # One says yes.
    assert await previous.run("continue", an_answer(incident_id, alerts["r1"], "accepted", is_active=True)) == [
        (f"caller:{incident_id}", "1")
    ]
    assert ("r1", "accepted") in {(row.responder_id, row.state) for row in await previous.ask("active_alerts")}
    assert await previous.ask("shown_version", incident_id=incident_id) == [(0,)]
    assert [str(row.id) for row in await previous.ask("not_shown")] == [incident_id]
    shown = {"shown_ids": [incident_id], "shown_versions": [5], "incident_id": None, "at": NOW}
    shown |= {"operators": "operators", "keep": 100, **messages({"operators": ('{"type":"incident"}', None)})}
    assert await previous.run("show", shown) == [("operators", "1")]
    assert await previous.ask("not_shown") == []

    rows = await previous.ask("load_events", incident_id=incident_id)
    assert [(row.number, [each["kind"] for each in row.events]) for row in rows] == [
        (1, ["opened", "planned", "offered", "offered"]),
        (5, ["accepted"]),
    ]
    opened = await previous.ask("incident_ids", states=["responding"], after=None, limit=10)
    assert [str(row.id) for row in opened] == [incident_id]
    await _due_times_come_and_go(previous, incident_id)
    await _answers_are_counted(previous)


async def _due_times_come_and_go(previous: PreviousService, incident_id: str) -> None:
    due = await previous.ask("lock_due", now=NOW + timedelta(minutes=1), limit=500)
    assert [(str(row.incident_id), row.kind) for row in due] == [
        (incident_id, "respond_by"),
        (incident_id, "look_again"),
    ]
    await previous.ask("put_off", ids=[due[1].id], until=NOW + timedelta(minutes=2))
    await previous.ask("forget_due", ids=[due[0].id])
    (left,) = await previous.ask("lock_due", now=NOW + timedelta(minutes=3), limit=500)
    assert (left.id, left.due_at) == (due[1].id, NOW + timedelta(minutes=2))


async def _answers_are_counted(previous: PreviousService) -> None:
    states = {"yes": ["accepted"], "answered": ["accepted", "declined"]}
    hours = {"zone": "Asia/Shanghai", "night_begins": 22, "night_ends": 6}
    assert await previous.ask("answers_given", **states, **hours) == [("r1", False, 1, 1)]
    late = await previous.ask("alerts_of_late", since=NOW - timedelta(hours=1))
    assert sorted(late) == [("r1", [NOW]), ("r2", [NOW])]


async def test_the_guards_that_the_previous_service_relied_on_hold(previous: PreviousService) -> None:
    incident_id, request_id = str(uuid4()), str(uuid4())
    alerts = {"r1": str(uuid4()), "r2": str(uuid4())}
    await previous.run("open", an_opening(incident_id, request_id, alerts))
    for opening, guard in (
        (an_opening(str(uuid4()), request_id, {}), "uq_incidents_request_id"),
        (an_opening(str(uuid4()), str(uuid4()), {"r1": str(uuid4())}), "uq_alerts_active_responder"),
    ):
        with pytest.raises(psycopg.IntegrityError) as refused:
            await previous.run("open", opening)
        assert refused.value.diag.constraint_name == guard
    await previous.run("continue", an_answer(incident_id, alerts["r1"], "declined", is_active=False))
    with pytest.raises(psycopg.IntegrityError) as refused:
        await previous.run("continue", an_answer(incident_id, alerts["r2"], "accepted", is_active=True))
    # The part that the incident is in has the key.
    assert str(refused.value.diag.constraint_name).startswith("pk_incident_events")
    # Who declined may be asked elsewhere.
    await previous.run("open", an_opening(str(uuid4()), str(uuid4()), {"r1": str(uuid4())}))


async def test_people_and_devices_as_the_previous_service_kept_them(previous: PreviousService) -> None:
    profile = {
        "name": "王",
        "phone": None,
        "certificate_number": "ZJ-1",
        "certificate_expires_on": date(2027, 12, 31),
        "mode": "walk",
        "language": "zh",
        "on_duty": False,
    }
    assert await previous.ask("add_responder", id="r1", created_at=NOW, **profile) == [("r1",)]
    assert await previous.ask("add_responder", id="r1", created_at=NOW, **profile) == []
    await previous.ask("change_responder", responder_id="r1", **{**profile, "on_duty": True})
    fix = {"ids": ["r1"], "latitudes": [30.25], "longitudes": [120.16], "accuracies": [10.0], "ats": [NOW]}
    await previous.ask("save_fixes", **fix)
    (kept,) = await previous.ask("all_responders")
    assert (kept.name, kept.on_duty, kept.latitude, kept.longitude, kept.fix_at) == ("王", True, 30.25, 120.16, NOW)

    aed_id = uuid4()
    aed: dict[str, Any] = dict.fromkeys(_UNKNOWN_OF_AED)
    aed |= {"id": aed_id, "name": "AED", "location": "SRID=4326;POINT(120.16 30.25)", "access": "public"}
    aed |= {"readiness": "ready", "readiness_reasons": [], "readiness_at": NOW, "created_at": NOW, "updated_at": NOW}
    for name in ("AED", "AED 1"):
        await previous.ask("put_aed", **{**aed, "name": name})
    report = {"aed_id": aed_id, "kind": "fault", "at": NOW, "received_at": NOW, "reported_by": "public"}
    await previous.ask("add_report", id=uuid4(), data=Json({"note": "no light"}), **report)
    (found,) = await previous.ask("all_aeds", readiness_1="removed")
    assert (found.id, found.name, found.latitude, found.longitude) == (aed_id, "AED 1", 30.25, 120.16)


def test_every_statement_that_is_kept_is_tried_here() -> None:
    here = Path(__file__).read_text()
    assert [path.stem for path in FOLDER.glob("*.sql") if f'"{path.stem}"' not in here] == []
