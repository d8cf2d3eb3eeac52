"""Who said yes and does not come nearer: asked, believed or doubted; doubted, they are replaced beside."""

from dataclasses import replace

from dispatch.rescue.commands import LetTimePass
from dispatch.rescue.events import Believed, Doubted, Urged
from dispatch.rescue.moving import lag_s, still_needs_s
from dispatch.rescue.policy import MovementPolicy, Policy
from dispatch.rescue.vocabulary import AedId, AlertRole, AlertState, IncidentState
from dispatch.rescue.wakes import WakeKind
from tests.rescue.story import ONE_PAIR, TAPPED_AT, Story, an_aed, kinds, somebody, told

# The way of a walker 300 m away: 105 s of turnout and 300 * 1.3 / 1.4 = 279 s.
WALKED_M_S = 1.4 / 1.3
ONE_AT_ONCE = Policy(alert_cap=1, enough_cpr_without_aed=1, benefit=ONE_PAIR)


def _one_comes(*, policy: Policy = ONE_AT_ONCE, is_night: bool = False) -> Story:
    """Near accepts from 300 m away, and is seen there; next could be asked."""
    story = Story([somebody("near", 300), somebody("next", 400)], policy=policy, is_night=is_night).opens()
    story.accepts("near")
    story.candidates = [somebody("next", 400)]
    story.engaged = [somebody("near", 300)]
    return story


def _sleeps_until(story: Story, seconds: float) -> list[str]:
    """Act upon every wake until then; what happened."""
    happened: list[str] = []
    while story.wake is not None and (story.wake.at - TAPPED_AT).total_seconds() <= seconds:
        story.now = story.wake.at
        happened += kinds(story.does(LetTimePass(), by="system"))
    story.now = TAPPED_AT
    story.passes(seconds)
    return happened


def test_who_walks_as_promised_is_never_asked() -> None:
    story = _one_comes()
    for tick in range(30, 390, 30):
        story.engaged = [somebody("near", max(0.0, 300 - max(0, tick - 105) * WALKED_M_S))]
        assert _sleeps_until(story, tick) == []
    assert story.alert_of("near").is_counted_on


def test_who_stands_still_is_asked_at_the_first_look_at_which_they_are_90_seconds_behind() -> None:
    story = _one_comes()
    # Half of all people set out within the turnout of 105 s; 90 s later it is 195 s, and the next look is at 210 s.
    assert _sleeps_until(story, 209) == []
    story.passes(1)
    happened = story.does(LetTimePass(), by="system")
    assert kinds(happened) == ["urged"]
    assert told(story, happened) == [("near", "nudge")]
    asked = happened[0].what
    assert isinstance(asked, Urged)
    assert asked.lag_s == 105.0
    assert (asked.reply_by - story.now).total_seconds() == 20.0
    assert story.alert_of("near").is_counted_on
    assert story.wake is not None
    assert (story.wake.at, story.wake.kind) == (asked.reply_by, WakeKind.REPLY_BY)


def test_at_night_people_have_longer_to_set_out() -> None:
    story = _one_comes(is_night=True)
    # 142 s of turnout and 90 s make 232 s.
    assert _sleeps_until(story, 239) == []
    assert _sleeps_until(story, 240) == ["urged"]


def test_nobody_is_asked_twice_in_one_go() -> None:
    story = _one_comes()
    _sleeps_until(story, 210)
    story.passes(5)
    assert story.does(LetTimePass()) == []


def test_a_stage_is_an_answer() -> None:
    story = _one_comes()
    _sleeps_until(story, 210)
    story.passes(10)
    happened = story.reaches("near", AlertState.EN_ROUTE)
    assert kinds(happened) == ["stage_reached", "believed"]
    believed = happened[1].what
    assert isinstance(believed, Believed)
    # They are only setting out now: 220 s, and 279 s of way.
    assert believed.eta_s == round(220 + 300 / WALKED_M_S, 1)
    assert story.alert_of("near").urged_at is None
    # And are asked again when they are as far behind that.
    assert _sleeps_until(story, 329) == []
    assert _sleeps_until(story, 330) == ["urged"]


def test_to_say_again_that_one_is_on_the_way_is_an_answer() -> None:
    story = _one_comes()
    story.reaches("near", AlertState.EN_ROUTE)
    _sleeps_until(story, 210)
    assert story.alert_of("near").urged_at is not None
    assert kinds(story.reaches("near", AlertState.EN_ROUTE)) == ["believed"]
    assert story.reaches("near", AlertState.EN_ROUTE) == []


def test_movement_is_an_answer() -> None:
    story = _one_comes()
    _sleeps_until(story, 210)
    story.engaged = [somebody("near", 270)]
    happened = _sleeps_until(story, 230)
    assert happened == ["believed"]
    assert story.alert_of("near").is_counted_on
    assert not story.incident.pending()


def test_a_position_that_jumps_in_the_first_seconds_is_no_answer_yet() -> None:
    story = _one_comes()
    _sleeps_until(story, 210)
    story.passes(1)
    story.engaged = [somebody("near", 294)]
    assert story.does(LetTimePass()) == []
    assert _sleeps_until(story, 230) == ["doubted", "planned", "offered"]


