"""One rescue in virtual time: what people do, what a rule may bring about, and what ends the clock."""

from dataclasses import replace

import pytest

from simulator.evaluation.arrests import Arrest
from simulator.evaluation.contenders import ours
from simulator.evaluation.ours import Ours
from simulator.evaluation.rescue import NO_AED, Outcome, Rescue, Rule
from simulator.evaluation.rivals import RIVALS, Freiburg, NewZealandSeven, Rival
from tests.simulator.evaluation.cases import PARAMETERS, arrests, dear


def willing(arrest: Arrest, **changes: object) -> Arrest:
    """The arrest with people who all say yes at once and keep their word, and devices that all work."""
    people, aeds = len(arrest.people), len(arrest.aeds)
    usual: dict[str, object] = {
        "says_yes": [True] * people,
        "says_anything": [True] * people,
        "delivered": [True] * people,
        "answers_after_s": [5.0] * people,
        "turnout_s": [60.0] * people,
        "turns_back_at": [None] * people,
        "taps": [True] * people,
        "aed_works": [True] * aeds,
        "aed_there": [True] * aeds,
        "ambulance_s": 3600.0,
        "bystander_cpr_s": None,
    }
    return replace(arrest, **(usual | changes))  # type: ignore[arg-type] # the names are checked by the call itself


@pytest.fixture(scope="module")
def with_aeds() -> Arrest:
    """An arrest with people and AEDs around it."""
    return next(each for each in arrests(60, "dense") if len(each.aeds) >= 3 and not each.is_night)


def run(arrest: Arrest, rule: Rule) -> Outcome:
    return Rescue(arrest, PARAMETERS, rule).run()


class OneByAed(Rival):
    """Asks the nearest, and sends them for the nearest AED."""

    def first(self) -> list[int]:
        return [0]

    def aed_for(self, person: int) -> int:
        return person


class OneStraight(OneByAed):
    """Asks the nearest, and sends them straight."""

    def aed_for(self, person: int) -> int:
        return NO_AED if person >= 0 else person


def test_without_volunteers_the_crew_brings_hands_and_the_shock(with_aeds: Arrest) -> None:
    arrest = replace(with_aeds, bystander_cpr_s=None)
    outcome = run(arrest, RIVALS["no_volunteers"]())
    there_s = arrest.collapsed_before_s + arrest.ambulance_s + arrest.crew_entry_s
    assert (outcome.alerts, outcome.arrived) == (0, 0)
    assert outcome.cpr_s == pytest.approx(there_s)
    assert outcome.shock_s == pytest.approx(there_s + PARAMETERS.aed.attach_s)
    assert not outcome.volunteer_cpr
    assert not outcome.volunteer_shock


def test_a_runner_comes_after_turnout_way_and_stairs(with_aeds: Arrest) -> None:
    arrest = willing(with_aeds)
    outcome = run(arrest, OneStraight())
    way_m = (arrest.east_m[0] ** 2 + arrest.north_m[0] ** 2) ** 0.5 * arrest.detour[0]
    expected_s = 60.0 + way_m / arrest.speed_m_s[0] + arrest.entry_s
    assert outcome.cpr_s == pytest.approx(arrest.collapsed_before_s + expected_s)
    assert outcome.volunteer_cpr
    assert not outcome.volunteer_shock


def test_by_way_of_an_aed_they_are_later_and_bring_the_shock(with_aeds: Arrest) -> None:
    arrest = willing(with_aeds)
    straight, fetching = run(arrest, OneStraight()), run(arrest, OneByAed())
    assert fetching.cpr_s > straight.cpr_s
    assert fetching.shock_s == pytest.approx(fetching.cpr_s + PARAMETERS.aed.attach_s)
    assert fetching.volunteer_shock


def test_an_aed_that_cannot_be_had_sends_its_runner_on_without_it(with_aeds: Arrest) -> None:
    missing = run(willing(with_aeds, aed_there=[False] * len(with_aeds.aeds)), OneByAed())
    assert missing.volunteer_cpr
    assert not missing.volunteer_shock


