"""When an incident is looked at again though nobody says anything: one wake, at the earliest of everything due."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.rescue.commands import (
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    ExpectAmbulance,
    LetTimePass,
)
from dispatch.rescue.decide import decide
from dispatch.rescue.policy import MovementPolicy, Policy
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AlertState, CancelReason
from dispatch.rescue.wakes import WakeKind, next_wake
from tests.rescue.story import ONE_PAIR, TAPPED_AT, Story, an_aed, kinds, people

ONE_IS_ENOUGH = Policy(enough_cpr_without_aed=1, benefit=ONE_PAIR)


def _wakes(story: Story) -> tuple[float, WakeKind] | None:
    """When from the tap on, in seconds, and for what."""
    return None if story.wake is None else ((story.wake.at - TAPPED_AT).total_seconds(), story.wake.kind)


def test_the_first_thing_due_after_an_sos_are_the_devices_that_have_not_said_a_word() -> None:
    story = Story(people(2)).opens()
    assert _wakes(story) == (10.0, WakeKind.NO_ACK)


def test_once_every_device_has_its_alert_the_answers_are_due() -> None:
    story = Story(people(2)).opens()
    story.does(ConfirmReceipt((story.alert_of("p0").alert_id,)))
    assert _wakes(story) == (10.0, WakeKind.NO_ACK)
    story.does(ConfirmReceipt((story.alert_of("p1").alert_id,)))
    assert _wakes(story) == (20.0, WakeKind.RESPOND_BY)


def test_a_device_is_called_otherwise_once() -> None:
    story = Story(people(2)).opens()
    story.passes(10)
    story.does(LetTimePass())
    assert _wakes(story) == (20.0, WakeKind.RESPOND_BY)


def test_with_nobody_to_alert_the_neighbourhood_is_looked_at_again_every_20_seconds() -> None:
    story = Story().opens()
    assert _wakes(story) == (20.0, WakeKind.LOOK_AGAIN)
    for turn in range(1, 5):
        assert story.wake is not None
        story.now = story.wake.at
        assert story.does(LetTimePass()) == []
        assert _wakes(story) == (20.0 * (turn + 1), WakeKind.LOOK_AGAIN)


def test_the_turn_to_look_again_comes_however_much_happens() -> None:
    story = Story().opens()
    for _ in range(9):
        story.passes(2)
        story.does(LetTimePass())
    assert _wakes(story) == (20.0, WakeKind.LOOK_AGAIN)


def test_somebody_on_the_way_is_looked_at_every_30_seconds() -> None:
    story = Story(people(1), policy=ONE_IS_ENOUGH).opens()
    story.accepts("p0")
    assert _wakes(story) == (30.0, WakeKind.MOVEMENT)


def test_with_helpers_beside_the_patient_only_the_end_of_the_search_is_left() -> None:
    story = Story(people(1), policy=ONE_IS_ENOUGH).opens()
    story.accepts("p0")
    story.reaches("p0", AlertState.ON_SCENE)
    assert _wakes(story) == (7200.0, WakeKind.GIVE_UP)


def test_the_ambulances_time_is_a_reason_to_look_until_it_has_come() -> None:
    story = Story(people(1), policy=ONE_IS_ENOUGH).opens()
    story.accepts("p0")
    story.reaches("p0", AlertState.ON_SCENE)
    story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=300)))
    assert _wakes(story) == (300.0, WakeKind.AMBULANCE)
    story.passes(300)
    assert story.does(LetTimePass()) == []
    assert _wakes(story) == (7200.0, WakeKind.GIVE_UP)


@pytest.mark.parametrize(
    "ending", [AmbulanceArrives(), Close(), Cancel(CancelReason.FALSE_ALARM)], ids=["ambulance", "closed", "cancelled"]
)
def test_what_is_over_never_wakes(ending: Command) -> None:
    story = Story(people(3)).opens()
    story.accepts("p0")
    story.does(ending)
    assert story.wake is None
    story.passes(100_000)
    assert story.does(LetTimePass()) == []
    assert story.wake is None


def test_what_is_overdue_is_due_at_its_own_time_and_not_later() -> None:
    story = Story(people(1)).opens()
    story.passes(500)
    story.does(ConfirmReceipt(()))
    assert _wakes(story) == (10.0, WakeKind.NO_ACK)


def test_a_note_that_needs_no_look_around_does_not_end_the_search_for_a_runner() -> None:
    # Two do CPR, nobody was asked to fetch the AED, which has only just become usable.
    story = Story(people(2)).opens()
    story.accepts("p0")
    story.accepts("p1")
    for name in ("p0", "p1"):
        story.reaches(name, AlertState.ON_SCENE)
    story.aeds, story.candidates = [an_aed("a", 100)], ()
    story.does(LetTimePass())
    assert _wakes(story) == (20.0, WakeKind.LOOK_AGAIN)
    receipt = ConfirmReceipt((story.alert_of("p0").alert_id,))
    bare = decide(story.incident, receipt, Scene(story.now, policy=story.policy), by="system")
    assert bare.wake is not None
    assert bare.wake.kind is WakeKind.LOOK_AGAIN


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(
    every_s=st.floats(1.0, 100.0),
    turns=st.integers(0, 500),
    off_us=st.integers(-2, 2),
)
def test_the_next_turn_always_lies_ahead_whatever_the_interval(every_s: float, turns: int, off_us: int) -> None:
    policy = Policy(look_again_s=every_s, movement=MovementPolicy(look_every_s=every_s), give_up_s=1e6)
    story = Story(policy=policy).opens()
    now = TAPPED_AT + turns * timedelta(seconds=every_s) + timedelta(microseconds=off_us)
    wake = next_wake(story.incident, policy, now, wants_more=True)
    assert wake is not None
    assert now < wake.at <= now + timedelta(seconds=every_s)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(
    seen_m=st.lists(st.sampled_from([None, 0.0, 150.0, 600.0]), min_size=3, max_size=3),
    yes=st.lists(st.booleans(), min_size=3, max_size=3),
    ambulance_s=st.none() | st.integers(0, 1500),
    look_every_s=st.sampled_from([7.3, 30.0]),
)
def test_whoever_acts_at_every_wake_comes_to_the_end_and_never_twice_to_the_same_instant(
    seen_m: list[float | None], yes: list[bool], ambulance_s: int | None, look_every_s: float
) -> None:
    policy = replace(Policy(give_up_s=900.0), movement=MovementPolicy(look_every_s=look_every_s))
    story = Story(people(3), policy=policy).opens()
    for number, comes in enumerate(yes):
        if comes and story.alert_of(f"p{number}").is_pending:
            story.accepts(f"p{number}")
    here = zip(people(3), seen_m, strict=True)
    story.engaged = [replace(each, distance_m=away_m) for each, away_m in here if away_m is not None]
    story.candidates = ()
    if ambulance_s is not None:
        story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=ambulance_s)))
    looks = 0
    while story.wake is not None:
        assert story.wake.at > story.now or looks == 0
        story.now = max(story.now, story.wake.at)
        story.does(LetTimePass())
        looks += 1
        assert looks < 500
    assert kinds(story.events).count("search_ended") == 1
    assert story.now == TAPPED_AT + timedelta(seconds=900)
