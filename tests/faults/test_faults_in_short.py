"""A short slice of `make test-faults`: a smaller city, a few runs of each fault, the same audit.

In one file, and so one after the other: two storms at once on two cores would try the machine.

Not of `workers-database`: on a machine that is crowded, as under all tests, two workers may ask one person twice as
PostgreSQL comes back (decision 13 says so). `make test-faults ARGS="--scenario workers-database"` shows it.
"""

import os
from collections.abc import Sequence

import pytest

from tests.faults.link import why_not
from tests.faults.runs import Turn, run_in_turn
from tests.faults.storm import Shape

# FAULTS_SEED shows the runs of another day again.
_SEED = int(os.environ.get("FAULTS_SEED", "20261122"))
_SHAPE = Shape(responders=100, aeds=10, within_m=1500.0, sos_per_s=12.0)
_TURNS = (
    Turn("kill", 3, 0.7),
    Turn("sockets", 1, 1.5),
    Turn("slow", 1, 0.3),
    Turn("disorder", 1, 1.5),
    Turn("database", 1, 0.5),
    Turn("both", 1, 2.0),
)
_SHAPE_OF_TWO_WORKERS = Shape(responders=80, aeds=8, within_m=1500.0, sos_per_s=4.0)
_TURNS_OF_TWO_WORKERS = (
    Turn("workers-kill", 2, 0.5),
    Turn("workers-redis", 1, 0.5, away_s=2.0),
)
# Cut off from Redis; from PostgreSQL in `make test-faults`.
_APART = Turn("workers-link", 1, 0.5, away_s=4.0)


@pytest.mark.timeout(400)
async def test_whatever_dies_no_sos_is_lost() -> None:
    await _nothing_is_found(_TURNS, _SHAPE)


@pytest.mark.timeout(300)
async def test_with_two_workers_no_sos_is_lost_whatever_dies() -> None:
    reason = why_not()
    turns = _TURNS_OF_TWO_WORKERS if reason else (*_TURNS_OF_TWO_WORKERS, _APART)
    await _nothing_is_found(turns, _SHAPE_OF_TWO_WORKERS)
    if reason is not None:
        pytest.skip(f"all but a worker that is cut off, which is in order otherwise: {reason}")


async def _nothing_is_found(turns: Sequence[Turn], shape: Shape) -> None:
    print(f"faults in short: seed {_SEED}")
    outcomes = await run_in_turn(turns, seed=_SEED, shape=shape)
    # What the services complained of says why, where something was found.
    complaints = [f"{times} x {text}" for each in outcomes for text, times in each.complaints.items()]
    assert [text for each in outcomes for text in each.findings] == [], complaints
    assert [each.runs for each in outcomes] == [each.runs for each in turns]
    # A storm in which nobody was called would prove nothing.
    assert min(each.notes["sos"] for each in outcomes) >= 5
    assert min(each.notes["alerts"] for each in outcomes) >= 5
