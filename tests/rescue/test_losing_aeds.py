"""An AED that turns out missing, locked, broken or unusable: its runner is sent elsewhere at once."""

import pytest

from dispatch.rescue.commands import Accept, AmbulanceArrives, Close, LoseAed, Refused, ReportAedProblem
from dispatch.rescue.events import AedLost, Event, Reassigned
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AedId, AedProblem, AlertRole, AlertState, ResponderId, StandDownReason
from tests.rescue.story import ONE_PAIR, Story, an_aed, kinds, people, somebody, told

S = AlertState
A, B = an_aed("a", 100), an_aed("b", 160)


def _with_runner(*aeds: str) -> tuple[Story, str]:
    """Somebody does CPR and somebody fetches AED a; everybody is seen where they were."""
    near = [each for each in (A, B) if each.aed_id in aeds]
    story = Story(people(4), near, policy=Policy(benefit=ONE_PAIR)).opens()
    runner = next(each.responder_id for each in story.incident.pending() if each.aed_id == "a")
    helper = next(each.responder_id for each in story.incident.pending() if each.aed_id is None)
    story.accepts(helper)
    story.accepts(runner)
    story.engaged = [each for each in story.candidates if each.responder_id in {runner, helper}]
    story.candidates = [each for each in story.candidates if each.responder_id not in {runner, helper}]
    return story, runner


def _reports(story: Story, name: str, problem: AedProblem, aed: str | None = None) -> list[Event]:
    alert = story.alert_of(name)
    aed_id = None if aed is None else AedId(aed)
    return story.does(ReportAedProblem(alert.alert_id, alert.responder_id, problem, aed_id), by=f"responder:{name}")


@pytest.mark.parametrize("problem", [AedProblem.MISSING, AedProblem.LOCKED, AedProblem.BROKEN])
def test_a_runner_who_stands_before_an_aed_that_cannot_be_had_is_sent_to_another(problem: AedProblem) -> None:
    story, runner = _with_runner("a", "b")
    story.passes(120)
    happened = _reports(story, runner, problem)
    assert kinds(happened)[:2] == ["aed_lost", "reassigned"]
    lost = happened[0].what
    assert isinstance(lost, AedLost)
    assert (lost.aed_id, lost.problem, lost.alert_id) == ("a", problem, story.alert_of(runner).alert_id)
    assert happened[0].by == f"responder:{runner}"
    assert (runner, "assignment") in told(story, happened)
    alert = story.alert_of(runner)
    assert (alert.role, alert.aed_id, alert.state) == (AlertRole.AED, "b", S.ACCEPTED)
    assert alert.former_aed_ids == ("a",)


def test_without_another_aed_the_runner_goes_straight_to_the_patient() -> None:
    story, runner = _with_runner("a")
    story.passes(120)
    happened = _reports(story, runner, AedProblem.MISSING)
    (sent,) = [event.what for event in happened if isinstance(event.what, Reassigned)]
    assert (sent.role, sent.aed_id) == (AlertRole.CPR, None)
    here = next(each for each in story.engaged if each.responder_id == runner)
    # 120 s are over, the turnout of 105 s with them; from here it is the direct way.
    assert sent.eta_s == round(120 + here.distance_m * 1.3 / 1.4, 1)


def test_a_runner_whose_place_is_unknown_keeps_what_they_promised() -> None:
    story, runner = _with_runner("a")
    story.engaged = ()
    promised_s = story.alert_of(runner).eta_s
    _reports(story, runner, AedProblem.LOCKED)
    assert (story.alert_of(runner).role, story.alert_of(runner).eta_s) == (AlertRole.CPR, promised_s)


def test_the_second_aed_may_be_lost_too() -> None:
    story, runner = _with_runner("a", "b")
    _reports(story, runner, AedProblem.MISSING)
    happened = _reports(story, runner, AedProblem.LOCKED)
    assert kinds(happened)[0] == "aed_lost"
    alert = story.alert_of(runner)
    assert (alert.role, alert.aed_id, alert.former_aed_ids) == (AlertRole.CPR, None, ("a", "b"))
    assert story.incident.lost_aeds == {"a", "b"}