def test_who_neither_answers_nor_moves_is_replaced_beside() -> None:
    story = _one_comes()
    _sleeps_until(story, 210)
    assert story.wake is not None
    story.now = story.wake.at
    happened = story.does(LetTimePass(), by="system")
    # Though only one may be out at once: somebody beside is not one too many.
    assert kinds(happened) == ["doubted", "planned", "offered"]
    assert told(story, happened) == [("next", "alert")]
    alert = story.alert_of("near")
    assert alert.state is AlertState.ACCEPTED
    assert not alert.is_counted_on
    assert story.incident.state is IncidentState.RESPONDING
    assert not story.incident.nobody_reached


def test_a_caller_whose_only_helper_stands_still_has_nobody() -> None:
    story = _one_comes()
    story.candidates = ()
    assert _sleeps_until(story, 230) == ["urged", "doubted", "planned"]
    assert story.incident.nobody_reached
    # And somebody is looked for, though one is at it by name.
    assert story.wake is not None
    assert story.wake.kind is WakeKind.LOOK_AGAIN


def test_who_comes_after_all_is_counted_on_again_and_the_other_offer_is_taken_back() -> None:
    story = _one_comes()
    _sleeps_until(story, 230)
    assert story.state_of("next") is AlertState.OFFERED
    story.passes(5)
    happened = story.reaches("near", AlertState.ON_SCENE)
    assert kinds(happened) == ["stage_reached", "withdrawn"]
    assert story.alert_of("near").is_counted_on
    assert story.state_of("next") is AlertState.WITHDRAWN


def test_who_is_seen_to_move_after_being_doubted_is_counted_on_again() -> None:
    story = _one_comes()
    _sleeps_until(story, 230)
    story.declines("next")
    story.engaged = [somebody("near", 270)]
    assert "believed" in _sleeps_until(story, 240)
    assert story.alert_of("near").is_counted_on


def test_who_is_doubted_is_doubted_once() -> None:
    story = _one_comes()
    story.candidates = ()
    _sleeps_until(story, 600)
    assert sum(isinstance(event.what, Doubted) for event in story.events) == 1
    assert sum(isinstance(event.what, Urged) for event in story.events) == 1


def test_a_phone_that_tells_nothing_is_not_held_against_its_owner() -> None:
    story = _one_comes()
    story.engaged = []
    assert _sleeps_until(story, 600) == []
    assert story.alert_of("near").is_counted_on


def test_a_phone_that_falls_silent_after_the_question_leaves_it_unanswered() -> None:
    story = _one_comes()
    _sleeps_until(story, 210)
    story.engaged = []
    happened = _sleeps_until(story, 230)
    assert happened[0] == "doubted"
    assert story.alert_of("near").lag_s == 105.0


def test_who_is_there_is_not_asked_whether_they_come() -> None:
    story = _one_comes()
    story.reaches("near", AlertState.ON_SCENE)
    assert _sleeps_until(story, 600) == []


def test_who_takes_longer_than_promised_but_comes_nearer_is_asked_once_and_believed() -> None:
    slow = replace(ONE_AT_ONCE, movement=MovementPolicy(lag_s=30.0))
    story = _one_comes(policy=slow)
    happened: list[str] = []
    for tick in range(10, 500, 10):
        story.engaged = [somebody("near", max(20.0, 300 - max(0, tick - 130) * WALKED_M_S * 0.7))]
        happened += _sleeps_until(story, tick)
    assert "doubted" not in happened
    assert "urged" in happened
    assert happened.count("urged") == happened.count("believed")


def _runner() -> Story:
    """Runner fetches AED a, 200 m to the other side of the patient, from 100 m away."""
    story = Story([somebody("runner", 100)], [an_aed("a", 200)], policy=replace(ONE_AT_ONCE, enough_cpr=0)).opens()
    story.accepts("runner")
    return story


def test_a_runners_way_goes_by_the_aed_until_it_is_in_their_hands() -> None:
    story = _runner()
    alert = replace(story.alert_of("runner"), aed_id=AedId("a"))
    story.engaged = [somebody("runner", 100)]
    direct_s, collecting_s = 1.3 / 1.4, 30.0
    by_way_of_it = still_needs_s(replace(alert, role=AlertRole.AED), story.scene, None)
    assert by_way_of_it is not None
    assert round(by_way_of_it, 1) == round(105 + 300 * direct_s + collecting_s + 200 * direct_s, 1)
    in_hand = replace(alert, role=AlertRole.AED, stages={AlertState.AED_COLLECTED: story.now})
    # Whoever has it is on the move.
    needs_s = still_needs_s(in_hand, story.scene, None)
    assert needs_s is not None
    assert round(needs_s, 1) == round(100 * direct_s, 1)


def test_floors_are_part_of_the_way() -> None:
    story = _one_comes()
    here, up = (
        still_needs_s(story.alert_of("near"), story.scene, None),
        still_needs_s(story.alert_of("near"), story.scene, -5),
    )
    assert here is not None
    assert up == here + 60.0


def test_who_is_nowhere_to_be_seen_has_no_lag() -> None:
    story = _one_comes()
    story.engaged = [somebody("next", 400)]
    assert lag_s(story.alert_of("near"), story.scene, None) is None


def test_a_clock_that_is_set_back_asks_nobody() -> None:
    story = _one_comes()
    story.passes(-3600)
    assert story.does(LetTimePass()) == []
    assert story.wake is not None
    assert story.wake.at > story.now
