"""Incidents in PostgreSQL: every decision is one statement, and so one transaction and one round trip."""

# ruff: noqa: S608 - statements are put together from constants; everything from outside is a bound parameter

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.encoding import to_json_text
from dispatch.rescue.decide import Decision
from dispatch.rescue.events import Event, Offered, happening_from_json, happening_to_json
from dispatch.rescue.incident import Alert
from dispatch.rescue.vocabulary import AlertId, AlertState, IncidentId, ResponderId
from dispatch.responders.responder import Engagement


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to write down: `body` is its JSON without a number, `alert_id` the alert that it offers, if any."""

    recipient: str
    body: str
    alert_id: AlertId | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is written down, with the number it got."""

    recipient: str
    seq: int
    body: str


@dataclass(frozen=True, slots=True)
class Due:
    """A due time that has come."""

    due_id: int
    incident_id: IncidentId
    kind: str
    due_at: datetime


# Rows are written in the order of their keys, so that two statements that touch the same rows wait for each other
# instead of blocking each other.
_FOLLOWS = """
new_events as (
    insert into incident_events (incident_id, number, at, kind, by, data)
    select :incident_id, number, :at, kind, by, data
    from json_to_recordset(cast(:events as json)) as event(number int, kind text, by text, data json)
),
new_alerts as (
    insert into alerts (id, incident_id, responder_id, role, aed_id, state, active, wave, eta_s, offered_at)
    select id, :incident_id, responder_id, role, aed_id, state, active, wave, eta_s, :at
    from json_to_recordset(cast(:alerts as json)) as alert(
        id uuid, responder_id text, role text, aed_id uuid, state text, active boolean, wave int, eta_s float8)
    order by responder_id
),
new_due_times as (
    insert into due_times (incident_id, kind, due_at)
    select :incident_id, 'respond_by', due_at from unnest(cast(:respond_by as timestamptz[])) as due_at
    union all
    select :incident_id, 'look_again', cast(:look_again_at as timestamptz)
    where cast(:look_again_at as timestamptz) is not null
      and not exists (select from due_times where incident_id = :incident_id and kind = 'look_again')
),
outgoing as (
    select * from json_to_recordset(cast(:messages as json))
        as message(recipient text, place int, total int, alert_id uuid, body text)
),
numbered as (
    insert into mailboxes (recipient, epoch, last_seq)
    select recipient, :epoch, total from outgoing where place = 1 order by recipient
    on conflict (recipient) do update set last_seq = mailboxes.last_seq + excluded.last_seq
    returning recipient, last_seq
),
sent as (
    insert into messages (recipient, seq, incident_id, alert_id, body, created_at)
    select recipient, last_seq - total + place, :incident_id, alert_id, body, :at
    from outgoing join numbered using (recipient)
)
select recipient, last_seq from numbered
"""

_MESSAGES = _FOLLOWS[_FOLLOWS.index("outgoing as") :]

_SHOW = text(
    """
with shown as (
    update incidents set shown_version = greatest(shown_version, told.version)
    from unnest(cast(:ids as uuid[]), cast(:versions as int[])) as told(id, version) where incidents.id = told.id
),
old as (
    delete from messages where recipient = :operators
       and seq <= (select last_seq from mailboxes where recipient = :operators) - :keep
),
"""
    + _MESSAGES
)

_OPEN = text(
    """
with incident as (
    insert into incidents (id, request_id, opened_at, location, drill, state, version, receipt)
    values (:incident_id, :request_id, :at, st_point(:longitude, :latitude, 4326)::geography, :drill, :state, :version,
            cast(:receipt as jsonb))
),
"""
    + _FOLLOWS
)

_CONTINUE = text(
    """
with incident as (
    update incidents set state = :state, version = :version, closed_at = :closed_at where id = :incident_id
),
changed_alerts as (
    update alerts set state = changed.state, active = changed.active
    from json_to_recordset(cast(:changed as json)) as changed(id uuid, state text, active boolean)
    where alerts.id = changed.id
),
"""
    + _FOLLOWS
)


