"""Incidents in PostgreSQL: every decision is one statement, and so one transaction and one round trip."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.encoding import to_json
from dispatch.engine import statements
from dispatch.engine.decision_codec import JournaledDecision
from dispatch.push.job_queue import push_parameters
from dispatch.push.vocabulary import Wake as PhoneWake
from dispatch.rescue.alert import Alert
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Event, Offered, happening_from_json, happening_to_json
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.rescue.wakes import Wake
from dispatch.storage.database import Database
from dispatch.storage.direct import Row
from dispatch.storage.prepared import Prepared

# The rules that two decisions can break together.
RESPONDER_TAKEN = "uq_alerts_active_responder"
REQUEST_ID_TAKEN = "uq_incidents_request_id"

# One decision as it is kept: the number of its first event, when it was taken, its events.
EventRow = tuple[int, datetime, list[Any]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to write down: `body` is its JSON without a number, `alert_id` the alert that it offers, if any."""

    recipient: str
    body: str
    alert_id: AlertId | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """What a decision owes: messages for sockets, and phones to be woken by other channels, hook included or not."""

    messages: Sequence[Outgoing] = ()
    calls: Sequence[PhoneWake] = ()
    by_hook: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is written down, with the number it got."""

    recipient: str
    seq: int
    body: str


async def record_opening(
    database: Database,
    decision: Decision,
    owed: Owed,
    *,
    request_id: str,
    receipt: bytes,
) -> list[Sent]:
    """Write an incident's opening. Raises psycopg's `IntegrityError` when the request id or a responder is taken."""
    incident = decision.incident
    parameters = _parameters(decision, owed) | {
        "request_id": request_id,
        "latitude": incident.place.latitude,
        "longitude": incident.place.longitude,
        "drill": incident.drill,
        "receipt": receipt,
        "rewake": True,
    }
    statement = statements.OPEN_AND_CALL if owed.calls else statements.OPEN
    return _numbered(owed.messages, await database.run(statement, parameters))


async def record_decisions(
    database: Database, decisions: Sequence[tuple[Decision, Owed]], *, rewake: bool
) -> list[Sent]:
    """Write what commands led to, of one incident or of several in one transaction, all or none.

    `rewake`: also when the incident is looked at next. Raises `IntegrityError` when somebody else decided first or a
    responder is taken.
    """
    steps = [continuing(each, owed, rewake=rewake) for each, owed in decisions]
    written = [await database.run(*steps[0])] if len(steps) == 1 else await database.run_together(steps)
    return [
        sent
        for (_, owed), mailboxes in zip(decisions, written, strict=True)
        for sent in _numbered(owed.messages, mailboxes)
    ]


def continuing(decision: Decision, owed: Owed, *, rewake: bool) -> tuple[Prepared, dict[str, Any]]:
    """The statement that writes what a command led to, with its parameters."""
    incident, events = decision.incident, decision.events
    offered = {event.what.alert_id for event in events if isinstance(event.what, Offered)}
    touched = {
        alert_id: incident.alerts[alert_id]
        for event in events
        if (alert_id := getattr(event.what, "alert_id", None)) is not None and alert_id not in offered
    }
    parameters = _parameters(decision, owed) | {
        "closed_at": incident.closed_at,
        "changed_ids": list(touched),
        "changed_states": [each.state for each in touched.values()],
        "changed_active": [each.is_active for each in touched.values()],
        "changed_roles": [each.role for each in touched.values()],
        "changed_aed_ids": [each.aed_id for each in touched.values()],
        "changed_etas": [each.eta_s for each in touched.values()],
        "rewake": rewake,
    }
    return statements.CONTINUE_AND_CALL if owed.calls else statements.CONTINUE, parameters


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What one incident's rows lack: `decisions` that were taken while the database was away, and what follows.

    `alerts` are those whose rows are to be as they stand now, `wake` when it is looked at next.
    """

    incident: Incident
    decisions: Sequence[JournaledDecision]
    alerts: Collection[AlertId]
    owed: Owed
    wake: Wake | None


async def catch_up(database: Database, lacking: Sequence[CatchUp], *, now: datetime) -> list[Sent]:
    """Write what the rows of incidents lack, in one transaction, all or none; what is owed for it is said `now`.

    Raises `IntegrityError` when somebody else decided meanwhile, a request id is another incident's, or a responder
    is taken.
    """
    steps = [(statements.CATCH_UP, _catch_up_parameters(each) | {"at": now}) for each in lacking]
    written = await database.run_together(steps)
    return [
        sent
        for each, mailboxes in zip(lacking, written, strict=True)
        for sent in _numbered(each.owed.messages, mailboxes)
    ]


