"""Whatever people do, in whatever order: promises that every decision keeps, named one by one."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dispatch.encoding import to_json
from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    OpenIncident,
    Progress,
    Refused,
    SetCpr,
    Widen,
)
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide, open_incident
from dispatch.rescue.events import (
    Accepted,
    Event,
    Expired,
    Offered,
    StageReached,
    happening_from_json,
    happening_to_json,
)
from dispatch.rescue.incident import Incident, apply, begin, fold
from dispatch.rescue.notices import NoticeKind, responder_notices
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import STAGES, AlertId, AlertState, CancelReason, ResponderId, TravelMode
from tests.rescue.story import INCIDENT, PATIENT, TAPPED_AT, an_aed, somebody

S = AlertState
_NAMES = [f"p{number}" for number in range(8)]
_METRES = st.sampled_from([0.0, 60.0, 200.0, 450.0, 1200.0])


class Rescue(RuleBasedStateMachine):
    """One incident, and people who do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.incident: Incident
        self.events: list[Event] = []
        self.now = TAPPED_AT
        self.told: dict[AlertId, list[NoticeKind]] = {}
        self.late = 0
        self.ended_as: tuple[object, datetime] | None = None

    @initialize(
        cap=st.integers(1, 5),
        hands=st.integers(1, 2),
        aeds=st.lists(_METRES, max_size=2),
        people=st.lists(st.tuples(_METRES, st.sampled_from(TravelMode)), max_size=len(_NAMES)),
        by_night=st.booleans(),
    )
    def tap(
        self, cap: int, hands: int, aeds: list[float], people: list[tuple[float, TravelMode]], by_night: bool
    ) -> None:
        policy = Policy(alert_cap=cap, widen_cap=2, enough_cpr_without_aed=hands)
        self.scene = Scene(
            self.now,
            is_night=by_night,
            candidates=tuple(
                somebody(name, metres, mode=mode) for name, (metres, mode) in zip(_NAMES, people, strict=False)
            ),
            aeds=tuple(an_aed(f"a{number}", metres) for number, metres in enumerate(aeds)),
            policy=policy,
        )
        decision = open_incident(INCIDENT, OpenIncident(place=PATIENT), self.scene)
        self._take_in(decision)

    # --- what people do ---

    @rule(data=st.data(), yes=st.booleans())
    @precondition(lambda self: self.incident.alerts)
    def somebody_answers(self, data: st.DataObject, yes: bool) -> None:
        alert = self._any_alert(data)
        self._attempt((Accept if yes else Decline)(alert.alert_id, alert.responder_id))

    @rule(data=st.data(), stage=st.sampled_from(sorted(STAGES)))
    @precondition(lambda self: any(each.is_engaged for each in self.incident.alerts.values()))
    def somebody_gets_on(self, data: st.DataObject, stage: AlertState) -> None:
        engaged = self.incident.engaged()
        alert = data.draw(st.sampled_from(engaged), label="alert")
        self._attempt(Progress(alert.alert_id, alert.responder_id, stage))

    @rule(data=st.data(), stage=st.sampled_from(sorted(S)))
    @precondition(lambda self: self.incident.alerts)
    def somebody_says_nonsense(self, data: st.DataObject, stage: AlertState) -> None:
        alert = self._any_alert(data)
        who = data.draw(st.sampled_from([alert.responder_id, ResponderId("p0"), ResponderId("stranger")]), label="who")
        self._attempt(Progress(alert.alert_id, who, stage))

    @rule(data=st.data())
    @precondition(lambda self: self.incident.alerts)
    def devices_have_their_alerts(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(list(self.incident.alerts)), max_size=4), label="alerts")
        self._attempt(ConfirmReceipt(tuple(some)))

    @rule(seconds=st.sampled_from([0, 1, 19, 20, 60, 400]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self._attempt(LetTimePass())

    @rule(gone=st.integers(0, len(_NAMES) - 1), metres=_METRES)
    def somebody_comes_or_goes(self, gone: int, metres: float) -> None:
        name = _NAMES[gone]
        there = tuple(each for each in self.scene.candidates if each.responder_id != name)
        back = () if len(there) < len(self.scene.candidates) else (somebody(name, metres),)
        self.scene = replace(self.scene, candidates=there + back)

    @rule(count=st.integers(0, 2))
    def aeds_come_or_go(self, count: int) -> None:
        self.scene = replace(self.scene, aeds=tuple(an_aed(f"a{number}", 90.0 * number) for number in range(count)))

    @rule(
        command=st.one_of(
            st.just(Widen()),
            st.builds(SetCpr, in_progress=st.booleans()),
            st.sampled_from([0, 200, 350, 900]).map(lambda s: ExpectAmbulance(TAPPED_AT + timedelta(seconds=s))),
        )
    )
    def the_operator_does_something(self, command: Command) -> None:
        self._attempt(command)

    @rule(
        command=st.one_of(
            st.just(AmbulanceArrives()), st.just(Close()), st.builds(Cancel, reason=st.sampled_from(CancelReason))
        )
    )
    def it_comes_to_an_end(self, command: Command) -> None:
        self._attempt(command)

    # --- what always holds ---

    @invariant()
    def the_incident_is_the_fold_of_its_events(self) -> None:
        assert fold(INCIDENT, self.events) == self.incident

    @invariant()
    def the_events_are_numbered_without_gaps(self) -> None:
        assert [event.number for event in self.events] == list(range(1, len(self.events) + 1))

    @invariant()
    def what_is_stored_tells_the_same_story(self) -> None:
        stored = [
            replace(event, what=happening_from_json(event.kind, orjson.loads(to_json(happening_to_json(event.what)))))
            for event in self.events
        ]
        assert fold(INCIDENT, stored) == self.incident

    @invariant()
    def nobody_is_bound_twice(self) -> None:
        bound = [each.responder_id for each in self.incident.alerts.values() if each.is_active]
        assert len(set(bound)) == len(bound)

    @invariant()
    def nobody_is_asked_again_unless_their_offer_was_taken_back(self) -> None:
        # Told by the events alone: when an offer is made, every earlier one to the same person is withdrawn.
        incident = begin(INCIDENT, self.events[0])
        for event in self.events[1:]:
            if isinstance(event.what, Offered):
                asked = event.what.responder_id
                before = [each for each in incident.alerts.values() if each.responder_id == asked]
                assert all(each.state is S.WITHDRAWN for each in before)
            incident = apply(incident, event)

    @invariant()
    def everybody_released_by_others_was_told_so_last(self) -> None:
        for alert in self.incident.alerts.values():
            told_to_stop = self.told[alert.alert_id][-1] is NoticeKind.STAND_DOWN
            assert told_to_stop == (alert.state in {S.WITHDRAWN, S.STOOD_DOWN})
            assert (alert.end_reason is not None) == told_to_stop

    @invariant()
    def everybody_is_told_things_in_an_order_that_makes_sense(self) -> None:
        # An offer; taken back, perhaps; a yes, in time or late, and the end of it: or a late yes that is not wanted.
        for notices in self.told.values():
            assert re.fullmatch(r"alert( stand_down)?( assignment)?( stand_down)?", " ".join(notices)), notices

    @invariant()
    def who_accepted_is_never_dropped_in_silence(self) -> None:
        accepted = {event.what.alert_id for event in self.events if isinstance(event.what, Accepted)}
        own_words = {event.what.alert_id for event in self.events if isinstance(event.what, StageReached)}
        for alert_id in accepted:
            alert = self.incident.alerts[alert_id]
            left_by_own_word = alert.state in {S.DONE, S.GAVE_UP} and alert_id in own_words
            assert alert.is_engaged or left_by_own_word or self.told[alert_id][-1] is NoticeKind.STAND_DOWN
            assert NoticeKind.ASSIGNMENT in self.told[alert_id]

    @invariant()
    def whoever_expired_had_their_twenty_seconds(self) -> None:
        for event in self.events:
            if isinstance(event.what, Expired):
                assert event.at >= self.incident.alerts[event.what.alert_id].respond_by

    @invariant()
    def no_more_are_bound_than_the_cap_and_those_taken_late(self) -> None:
        bound = [each for each in self.incident.alerts.values() if each.is_active]
        assert len(bound) <= self._cap + self.late

    @invariant()
    def what_has_ended_stays_ended_and_binds_nobody(self) -> None:
        incident = self.incident
        if incident.is_ended and incident.closed_at is not None:
            self.ended_as = self.ended_as or (incident.state, incident.closed_at)
        if self.ended_as is not None:
            assert (incident.state, incident.closed_at) == self.ended_as
        if incident.is_ended or incident.ambulance_arrived_at is not None:
            assert not any(each.is_active for each in incident.alerts.values())

    # --- how ---

    @property
    def _cap(self) -> int:
        return self.scene.policy.widened(self.incident.times_widened).alert_cap

    def _any_alert(self, data: st.DataObject) -> Alert:
        return data.draw(st.sampled_from(list(self.incident.alerts.values())), label="alert")

    def _attempt(self, command: Command) -> None:
        before, scene = self.incident, replace(self.scene, now=self.now)
        try:
            decision = decide(before, command, scene, by="somebody")
        except Refused:
            assert self.incident == before
            return
        assert decide(before, command, scene, by="somebody") == decision, "the same question, another answer"
        if not decision.events:
            assert decision.incident == before, "an effect without an event"
        self._take_in(decision)
        repeated = decide(self.incident, command, scene, by="somebody") if _may_be_repeated(command) else None
        assert repeated is None or not repeated.events, "said twice, done twice"

    def _take_in(self, decision: Decision) -> None:
        self.incident = decision.incident
        self.events.extend(decision.events)
        self.late += sum(isinstance(event.what, Accepted) and event.what.late for event in decision.events)
        for notice in responder_notices(decision.events, decision.incident):
            self.told.setdefault(notice.alert_id, []).append(notice.kind)
        if any(isinstance(event.what, Offered) for event in decision.events):
            assert sum(each.is_active for each in self.incident.alerts.values()) <= self._cap, "an offer above the cap"


def _may_be_repeated(command: Command) -> bool:
    # Each `widen` is one more, each estimate a new one, and a late yes that was answered is then refused.
    return not isinstance(command, Widen | ExpectAmbulance | Accept)


TestRescue = Rescue.TestCase
TestRescue.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
