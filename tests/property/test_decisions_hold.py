"""Whatever people do, in whatever order, every decision keeps its promises: a slice of the storm, the same every time.

The promises are named one by one in `tests.property.rescue_storm`, which runs for as long as one likes.
"""

from tests.property.rescue_storm import blow


def test_every_promise_holds_in_a_small_storm() -> None:
    tally = blow(steps=4_000, seed=20)
    assert tally["steps"] >= 4_000
    # A storm in which the rare things do not happen would prove little.
    assert {"accepted", "aed_lost", "merged", "joined", "urged"} <= tally.keys()


def test_a_storm_can_be_had_again_by_its_seed() -> None:
    assert blow(steps=200, seed=3) == blow(steps=200, seed=3)
