"""What the database holds, read in one snapshot for the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg

from dispatch.rescue.events import Event, happening_from_json
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.vocabulary import IncidentId


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A row of `alerts`."""

    alert_id: str
    incident_id: str
    responder_id: str
    role: str
    aed_id: str | None
    state: str
    active: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of `incident_events`: the number of its first event, when, and the events as they are stored.

    It was decided `at` a time and `committed_at` another, where PostgreSQL tells that.
    """

    number: int
    at: datetime
    events: Sequence[Mapping[str, Any]]
    committed_at: datetime | None = None

    def unpacked(self) -> list[Event]:
        """The events of this row."""
        return [
            Event(number, self.at, each["by"], happening_from_json(each["kind"], each["data"]))
            for number, each in enumerate(self.events, start=self.number)
        ]


@dataclass(frozen=True)
class IncidentRow:
    """A row of `incidents`, with everything that belongs to it."""

    incident_id: str
    request_id: str
    state: str
    version: int
    closed_at: datetime | None
    rows: Sequence[EventRow] = ()
    alerts: Sequence[AlertRow] = ()

    @cached_property
    def events(self) -> list[Event]:
        """All its events, in the order in which they are kept."""
        return [event for each in self.rows for event in each.unpacked()]

    @cached_property
    def folded(self) -> Incident | None:
        """The incident as its events make it; None when they make none."""
        try:
            return fold(IncidentId(self.incident_id), self.events)
        except (ValueError, KeyError):
            return None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A snapshot: which request opened which incident, the incidents looked at, and what is left to do."""

    incident_of: Mapping[str, str]
    incidents: Sequence[IncidentRow]
    active_alerts: Mapping[str, Sequence[str]]
    # Recipient and number of every message that nobody has acknowledged.
    unacknowledged: Sequence[tuple[str, int]]
    overdue: Sequence[str]
    orphans: Sequence[str] = field(default=())


_OVERDUE_S = 3

Connection = psycopg.Connection[tuple[Any, ...]]


def evidence(url: str, audited: Mapping[str, int]) -> Evidence:
    """Read the snapshot; of the incidents all whose version is not the one in `audited`."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        everything = connection.execute("select id, request_id, state, version, closed_at from incidents").fetchall()
        looked_at = [row for row in everything if audited.get(str(row[0])) != row[3]]
        ids = [row[0] for row in looked_at]
        events, alerts = _event_rows(connection, ids), _alert_rows(connection, ids)
        active: dict[str, list[str]] = {}
        for responder_id, alert_id in connection.execute("select responder_id, id from alerts where active"):
            active.setdefault(responder_id, []).append(str(alert_id))
        unacknowledged = connection.execute("select recipient, seq from messages where recipient <> 'operators'")
        return Evidence(
            incident_of={str(request_id): str(each) for each, request_id, *_ in everything},
            incidents=[
                IncidentRow(
                    str(each), str(request_id), state, version, closed_at, events.get(each, []), alerts.get(each, [])
                )
                for each, request_id, state, version, closed_at in looked_at
            ],
            active_alerts=active,
            unacknowledged=[(recipient, seq) for recipient, seq in unacknowledged],
            overdue=_overdue(connection),
            orphans=_orphans(connection),
        )


def _event_rows(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, list[EventRow]]:
    rows: dict[UUID, list[EventRow]] = {}
    question = (
        "select incident_id, number, at, events, pg_xact_commit_timestamp(xmin) from incident_events"
        " where incident_id = any(%s) order by number"
    )
    for incident_id, number, at, events, committed_at in connection.execute(question, [incident_ids]):
        rows.setdefault(incident_id, []).append(EventRow(number, at.astimezone(UTC), events, committed_at))
    return rows


def _alert_rows(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, list[AlertRow]]:
    rows: dict[UUID, list[AlertRow]] = {}
    question = (
        "select incident_id, id, responder_id, role, aed_id, state, active from alerts where incident_id = any(%s)"
    )
    for incident_id, alert_id, responder_id, role, aed_id, state, active in connection.execute(
        question, [incident_ids]
    ):
        row = AlertRow(
            str(alert_id),
            str(incident_id),
            responder_id,
            role,
            None if aed_id is None else str(aed_id),
            state,
            active,
        )
        rows.setdefault(incident_id, []).append(row)
    return rows


def _overdue(connection: Connection) -> list[str]:
    question = (
        "select kind, incident_id, extract(epoch from now() - due_at) from due_times"
        " where due_at < now() - make_interval(secs => %s)"
    )
    rows = connection.execute(question, [_OVERDUE_S])
    return [f"{kind} of {incident_id}, due {late_s:.1f} s ago" for kind, incident_id, late_s in rows]


def _orphans(connection: Connection) -> list[str]:
    rows = connection.execute(
        "select distinct 'events', incident_id from incident_events"
        " where not exists (select from incidents where id = incident_id)"
        " union select distinct 'alerts', incident_id from alerts"
        " where not exists (select from incidents where id = incident_id)"
    )
    return [f"{what} of {incident_id}" for what, incident_id in rows]
