"""An AED that somebody has with them, in a taxi or a patrol car: they bring it straight, and nobody else fetches it."""

from dataclasses import replace

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, ResponderId
from tests.rescue.planning import a_request, coming, roles, surely
from tests.rescue.story import an_aed, people, somebody


def _carried_by(one: Candidate, *, works: float = 0.97) -> AedOption:
    return AedOption(
        aed_id=AedId("taxi"),
        name="出租车",
        place=one.place,
        distance_m=one.distance_m,
        works_probability=works,
        carried_by=ResponderId(one.responder_id),
    )


def test_who_has_an_aed_along_brings_it_without_a_detour() -> None:
    driver, *others = [surely(each, 0.9) for each in people(4)]
    plan = best_plan(a_request([driver, *others], [_carried_by(driver)]))
    assert roles(plan)[driver.responder_id] == "taxi"
    (alert,) = [each for each in plan.alerts if each.responder_id == driver.responder_id]
    straight = best_plan(a_request([driver]))
    assert alert.eta_s == straight.alerts[0].eta_s
    assert "along" in alert.reason_en
    assert "随身携带" in alert.reason_zh


def test_nobody_is_sent_for_what_somebody_else_carries() -> None:
    driver, *others = people(6)
    plan = best_plan(a_request(others, [_carried_by(driver)]))
    assert set(roles(plan).values()) == {"cpr"}


def test_whoever_is_on_the_way_is_not_given_what_somebody_else_carries() -> None:
    driver, runner, *_ = people(3)
    on_the_way = (coming(runner.responder_id, 200),)
    plan = best_plan(a_request([driver], [_carried_by(driver)], under_way=on_the_way, engaged=(runner,)))
    assert all(each.aed_id != "taxi" for each in plan.changes)


def test_the_cabinet_nearby_is_fetched_beside_it() -> None:
    driver, *others = [surely(each, 0.3) for each in people(8)]
    near = replace(an_aed("a", 60), works_probability=0.97)
    chosen = roles(best_plan(a_request([driver, *others], [near, _carried_by(driver)])))
    assert chosen[driver.responder_id] == "taxi"
    assert "a" in chosen.values()


def test_how_far_the_carrier_is_decides_not_where_the_car_was_seen() -> None:
    far = somebody("far", 5000)
    chosen = roles(best_plan(a_request([far, *people(3)], [_carried_by(far)])))
    assert chosen.get("far") is None
