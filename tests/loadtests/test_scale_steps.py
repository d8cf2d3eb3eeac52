"""How the rate is found that a set of workers sustains: step by step, with a disk that stands still now and then."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from loadtests.bench_storm import Step
from loadtests.scale_steps import Rate, Scale

_QUIET = Step(asked_per_s=10, per_s=10, p50_ms=10, p99_ms=40, alerts=20, missing=0)


class Told(Scale):
    """Workers whose p99 is told, try by try, with what the disk took by itself (ms)."""

    def __init__(self, tries: Mapping[float, Sequence[tuple[float, float]]]) -> None:
        super().__init__(cast("Any", None), cast("Any", None), "token", Path())
        self._tries = {per_s: list(some) for per_s, some in tries.items()}
        self.lasted_s: list[float] = []

    async def rate(self, per_s: float, lasts_s: float) -> Rate:
        """The next try of that rate."""
        self.lasted_s.append(lasts_s)
        p99_ms, disk_ms = self._tries[per_s].pop(0)
        step = Step(asked_per_s=per_s, per_s=per_s, p50_ms=10, p99_ms=p99_ms, alerts=20, missing=0)
        return Rate(step, 5.0, {}, 20.0, disk_ms)


async def _tried(tries: Mapping[float, Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    rates = await Told(tries).sustained(list(tries), _QUIET, 4.0)
    return [(each.step.asked_per_s, each.step.p99_ms) for each in rates]


async def test_the_rate_is_raised_until_it_does_not_hold_twice() -> None:
    tries: dict[float, list[tuple[float, float]]] = {
        20: [(50.0, 5.0)],
        30: [(90.0, 5.0), (70.0, 5.0)],
        40: [(90.0, 5.0), (81.0, 5.0)],
        50: [(1.0, 1.0)],
    }
    assert await _tried(tries) == [(20, 50.0), (30, 90.0), (30, 70.0), (40, 90.0), (40, 81.0)]


async def test_what_a_disk_that_stood_still_has_spoilt_is_tried_again_but_not_for_ever() -> None:
    spoilt = (500.0, 400.0)
    assert await _tried({20: [spoilt, spoilt, (60.0, 400.0)], 30: [spoilt] * 4, 40: [(1.0, 1.0)]}) == [
        (20, 500.0), (20, 500.0), (20, 60.0), *[(30, 500.0)] * 4,
    ]  # fmt: skip


async def test_a_step_is_as_long_as_a_percentile_needs() -> None:
    told = Told({20: [(1.0, 1.0)], 100: [(1.0, 1.0)]})
    await told.sustained([20, 100], _QUIET, 4.0)
    assert told.lasted_s == pytest.approx([10.0, 4.0])


@pytest.mark.parametrize(
    ("told", "tries", "chosen"),
    [
        ([(40.0, 15.0)], 1, 0),
        ([(400.0, 300.0), (40.0, 15.0)], 2, 1),
        ([(400.0, 300.0), (390.0, 300.0), (80.0, 70.0), *[(400.0, 300.0)] * 3], 6, 2),
    ],
    ids=("calm", "spoilt once", "spoilt for good: the calmest"),
)
async def test_what_is_quiet_is_tried_again_while_the_disk_stands_still(
    told: list[tuple[float, float]], tries: int, chosen: int
) -> None:
    scale = Told({10: list(told)})
    rate = await scale.quiet()
    assert (rate.step.p99_ms, len(scale.lasted_s)) == (told[chosen][0], tries)
    assert scale.lasted_s[0] == pytest.approx(20.0)
