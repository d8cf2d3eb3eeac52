"""An AED that left its place: on the timeline, and in its runner's hands without a tap."""

from dispatch.rescue.commands import Close, LoseAed, TakeAed
from dispatch.rescue.events import AedTaken, happening_from_json, happening_to_json
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AedId, AlertId, AlertState
from tests.rescue.story import ONE_PAIR, Story, an_aed, kinds, people, told

A = an_aed("a", 100)


def _with_runner() -> tuple[Story, str]:
    story = Story(people(4), [A], policy=Policy(benefit=ONE_PAIR)).opens()
    runner = next(each.responder_id for each in story.incident.pending() if each.aed_id == "a")
    story.accepts(runner)
    return story, runner


def test_a_runner_who_has_opened_the_cabinet_need_not_tap() -> None:
    story, runner = _with_runner()
    alert = story.alert_of(runner)
    happened = story.does(TakeAed(AedId("a"), alert.alert_id), by="registry")
    assert kinds(happened) == ["aed_taken", "stage_reached"]
    assert story.alert_of(runner).state is AlertState.AED_COLLECTED
    assert (runner, "assignment") in told(story, happened)
    # In their hands it is not lost, whatever the registry makes of an empty cabinet.
    assert story.does(LoseAed(AedId("a")), by="registry") == []


def test_taken_twice_is_taken_once() -> None:
    story, runner = _with_runner()
    command = TakeAed(AedId("a"), story.alert_of(runner).alert_id)
    story.does(command, by="registry")
    assert story.does(command, by="registry") == []


def test_what_somebody_else_took_is_on_the_timeline_and_moves_no_runner() -> None:
    story, runner = _with_runner()
    happened = story.does(TakeAed(AedId("a")), by="registry")
    assert kinds(happened) == ["aed_taken"]
    assert story.alert_of(runner).state is AlertState.ACCEPTED
    assert "a" in story.incident.taken_aeds


def test_a_runner_of_another_aed_has_not_taken_this_one() -> None:
    story, runner = _with_runner()
    happened = story.does(TakeAed(AedId("b"), story.alert_of(runner).alert_id), by="registry")
    (taken,) = [event.what for event in happened]
    assert isinstance(taken, AedTaken)
    assert taken.alert_id is None
    assert story.alert_of(runner).state is AlertState.ACCEPTED


def test_it_may_turn_out_later_that_the_runner_has_it() -> None:
    story, runner = _with_runner()
    story.does(TakeAed(AedId("a")), by="registry")
    happened = story.does(TakeAed(AedId("a"), story.alert_of(runner).alert_id), by="registry")
    assert kinds(happened) == ["stage_reached"]


def test_after_the_end_nothing_is_taken_for_it() -> None:
    story, _ = _with_runner()
    story.does(Close(), by="operator:ann")
    assert story.does(TakeAed(AedId("a")), by="registry") == []


def test_it_is_kept_and_read_back() -> None:
    what = AedTaken(aed_id=AedId("a"), alert_id=AlertId("1"))
    assert happening_from_json("aed_taken", happening_to_json(what)) == what
