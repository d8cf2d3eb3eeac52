"""What the disk takes by itself is told beside what is measured."""

import os
import time
from pathlib import Path

import pytest

from loadtests.disk_clock import Syncs, watched_disk

_MS = 1_000_000


def test_the_longest_and_the_middle_of_a_part_are_told() -> None:
    at_took_ms = ((0, 900), (10, 1), (20, 2), (30, 300), (40, 900))
    syncs = Syncs([(at_ms * _MS, took_ms * _MS) for at_ms, took_ms in at_took_ms])
    assert syncs.percentile_ms(0.5, from_ns=10 * _MS, until_ns=40 * _MS) == 2.0
    assert syncs.percentile_ms(1.0, from_ns=10 * _MS, until_ns=40 * _MS) == 300.0
    assert syncs.percentile_ms(1.0, from_ns=50 * _MS, until_ns=60 * _MS) is None


def test_a_disk_that_stands_still_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_durable = os.fdatasync

    def slowly(fd: int) -> None:
        made_durable(fd)
        time.sleep(0.2)

    monkeypatch.setattr(os, "fdatasync", slowly)
    began_ns = time.monotonic_ns()
    with watched_disk(tmp_path) as syncs:
        while not syncs.began_took_ns:
            time.sleep(0.01)
    longest_ms = syncs.percentile_ms(1.0, from_ns=began_ns, until_ns=time.monotonic_ns())
    assert longest_ms is not None
    assert longest_ms >= 200.0
    # Nothing is left there.
    assert list(tmp_path.iterdir()) == []
