"""Street times from a real Valhalla over a small map: each pair in its place, each mode at its own speed."""

import math
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import permutations

import pytest

from dispatch.engine.street_routing import ShortlistSize
from dispatch.engine.valhalla import ValhallaRouter
from dispatch.engine.valhalla_calls import ValhallaCalls, costing_for
from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.distance import distance_m
from geo.place import Place
from tests.valhalla_server import KREMS, TWO_BANKS, ValhallaServer, on_the_banks, valhalla_for

TRAVEL = TravelPolicy()
# A place on the quay of the northern bank, and a long while: nothing here is about being late.
PATIENT = on_the_banks(0, 60)
UNHURRIED_S = 10.0


@pytest.fixture(scope="module")
def two_banks() -> Iterator[ValhallaServer]:
    with valhalla_for(TWO_BANKS) as server:
        yield server


@pytest.fixture
async def router(two_banks: ValhallaServer) -> AsyncIterator[ValhallaRouter]:
    router = ValhallaRouter(two_banks.url, UNHURRIED_S, TRAVEL)
    yield router
    await router.aclose()


def nearly(expected: float) -> object:
    """The engine counts seconds in whole ones, and a few more for crossings."""
    return pytest.approx(expected, rel=0.03, abs=3.0)


def somebody(name: str, place: Place, mode: TravelMode = TravelMode.WALK) -> Candidate:
    return Candidate(ResponderId(name), place, distance_m(place, PATIENT), mode)


def an_aed(name: str, place: Place) -> AedOption:
    return AedOption(AedId(name), name, place, distance_m(place, PATIENT), 0.97)


async def ask(router: ValhallaRouter, people: Sequence[Candidate], aeds: Sequence[AedOption] = ()) -> StreetTimes:
    times = await router.travel_times(PATIENT, people, aeds)
    assert times is not None
    return times


async def test_a_way_along_a_street_takes_its_length_at_our_speed(router: ValhallaRouter) -> None:
    times = await ask(router, [somebody(mode, on_the_banks(600, 60), mode) for mode in TravelMode])
    for mode in (TravelMode.WALK, TravelMode.RUN, TravelMode.BIKE, TravelMode.EBIKE):
        assert times.direct_s[ResponderId(mode)] == nearly(600 / TRAVEL.speed_m_s[mode]), mode
    # A car's speed is the street's: between a town's crawl and its limit.
    assert 600 / 15 < times.direct_s[ResponderId("car")] < 600 / 5


async def test_each_pair_lands_at_its_responder_and_its_aed(router: ValhallaRouter) -> None:
    people = [somebody(f"r{east}", on_the_banks(east, 60)) for east in (200, 400, 1000)]
    aeds = [an_aed(f"a{east}", on_the_banks(east, 60)) for east in (-200, 600)]
    times = await ask(router, people, aeds)
    speed = TRAVEL.speed_m_s[TravelMode.WALK]
    assert {name: seconds * speed for name, seconds in times.direct_s.items()} == {
        "r200": nearly(200),
        "r400": nearly(400),
        "r1000": nearly(1000),
    }
    assert {pair: seconds * speed for pair, seconds in times.to_aed_s.items()} == {
        ("r200", "a-200"): nearly(400),
        ("r200", "a600"): nearly(400),
        ("r400", "a-200"): nearly(600),
        ("r400", "a600"): nearly(200),
        ("r1000", "a-200"): nearly(1200),
        ("r1000", "a600"): nearly(400),
    }
    assert {pair: seconds * speed for pair, seconds in times.onward_s.items()} == {
        ("a-200", TravelMode.WALK): nearly(200),
        ("a600", TravelMode.WALK): nearly(600),
    }


async def test_the_order_of_people_and_aeds_changes_no_answer(router: ValhallaRouter) -> None:
    people = [
        somebody(f"r{east}", on_the_banks(east, 60), mode) for east, mode in zip((200, 400), TravelMode, strict=False)
    ]
    aeds = [an_aed(f"a{east}", on_the_banks(east, -60)) for east in (-200, 600, 800)]
    answers = [await ask(router, some, others) for some in permutations(people) for others in permutations(aeds)]
    assert all(answer == answers[0] for answer in answers)


async def test_ways_lead_from_the_responder_and_not_to_them(router: ValhallaRouter) -> None:
    # The southern street is one-way to the east: eastward a car drives straight on, westward by way of the quay.
    west, east = on_the_banks(-150, -260), on_the_banks(550, -260)
    driver_west, driver_east = somebody("w", west, TravelMode.CAR), somebody("e", east, TravelMode.CAR)
    times = await ask(router, [driver_west, driver_east], [an_aed("aw", west), an_aed("ae", east)])
    eastward, westward = (
        times.to_aed_s[driver_west.responder_id, AedId("ae")],
        times.to_aed_s[driver_east.responder_id, AedId("aw")],
    )
    assert westward > eastward + 20


