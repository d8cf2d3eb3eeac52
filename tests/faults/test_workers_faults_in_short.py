"""A short slice of `make test-faults` over two workers: one dies, or what they share does, or the way to it.

Not of `workers-database`: two workers without PostgreSQL may still tell a console more of an incident than is kept in
the end (decision 13 says so). `make test-faults ARGS="--scenario workers-database"` shows it.
"""

import os

import pytest

from tests.faults.link import why_not
from tests.faults.runs import Turn, run_in_turn
from tests.faults.storm import Shape

# FAULTS_SEED shows the runs of another day again.
_SEED = int(os.environ.get("FAULTS_SEED", "20261122"))
_SHAPE = Shape(responders=80, aeds=8, within_m=1500.0, sos_per_s=4.0)
_TURNS = (
    Turn("workers-kill", 2, 0.5),
    Turn("workers-redis", 1, 0.5, away_s=2.0),
)
# Cut off from Redis; from PostgreSQL in `make test-faults`.
_APART = Turn("workers-link", 1, 0.5, away_s=4.0)


@pytest.mark.timeout(300)
async def test_with_two_workers_no_sos_is_lost_whatever_dies() -> None:
    print(f"workers' faults in short: seed {_SEED}")
    reason = why_not()
    turns = _TURNS if reason else (*_TURNS, _APART)
    outcomes = await run_in_turn(turns, seed=_SEED, shape=_SHAPE)
    # What the services complained of says why, where something was found.
    complaints = [f"{times} x {text}" for each in outcomes for text, times in each.complaints.items()]
    assert [text for each in outcomes for text in each.findings] == [], complaints
    assert [each.runs for each in outcomes] == [each.runs for each in turns]
    # A storm in which nobody was called would prove nothing.
    assert min(each.notes["sos"] for each in outcomes) >= 5
    assert min(each.notes["alerts"] for each in outcomes) >= 5
    if reason is not None:
        pytest.skip(f"all but a worker that is cut off, which is in order otherwise: {reason}")
