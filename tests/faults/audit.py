"""The audit: what must hold whatever died. Pure: from records and evidence to findings, each with its measure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from dispatch.rescue.events import Offered, Opened, Planned, Withdrawn
from dispatch.rescue.vocabulary import AlertState
from tests.faults.callers import Sos
from tests.faults.evidence import Evidence, IncidentRow
from tests.faults.phone import Phone
from tests.faults.spans import Span, in_turn, overlapping, spans_of

_LONGEST_TEXT: Final = 1800


class Measure(StrEnum):
    """What a finding is about."""

    LOST = "lost"
    UNDELIVERED = "undelivered"
    DOUBLE = "double"
    GAPS = "gaps"
    TIMELINES = "timelines"
    STATES = "states"
    OVERDUE = "overdue"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be. `key` tells whether two looks found the same."""

    measure: Measure
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.measure}: {self.text[:_LONGEST_TEXT]}"


@dataclass(frozen=True, slots=True)
class Person:
    """What the audit knows of a first-aider: the phone, and whether it is connected."""

    responder_id: str
    phone: Phone
    is_connected: bool


def lost(taken: Mapping[str, Sos], held: Evidence) -> Iterator[Finding]:
    """Every SOS that was answered has its one incident, planned; every other one is there whole or not at all."""
    rows = {row.incident_id: row for row in held.incidents}
    for request_id, sos in taken.items():
        told = {incident_id for _, incident_id, _ in sos.receipts}
        stored = held.incident_of.get(request_id)
        if len(told) > 1 and not sos.may_be_two:
            yield Finding(Measure.LOST, f"two {request_id}", f"SOS {request_id} was told of incidents {sorted(told)}")
        kept = {stored, *(held.incident_of.get(twin_of(request_id, each)) for each in told if sos.may_be_two)}
        if not (told <= kept if sos.may_be_two else not told or stored in told):
            yield Finding(
                Measure.LOST, request_id, f"SOS {request_id} was answered with {sorted(told)} and is kept as {stored}"
            )
        if sos.given_up:
            yield Finding(
                Measure.LOST, f"never {request_id}", f"SOS {request_id} was never answered in {sos.tries} tries"
            )
        row = rows.get(stored or "")
        if row is not None:
            yield from _is_planned(sos, row)
    divided = [each.request_id for each in taken.values() if each.may_be_two]
    twins = {twin_of(each, incident_id) for each in divided for incident_id in held.incident_of.values()}
    for request_id in held.incident_of.keys() - taken.keys() - twins:
        yield Finding(Measure.LOST, f"nobody's {request_id}", f"nobody tapped the SOS {request_id} that is kept")
    for orphan in held.orphans:
        yield Finding(Measure.LOST, f"orphan {orphan}", f"there are {orphan}, which is no incident")


def twin_of(request_id: str, incident_id: str) -> str:
    """The request id under which a second incident is kept that one tap opened at two workers without a database."""
    return str(uuid5(UUID(request_id), incident_id))


def _is_planned(sos: Sos, row: IncidentRow) -> Iterator[Finding]:
    kinds = [type(event.what) for event in row.events[:2]]
    if kinds != [Opened, Planned]:
        yield Finding(
            Measure.LOST, f"unplanned {row.incident_id}", f"incident {row.incident_id} begins with {kinds}, not planned"
        )
    asked = _asked_at_first(row)
    for _, _, alerted in [each for each in sos.receipts if each[1] == row.incident_id][:1]:
        if alerted not in asked:
            text = f"incident {row.incident_id} was answered with {alerted} alerted and has {sorted(asked)} offers"
            yield Finding(Measure.LOST, f"offers {row.incident_id}", text)