async def test_each_mode_is_asked_about_once_and_those_on_wheels_on_foot_as_well(
    two_banks: ValhallaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    matrix = ValhallaCalls.matrix

    async def noted(calls: ValhallaCalls, *question: object) -> object:
        asked.append(question)
        return await matrix(calls, *question)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(ValhallaCalls, "matrix", noted)
    router = ValhallaRouter(two_banks.url, UNHURRIED_S, TRAVEL)
    people = [
        somebody(f"{mode}{number}", on_the_banks(200 * number, 60), mode)
        for mode in (TravelMode.RUN, TravelMode.CAR)
        for number in (1, 2, 3)
    ]
    times = await ask(router, people, [an_aed("a", on_the_banks(-200, 60))])
    await router.aclose()
    assert len(asked) == 3
    assert len(times.direct_s) == len(times.to_aed_s) == 6
    assert set(times.onward_s) == {("a", TravelMode.RUN), ("a", TravelMode.CAR)}


async def test_across_the_river_the_way_leads_over_the_bridge(router: ValhallaRouter) -> None:
    times = await ask(router, [somebody(mode, on_the_banks(0, -60), mode) for mode in TravelMode])
    round_by_the_bridge_m = 1600 + 120 + 1600
    for mode in (TravelMode.WALK, TravelMode.RUN, TravelMode.BIKE, TravelMode.EBIKE):
        by_street_s = round_by_the_bridge_m / TRAVEL.speed_m_s[mode]
        assert times.direct_s[ResponderId(mode)] == nearly(by_street_s)
    assert times.direct_s[ResponderId("car")] > round_by_the_bridge_m / 15


async def test_where_no_way_leads_the_time_is_infinite_in_every_mode(router: ValhallaRouter) -> None:
    islanders = [somebody(mode, on_the_banks(100, -1000), mode) for mode in TravelMode]
    neighbour = somebody("neighbour", on_the_banks(200, 60))
    aeds = [an_aed("island", on_the_banks(0, -1050)), an_aed("quay", on_the_banks(400, 60))]
    times = await ask(router, [*islanders, neighbour], aeds)
    assert all(times.direct_s[each.responder_id] == math.inf for each in islanders)
    assert all(times.to_aed_s[each.responder_id, AedId("quay")] == math.inf for each in islanders)
    assert times.to_aed_s[neighbour.responder_id, AedId("island")] == math.inf
    assert all(times.onward_s[AedId("island"), mode] == math.inf for mode in TravelMode)
    walker = ResponderId(TravelMode.WALK)
    assert times.to_aed_s[walker, AedId("island")] == nearly(150 / TRAVEL.speed_m_s[TravelMode.WALK])
    assert math.isfinite(times.direct_s[neighbour.responder_id])


async def test_a_place_beside_the_street_adds_the_steps_to_it(router: ValhallaRouter) -> None:
    # 80 m north of the quay, in the middle of a block.
    people = [somebody(mode, on_the_banks(500, 140), mode) for mode in (TravelMode.WALK, TravelMode.EBIKE)]
    times = await ask(router, people)
    beside_s = 80 * TRAVEL.detour_factor[TravelMode.WALK] / TRAVEL.speed_m_s[TravelMode.WALK]
    for each in people:
        along_s = 500 / TRAVEL.speed_m_s[each.mode]
        assert times.direct_s[each.responder_id] == nearly(along_s + beside_s), each.mode


async def test_a_place_far_from_any_street_is_not_believed_and_spoils_nobody_elses_answer(
    router: ValhallaRouter,
) -> None:
    # 140 m out on open ground; and one whom the map does not know at all.
    people = [
        somebody("lost", on_the_banks(-800, 400)),
        somebody("abroad", on_the_banks(0, 90_000)),
        somebody("found", on_the_banks(200, 60)),
    ]
    aeds = [an_aed("here", on_the_banks(400, 60)), an_aed("nowhere", on_the_banks(1000, 440))]
    times = await ask(router, people, aeds)
    assert set(times.direct_s) == {"found"}
    assert set(times.to_aed_s) == {("found", "here")}
    assert set(times.onward_s) == {("here", TravelMode.WALK)}


async def test_a_patient_far_from_any_street_leaves_the_ways_to_the_aeds(router: ValhallaRouter) -> None:
    walker, aed = somebody("r", on_the_banks(200, 60)), an_aed("a", on_the_banks(400, 60))
    times = await router.travel_times(on_the_banks(500, 480), [walker], [aed])
    assert times is not None
    assert not times.direct_s
    assert not times.onward_s
    assert set(times.to_aed_s) == {("r", "a")}


async def test_where_nobody_is_near_a_street_there_is_no_answer(router: ValhallaRouter) -> None:
    assert await router.travel_times(on_the_banks(500, 480), [somebody("lost", on_the_banks(-500, 480))], []) is None


async def test_wheels_are_left_where_only_a_footpath_leads_on(router: ValhallaRouter) -> None:
    # The patient lies at the upper end of the temple's path, 300 m beyond the last street.
    temple = on_the_banks(0, 560)
    driver = somebody("d", on_the_banks(600, 260), TravelMode.CAR)
    times = await router.travel_times(temple, [driver], [])
    assert times is not None
    assert times.direct_s[driver.responder_id] == nearly(900 / TRAVEL.speed_m_s[TravelMode.CAR])


async def test_whoever_is_quicker_on_foot_does_not_drive(router: ValhallaRouter) -> None:
    # Against the one-way street it is 60 m on foot and the round of a block by car.
    here, there = on_the_banks(130, -260), on_the_banks(70, -260)
    times = await router.travel_times(there, [somebody("d", here, TravelMode.CAR)], [])
    assert times is not None
    assert times.direct_s[ResponderId("d")] <= 60 / TRAVEL.speed_m_s[TravelMode.WALK] + 3


async def test_more_than_the_engines_limit_is_refused_and_the_estimates_stand(two_banks: ValhallaServer) -> None:
    router = ValhallaRouter(two_banks.url, UNHURRIED_S, TRAVEL, size=ShortlistSize(responders=3000))
    crowd = [somebody(f"r{number}", on_the_banks(number % 1500, 60)) for number in range(2600)]
    assert await router.travel_times(PATIENT, crowd, []) is None
    assert await router.travel_times(PATIENT, crowd[:5], []) is not None, "and it is asked again"
    await router.aclose()


async def test_nobody_to_ask_about_is_no_question(router: ValhallaRouter) -> None:
    assert await router.travel_times(PATIENT, [], [an_aed("a", PATIENT)]) is None


async def test_after_closing_there_is_no_answer(two_banks: ValhallaServer) -> None:
    router = ValhallaRouter(two_banks.url, UNHURRIED_S, TRAVEL)
    await router.aclose()
    assert await router.travel_times(PATIENT, [somebody("r", PATIENT)], []) is None


@pytest.mark.parametrize("mode", [TravelMode.WALK, TravelMode.RUN, TravelMode.BIKE, TravelMode.EBIKE])
async def test_the_slowest_and_fastest_speeds_that_we_allow_are_taken_by_the_engine(
    two_banks: ValhallaServer, mode: TravelMode
) -> None:
    slowest_km_h, fastest_km_h = (0.5, 25.0) if mode in {TravelMode.WALK, TravelMode.RUN} else (5.0, 60.0)
    calls = ValhallaCalls(two_banks.url, 100)
    times_s = []
    for speed_km_h in (slowest_km_h, fastest_km_h):
        travel = TravelPolicy(speed_m_s={mode: speed_km_h / 3.6})
        matrix = await calls.matrix([on_the_banks(1000, 60)], [PATIENT], costing_for(mode, travel))
        times_s.append(matrix.sources_to_targets[0][0].time)
    await calls.aclose()
    assert times_s == [nearly(3600 / slowest_km_h), nearly(3600 / fastest_km_h)]


@pytest.mark.parametrize(("mode", "speed_km_h"), [(TravelMode.WALK, 0.4), (TravelMode.RUN, 26), (TravelMode.BIKE, 4)])
def test_a_speed_that_the_engine_would_replace_by_its_own_is_refused(mode: TravelMode, speed_km_h: float) -> None:
    travel = TravelPolicy(speed_m_s={**TRAVEL.speed_m_s, mode: speed_km_h / 3.6})
    with pytest.raises(ValueError, match=f"km/h for {mode}"):
        ValhallaRouter("http://127.0.0.1:8002", 0.1, travel)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8002", "ftp://routing", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        ValhallaRouter(url, 0.1, TRAVEL)


async def test_krems_answers_for_twelve_responders_and_four_aeds() -> None:
    with valhalla_for(KREMS) as server:
        patient = Place(48.4103, 15.6140)
        router = ValhallaRouter(server.url, UNHURRIED_S, TRAVEL)
        places = [Place(48.4085 + 0.0008 * (number % 5), 15.605 + 0.0012 * number) for number in range(16)]
        people = [
            Candidate(ResponderId(f"r{number}"), place, distance_m(place, patient), TravelMode.WALK)
            for number, place in enumerate(places[:12])
        ]
        aeds = [
            AedOption(AedId(f"a{number}"), "", place, distance_m(place, patient), 0.97)
            for number, place in enumerate(places[12:])
        ]
        times = await router.travel_times(patient, people, aeds)
        await router.aclose()
    assert times is not None
    assert len(times.direct_s) >= 10
    for each in people:
        if each.responder_id in times.direct_s:
            # No street is shorter than the straight line.
            assert times.direct_s[each.responder_id] * TRAVEL.speed_m_s[TravelMode.WALK] > each.distance_m * 0.98
