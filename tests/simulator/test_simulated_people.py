from collections import Counter
from datetime import date, timedelta
from random import Random
from statistics import fmean, median

from geo.distance import distance_m
from geo.place import Place
from simulator.hangzhou import CENTRE, QUARTERS
from simulator.people import (
    ACCEPTANCE,
    DECLINES_ALOUD,
    decision,
    duty_spell_s,
    moved,
    populate,
    thinking_s,
    turnout_s,
)

TODAY = date(2026, 3, 1)


def test_the_same_seed_makes_the_same_people() -> None:
    assert populate(50, seed=7, today=TODAY) == populate(50, seed=7, today=TODAY)
    assert populate(50, seed=7, today=TODAY) != populate(50, seed=8, today=TODAY)


def test_a_growing_city_keeps_who_was_there() -> None:
    assert populate(80, seed=7, today=TODAY)[:50] == populate(50, seed=7, today=TODAY)


def test_ids_are_apart_between_seeds_and_within_one() -> None:
    ids = [each.id for seed in (1, 2) for each in populate(300, seed=seed, today=TODAY)]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith("sim-") for each in ids)


def test_people_live_where_the_quarters_have_their_weight() -> None:
    people = populate(2_000, seed=3, today=TODAY)
    homes = Counter(_nearest_quarter(each.home) for each in people)
    total = sum(quarter.weight for quarter in QUARTERS)
    for quarter in QUARTERS:
        # Four standard deviations of a share of 2,000, and a little for those who spill over a border.
        assert abs(homes[quarter.name] / 2_000 - quarter.weight / total) < 0.05


def test_a_few_certificates_have_run_out_and_most_have_not() -> None:
    people = populate(2_000, seed=3, today=TODAY)
    lapsed = sum(each.certificate_expires_on < TODAY for each in people)
    assert 0.01 < lapsed / 2_000 < 0.07
    assert all(abs(each.certificate_expires_on - TODAY) < timedelta(days=701) for each in people)


def test_acceptance_lies_between_the_published_shares() -> None:
    people = populate(500, seed=3, today=TODAY)
    assert all(ACCEPTANCE[0] <= each.acceptance <= ACCEPTANCE[1] for each in people)
    eager = populate(500, seed=3, today=TODAY, acceptance=(0.6, 0.6))
    assert {each.acceptance for each in eager} == {0.6}


def test_people_accept_decline_and_stay_silent_as_often_as_they_should() -> None:
    rng = Random(5)
    resident = populate(1, seed=1, today=TODAY, acceptance=(0.25, 0.25))[0]
    answers = Counter(decision(resident, rng) for _ in range(20_000))
    assert abs(answers["accept"] / 20_000 - 0.25) < 0.015
    assert abs(answers["decline"] / 20_000 - 0.75 * DECLINES_ALOUD) < 0.015
    assert answers[None] == 20_000 - answers["accept"] - answers["decline"]


def test_turnout_has_the_published_median_of_one_minute_45() -> None:
    rng = Random(5)
    drawn = [turnout_s(rng) for _ in range(10_000)]
    assert 100 < median(drawn) < 110
    assert min(drawn) >= 20
    assert max(drawn) <= 420


def test_everybody_who_answers_does_so_before_the_offer_runs_out() -> None:
    rng = Random(5)
    assert all(1.5 <= thinking_s(rng) < 20 for _ in range(10_000))


def test_spells_on_and_off_duty_keep_the_share_on_duty() -> None:
    rng = Random(5)
    resident = populate(1, seed=1, today=TODAY)[0]
    on = fmean(duty_spell_s(resident, rng, on_duty=True) for _ in range(20_000))
    off = fmean(duty_spell_s(resident, rng, on_duty=False) for _ in range(20_000))
    assert abs(on / (on + off) - resident.on_duty_share) < 0.02


def test_a_city_laid_elsewhere_keeps_its_shape() -> None:
    elsewhere = Place(59.91, 10.75)
    for quarter in QUARTERS:
        place = quarter.landmarks[0].place
        here, there = distance_m(CENTRE, place), distance_m(elsewhere, moved(place, elsewhere))
        # Flat maps of a city some 20 km across, at 30 and at 60 degrees north: within half a per cent.
        assert abs(here - there) < 0.005 * max(here, 1)
    assert moved(CENTRE, elsewhere) == elsewhere


def _nearest_quarter(place: Place) -> str:
    quarter = min(QUARTERS, key=lambda each: min(distance_m(place, landmark.place) for landmark in each.landmarks))
    return quarter.name
