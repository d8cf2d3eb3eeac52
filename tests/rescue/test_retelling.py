"""What people said, said again: it comes to the same where nothing else has changed."""

from dispatch.rescue.commands import (
    AmbulanceArrives,
    Cancel,
    Close,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    LoseAed,
    ReportAedProblem,
    SetCpr,
    Widen,
)
from dispatch.rescue.policy import Policy
from dispatch.rescue.retelling import commands_of
from dispatch.rescue.vocabulary import AedId, AedProblem, AlertState, CancelReason
from tests.rescue.story import ONE_PAIR, TAPPED_AT, Story, an_aed, people


def _told() -> tuple[Story, Story]:
    """A story up to its first wave, and the same story with all that was said in it."""
    stories = [Story(people(5), [an_aed("a", 100), an_aed("b", 150)], policy=Policy(benefit=ONE_PAIR)) for _ in "ab"]
    for story in stories:
        story.opens()
    before, after = stories
    runner = next(each.responder_id for each in after.incident.pending() if each.aed_id == "a")
    helper = next(each.responder_id for each in after.incident.pending() if each.aed_id is None)
    after.does(ConfirmReceipt(tuple(after.incident.alerts)), by="system")
    other = next(each for each in after.incident.pending() if each.responder_id not in {runner, helper})
    after.does(Decline(other.alert_id, other.responder_id, off_duty=True), by=f"responder:{other.responder_id}")
    after.accepts(runner)
    after.accepts(helper)
    after.reaches(helper, AlertState.EN_ROUTE)
    alert = after.alert_of(runner)
    after.does(ReportAedProblem(alert.alert_id, alert.responder_id, AedProblem.LOCKED), by=f"responder:{runner}")
    after.does(LoseAed(AedId("b")), by="system")
    after.does(SetCpr(in_progress=True), by="caller")
    after.does(ExpectAmbulance(TAPPED_AT), by="operator:ann")
    after.does(Widen(), by="operator:ann")
    return before, after


def test_said_again_to_the_same_incident_it_comes_to_the_same() -> None:
    before, after = _told()
    said = commands_of(after.events[before.incident.version :], after.incident)
    for by, command in said:
        before.does(command, by=by)
    assert before.incident == after.incident


def test_every_end_is_said_again() -> None:
    for ending in (Close("fine"), Cancel(CancelReason.FALSE_ALARM), AmbulanceArrives()):
        before, after = _told()
        happened = after.does(ending, by="operator:ann")
        assert commands_of(happened, after.incident) == [("operator:ann", ending)]
        assert before.incident.may_alert


def test_what_the_service_did_by_itself_is_no_command() -> None:
    story = Story(people(3)).opens()
    assert commands_of(story.events, story.incident) == []
    story.passes(20)
    assert commands_of(story.does(LetTimePass()), story.incident) == []


def test_what_was_said_of_an_alert_that_there_is_not_is_passed_over() -> None:
    story = Story(people(1)).opens()
    happened = story.accepts("p0")
    assert commands_of(happened, Story().opens().incident) == []
    assert commands_of(happened, None) == []
