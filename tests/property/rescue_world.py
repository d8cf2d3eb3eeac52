"""A small town for the pure core: people who share two emergencies, and what an engine does around the decisions.

It holds what the database would hold: events, who is bound (each on one alert at most, everywhere), when each incident
is looked at next, and what everybody was told last.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from dispatch.encoding import to_json
from dispatch.rescue.acceptance import answers_given
from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    LetTimePass,
    Moved,
    OpenIncident,
    Refused,
    Widen,
)
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide, open_incident
from dispatch.rescue.events import Event, Happening, Offered, happening_from_json, happening_to_json
from dispatch.rescue.incident import Incident, apply, begin
from dispatch.rescue.merging import merge
from dispatch.rescue.notices import NoticeKind, responder_notices
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate, Scene
from dispatch.rescue.vocabulary import AlertId, AlertRole, AlertState, IncidentId, ResponderId, TravelMode
from dispatch.rescue.wakes import Wake
from geo.place import Place
from tests.people import beside
from tests.rescue.story import PATIENT, TAPPED_AT, an_aed

# Commands for which the engine does not look around.
_BARE = ConfirmReceipt | AmbulanceArrives | Cancel | Close
_TRIES = 5
# No incident is looked at more often than this within the time that one rule lets pass.
_MOST_LOOKS = 400

AS_TOLD = tuple[AlertRole, AlertState, str | None, int, tuple[tuple[AlertRole, AlertState, int], ...]]


@dataclass
class Person:
    """A first-aider: where they are (metres north of the patients), and what they do when nobody looks."""

    north_m: float
    mode: TravelMode
    on_duty: bool = True
    walks: bool = True
    phone_is_on: bool = True


@dataclass
class Record:
    """One incident as the database would hold it."""

    incident: Incident
    # The same, folded from the stored events one by one.
    refolded: Incident | None = None
    events: list[Event] = field(default_factory=list)
    wake: Wake | None = None
    decided_at: datetime = TAPPED_AT


class World:
    """Everything around the decisions; `tally` counts what happened."""

    def __init__(
        self, policy: Policy, people: Sequence[Person], aeds_m: Sequence[float], tally: Counter[str], *, by_night: bool
    ) -> None:
        self.policy = policy
        self.people = {ResponderId(f"p{number}"): each for number, each in enumerate(people)}
        self.aeds: list[AedOption] = [an_aed(f"a{number}", metres) for number, metres in enumerate(aeds_m)]
        self.tally = tally
        self.by_night = by_night
        self.now = TAPPED_AT
        self.records: dict[IncidentId, Record] = {}
        self.told: dict[AlertId, list[NoticeKind]] = {}
        self.told_of_team: dict[AlertId, AS_TOLD] = {}
        self.answers: dict[AlertId, Counter[str]] = {}

    # --- what there is ---

    @property
    def open(self) -> list[IncidentId]:
        """The incidents that have not ended."""
        return [each for each, record in self.records.items() if not record.incident.is_ended]

    @property
    def alerts(self) -> list[Alert]:
        """Every alert of every incident."""
        return [alert for record in self.records.values() for alert in record.incident.alerts.values()]

    def incident_of(self, alert_id: AlertId) -> IncidentId:
        """The incident that an alert belongs to."""
        return next(each for each, record in self.records.items() if alert_id in record.incident.alerts)

    def bound_elsewhere(self, incident_id: IncidentId) -> set[ResponderId]:
        """Those on offer or engaged in other incidents than this one."""
        others = (record.incident for each, record in self.records.items() if each != incident_id)
        return {alert.responder_id for other in others for alert in other.alerts.values() if alert.is_active}

    def scene(self, incident_id: IncidentId | None, *, is_stale: bool = False) -> Scene:
        """What an engine sees around an incident; a stale look takes those bound elsewhere for free."""
        alerts = self.records[incident_id].incident.alerts.values() if incident_id in self.records else ()
        here = {alert.responder_id for alert in alerts if alert.is_active}
        taken = set() if is_stale else {alert.responder_id for alert in self.alerts if alert.is_active}
        return Scene(
            self.now,
            is_night=self.by_night,
            candidates=tuple(
                _candidate(name, each)
                for name, each in self.people.items()
                if each.on_duty and each.phone_is_on and name not in taken | here
            ),
            aeds=tuple(self.aeds),
            policy=self.policy,
            under_way=tuple(
                _candidate(name, each) for name, each in self.people.items() if name in here and each.phone_is_on
            ),
        )

    # --- what happens ---

    def tap(self, *, is_stale: bool) -> None:
        """An SOS."""
        incident_id = IncidentId(str(UUID(int=len(self.records) + 1)))
        where = Place(PATIENT.latitude, PATIENT.longitude)
        for attempt in range(_TRIES):
            scene = self.scene(incident_id, is_stale=is_stale and attempt == 0)
            decision = open_incident(incident_id, OpenIncident(place=where), scene)
            if self._is_guarded(decision):
                self.take_in(decision)
                return
        raise AssertionError("an SOS lost to the guard again and again")

    def carry_out(self, incident_id: IncidentId, command: Command, *, is_stale: bool = False) -> Decision | None:
        """One command, as an engine would: decided anew when somebody turns out to be bound. None: refused."""
        for attempt in range(_TRIES):
            before = self.records[incident_id].incident
            sees_all = attempt > 0 or not is_stale
            if isinstance(command, Accept) and sees_all and command.responder_id in self.bound_elsewhere(incident_id):
                self.tally["refused engaged_elsewhere"] += 1
                return None
            scene = self.scene(incident_id, is_stale=not sees_all)
            if isinstance(command, _BARE):
                scene = replace(scene, candidates=(), aeds=(), under_way=())
            try:
                decision = decide(before, command, scene, by="somebody")
            except Moved as moved:
                assert self.records[incident_id].incident == before
                self.tally["moved"] += 1
                self._goes_on(moved)
                return None
            except Refused as refused:
                assert self.records[incident_id].incident == before
                self.tally[f"refused {refused.code}"] += 1
                return None
            assert decide(before, command, scene, by="somebody") == decision, "the same question, another answer"
            if self._is_guarded(decision):
                self.take_in(decision)
                return decision
            self.tally["guarded"] += 1
        raise AssertionError(f"{command} lost to the guard again and again")

    def merge(self, duplicate: IncidentId, into: IncidentId) -> None:
        """Two incidents become one, in one transaction."""
        left, right = self.records[duplicate].incident, self.records[into].incident
        try:
            ended, goes_on = merge(left, right, self.scene(into), by="operator:ann")
        except Refused as refused:
            self.tally[f"refused {refused.code}"] += 1
            return
        self.take_in(ended)
        assert self._is_guarded(goes_on)
        self.take_in(goes_on)

    def time_passes(self, seconds: float, *, is_punctual: bool) -> None:
        """Let time go by: every wake is acted upon when it is due, or all together when somebody gets round to it."""
        until = self.now + timedelta(seconds=seconds)
        for _ in range(_MOST_LOOKS):
            wakes = [record.wake.at for each in self.open if (record := self.records[each]).wake]
            due = [at for at in wakes if at <= until]
            if not due:
                break
            self._move_on(max(self.now, min(due) if is_punctual else until))
            for incident_id in self.open:
                wake = self.records[incident_id].wake
                if wake is not None and wake.at <= self.now:
                    self.look(incident_id)
        else:
            raise AssertionError("looked at again and again without end")
        self._move_on(until)

    def look(self, incident_id: IncidentId) -> None:
        """A due time is acted upon; the next one lies ahead."""
        self.carry_out(incident_id, LetTimePass())
        wake = self.records[incident_id].wake
        assert wake is None or wake.at > self.now, f"{wake} is due again at once"

    def take_in(self, decision: Decision) -> None:
        """Write a decision down and tell those concerned, or nothing at all when nothing happened."""
        incident = decision.incident
        before = self.records.get(incident.incident_id)
        if not decision.events:
            assert before is not None
            assert incident == before.incident, "an effect without an event"
            before.wake, before.decided_at = decision.wake, self.now
            return
        record = before or Record(incident)
        was = record.incident if before else None
        for event in decision.events:
            self.tally[event.kind] += 1
            if isinstance(event.what, Offered):
                self._must_be_free(event.what, record)
            record.refolded = _refolded(incident.incident_id, record.refolded, event)
        record.incident, record.wake, record.decided_at = incident, decision.wake, self.now
        record.events.extend(decision.events)
        self.records[incident.incident_id] = record
        self._must_not_be_too_many(decision)
        self._tell(decision)
        self._must_have_left_for_a_reason(was, decision)
        self._count_answers(decision)

    # --- how ---

    def _goes_on(self, moved: Moved) -> None:
        """What was said of an alert that goes on elsewhere: there it is."""
        record = self.records[moved.incident_id]
        assert moved.alert_id in record.incident.alerts

    def _is_guarded(self, decision: Decision) -> bool:
        """Whether the database would take it: nobody is bound twice, in one incident or in two."""
        bound = [alert.responder_id for alert in decision.incident.alerts.values() if alert.is_active]
        assert len(set(bound)) == len(bound), "bound twice in one incident"
        return self.bound_elsewhere(decision.incident.incident_id).isdisjoint(bound)

    def _must_be_free(self, offer: Offered, record: Record) -> None:
        """Nobody is asked who is bound, or who has answered this emergency, unless their offer was taken back."""
        asked = offer.responder_id
        assert asked not in self.bound_elsewhere(record.incident.incident_id), "asked while bound elsewhere"
        if record.refolded is None:
            return
        before = [each for each in record.refolded.alerts.values() if each.responder_id == asked]
        assert not any(each.is_active for each in before), "asked while bound here"
        if offer.counted_from is None:
            assert not before or before[-1].may_be_asked_again, "asked again"
            assert before or asked not in record.refolded.asked_there, "asked again after a merger"

    def _must_not_be_too_many(self, decision: Decision) -> None:
        incident = decision.incident
        asked = [event.what for event in decision.events if isinstance(event.what, Offered)]
        if any(each.counted_from is None for each in asked):
            bound = [each for each in incident.alerts.values() if each.is_active and each.doubted_at is None]
            assert len(bound) <= self.policy.widened(incident.times_widened).alert_cap, "an offer above the cap"

    def _must_have_left_for_a_reason(self, was: Incident | None, decision: Decision) -> None:
        """Who had accepted is at it still, has said that they are not, or is told to stop."""
        words = {AlertState.DONE, AlertState.GAVE_UP}
        for before in was.engaged() if was is not None else ():
            after = decision.incident.alerts[before.alert_id]
            if not after.is_engaged:
                assert after.state in words or after.end_reason is not None
                assert self.told[after.alert_id][-1] is NoticeKind.STAND_DOWN, "dropped in silence"

    def _count_answers(self, decision: Decision) -> None:
        if len(answers_given(decision.events, decision.incident)) > 0:
            for event in decision.events:
                for answer in answers_given([event], decision.incident):
                    counted = self.answers.setdefault(_alert_id_of(event.what), Counter())
                    counted.update(asked=answer.asked, accepted=answer.accepted)

    def _tell(self, decision: Decision) -> None:
        incident = decision.incident
        touched = {getattr(event.what, "alert_id", None) for event in decision.events}
        for notice in responder_notices(decision.events, incident):
            is_refresh = notice.kind is NoticeKind.ASSIGNMENT and incident.alerts[notice.alert_id].is_engaged
            assert notice.alert_id in touched or is_refresh, "a message without an event"
            self.tally[f"notice {notice.kind}"] += 1
            self.told.setdefault(notice.alert_id, []).append(notice.kind)
            if notice.kind is NoticeKind.ASSIGNMENT:
                self.told_of_team[notice.alert_id] = as_told(incident, incident.alerts[notice.alert_id])

    def _move_on(self, until: datetime) -> None:
        """The clock moves, and with it those on their way who walk."""
        seconds = (until - self.now).total_seconds()
        for alert in self.alerts:
            person = self.people[alert.responder_id]
            if alert.is_engaged and person.walks:
                person.north_m = max(0.0, person.north_m - seconds * self.policy.travel.speed_m_s[person.mode])
        self.now = until


def as_told(incident: Incident, alert: Alert) -> AS_TOLD:
    """What an assignment says: of oneself, and of the others at it."""
    others = sorted(
        (each.role, each.state, round(each.eta_s)) for each in incident.engaged() if each.alert_id != alert.alert_id
    )
    return alert.role, alert.state, alert.aed_id, round(alert.eta_s), tuple(others)


def widens(command: Command) -> bool:
    """Whether to say it twice is to ask for more."""
    return isinstance(command, Widen)


def _candidate(name: ResponderId, person: Person) -> Candidate:
    return Candidate(name, beside(PATIENT, north_m=person.north_m), person.north_m, person.mode)


def _refolded(incident_id: IncidentId, incident: Incident | None, event: Event) -> Incident:
    stored = replace(event, what=_from_storage(event.what))
    return begin(incident_id, stored) if incident is None else apply(incident, stored)


def _from_storage(what: Happening) -> Happening:
    return happening_from_json(what.kind, orjson.loads(to_json(happening_to_json(what))))


def _alert_id_of(what: Happening) -> AlertId:
    return AlertId(getattr(what, "alert_id"))  # noqa: B009 - what was answered is about an alert