def _catch_up_parameters(lacking: CatchUp) -> dict[str, Any]:
    incident, decisions = lacking.incident, lacking.decisions
    opening = next((each.opening for each in decisions if each.opening is not None), None)
    return {
        "incident_id": incident.incident_id,
        "opens": opening is not None,
        "request_id": opening.request_id if opening else None,
        "receipt": opening.receipt if opening else None,
        "opened_at": incident.opened_at,
        "latitude": incident.place.latitude,
        "longitude": incident.place.longitude,
        "drill": incident.drill,
        "state": incident.state.value,
        "version": incident.version,
        "before": decisions[0].before if decisions else incident.version,
        "closed_at": incident.closed_at,
        "numbers": [each.before + 1 for each in decisions],
        "decided_at": [each.at.isoformat() for each in decisions],
        "event_lists": [_events_json(each.events).decode() for each in decisions],
        **_alert_rows([incident.alerts[each] for each in lacking.alerts]),
        **wake_parameters(lacking.wake),
        **_message_rows(lacking.owed.messages),
        **push_parameters(lacking.owed.calls, by_hook=lacking.owed.by_hook),
    }


async def load_events(connection: AsyncConnection, incident_id: IncidentId) -> list[Event]:
    """The events of an incident, in order. Raises `KeyError`, `ValueError` or `TypeError` for rows nobody can read."""
    return events_of((await event_rows(connection, [incident_id]))[incident_id])


async def event_rows(
    connection: AsyncConnection, incident_ids: Sequence[IncidentId]
) -> dict[IncidentId, list[EventRow]]:
    """The rows of several incidents' events in order, as `events_of` reads them; of one without any an empty list."""
    rows = await connection.execute(
        text(
            "select incident_id, number, at, events from incident_events"
            " where incident_id = any(cast(:ids as uuid[])) order by incident_id, number"
        ),
        {"ids": list(incident_ids)},
    )
    found: dict[IncidentId, list[EventRow]] = {each: [] for each in incident_ids}
    for row in rows:
        found[IncidentId(str(row.incident_id))].append((row.number, row.at.astimezone(UTC), row.events))
    return found


def events_of(rows: Iterable[EventRow]) -> list[Event]:
    """The events that an incident's rows hold."""
    return [
        Event(number, at, each["by"], happening_from_json(each["kind"], each["data"]))
        for first, at, events in rows
        for number, each in enumerate(events, start=first)
    ]


EVENTS_AFTER = Prepared(
    "events_after",
    "select number, at, events from incident_events"
    " where incident_id = :incident_id and number > :version order by number",
    {"incident_id": "uuid", "version": "int4"},
)


async def events_after(database: Database, incident_id: IncidentId, version: int) -> list[Event]:
    """What happened in an incident after the event of that number. Raises as `load_events` does."""
    rows = await database.run(EVENTS_AFTER, {"incident_id": incident_id, "version": version})
    return events_of(
        (int(number or 0), datetime.fromisoformat(str(at)).astimezone(UTC), orjson.loads(events or "[]"))
        for number, at, events in rows
    )


async def receipt_of(connection: AsyncConnection, request_id: str) -> dict[str, Any] | None:
    """What the caller was answered when this request id was first seen."""
    row = (
        await connection.execute(
            text("select receipt from incidents where request_id = :request_id"), {"request_id": request_id}
        )
    ).first()
    return None if row is None else dict(row.receipt)


async def incident_ids(connection: AsyncConnection, *, states: Sequence[str], limit: int) -> list[IncidentId]:
    """The incidents in those states, newest first."""
    rows = await connection.execute(
        text("select id from incidents where state = any(:states) order by opened_at desc, id limit :limit"),
        {"states": list(states), "limit": limit},
    )
    return [IncidentId(str(row.id)) for row in rows]


async def shown_versions(connection: AsyncConnection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, int]:
    """Up to which event the operators have been told of each of these incidents."""
    rows = await connection.execute(
        text("select id, shown_version from incidents where id = any(cast(:ids as uuid[]))"),
        {"ids": list(incident_ids)},
    )
    return {IncidentId(str(row.id)): row.shown_version for row in rows}


