"""SOS → alert with the responders on the caller's worker, and with all of them on another one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from geo.place import Place
from loadtests.alert_clock import Joined
from loadtests.big_crowd import CITY
from loadtests.crowd import CrowdMember, around
from loadtests.figures import figures
from loadtests.scale_steps import Scale
from loadtests.scale_workers import Workers
from loadtests.stampede import phones
from loadtests.tapping import Tapper, evenly
from simulator.movement import offset

# Callers stand in the middle of either half of the city; whom the plan asks is nearer than the border.
_HALF_M: Final = 3_000.0
_WITHIN_M: Final = 600.0
_PER_S: Final = 10.0
_IN_A_TURN: Final = 10
_ENDED_AFTER_S: Final = 0.7
_SETTLE_S: Final = 5.0


async def across_ratio(
    workers: Workers, members: Sequence[CrowdMember], operator_token: str, *, rounds: int, folder: Path
) -> dict[str, Any]:
    """Answer `same_ms` and `other_ms`, the medians of SOS → alert, and `ratio`, the second over the first.

    The city's western half is connected to the first worker and the eastern one to the second. Each worker is called
    from both halves in turn, a few SOS each time: whatever else the machine does falls on all alike.
    """
    halves = [int(member.place.longitude > CITY.longitude) for member in members]
    streams = [f"ws{workers.urls[half].removeprefix('http')}/v1/stream" for half in halves]
    centres = [offset(CITY, north_m=0.0, east_m=east_m) for east_m in (-_HALF_M, _HALF_M)]
    tappers = [Tapper([url], operator_token, ended_after_s=_ENDED_AFTER_S) for url in workers.urls[:2]]
    rng = Random("across")
    taken: dict[bool, list[float]] = {True: [], False: []}
    missing = 0
    try:
        async with phones(members, streams) as crowd:
            scale = Scale(workers, crowd, operator_token, folder)
            await asyncio.sleep(_SETTLE_S)
            # The first turns warm both up and do not count.
            for turn in range(-4, max(4, rounds // _IN_A_TURN)):
                half, worker = turn % 2, turn // 2 % 2
                joined = await _turn(scale, tappers[worker], centres[half], rng)
                if turn >= 0:
                    taken[half == worker] += [sample.from_scheduled_ms for sample in joined.samples]
                    missing += joined.missing
    finally:
        for tapper in tappers:
            tapper.close()
    same, other = figures(taken[True]), figures(taken[False])
    return {
        "ratio": round(other.p50 / same.p50, 3),
        "ratio_p99": round(other.p99 / same.p99, 3),
        "same_ms": round(same.p50, 3),
        "other_ms": round(other.p50, 3),
        "same": same.as_dict(),
        "other": other.as_dict(),
        "alerts": len(taken[True]) + len(taken[False]),
        "missing": missing,
    }


async def _turn(scale: Scale, tapper: Tapper, centre: Place, rng: Random) -> Joined:
    taps = await tapper.run(evenly(_IN_A_TURN, _IN_A_TURN / _PER_S), lambda: around(centre, _WITHIN_M, rng))
    return await scale.arrived(taps)