def test_an_aed_that_does_not_work_brings_hands_only(with_aeds: Arrest) -> None:
    broken = run(willing(with_aeds, aed_works=[False] * len(with_aeds.aeds)), OneByAed())
    assert broken.volunteer_cpr
    assert not broken.volunteer_shock


def test_who_turns_back_never_comes(with_aeds: Arrest) -> None:
    gone = run(willing(with_aeds, turns_back_at=[0.5] * len(with_aeds.people)), OneByAed())
    assert (gone.accepted, gone.arrived) == (1, 0)


def test_two_cannot_take_the_same_aed(with_aeds: Arrest) -> None:
    class Two(OneByAed):
        def first(self) -> list[int]:
            return [0, 1]

        def aed_for(self, person: int) -> int:
            return person * 0

    rescue = Rescue(willing(with_aeds), PARAMETERS, Two())
    rescue.run()
    assert sum(runner.has_aed for runner in rescue.runners.values()) == 1


def test_cpr_by_a_bystander_counts_and_is_nobody_elses(with_aeds: Arrest) -> None:
    outcome = run(willing(with_aeds, bystander_cpr_s=1.0), OneStraight())
    assert outcome.cpr_s == pytest.approx(with_aeds.collapsed_before_s + 1.0)
    assert not outcome.volunteer_cpr


def test_new_zealand_replaces_who_rejects_and_not_who_is_silent(with_aeds: Arrest) -> None:
    people = len(with_aeds.people)
    silent = willing(with_aeds, says_anything=[False] * people)
    assert run(silent, NewZealandSeven()).alerts == 7
    rejecting = willing(with_aeds, says_yes=[False] * people)
    within = sum(each <= 1000.0 for each in with_aeds.fix_away_m)
    assert run(rejecting, NewZealandSeven()).alerts == within


def test_freiburg_sends_two_straight_the_third_for_an_aed_and_stops_at_four(with_aeds: Arrest) -> None:
    rescue = Rescue(willing(with_aeds, announced_ambulance_s=3000.0), PARAMETERS, Freiburg())
    outcome = rescue.run()
    assert outcome.alerts == 9
    assert outcome.accepted == 4
    assert sum(runner.has_aed for runner in rescue.runners.values()) == 1


@pytest.mark.parametrize(
    ("name", "most", "radius_m"),
    [("nearest_3", 3, 3000.0), ("radius_1300m_30", 30, 1300.0), ("dutch_thirds", 30, 1000.0),
     ("danish_four_to_aed", 20, 1800.0)],
)  # fmt: skip
def test_a_rival_asks_the_nearest_within_its_radius_and_no_more_than_it_may(
    with_aeds: Arrest, name: str, most: int, radius_m: float
) -> None:
    rescue = Rescue(with_aeds, PARAMETERS, RIVALS[name]())
    rescue.run()
    within = sum(each <= radius_m for each in with_aeds.fix_away_m)
    assert sorted(rescue.runners) == list(range(min(most, within)))


def test_ours_goes_by_the_core_and_keeps_whoever_holds_a_device(with_aeds: Arrest) -> None:
    rule = ours(dear()).rule()
    assert isinstance(rule, Ours)
    rescue = Rescue(willing(with_aeds), PARAMETERS, rule)
    outcome = rescue.run()
    assert outcome.alerts == len({each.alert_id for each in rule.incident.alerts.values()})
    assert outcome.volunteer_cpr
    assert outcome.volunteer_shock
    # The device in hand is brought, whatever the phone says later.
    holder = next(person for person, runner in rescue.runners.items() if runner.has_aed)
    aed = rescue.runners[holder].aed
    rescue.send(holder)
    assert rescue.runners[holder].aed == aed


def test_ours_replaces_silence_after_its_time(with_aeds: Arrest) -> None:
    silent = willing(with_aeds, says_anything=[False] * len(with_aeds.people))
    rule = ours(dear()).rule()
    assert isinstance(rule, Ours)
    Rescue(silent, PARAMETERS, rule).run()
    assert rule.incident.waves > 1
    assert not rule.incident.engaged()


def test_fewer_are_asked_where_an_alert_is_dearer(with_aeds: Arrest) -> None:
    cheap, expensive = (run(with_aeds, ours(dear(price)).rule()).alerts for price in (0.001, 0.05))
    assert expensive < cheap