async def record_opening(
    connection: AsyncConnection,
    decision: Decision,
    messages: Sequence[Outgoing],
    *,
    request_id: str,
    receipt: bytes,
) -> list[Sent]:
    """Write an incident's opening. Raises SQLAlchemy's `IntegrityError` when the request id or a responder is taken."""
    incident = decision.incident
    parameters = _parameters(decision, messages) | {
        "request_id": request_id,
        "latitude": incident.place.latitude,
        "longitude": incident.place.longitude,
        "drill": incident.drill,
        "receipt": receipt.decode(),
    }
    return _numbered(messages, (await connection.execute(_OPEN, parameters)).all())


async def record_decision(connection: AsyncConnection, decision: Decision, messages: Sequence[Outgoing]) -> list[Sent]:
    """Write what a command led to. Raises `IntegrityError` when somebody else decided first or a responder is taken."""
    incident, events = decision.incident, decision.events
    offered = {event.what.alert_id for event in events if isinstance(event.what, Offered)}
    touched = {
        alert_id: incident.alerts[alert_id]
        for event in events
        if (alert_id := getattr(event.what, "alert_id", None)) is not None and alert_id not in offered
    }
    parameters = _parameters(decision, messages) | {
        "closed_at": incident.closed_at,
        "changed": to_json_text(
            [{"id": each.alert_id, "state": each.state, "active": each.is_active} for each in touched.values()]
        ),
    }
    return _numbered(messages, (await connection.execute(_CONTINUE, parameters)).all())


async def load_events(connection: AsyncConnection, incident_id: IncidentId, after: int = 0) -> list[Event]:
    """The events of an incident after number `after`, in order."""
    rows = await connection.execute(
        text(
            "select number, at, kind, by, data from incident_events"
            " where incident_id = :incident_id and number > :after order by number"
        ),
        {"incident_id": incident_id, "after": after},
    )
    return [Event(row.number, row.at.astimezone(UTC), row.by, happening_from_json(row.kind, row.data)) for row in rows]


async def receipt_of(connection: AsyncConnection, request_id: str) -> dict[str, Any] | None:
    """What the caller was answered when this request id was first seen."""
    row = (
        await connection.execute(
            text("select receipt from incidents where request_id = :request_id"), {"request_id": request_id}
        )
    ).first()
    return None if row is None else dict(row.receipt)


async def incident_ids(
    connection: AsyncConnection, *, states: Sequence[str], limit: int, or_opened_after: datetime | None = None
) -> list[IncidentId]:
    """The incidents in those states (or opened lately, where asked for), newest first."""
    rows = await connection.execute(
        text(
            "select id from incidents where state = any(:states) or opened_at > cast(:after as timestamptz)"
            " order by opened_at desc, id limit :limit"
        ),
        {"states": list(states), "limit": limit, "after": or_opened_after},
    )
    return [IncidentId(str(row.id)) for row in rows]


async def shown_version(connection: AsyncConnection, incident_id: IncidentId) -> int:
    """Up to which event the operators have been told."""
    row = await connection.execute(
        text("select shown_version from incidents where id = :incident_id"), {"incident_id": incident_id}
    )
    return int(row.scalar_one())


async def not_shown(connection: AsyncConnection) -> list[IncidentId]:
    """Incidents in which something happened that the operators were not told."""
    rows = await connection.execute(text("select id from incidents where shown_version < version order by opened_at"))
    return [IncidentId(str(row.id)) for row in rows]


async def record_shown(
    connection: AsyncConnection,
    versions: Mapping[IncidentId, int],
    messages: Sequence[Outgoing],
    *,
    now: datetime,
    keep: int,
) -> list[Sent]:
    """Write the operators' messages and up to which event they tell; only the newest `keep` messages stay."""
    numbered = await connection.execute(
        _SHOW,
        {
            "ids": list(versions),
            "versions": list(versions.values()),
            **_message_rows(messages),
            "incident_id": None,
            "at": now,
            "operators": messages[0].recipient,
            "keep": keep,
        },
    )
    return _numbered(messages, numbered.all())


