"""How far somebody is: stages may be skipped, never run backwards."""

import pytest

from dispatch.rescue.commands import Close, Progress, Refused
from dispatch.rescue.vocabulary import STAGES, AlertRole, AlertState, IncidentState, ResponderId
from tests.rescue.story import Story, an_aed, kinds, people

S = AlertState


def _with_helper_and_runner() -> tuple[Story, str, str]:
    story = Story(people(4), [an_aed("a", 150)]).opens()
    alerts = list(story.incident.alerts.values())
    helper = next(each.responder_id for each in alerts if each.role is AlertRole.CPR)
    runner = next(each.responder_id for each in alerts if each.role is AlertRole.AED)
    story.accepts(helper)
    story.accepts(runner)
    return story, helper, runner


@pytest.mark.parametrize(
    "way",
    [
        [S.EN_ROUTE, S.AED_COLLECTED, S.ON_SCENE, S.DONE],
        [S.EN_ROUTE, S.ON_SCENE, S.DONE],
        [S.AED_COLLECTED, S.ON_SCENE],
        [S.ON_SCENE, S.DONE],
        [S.GAVE_UP],
        [S.EN_ROUTE, S.AED_COLLECTED, S.GAVE_UP],
        [S.ON_SCENE, S.GAVE_UP],
    ],
    ids=" ".join,
)
def test_a_runner_may_go_this_way(way: list[AlertState]) -> None:
    story, _, runner = _with_helper_and_runner()
    for stage in way:
        story.passes(30)
        assert kinds(story.reaches(runner, stage))[0] == "stage_reached"
        assert story.state_of(runner) is stage
        assert story.alert_of(runner).stages[stage] == story.now


@pytest.mark.parametrize(
    ("before", "stage"),
    [
        ([S.ON_SCENE], S.EN_ROUTE),
        ([S.ON_SCENE], S.AED_COLLECTED),
        ([S.AED_COLLECTED], S.EN_ROUTE),
        ([], S.DONE),
        ([S.EN_ROUTE], S.DONE),
        ([S.ON_SCENE, S.DONE], S.GAVE_UP),
        ([S.ON_SCENE, S.DONE], S.EN_ROUTE),
        ([S.GAVE_UP], S.ON_SCENE),
        ([], S.ACCEPTED),
        ([], S.STOOD_DOWN),
    ],
)
def test_a_stage_out_of_order_is_refused(before: list[AlertState], stage: AlertState) -> None:
    story, _, runner = _with_helper_and_runner()
    for each in before:
        story.reaches(runner, each)
    if stage is S.ACCEPTED:
        assert story.reaches(runner, stage) == []
        return
    state = story.incident
    with pytest.raises(Refused) as refused:
        story.reaches(runner, stage)
    assert refused.value.code == "stage_out_of_order"
    assert story.incident == state


def test_the_same_stage_told_twice_changes_nothing() -> None:
    story, helper, _ = _with_helper_and_runner()
    for stage in (S.EN_ROUTE, S.ON_SCENE, S.DONE):
        story.reaches(helper, stage)
        assert story.reaches(helper, stage) == []


def test_a_stage_that_was_told_before_and_comes_again_late_changes_nothing() -> None:
    story, helper, _ = _with_helper_and_runner()
    story.reaches(helper, S.EN_ROUTE)
    story.reaches(helper, S.ON_SCENE)
    assert story.reaches(helper, S.EN_ROUTE) == []
    assert story.state_of(helper) is S.ON_SCENE


def test_only_who_fetches_an_aed_can_have_collected_it() -> None:
    story, helper, _ = _with_helper_and_runner()
    with pytest.raises(Refused) as refused:
        story.reaches(helper, S.AED_COLLECTED)
    assert refused.value.code == "wrong_role"


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_there_are_no_stages_before_a_yes(stage: AlertState) -> None:
    story = Story(people(2)).opens()
    with pytest.raises(Refused) as refused:
        story.reaches("p0", stage)
    assert refused.value.code == "stage_out_of_order"


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_there_are_no_stages_after_the_end(stage: AlertState) -> None:
    story, helper, _ = _with_helper_and_runner()
    story.does(Close())
    with pytest.raises(Refused) as refused:
        story.reaches(helper, stage)
    assert refused.value.code == "stage_out_of_order"


def test_nobody_reports_for_somebody_else() -> None:
    story, helper, runner = _with_helper_and_runner()
    with pytest.raises(Refused) as refused:
        story.does(Progress(story.alert_of(helper).alert_id, ResponderId(runner), S.EN_ROUTE))
    assert refused.value.code == "unknown_alert"


def test_the_first_on_scene_moves_the_incident_on_scene() -> None:
    story, helper, runner = _with_helper_and_runner()
    states = []
    for who, stage in ((runner, S.EN_ROUTE), (helper, S.ON_SCENE)):
        story.reaches(who, stage)
        states.append(story.incident.state)
    assert states == [IncidentState.RESPONDING, IncidentState.ON_SCENE]
    assert story.alert_of(helper).arrived_at == story.now
