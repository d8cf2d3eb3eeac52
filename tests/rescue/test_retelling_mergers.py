"""What people said in calls that became one, said again: in the order in which they lived it, a merger once."""

from dispatch.rescue.commands import Cancel, Close, Command, Decline, SetCpr
from dispatch.rescue.incident import fold
from dispatch.rescue.policy import Policy
from dispatch.rescue.retelling import Said, before_merger, named_by, said_in
from dispatch.rescue.vocabulary import AlertState, CancelReason, IncidentId
from tests.rescue.story import somebody
from tests.rescue.test_merging import FIRST, SECOND, THIRD, Calls


def _three_become_one() -> Calls:
    """Ann, bob and cid are asked in three calls; the first goes on in the second, that in the third."""
    calls = Calls(Policy())
    for incident_id, name in ((FIRST, "ann"), (SECOND, "bob"), (THIRD, "cid")):
        calls.taps(incident_id, somebody(name, 100))
    return calls


def _said_again(calls: Calls) -> list[Said]:
    return said_in({each: events[2:] for each, events in calls.events.items()}, calls.incidents)


def _in_words(said: list[Said]) -> list[tuple[int, str]]:
    order = [FIRST, SECOND, THIRD]
    return [
        (order.index(each.incident_id) + 1, f"into {order.index(each.what) + 1}")
        if isinstance(each.what, str)
        else (order.index(each.incident_id) + 1, type(each.what).__name__)
        for each in said
    ]


def test_a_merger_is_said_once_between_what_was_said_before_and_after() -> None:
    calls = _three_become_one()
    # All at one instant: the clock tells nothing of the order.
    calls.answers(SECOND, "bob")
    calls.answers(FIRST, "ann")
    calls.merges(FIRST, SECOND)
    calls.reaches(SECOND, "ann", AlertState.EN_ROUTE)
    calls.merges(SECOND, THIRD)
    calls.does(THIRD, SetCpr(in_progress=True))
    said = _in_words(_said_again(calls))
    assert [each for each in said if each[1].startswith("into")] == [(1, "into 2"), (2, "into 3")]
    assert said.index((1, "Accept")) < said.index((1, "into 2")) < said.index((2, "Progress"))
    assert said.index((2, "Accept")) < said.index((1, "into 2"))
    assert said.index((2, "Progress")) < said.index((2, "into 3")) < said.index((3, "SetCpr"))


def test_it_is_said_by_whom_it_was_said() -> None:
    calls = _three_become_one()
    calls.merges(FIRST, SECOND)
    assert _said_again(calls) == [Said(FIRST, "operator:ann", SECOND)]


def test_what_was_said_elsewhere_comes_in_its_time() -> None:
    calls = _three_become_one()
    told: list[tuple[IncidentId, Command]] = [
        (SECOND, SetCpr(in_progress=True)),
        (FIRST, SetCpr(in_progress=True)),
        (SECOND, SetCpr(in_progress=False)),
        (THIRD, Close()),
    ]
    for second, (incident_id, command) in enumerate(told):
        calls.now_s = second
        calls.does(incident_id, command)
    said = _in_words(_said_again(calls))
    assert said == [(2, "SetCpr"), (1, "SetCpr"), (2, "SetCpr"), (3, "Close")]


def test_said_again_to_the_calls_as_they_were_it_comes_to_the_same() -> None:
    calls, again = _three_become_one(), _three_become_one()
    calls.answers(FIRST, "ann")
    calls.merges(FIRST, SECOND)
    calls.reaches(SECOND, "ann", AlertState.EN_ROUTE)
    calls.merges(THIRD, SECOND)
    calls.answers(SECOND, "cid", Decline)
    for said in _said_again(calls):
        if isinstance(said.what, str):
            again.merges(said.incident_id, said.what)
        else:
            again.does(said.incident_id, said.what)
    assert [again.incidents[each] for each in (FIRST, SECOND, THIRD)] == [
        calls.incidents[each] for each in (FIRST, SECOND, THIRD)
    ]


def test_half_a_merger_is_said_too() -> None:
    calls = _three_become_one()
    calls.merges(FIRST, SECOND)
    stories = {FIRST: calls.events[FIRST][2:], SECOND: calls.events[SECOND][2:2]}
    assert said_in(stories, calls.incidents) == [Said(FIRST, "operator:ann", SECOND)]


def test_what_an_incident_was_before_it_was_made_one_is_its_own() -> None:
    calls = _three_become_one()
    calls.answers(FIRST, "ann")
    before = {each: len(calls.events[each]) for each in (FIRST, SECOND, THIRD)}
    calls.merges(FIRST, SECOND)
    calls.does(SECOND, Cancel(CancelReason.FALSE_ALARM))
    assert {each: len(before_merger(calls.events[each])) for each in before} == before
    # Who went on in the other is still bound here.
    assert [each.is_engaged for each in fold(FIRST, before_merger(calls.events[FIRST])).alerts.values()] == [True]


def test_each_names_those_it_was_made_one_with() -> None:
    calls = _three_become_one()
    calls.merges(FIRST, SECOND)
    calls.merges(SECOND, THIRD)
    assert [named_by(calls.events[each]) for each in (FIRST, SECOND, THIRD)] == [
        {SECOND},
        {FIRST, THIRD},
        {SECOND, FIRST},
    ]
