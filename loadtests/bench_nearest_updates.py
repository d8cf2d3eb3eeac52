"""How fast points move while questions go on being answered."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.place import Place
from loadtests.bench_nearest_rivals import Ours
from loadtests.figures import percentile

# Somebody walking, between two fixes that a phone sends.
_STEP_M: Final = 20.0
_METRES_PER_DEGREE: Final = 111_195.0
_SINGLES_PER_QUESTION: Final = 100
_BATCH: Final = 1_000
_QUESTIONS_PER_BATCH: Final = 10


@dataclass(frozen=True, slots=True)
class Updates:
    """What came out: updates a second of all the time, that of the questions included, and the questions' median."""

    per_s: float
    question_us: float


def measure_updates(
    ours: Ours, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], *, moves: int, batched: bool
) -> Updates:
    """Let people walk, one update after the other or a thousand at once, and ask a question for every hundred.

    The coordinates are where the points are now; they are changed with them.
    """
    random = np.random.default_rng(5)
    walkers = random.integers(0, len(latitudes), moves)
    steps = random.normal(0.0, _STEP_M / _METRES_PER_DEGREE, (moves, 2))
    step = _BATCH if batched else _SINGLES_PER_QUESTION
    questions = _QUESTIONS_PER_BATCH if batched else 1
    took_us: list[float] = []
    passed = 0.0
    asked = 0
    for start in range(0, moves, step):
        who = walkers[start : start + step]
        latitudes[who] += steps[start : start + step, 0]
        longitudes[who] += steps[start : start + step, 1]
        keys = [ours.keys[number] for number in who.tolist()]
        places = [Place(*pair) for pair in zip(latitudes[who].tolist(), longitudes[who].tolist(), strict=True)]
        began = time.perf_counter()
        if batched:
            ours.points.put_many(keys, latitudes[who], longitudes[who])
        else:
            for key, place in zip(keys, places, strict=True):
                ours.points.put(key, place)
        for _ in range(questions):
            asks = time.perf_counter()
            ours.ask(asked % ours.question_count)
            took_us.append((time.perf_counter() - asks) * 1e6)
            asked += 1
        passed += time.perf_counter() - began
    return Updates(per_s=moves / passed, question_us=percentile(took_us, 0.5))
