"""Whom the street-routing engine is asked about, and when it is left alone."""

from itertools import permutations

from dispatch.engine.street_routing import CircuitBreaker, ShortlistSize, shortlist
from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.distance import distance_m
from tests.valhalla_server import on_the_banks

PATIENT = on_the_banks(0, 0)


def somebody(name: str, east_m: float, mode: TravelMode = TravelMode.WALK) -> Candidate:
    place = on_the_banks(east_m, 0)
    return Candidate(ResponderId(name), place, distance_m(place, PATIENT), mode)


def an_aed(name: str, east_m: float) -> AedOption:
    place = on_the_banks(east_m, 0)
    return AedOption(AedId(name), name, place, distance_m(place, PATIENT), 0.97)


def names(people: list[Candidate], aeds: list[AedOption], size: ShortlistSize) -> tuple[list[str], list[str]]:
    chosen, cabinets = shortlist(people, aeds, travel=TravelPolicy(), size=size)
    return [each.responder_id for each in chosen], [aed.aed_id for aed in cabinets]


def test_whoever_is_there_first_comes_first_and_wheels_count() -> None:
    people = [somebody("walker", 300), somebody("rider", 600, TravelMode.EBIKE), somebody("far", 900)]
    assert names(people, [], ShortlistSize(responders=2)) == (["rider", "walker"], [])


def test_whoever_stands_beside_an_aed_is_asked_about_though_others_are_nearer() -> None:
    people = [somebody(f"east {number}", 200 + 10 * number) for number in range(20)]
    people.append(somebody("beside the AED", -400))
    chosen, cabinets = names(people, [an_aed("west", -390)], ShortlistSize(responders=4))
    assert "beside the AED" in chosen
    assert "east 0" in chosen
    assert len(chosen) == 4
    assert cabinets == ["west"]


def test_the_aeds_that_bring_a_shock_soonest_are_asked_about() -> None:
    people = [somebody("r", 300)]
    aeds = [an_aed("beyond", -200), an_aed("on the way", 250), an_aed("far", 900)]
    assert names(people, aeds, ShortlistSize(aeds=2))[1] == ["on the way", "beyond"]


def test_the_order_in_which_they_are_given_changes_nothing() -> None:
    people = [somebody("a", 100), somebody("b", 100), somebody("c", -100), somebody("d", 300)]
    aeds = [an_aed("x", 50), an_aed("y", 50), an_aed("z", 200)]
    size = ShortlistSize(responders=2, aeds=2)
    answers = [names(list(some), list(others), size) for some in permutations(people) for others in permutations(aeds)]
    assert all(answer == answers[0] for answer in answers)


def test_with_nobody_there_is_no_shortlist() -> None:
    assert names([], [an_aed("x", 50)], ShortlistSize()) == ([], [])


class StillClock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_failures_with_an_answer_between_them_are_no_row() -> None:
    breaker = CircuitBreaker(failures=3, now=StillClock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.lets_through()


def test_after_the_pause_one_goes_first_and_the_others_wait_for_what_becomes_of_it() -> None:
    clock = StillClock()
    breaker = CircuitBreaker(failures=2, pause_s=5, now=clock)
    assert [breaker.failed(), breaker.failed()] == [False, True]
    assert not breaker.lets_through()
    clock.now = 5.0
    assert breaker.lets_through()
    assert not breaker.lets_through()
    breaker.succeeded()
    assert breaker.lets_through()
    assert breaker.lets_through()


def test_whoever_goes_first_and_never_comes_back_holds_the_others_up_for_one_pause_only() -> None:
    clock = StillClock()
    breaker = CircuitBreaker(failures=1, pause_s=5, now=clock)
    breaker.failed()
    clock.now = 5.0
    assert breaker.lets_through()
    clock.now = 10.0
    assert breaker.lets_through()
