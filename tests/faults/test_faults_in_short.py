"""A short slice of `make test-faults`: a smaller city, a few runs of each fault, the same audit."""

import os

import pytest

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
    Turn("both", 1, 1.0),
)


@pytest.mark.timeout(400)
async def test_whatever_dies_no_sos_is_lost() -> None:
    print(f"faults in short: seed {_SEED}")
    outcomes = await run_in_turn(_TURNS, seed=_SEED, shape=_SHAPE)
    # What the services complained of says why, where something was found.
    complaints = [f"{times} x {text}" for each in outcomes for text, times in each.complaints.items()]
    assert [text for each in outcomes for text in each.findings] == [], complaints
    assert [each.runs for each in outcomes] == [each.runs for each in _TURNS]
    # A storm in which nobody was called would prove nothing.
    assert min(each.notes["sos"] for each in outcomes) >= 5
    assert min(each.notes["alerts"] for each in outcomes) >= 5