def _asked_at_first(row: IncidentRow) -> set[int]:
    """How many were asked when the caller was answered: by the opening, and by what replaced some of them at once.

    That happens where the database went away in the middle of it, and others are to be asked than was planned.
    """
    opening = row.rows[0].unpacked()
    offered = {each.what.alert_id for each in opening if isinstance(each.what, Offered)}
    asked = {len(offered)}
    replacing = row.rows[1].unpacked() if len(row.rows) > 1 else []
    if replacing and all(each.by == "system" for each in replacing) and isinstance(replacing[0].what, Withdrawn):
        withdrawn = {each.what.alert_id for each in replacing if isinstance(each.what, Withdrawn)}
        added = sum(isinstance(each.what, Offered) for each in replacing)
        asked.add(len(offered - withdrawn) + added)
    return asked


def undelivered(people: Mapping[str, Person], held: Evidence) -> Iterator[Finding]:
    """Every alert, assignment and stand-down has reached the phone it was for, and was acknowledged."""
    for row in held.incidents:
        folded = row.folded
        for alert in folded.alerts.values() if folded else ():
            person = people.get(alert.responder_id)
            if person is None or not person.is_connected:
                continue
            phone, alert_id = person.phone, alert.alert_id
            was_stopped = phone.stand_downs[alert_id] > 0
            missing = []
            if not (phone.alerts[alert_id] or phone.assignments[alert_id] or was_stopped):
                missing.append("alert")
            if AlertState.ACCEPTED in alert.stages and not (phone.assignments[alert_id] or was_stopped):
                missing.append("assignment")
            if alert.state in {AlertState.WITHDRAWN, AlertState.STOOD_DOWN} and not was_stopped:
                missing.append("stand-down")
            for what in missing:
                text = f"{what} of alert {alert_id} ({alert.state}) never reached {alert.responder_id}"
                yield Finding(Measure.UNDELIVERED, f"{what} {alert_id}", f"{text}; incident {row.incident_id}")
    connected = {f"responder:{each.responder_id}" for each in people.values() if each.is_connected}
    for recipient, seq in held.unacknowledged:
        if recipient in connected:
            text = f"message {seq} for {recipient} stays unacknowledged though its phone is connected"
            yield Finding(Measure.UNDELIVERED, f"unacknowledged {recipient} {seq}", text)


def double(
    people: Mapping[str, Person], held: Evidence, earlier: Mapping[str, Sequence[Span]], *, seen_only: bool = False
) -> Iterator[Finding]:
    """Nobody is bound by two alerts: in the table, over time (`earlier` looks included), on the phone.

    `seen_only`: of those that overlap in the rows, both bound whom they were for at a time, as far as they knew. What
    PostgreSQL commits as it thaws, or a worker decides while it is cut off from everything, binds people who never hear
    of it, or have said long ago that they are done, to a worker that could not tell.
    """
    for responder_id, alert_ids in held.active_alerts.items():
        if len(alert_ids) > 1:
            yield Finding(Measure.DOUBLE, f"table {responder_id}", f"{responder_id} is bound by {sorted(alert_ids)}")
    for person in people.values():
        for number, text in enumerate(person.phone.doubles):
            yield Finding(Measure.DOUBLE, f"phone {person.responder_id} {number}", f"{person.responder_id}: {text}")
    yield from _over_time(people, held, earlier, seen_only=seen_only)


def _over_time(
    people: Mapping[str, Person], held: Evidence, earlier: Mapping[str, Sequence[Span]], *, seen_only: bool
) -> Iterator[Finding]:
    bound: dict[str, list[Span]] = {}
    for row in held.incidents:
        for responder_id, spans in spans_of(row.rows).items():
            bound.setdefault(responder_id, []).extend(spans)
    for responder_id, spans in bound.items():
        for one, other in overlapping({*spans, *earlier.get(responder_id, ())}):
            ids = one.alert_id, other.alert_id
            person = people.get(responder_id)
            is_known_apart = person is not None and not person.phone.held_together(*ids)
            if is_known_apart and seen_only:
                continue
            if in_turn(one, other) and (is_known_apart or person is None):
                continue
            text = f"{responder_id} was bound by {ids[0]} from {one.since} until {one.until} and by {ids[1]} from"
            yield Finding(Measure.DOUBLE, f"over time {ids[0]} {ids[1]}", f"{text} {other.since}")


