"""The auditor: looks after each run, and looks again before calling anything a fault: a message may be under way."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from dispatch.rescue.vocabulary import IncidentState
from tests.faults import audit
from tests.faults.asking import NoAnswerError, ask
from tests.faults.audit import Finding, Measure, Person
from tests.faults.doors import Door
from tests.faults.evidence import Evidence, IncidentRow, evidence
from tests.faults.spans import Span, spans_of
from tests.faults.storm import Storm

# What is still under way after this long is lost. Longer than an alert stays open, and the second look after it.
_PATIENCE_S: Final = 6.0
_LOOK_AGAIN_S: Final = 0.25
# Beside those who show something, so many others are asked about themselves.
_ASKED_BESIDES: Final = 20
_SPANS_KEPT: Final = timedelta(minutes=2)
_ENDED: Final = frozenset(each.value for each in IncidentState.ended_states())


class Auditor:
    """Remembers what was in order, so that each run is looked at once; and what was found, so that it is told once."""

    def __init__(self, url: str, storm: Storm, rng: Random) -> None:
        self._url = url
        self._storm = storm
        self._rng = rng
        self._audited: dict[str, int] = {}
        self._spans: dict[str, list[Span]] = {}
        self._told: set[tuple[Measure, str]] = set()
        self._refusals_seen = 0

    async def findings(self) -> list[Finding]:
        """What is not as it must be, and stays so."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _PATIENCE_S
        # Who and what is to be asked about over HTTP: everything at first, then only what was not in order.
        doubtful: set[str] | None = None
        while True:
            began_at = loop.time()
            held = await asyncio.to_thread(evidence, self._url, self._audited)
            people = self._people()
            answered = await self._as_answered(held, people, doubtful)
            doubtful = {each.key.split()[1] for each in answered}
            new = {(each.measure, each.key): each for each in [*self._look(held, people), *answered]}
            new = {key: each for key, each in new.items() if key not in self._told}
            # A look itself may take long on a busy machine: what it read first may be older than what it asked last.
            if not new or began_at > give_up_at:
                break
            await asyncio.sleep(_LOOK_AGAIN_S)
        self._remember(held)
        self._told |= new.keys()
        return list(new.values())

    def _people(self) -> dict[str, Person]:
        everybody = self._storm.first_aiders.values()
        return {each.id: Person(each.id, each.phone, each.socket.is_connected) for each in everybody}

    def _look(self, held: Evidence, people: Mapping[str, Person]) -> list[Finding]:
        storm = self._storm
        numberings = {each.name: each.numbering.faults for each in storm.everybody_ever()}
        return [
            *audit.lost(storm.callers.taken, held),
            *audit.undelivered(people, held),
            *audit.double(people, held, self._spans, seen_only=storm.network.was_apart),
            *audit.gaps(numberings, held),
            *audit.timelines(held),
            *audit.overdue(held),
            *self._refusals(),
            *self._consoles(held),
        ]

    def _refusals(self) -> list[Finding]:
        storm = self._storm
        said = [text for each in storm.first_aiders.values() for text in each.errors]
        said += [text for each in storm.correspondents() for text in each.sent_away]
        said += storm.desk.refused
        return [Finding(Measure.OTHER, text, text) for text in said]

    def _consoles(self, held: Evidence) -> list[Finding]:
        """Whoever follows an incident was told how it stands."""
        found = []
        followers = self._storm.callers.followers
        consoles = [each for each in self._storm.desk.consoles if each.socket.is_connected]
        for row in held.incidents:
            shown = {
                f"the console of {each.socket.name}": each.shown.get(row.incident_id, (0, "")) for each in consoles
            }
            follower, _ = followers.get(row.incident_id, (None, None))
            if follower is not None and follower.socket.is_connected and follower.version:
                # A caller is not told who was asked; but the state is as the page has it.
                shown["the caller"] = (row.version, follower.state)
            for whom, told in shown.items():
                if told != (row.version, row.state):
                    text = f"{whom} was told {told} of incident {row.incident_id}, kept is {(row.version, row.state)}"
                    found.append(Finding(Measure.STATES, f"{whom} {row.incident_id}", text))
        return found

    async def _as_answered(
        self, held: Evidence, people: Mapping[str, Person], doubtful: set[str] | None
    ) -> list[Finding]:
        rows = {row.incident_id: row for row in held.incidents}
        if doubtful is None:
            showing = {each.responder_id for each in people.values() if any(each.phone.shows(datetime.now(UTC)))}
            others = self._rng.sample(sorted(people), min(_ASKED_BESIDES, len(people)))
            doubtful = {*rows, *showing, *held.active_alerts, *others}
        found: list[Finding] = []
        for each in sorted(doubtful):
            if each in rows:
                found += await self._view(rows[each])
            elif each in people:
                found += await self._me(people[each])
        return found

    async def _view(self, row: IncidentRow) -> list[Finding]:
        path = f"/v1/incidents/{row.incident_id}"
        found: list[Finding] = []
        for door in self._doors:
            view = await self._answer(door, path, self._storm.operator_token)
            if isinstance(view, str):
                found.append(Finding(Measure.TIMELINES, f"view {row.incident_id}", f"GET {path}: {view}"))
            else:
                found += audit.seen(row, view)
        return found

    async def _me(self, person: Person) -> list[Finding]:
        if not person.is_connected:
            return []
        found: list[Finding] = []
        for door in self._doors:
            me = await self._answer(door, "/v1/responders/me", self._storm.first_aiders[person.responder_id].token)
            if isinstance(me, str):
                text = f"GET /v1/responders/me at {door}: {me}"
                found.append(Finding(Measure.STATES, f"me {person.responder_id}", text))
            else:
                found += audit.state_of(person, me, datetime.now(UTC))
        return found

    @property
    def _doors(self) -> Sequence[Door]:
        # Every worker knows the same.
        return self._storm.network.balancer.doors

    async def _answer(self, door: Door, path: str, token: str) -> Mapping[str, Any] | str:
        try:
            answer = await ask(door, "GET", path, token=token)
        except NoAnswerError as error:
            return str(error)
        if not answer.is_success or not isinstance(answer.body, dict):
            return f"{answer.status} {answer.body}"
        return answer.body

    def _remember(self, held: Evidence) -> None:
        """What has ended and was looked at is done with; when its people were bound is kept for the next look."""
        for row in held.incidents:
            for responder_id, spans in spans_of(row.rows).items():
                known = self._spans.setdefault(responder_id, [])
                known += [each for each in spans if each.until is not None and each not in known]
            if row.state in _ENDED:
                self._audited[row.incident_id] = row.version
        since = datetime.now(UTC) - _SPANS_KEPT
        for responder_id, spans in self._spans.items():
            self._spans[responder_id] = [each for each in spans if each.until is not None and each.until.at > since]
