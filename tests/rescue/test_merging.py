"""Two calls for one emergency become one incident: whoever comes goes on coming, and nobody is asked twice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Close,
    Command,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    LoseAed,
    Moved,
    OpenIncident,
    Progress,
    Refused,
    SetCpr,
    Widen,
)
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide, open_incident
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.merging import merge
from dispatch.rescue.notices import responder_notices
from dispatch.rescue.planning import carried_alert_id
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate, Scene
from dispatch.rescue.vocabulary import (
    AedId,
    AlertState,
    CancelReason,
    IncidentId,
    IncidentState,
    StandDownReason,
)
from tests.rescue.story import ONE_PAIR, PATIENT, TAPPED_AT, an_aed, kinds, somebody

S = AlertState
FIRST, SECOND, THIRD = (IncidentId(f"0f9c2a56-7f6e-4c36-9f0c-5d3f3e1f8a0{number}") for number in (1, 2, 3))


@dataclass
class Calls:
    """Several incidents side by side; each is folded anew after every decision."""

    policy: Policy
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.incidents: dict[IncidentId, Incident] = {}
        self.events: dict[IncidentId, list[Event]] = {}

    def scene(self, near: Iterable[Candidate] = (), aeds: Iterable[AedOption] = ()) -> Scene:
        return Scene(
            TAPPED_AT + timedelta(seconds=self.now_s), candidates=tuple(near), aeds=tuple(aeds), policy=self.policy
        )

    def taps(self, incident_id: IncidentId, *near: Candidate, aeds: Iterable[AedOption] = ()) -> None:
        self._take_in(open_incident(incident_id, OpenIncident(place=PATIENT), self.scene(near, aeds)))

    def does(self, incident_id: IncidentId, command: Command, *near: Candidate) -> list[Event]:
        return self._take_in(decide(self.incidents[incident_id], command, self.scene(near), by="somebody"))

    def answers(self, incident_id: IncidentId, name: str, answer: type[Accept] | type[Decline] = Accept) -> None:
        alert = self.alert(incident_id, name)
        self.does(incident_id, answer(alert.alert_id, alert.responder_id))

    def reaches(self, incident_id: IncidentId, name: str, stage: AlertState) -> None:
        alert = self.alert(incident_id, name)
        self.does(incident_id, Progress(alert.alert_id, alert.responder_id, stage))

    def merges(
        self, duplicate: IncidentId, into: IncidentId, *near: Candidate, aeds: Iterable[AedOption] = ()
    ) -> tuple[list[Event], list[Event]]:
        left, right = merge(self.incidents[duplicate], self.incidents[into], self.scene(near, aeds), by="operator:ann")
        assert left.wake is None
        return self._take_in(left), self._take_in(right)

    def alert(self, incident_id: IncidentId, name: str) -> Alert:
        alerts = self.incidents[incident_id].alerts.values()
        return [each for each in alerts if each.responder_id == name][-1]

    def told(self, incident_id: IncidentId, events: list[Event]) -> list[tuple[str, str]]:
        incident = self.incidents[incident_id]
        return [
            (incident.alerts[each.alert_id].responder_id, each.kind.value)
            for each in responder_notices(events, incident)
        ]

    def _take_in(self, decision: Decision) -> list[Event]:
        incident_id = decision.incident.incident_id
        self.events.setdefault(incident_id, []).extend(decision.events)
        self.incidents[incident_id] = decision.incident
        assert fold(incident_id, self.events[incident_id]) == decision.incident
        return list(decision.events)


def _two(policy: Policy | None = None) -> Calls:
    """Ann is asked in the first call, bob in the second."""
    calls = Calls(policy or Policy())
    calls.taps(FIRST, somebody("ann", 100))
    calls.taps(SECOND, somebody("bob", 150))
    return calls


def test_who_is_on_offer_in_the_one_is_on_offer_in_the_other() -> None:
    calls = _two()
    calls.now_s = 5
    left, right = calls.merges(SECOND, FIRST)
    assert kinds(left) == ["withdrawn", "merged"]
    assert kinds(right) == ["joined", "offered"]
    assert calls.told(SECOND, left) == [("bob", "stand_down")]
    assert calls.told(FIRST, right) == [("bob", "alert")]
    there, here = calls.alert(SECOND, "bob"), calls.alert(FIRST, "bob")
    assert there.end_reason is StandDownReason.MERGED
    assert here.state is S.OFFERED
    assert here.respond_by == TAPPED_AT + timedelta(seconds=25)
    # The promise still counts from when it was made.
    assert here.eta_s == there.eta_s
    assert here.counts_from(here.offered_at) == TAPPED_AT


def test_the_one_is_over_as_a_duplicate_and_each_knows_of_the_other() -> None:
    calls = _two()
    calls.merges(SECOND, FIRST)
    ended, goes_on = calls.incidents[SECOND], calls.incidents[FIRST]
    assert (ended.state, ended.cancel_reason) == (IncidentState.CANCELLED, CancelReason.DUPLICATE)
    assert ended.merged_into == FIRST
    assert goes_on.merged == (SECOND,)
    assert goes_on.state is IncidentState.ALERTING


def test_who_is_on_the_way_goes_on_with_every_stage_and_the_same_promise() -> None:
    calls = _two()
    calls.does(SECOND, ConfirmReceipt((calls.alert(SECOND, "bob").alert_id,)))
    calls.answers(SECOND, "bob")
    calls.reaches(SECOND, "bob", S.EN_ROUTE)
    calls.now_s = 60
    left, right = calls.merges(SECOND, FIRST)
    assert kinds(left) == ["stood_down", "merged"]
    assert kinds(right)[:5] == ["joined", "offered", "received", "accepted", "stage_reached"]
    assert ("bob", "assignment") in calls.told(FIRST, right)
    assert ("bob", "alert") not in calls.told(FIRST, right)
    here = calls.alert(FIRST, "bob")
    assert here.state is S.EN_ROUTE
    assert here.eta_s == calls.alert(SECOND, "bob").eta_s
    assert calls.incidents[FIRST].state is IncidentState.RESPONDING


def test_who_set_out_before_the_merger_is_not_taken_to_set_out_anew() -> None:
    calls = _two()
    calls.answers(SECOND, "bob")
    # 100 of the 105 seconds of turnout are over.
    calls.now_s = 100
    calls.merges(SECOND, FIRST)
    calls.now_s = 120
    scene = replace(calls.scene(), under_way=(somebody("bob", 150),))
    looked = decide(calls.incidents[FIRST], LetTimePass(), scene, by="system")
    assert "urged" not in kinds(looked.events)


def test_who_is_with_the_patient_makes_the_other_on_scene() -> None:
    calls = _two()
    calls.answers(SECOND, "bob")
    calls.reaches(SECOND, "bob", S.ON_SCENE)
    calls.merges(SECOND, FIRST)
    assert calls.incidents[FIRST].state is IncidentState.ON_SCENE
    assert calls.alert(FIRST, "bob").state is S.ON_SCENE


def test_with_the_team_whole_those_still_on_offer_are_sent_home() -> None:
    calls = _two(Policy(enough_cpr_without_aed=1, benefit=ONE_PAIR))
    calls.answers(FIRST, "ann")
    _, right = calls.merges(SECOND, FIRST)
    assert calls.alert(FIRST, "bob").state is S.WITHDRAWN
    # Their phone does not ring anew for what is over already.
    assert calls.told(FIRST, right) == [("bob", "stand_down")]


def test_once_the_ambulance_is_there_nobody_goes_on() -> None:
    calls = _two()
    calls.answers(SECOND, "bob")
    calls.does(FIRST, AmbulanceArrives())
    left, right = calls.merges(SECOND, FIRST)
    assert calls.alert(SECOND, "bob").end_reason is StandDownReason.AMBULANCE_ARRIVED
    assert kinds(left) == ["stood_down", "merged"]
    assert kinds(right) == ["joined"]


def test_an_ambulance_that_is_there_in_the_one_is_there_in_the_other() -> None:
    calls = _two()
    calls.answers(FIRST, "ann")
    calls.does(SECOND, AmbulanceArrives())
    _, right = calls.merges(SECOND, FIRST)
    assert kinds(right) == ["joined", "ambulance_arrived", "stood_down"]
    assert calls.alert(FIRST, "ann").end_reason is StandDownReason.AMBULANCE_ARRIVED


def test_what_is_known_of_the_one_is_known_of_the_other() -> None:
    calls = _two()
    calls.does(SECOND, SetCpr(in_progress=True))
    at = TAPPED_AT + timedelta(seconds=700)
    calls.does(SECOND, ExpectAmbulance(at))
    calls.merges(SECOND, FIRST)
    assert calls.incidents[FIRST].cpr_in_progress
    assert calls.incidents[FIRST].ambulance_arrives_at == at


def test_an_ambulance_announced_for_the_one_that_goes_on_stands() -> None:
    calls = _two()
    mine = TAPPED_AT + timedelta(seconds=500)
    calls.does(FIRST, ExpectAmbulance(mine))
    calls.does(SECOND, ExpectAmbulance(TAPPED_AT + timedelta(seconds=700)))
    calls.merges(SECOND, FIRST)
    assert calls.incidents[FIRST].ambulance_arrives_at == mine


def test_nobody_who_has_said_no_in_the_one_is_asked_in_the_other() -> None:
    calls = _two()
    calls.answers(SECOND, "bob", Decline)
    _, right = calls.merges(SECOND, FIRST, somebody("bob", 150), somebody("eve", 160))
    assert calls.incidents[FIRST].asked_there == {"bob"}
    assert ("bob", "alert") not in calls.told(FIRST, right)
    assert ("eve", "alert") in calls.told(FIRST, right)


def test_who_was_asked_in_both_has_two_alerts_and_one_that_counts() -> None:
    calls = Calls(Policy())
    calls.taps(FIRST, somebody("ann", 100))
    calls.answers(FIRST, "ann", Decline)
    calls.taps(SECOND, somebody("ann", 100))
    calls.answers(SECOND, "ann")
    calls.merges(SECOND, FIRST)
    both = [each for each in calls.incidents[FIRST].alerts.values() if each.responder_id == "ann"]
    assert [each.state for each in both] == [S.DECLINED, S.ACCEPTED]
    # A yes to the old one means the one that counts: nothing more happens.
    assert calls.does(FIRST, Accept(both[0].alert_id, both[0].responder_id)) == []


def test_who_was_done_in_the_one_and_comes_again_by_the_other_counts_once() -> None:
    calls = Calls(Policy())
    calls.taps(FIRST, somebody("ann", 100))
    calls.answers(FIRST, "ann")
    calls.reaches(FIRST, "ann", S.ON_SCENE)
    calls.reaches(FIRST, "ann", S.DONE)
    calls.taps(SECOND, somebody("ann", 100))
    calls.merges(SECOND, FIRST)
    calls.answers(FIRST, "ann")
    assert calls.alert(FIRST, "ann").state is S.ACCEPTED


def test_more_may_be_bound_than_the_cap_by_a_merger_and_nobody_else_is_asked_then() -> None:
    calls = Calls(Policy(alert_cap=1))
    calls.taps(FIRST, somebody("ann", 100))
    calls.taps(SECOND, somebody("bob", 150))
    calls.merges(SECOND, FIRST, somebody("eve", 50))
    assert {each.responder_id for each in calls.incidents[FIRST].pending()} == {"ann", "bob"}


def test_whose_aed_is_lost_in_the_other_is_not_sent_for_it() -> None:
    calls = Calls(Policy(benefit=ONE_PAIR))
    near, aed = (somebody("bob", 120), somebody("eve", 150)), an_aed("a", 100)
    calls.taps(SECOND, *near, aeds=[aed])
    runner = next(each for each in calls.incidents[SECOND].pending() if each.aed_id == "a")
    calls.taps(FIRST, somebody("ann", 100), somebody("tom", 110), aeds=[aed])
    assert any(each.aed_id == "a" for each in calls.incidents[FIRST].pending())
    calls.does(FIRST, LoseAed(AedId("a")))
    calls.merges(SECOND, FIRST)
    assert calls.alert(SECOND, runner.responder_id).end_reason is StandDownReason.NO_LONGER_NEEDED
    assert not any(each.aed_id == "a" for each in calls.incidents[FIRST].alerts.values() if each.is_active)


def test_an_aed_that_is_lost_in_the_one_is_lost_in_the_other() -> None:
    calls = Calls(Policy(benefit=ONE_PAIR))
    near, aed = (somebody("bob", 120), somebody("eve", 150)), an_aed("a", 100)
    calls.taps(FIRST, *near, aeds=[aed])
    runner = next(each.responder_id for each in calls.incidents[FIRST].pending() if each.aed_id == "a")
    calls.answers(FIRST, runner)
    calls.taps(SECOND, somebody("ann", 100), somebody("tom", 110), aeds=[aed])
    calls.does(SECOND, LoseAed(AedId("a")))
    calls.merges(SECOND, FIRST)
    assert calls.incidents[FIRST].lost_aeds == {"a"}
    assert calls.alert(FIRST, runner).aed_id is None


def test_a_chain_of_mergers_keeps_every_caller_and_everybody_who_comes() -> None:
    calls = _two()
    calls.taps(THIRD, somebody("eve", 200))
    calls.answers(SECOND, "bob")
    calls.merges(SECOND, THIRD)
    calls.merges(THIRD, FIRST)
    assert calls.incidents[FIRST].merged == (THIRD, SECOND)
    assert calls.alert(FIRST, "bob").state is S.ACCEPTED
    assert calls.alert(FIRST, "eve").state is S.OFFERED


@pytest.mark.parametrize("answer", [Accept, Decline])
def test_what_is_said_of_an_alert_that_goes_on_elsewhere_belongs_there(answer: type[Accept] | type[Decline]) -> None:
    calls = _two()
    old = calls.alert(SECOND, "bob")
    calls.merges(SECOND, FIRST)
    with pytest.raises(Moved) as moved:
        calls.does(SECOND, answer(old.alert_id, old.responder_id))
    assert moved.value.code == "merged"
    assert moved.value.incident_id == FIRST
    assert moved.value.alert_id == carried_alert_id(old.alert_id, FIRST) == calls.alert(FIRST, "bob").alert_id


def test_a_stage_told_of_an_alert_that_goes_on_elsewhere_belongs_there_too() -> None:
    calls = _two()
    calls.answers(SECOND, "bob")
    old = calls.alert(SECOND, "bob")
    calls.merges(SECOND, FIRST)
    with pytest.raises(Moved):
        calls.does(SECOND, Progress(old.alert_id, old.responder_id, S.EN_ROUTE))


def test_doubts_about_somebody_go_with_them() -> None:
    calls = _two()
    calls.answers(SECOND, "bob")
    still = (somebody("bob", 150),)
    for seconds in (210, 230):
        calls.now_s = seconds
        scene = replace(calls.scene(), under_way=still)
        calls._take_in(decide(calls.incidents[SECOND], LetTimePass(), scene, by="system"))
    assert calls.alert(SECOND, "bob").doubted_at is not None
    _, right = calls.merges(SECOND, FIRST)
    here = calls.alert(FIRST, "bob")
    assert here.is_engaged
    assert not here.is_counted_on
    assert ("bob", "nudge") not in calls.told(FIRST, right)


def test_an_incident_is_not_merged_with_itself_nor_with_what_has_ended() -> None:
    calls = _two()
    with pytest.raises(Refused) as refused:
        calls.merges(FIRST, FIRST)
    assert refused.value.code == "same_incident"
    calls.merges(SECOND, FIRST)
    for duplicate, into in ((SECOND, FIRST), (FIRST, SECOND)):
        with pytest.raises(Refused) as refused:
            calls.merges(duplicate, into)
        assert refused.value.code == "incident_ended"
    calls.does(FIRST, Close())
    calls.taps(THIRD)
    with pytest.raises(Refused):
        calls.merges(THIRD, FIRST)


def test_people_who_are_coming_are_not_merged_into_an_incident_that_looks_for_nobody() -> None:
    calls = Calls(Policy())
    calls.taps(FIRST, somebody("ann", 100))
    calls.now_s = 7200
    calls.does(FIRST, LetTimePass())
    calls.taps(SECOND, somebody("bob", 100))
    with pytest.raises(Refused) as refused:
        calls.merges(SECOND, FIRST)
    assert refused.value.code == "search_ended"
    # The other way round, or after widening, it is done.
    calls.does(FIRST, Widen())
    calls.merges(SECOND, FIRST)
    assert calls.alert(FIRST, "bob").state is S.OFFERED


def test_who_was_asked_for_an_aed_that_the_other_call_knows_to_be_lost_is_asked_for_something_else() -> None:
    calls = Calls(Policy(benefit=ONE_PAIR))
    aed = an_aed("a", 100)
    calls.taps(FIRST, somebody("bob", 120), somebody("eve", 150), aeds=[aed])
    assert any(each.aed_id == "a" for each in calls.incidents[FIRST].pending())
    calls.taps(SECOND, somebody("ann", 100), somebody("tom", 110), aeds=[aed])
    calls.does(SECOND, LoseAed(AedId("a")))
    calls.merges(SECOND, FIRST)
    assert not any(each.aed_id == "a" for each in calls.incidents[FIRST].alerts.values() if each.is_active)