def gaps(numberings: Mapping[str, Sequence[str]], held: Evidence) -> Iterator[Finding]:
    """Every recipient saw every number in turn, and so are the events of every incident numbered."""
    for recipient, faults in numberings.items():
        for number, text in enumerate(faults):
            yield Finding(Measure.GAPS, f"{recipient} {number}", f"{recipient}: {text}")
    for row in held.incidents:
        expected = 1
        for each in row.rows:
            if each.number != expected:
                text = f"incident {row.incident_id}: events {each.number} come where {expected} should"
                yield Finding(Measure.GAPS, f"events {row.incident_id} {expected}", text)
            expected = each.number + len(each.events)
        if expected != row.version + 1:
            text = f"incident {row.incident_id} has {expected - 1} events and is at version {row.version}"
            yield Finding(Measure.GAPS, f"version {row.incident_id}", text)


def timelines(held: Evidence) -> Iterator[Finding]:
    """Every incident's rows are the fold of its events."""
    for row in held.incidents:
        folded = row.folded
        if folded is None:
            text = f"the events of incident {row.incident_id} cannot be folded"
            yield Finding(Measure.TIMELINES, f"fold {row.incident_id}", text)
            continue
        pairs: list[tuple[str, Any, Any]] = [
            ("state", row.state, folded.state.value),
            ("version", row.version, folded.version),
            ("closed_at", row.closed_at, folded.closed_at),
            ("alerts", sorted(each.alert_id for each in row.alerts), sorted(folded.alerts)),
        ]
        for each in row.alerts:
            alert = next((alert for alert_id, alert in folded.alerts.items() if alert_id == each.alert_id), None)
            if alert is not None:
                kept = (each.responder_id, each.role, each.aed_id, each.state, each.active)
                told = (alert.responder_id, alert.role.value, alert.aed_id, alert.state.value, alert.is_active)
                pairs.append((f"alert {each.alert_id}", kept, told))
        for what, kept, told in pairs:
            if kept != told:
                text = f"incident {row.incident_id}, {what}: kept is {kept}, the events say {told}"
                yield Finding(Measure.TIMELINES, f"{what} {row.incident_id}", text)


def seen(row: IncidentRow, view: Mapping[str, Any]) -> Iterator[Finding]:
    """What `GET /v1/incidents/{id}` answers is the fold, too."""
    folded = row.folded
    if folded is None:
        return
    kept = (folded.version, folded.state.value, {each: alert.state.value for each, alert in folded.alerts.items()})
    told = (view["version"], view["state"], {each["alert_id"]: each["state"] for each in view["alerts"]})
    numbers = [each["number"] for each in view["timeline"]]
    if kept != told or numbers != list(range(1, row.version + 1)):
        text = f"incident {row.incident_id}: the events say {kept}, the service {told} with {len(numbers)} events"
        yield Finding(Measure.TIMELINES, f"view {row.incident_id}", text)


def state_of(person: Person, me: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    """What a phone shows is what `GET /v1/responders/me` answers."""
    told = tuple(me[what]["alert_id"] if me[what] else None for what in ("alert", "assignment"))
    shown = person.phone.shows(now)
    if told != shown:
        text = f"{person.responder_id}'s phone shows (alert, assignment) {shown}, the service says {told}"
        yield Finding(Measure.STATES, f"me {person.responder_id} {told} {shown}", text)


def overdue(held: Evidence) -> Iterator[Finding]:
    """Nothing that was due is left lying."""
    for each in held.overdue:
        yield Finding(Measure.OVERDUE, f"overdue {each.partition(',')[0]}", f"left lying: {each}")