async def active_alerts(connection: AsyncConnection) -> dict[ResponderId, Engagement]:
    """Who is on offer or engaged, everywhere."""
    rows = await connection.execute(text("select responder_id, incident_id, id, state from alerts where active"))
    return {
        ResponderId(row.responder_id): Engagement(
            IncidentId(str(row.incident_id)),
            AlertId(str(row.id)),
            accepted=AlertState(row.state) in AlertState.engaged_states(),
        )
        for row in rows
    }


async def alert_incident(connection: AsyncConnection, alert_id: str) -> IncidentId | None:
    """The incident that an alert belongs to."""
    row = (
        await connection.execute(text("select incident_id from alerts where id = :alert_id"), {"alert_id": alert_id})
    ).first()
    return None if row is None else IncidentId(str(row.incident_id))


async def lock_due(connection: AsyncConnection, now: datetime, limit: int = 500) -> list[Due]:
    """Due times that have come, held by this transaction; other workers pass over them."""
    rows = await connection.execute(
        text(
            "select id, incident_id, kind, due_at from due_times where due_at <= :now"
            " order by due_at limit :limit for update skip locked"
        ),
        {"now": now, "limit": limit},
    )
    return [Due(row.id, IncidentId(str(row.incident_id)), row.kind, row.due_at.astimezone(UTC)) for row in rows]


async def put_off(connection: AsyncConnection, due_ids: Sequence[int], until: datetime) -> None:
    """Let due times come again."""
    await connection.execute(
        text("update due_times set due_at = :until where id = any(:ids)"), {"ids": list(due_ids), "until": until}
    )


async def forget_due(connection: AsyncConnection, due_ids: Sequence[int]) -> None:
    """Remove due times that have been acted upon."""
    await connection.execute(text("delete from due_times where id = any(:ids)"), {"ids": list(due_ids)})


def _parameters(decision: Decision, messages: Sequence[Outgoing]) -> dict[str, Any]:
    """A decision as a handful of parameters. Rows go as JSON: arrays, one a column, took a third longer in all."""
    incident, events = decision.incident, decision.events
    offers = [event.what for event in events if isinstance(event.what, Offered)]
    return {
        "incident_id": incident.incident_id,
        "at": events[-1].at,
        "state": incident.state.value,
        "version": incident.version,
        "events": to_json_text(
            [
                {"number": each.number, "kind": each.kind, "by": each.by, "data": happening_to_json(each.what)}
                for each in events
            ]
        ),
        "alerts": to_json_text([_alert_row(incident.alerts[offer.alert_id]) for offer in offers]),
        "look_again_at": decision.look_again_at,
        "respond_by": sorted({offer.respond_by for offer in offers}),
        **_message_rows(messages),
    }


def _alert_row(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.alert_id,
        "responder_id": alert.responder_id,
        "role": alert.role,
        "aed_id": alert.aed_id,
        "state": alert.state,
        "active": alert.is_active,
        "wave": alert.wave,
        "eta_s": alert.eta_s,
    }


def _message_rows(messages: Sequence[Outgoing]) -> dict[str, Any]:
    totals = Counter(each.recipient for each in messages)
    places: Counter[str] = Counter()
    rows = []
    for each in messages:
        places[each.recipient] += 1
        rows.append(
            {
                "recipient": each.recipient,
                "place": places[each.recipient],
                "total": totals[each.recipient],
                "alert_id": each.alert_id,
                "body": each.body,
            }
        )
    # The epoch is for mailboxes that are made now; the others keep theirs.
    return {"messages": to_json_text(rows), "epoch": uuid4().hex[:12]}


def _numbered(messages: Sequence[Outgoing], mailboxes: Sequence[Any]) -> list[Sent]:
    left = Counter(each.recipient for each in messages)
    last_seqs = {row.recipient: row.last_seq for row in mailboxes}
    sent: list[Sent] = []
    for each in messages:
        left[each.recipient] -= 1
        sent.append(Sent(each.recipient, last_seqs[each.recipient] - left[each.recipient], each.body))
    return sent