def test_a_report_heard_twice_is_about_the_aed_that_it_names() -> None:
    story, runner = _with_runner("a", "b")
    assert _reports(story, runner, AedProblem.MISSING, "a")
    assert _reports(story, runner, AedProblem.MISSING, "a") == []
    assert story.alert_of(runner).aed_id == "b"
    assert story.incident.lost_aeds == {"a"}


def test_a_second_report_of_who_fetches_nothing_any_more_changes_nothing() -> None:
    story, runner = _with_runner("a")
    _reports(story, runner, AedProblem.MISSING)
    assert _reports(story, runner, AedProblem.MISSING) == []


def test_nobody_is_sent_to_a_lost_aed_again() -> None:
    story, runner = _with_runner("a")
    _reports(story, runner, AedProblem.MISSING)
    story.reaches(runner, S.GAVE_UP)
    assert not [each for each in story.incident.pending() if each.aed_id == "a"]


def test_only_a_runner_reports_an_aed_and_only_their_own() -> None:
    story, runner = _with_runner("a", "b")
    helper = next(each.responder_id for each in story.incident.engaged(AlertRole.CPR))
    for name, aed in ((helper, None), (helper, "a"), (runner, "b"), (runner, "none such")):
        with pytest.raises(Refused) as refused:
            _reports(story, name, AedProblem.MISSING, aed)
        assert refused.value.code == "no_aed"
    with pytest.raises(Refused) as refused:
        story.does(ReportAedProblem(story.alert_of(runner).alert_id, ResponderId(helper), AedProblem.MISSING))
    assert refused.value.code == "unknown_alert"


@pytest.mark.parametrize("ending", [Close(), AmbulanceArrives()], ids=["closed", "ambulance"])
def test_what_is_over_has_no_aed_to_lose(ending: Close | AmbulanceArrives) -> None:
    story, runner = _with_runner("a")
    story.does(ending)
    with pytest.raises(Refused) as refused:
        _reports(story, runner, AedProblem.MISSING)
    assert refused.value.code == "no_aed"
    assert story.does(LoseAed(AedId("a"))) == []


def test_who_has_the_aed_in_hand_cannot_miss_it() -> None:
    story, runner = _with_runner("a")
    story.reaches(runner, S.AED_COLLECTED)
    with pytest.raises(Refused) as refused:
        _reports(story, runner, AedProblem.MISSING)
    assert refused.value.code == "aed_collected"
    assert story.does(LoseAed(AedId("a"))) == []


def test_an_aed_that_proves_broken_in_the_hand_is_left_for_another_one() -> None:
    story, runner = _with_runner("a", "b")
    story.reaches(runner, S.AED_COLLECTED)
    story.passes(60)
    happened = _reports(story, runner, AedProblem.BROKEN)
    assert kinds(happened)[0] == "aed_lost"
    alert = story.alert_of(runner)
    assert (alert.aed_id, alert.state) == ("b", S.EN_ROUTE)
    # The next one has yet to be collected.
    assert kinds(story.reaches(runner, S.AED_COLLECTED))[0] == "stage_reached"
    assert story.alert_of(runner).has_aed


def test_an_aed_that_proves_broken_beside_the_patient_leaves_a_pair_of_hands_and_a_search() -> None:
    story, runner = _with_runner("a", "b")
    story.aeds = [A]
    story.reaches(runner, S.AED_COLLECTED)
    story.reaches(runner, S.ON_SCENE)
    story.aeds = [A, B]
    _reports(story, runner, AedProblem.BROKEN)
    alert = story.alert_of(runner)
    assert (alert.role, alert.aed_id, alert.state) == (AlertRole.CPR, None, S.ON_SCENE)
    assert "stay with the patient" in alert.reason_en
    assert "b" in {each.aed_id for each in story.incident.alerts.values() if each.is_active}
    with pytest.raises(Refused):
        story.reaches(runner, S.AED_COLLECTED)


def test_who_is_with_the_patient_without_the_aed_says_so_and_another_is_asked() -> None:
    story, runner = _with_runner("a", "b")
    story.reaches(runner, S.ON_SCENE)
    _reports(story, runner, AedProblem.LOCKED)
    assert story.alert_of(runner).role is AlertRole.CPR
    assert "b" in {each.aed_id for each in story.incident.alerts.values() if each.is_active}