async def not_shown(connection: AsyncConnection) -> list[IncidentId]:
    """Incidents in which something happened that the operators were not told."""
    rows = await connection.execute(text("select id from incidents where shown_version < version order by opened_at"))
    return [IncidentId(str(row.id)) for row in rows]


async def send(
    database: Database, messages: Sequence[Outgoing], *, now: datetime, incident_id: IncidentId | None = None
) -> list[Sent]:
    """Write messages that follow from no decision; of an incident, or of none (a test alert)."""
    parameters = {**_message_rows(messages), "incident_id": incident_id, "at": now}
    return _numbered(messages, await database.run(statements.SEND, parameters))


async def versions(connection: AsyncConnection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, int]:
    """Up to which event each of these incidents is written; one that is not there is left out."""
    rows = await connection.execute(
        text("select id, version from incidents where id = any(cast(:ids as uuid[]))"), {"ids": list(incident_ids)}
    )
    return {IncidentId(str(row.id)): row.version for row in rows}


async def alert_incident(connection: AsyncConnection, alert_id: str) -> IncidentId | None:
    """The incident that an alert belongs to."""
    row = (
        await connection.execute(text("select incident_id from alerts where id = :alert_id"), {"alert_id": alert_id})
    ).first()
    return None if row is None else IncidentId(str(row.incident_id))


def _parameters(decision: Decision, owed: Owed) -> dict[str, Any]:
    """A decision as a handful of parameters."""
    incident, events = decision.incident, decision.events
    offers = [event.what for event in events if isinstance(event.what, Offered)]
    alerts = [incident.alerts[offer.alert_id] for offer in offers]
    return {
        "incident_id": incident.incident_id,
        "at": events[-1].at,
        "state": incident.state.value,
        "version": incident.version,
        # Two workers that decide on the same version both write a row of this number: the key lets one win.
        "number": events[0].number,
        "events": _events_json(events),
        **_alert_rows(alerts),
        **wake_parameters(decision.wake),
        **_message_rows(owed.messages),
        **(push_parameters(owed.calls, by_hook=owed.by_hook) if owed.calls else {}),
    }


def _events_json(events: Iterable[Event]) -> bytes:
    return to_json([{"kind": each.kind, "by": each.by, "data": happening_to_json(each.what)} for each in events])


def _alert_rows(alerts: Iterable[Alert]) -> dict[str, Any]:
    rows = sorted(alerts, key=lambda each: each.responder_id)
    return {
        "alert_ids": [each.alert_id for each in rows],
        "alert_responders": [each.responder_id for each in rows],
        "alert_roles": [each.role for each in rows],
        "alert_aed_ids": [each.aed_id for each in rows],
        "alert_states": [each.state for each in rows],
        "alert_active": [each.is_active for each in rows],
        "alert_waves": [each.wave for each in rows],
        "alert_etas": [each.eta_s for each in rows],
        "alert_offered_at": [each.offered_at.isoformat() for each in rows],
    }


def wake_parameters(wake: Wake | None) -> dict[str, Any]:
    """When an incident is looked at next, as a statement's parameters."""
    return {"wake_at": wake.at if wake else None, "wake_kind": wake.kind.value if wake else None}


def _message_rows(messages: Sequence[Outgoing]) -> dict[str, Any]:
    totals = Counter(each.recipient for each in messages)
    recipients = sorted(totals)
    left = totals.copy()
    places = []
    for each in messages:
        left[each.recipient] -= 1
        # Counted from the last: how many messages of this statement follow for the same recipient.
        places.append(left[each.recipient])
    order = sorted(range(len(messages)), key=lambda index: (messages[index].recipient, -places[index]))
    return {
        # The epoch is for mailboxes that are made now; the others keep theirs.
        "epoch": uuid4().hex[:12],
        "recipients": recipients,
        "recipient_totals": [totals[each] for each in recipients],
        "message_recipients": [messages[index].recipient for index in order],
        "message_places": [places[index] for index in order],
        "message_alert_ids": [messages[index].alert_id for index in order],
        "message_bodies": [messages[index].body for index in order],
    }


def _numbered(messages: Sequence[Outgoing], mailboxes: Sequence[Row]) -> list[Sent]:
    left = Counter(each.recipient for each in messages)
    last_seqs = {recipient: int(last_seq or 0) for recipient, last_seq in mailboxes}
    sent: list[Sent] = []
    for each in messages:
        left[each.recipient] -= 1
        sent.append(Sent(each.recipient, last_seqs[each.recipient] - left[each.recipient], each.body))
    return sent
