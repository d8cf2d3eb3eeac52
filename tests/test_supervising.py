"""The first process ends its worker when it is told to end, whatever that does."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch import supervising
from dispatch.storage import cluster

# A worker that says when it works, and does not listen when it is told to end.
_DEAF = """
import signal, sys, time
from dispatch.supervising import supervise

def work():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("at work", flush=True)
    while True:
        time.sleep(60)

supervise(work, meanwhile=lambda: None, refusal=RuntimeError, end_within_s=0.3)
print("ended", flush=True)
"""

# The private database takes long to start again, after a crash say.
_STARTING = _DEAF.replace("meanwhile=lambda: None", "meanwhile=lambda: time.sleep(60)")

# What docs/operations.md promises, with a second for all else.
_STOPS_WITHIN_S = 30.0


@pytest.mark.parametrize("program", [_DEAF, _STARTING], ids=["at rest", "starting the database"])
def test_a_worker_that_does_not_end_is_killed(program: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        try:
            assert first.stdout.readline() == "at work\n"
            first.send_signal(signal.SIGTERM)
            said, _ = first.communicate(timeout=20)
        finally:
            first.kill()
    assert "it is killed" in said
    assert said.endswith("ended\n")
    assert first.returncode == 0


def test_the_longest_stop_is_as_short_as_promised() -> None:
    database_s = cluster._FAST_STOP_WITHIN_S + 2 * cluster._HARD_STOP_WITHIN_S
    assert supervising._END_WITHIN_S + database_s + 1 < _STOPS_WITHIN_S
