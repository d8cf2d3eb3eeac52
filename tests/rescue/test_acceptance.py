"""How likely somebody says yes, from what they have said."""

import pytest

from dispatch.rescue.acceptance import NEVER_ASKED, AnswerRecord, acceptance, answers_given
from dispatch.rescue.events import Event
from dispatch.rescue.policy import AcceptancePolicy, Policy
from dispatch.rescue.vocabulary import AlertState
from tests.rescue.story import ONE_PAIR, Story, people

POLICY = AcceptancePolicy(day=0.25, night=0.1, prior_alerts=8.0)


def test_who_was_never_asked_is_like_everybody() -> None:
    assert acceptance(NEVER_ASKED, POLICY, is_night=False) == 0.25
    assert acceptance(NEVER_ASKED, POLICY, is_night=True) == pytest.approx(0.1)


def test_the_population_weighs_as_much_as_eight_answers() -> None:
    # Two yeses of eight expected, six of eight given: eight of sixteen.
    assert acceptance(AnswerRecord(asked_by_day=8, accepted_by_day=6), POLICY, is_night=False) == 0.5


def test_day_and_night_are_learned_apart() -> None:
    lark = AnswerRecord(asked_by_day=40, accepted_by_day=40)
    assert acceptance(lark, POLICY, is_night=False) > 0.8
    assert acceptance(lark, POLICY, is_night=True) == pytest.approx(0.1)


def test_nobody_is_ever_certain() -> None:
    always, never = AnswerRecord(1000, 1000, 0, 0), AnswerRecord(1000, 0, 0, 0)
    assert 0.99 < acceptance(always, POLICY, is_night=False) < 1.0
    assert 0.0 < acceptance(never, POLICY, is_night=False) < 0.01


@pytest.fixture
def story() -> Story:
    return Story(people(4), policy=Policy(benefit=ONE_PAIR)).opens()


def test_a_yes_a_no_and_silence_are_answers(story: Story) -> None:
    heard = answers_given(story.declines("p0"), story.incident)
    heard += answers_given(story.accepts("p3"), story.incident)
    heard += answers_given(story.waits_in_vain(), story.incident)
    counted = {each.responder_id: (each.asked, each.accepted) for each in heard}
    assert counted == {"p0": (1, 0), "p3": (1, 1), "p1": (1, 0), "p2": (1, 0)}


def test_an_offer_taken_back_is_no_question(story: Story) -> None:
    happened = story.accepts("p0")
    assert {each.responder_id for each in answers_given(happened, story.incident)} == {"p0"}
    assert story.state_of("p3") is AlertState.WITHDRAWN


def test_a_late_yes_mends_the_no_before_it(story: Story) -> None:
    heard = answers_given(story.waits_in_vain(), story.incident)
    heard += answers_given(story.accepts("p1"), story.incident)
    # Not wanted any more, and a yes all the same.
    heard += answers_given(story.accepts("p2"), story.incident)
    for name in ("p1", "p2"):
        mine = [each for each in heard if each.responder_id == name]
        assert (sum(each.asked for each in mine), sum(each.accepted for each in mine)) == (1, 1)


def test_nothing_else_is_an_answer(story: Story) -> None:
    events: list[Event] = [*story.events]
    assert answers_given(events, story.incident) == []
    story.accepts("p0")
    assert answers_given(story.reaches("p0", AlertState.ON_SCENE), story.incident) == []


def test_who_turns_back_and_comes_after_all_has_answered_one_question_with_one_yes(story: Story) -> None:
    heard = answers_given(story.accepts("p0"), story.incident)
    heard += answers_given(story.reaches("p0", AlertState.GAVE_UP), story.incident)
    heard += answers_given(story.accepts("p0"), story.incident)
    assert story.state_of("p0") is AlertState.ACCEPTED
    mine = [each for each in heard if each.responder_id == "p0"]
    assert (sum(each.asked for each in mine), sum(each.accepted for each in mine)) == (1, 1)
