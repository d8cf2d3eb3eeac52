"""A slice of the long run (`make exactness`), and distances to the last bit."""

import random

from hypothesis import given
from hypothesis import strategies as st

from geo.distance import distance_m
from geo.nearest import MovingPoints
from geo.place import Place
from tests.geo.exactness import run

PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


def test_a_few_thousand_questions_of_every_kind_have_the_answers_of_a_full_comparison() -> None:
    seed = random.SystemRandom().randrange(10**9)
    asked, mismatches = run(10_000, seed, within_s=6.0)
    assert mismatches == [], f"seed {seed}"
    assert asked >= 1_000


@given(PLACES, st.lists(PLACES, min_size=1, max_size=10))
def test_compiled_and_interpreted_distances_agree_to_the_last_bit(place: Place, others: list[Place]) -> None:
    single: MovingPoints[int] = MovingPoints()
    batched: MovingPoints[int] = MovingPoints()
    for key, other in enumerate(others):
        single.put(key, other)
    batched.put_many(range(len(others)), [other.latitude for other in others], [other.longitude for other in others])
    expected = {key: distance_m(place, other) for key, other in enumerate(others)}
    for index in (single, batched):
        assert {found.key: found.distance_m for found in index.nearest(place, 10)} == expected