def test_what_is_missing_from_its_place_works_in_the_hands_of_who_took_it() -> None:
    story = Story(people(6), [A], policy=Policy(benefit=ONE_PAIR)).opens()
    first, second = [each.responder_id for each in story.incident.pending() if each.aed_id == "a"][:2]
    story.accepts(second)
    story.accepts(first)
    assert {each.responder_id for each in story.incident.engaged(AlertRole.AED)} == {first, second}
    story.reaches(first, S.AED_COLLECTED)
    _reports(story, second, AedProblem.MISSING)
    assert story.alert_of(second).role is AlertRole.CPR
    assert story.alert_of(first).has_aed
    # And of the one in their hands they can still say that it is broken, though it is on the list of lost ones.
    happened = _reports(story, first, AedProblem.BROKEN)
    assert kinds(happened)[:2] == ["aed_lost", "reassigned"]
    assert story.alert_of(first).role is AlertRole.CPR


def test_a_runner_sent_on_without_the_aed_who_has_it_all_the_same_brings_it() -> None:
    story, runner = _with_runner("a")
    story.does(LoseAed(AedId("a")))
    assert story.alert_of(runner).role is AlertRole.CPR
    happened = story.reaches(runner, S.AED_COLLECTED)
    assert kinds(happened)[:2] == ["reassigned", "stage_reached"]
    alert = story.alert_of(runner)
    assert (alert.role, alert.aed_id, alert.state) == (AlertRole.AED, "a", S.AED_COLLECTED)
    assert alert.has_aed


def test_who_never_fetched_an_aed_has_none_after_all() -> None:
    story, _ = _with_runner("a")
    helper = next(each.responder_id for each in story.incident.engaged(AlertRole.CPR))
    with pytest.raises(Refused) as refused:
        story.reaches(helper, S.AED_COLLECTED)
    assert refused.value.code == "wrong_role"


def test_the_registry_says_that_an_aed_is_lost_and_its_runner_turns() -> None:
    story, runner = _with_runner("a", "b")
    happened = story.does(LoseAed(AedId("a")), by="system")
    lost = happened[0].what
    assert isinstance(lost, AedLost)
    assert (lost.problem, lost.alert_id) == (AedProblem.UNUSABLE, None)
    assert story.alert_of(runner).aed_id == "b"
    assert story.does(LoseAed(AedId("a"))) == []


def test_an_aed_that_nobody_was_sent_for_is_lost_without_a_word() -> None:
    story, _ = _with_runner("a")
    assert story.does(LoseAed(AedId("somewhere"))) == []


def test_who_was_asked_for_a_lost_aed_and_has_not_answered_is_asked_anew_for_what_can_be_done() -> None:
    story = Story([somebody("only", 100)], [A, B], policy=Policy(alert_cap=1, benefit=ONE_PAIR)).opens()
    first = story.alert_of("only")
    if first.aed_id is None:
        pytest.skip("the plan sends nobody for an AED here")
    # The roster does not offer who is on an offer; where they are is known from the way of this incident.
    story.engaged, story.candidates = story.candidates, ()
    happened = story.does(LoseAed(first.aed_id))
    assert kinds(happened) == ["aed_lost", "withdrawn", "planned", "offered"]
    assert story.incident.alerts[first.alert_id].end_reason is StandDownReason.NO_LONGER_NEEDED
    assert told(story, happened) == [("only", "stand_down"), ("only", "alert")]
    assert story.alert_of("only").aed_id != first.aed_id


def test_a_yes_to_an_offer_that_was_taken_back_with_its_aed_is_a_yes_to_coming() -> None:
    story = Story(people(2), [A], policy=Policy(benefit=ONE_PAIR)).opens()
    runner = next((each for each in story.incident.pending() if each.aed_id == "a"), None)
    assert runner is not None
    story.candidates = ()
    story.does(LoseAed(AedId("a")))
    story.does(Accept(runner.alert_id, runner.responder_id))
    alert = story.alert_of(runner.responder_id)
    assert (alert.role, alert.state) == (AlertRole.CPR, S.ACCEPTED)


def test_a_second_helper_who_fetched_a_lost_aed_is_no_longer_counted_as_bringing_one() -> None:
    story, runner = _with_runner("a")
    _reports(story, runner, AedProblem.MISSING)
    assert story.incident.helped(AlertRole.AED) == []
    assert len(story.incident.helped(AlertRole.CPR)) == 2
