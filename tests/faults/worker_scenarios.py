"""What befalls two workers of one service in one run: one of them, what they share, or the way to it."""

import asyncio
from typing import Final

from tests.faults.scene import ANSWERED_WITHIN_S, Scene

# The storm blows for this long at least: some SOS are answered, others on their way.
_UNDER_WAY_S: Final = 0.3
_KILLED_FOR_S: Final = (0.5, 1.5)
_TAPPED_WHILE_ONE_IS_DOWN_S: Final = 2.0
# When something goes away, or a worker, what was asked in that moment takes its time.
_NOTICED_WITHIN_S: Final = 1.0
_BACK_FOR_S: Final = 1.0
# A start takes most of one of two cores for some seconds.
_STARTED_WITHIN_S: Final = 10.0

_KILLED: Final = ("its worker", "all of it")
_REDIS_AWAY: Final = ("stopped", "frozen", "emptied")
_DATABASE_AWAY: Final = ("fast", "immediate", "frozen")
_CUT: Final = (("redis",), ("database",), ("redis", "database"))


async def workers_kill(scene: Scene) -> None:
    """SIGKILL for one of two at a random instant, now all of it, now only the process that serves; back in a second."""
    await asyncio.sleep(_UNDER_WAY_S + scene.rng.uniform(0.0, scene.run_s))
    loop = asyncio.get_running_loop()
    scene.storm.network.may_begin_degraded = True
    service = scene.services[scene.number % len(scene.services)]
    how = _KILLED[scene.number // len(scene.services) % len(_KILLED)]
    since = loop.time()
    if how == "its worker" and service.kill_worker():
        await asyncio.sleep(scene.rng.uniform(*_KILLED_FOR_S))
    else:
        service.kill()
        await asyncio.sleep(scene.rng.uniform(*_KILLED_FOR_S))
        service.start()
    await service.until_ready()
    scene.note("down_s", loop.time() - since)
    await asyncio.sleep(scene.rng.uniform(0.0, _TAPPED_WHILE_ONE_IS_DOWN_S))
    # The other one was there all the time. But who had connected to this one waits until it is lost, or starts.
    until = loop.time() - _STARTED_WITHIN_S
    scene.judge(since + _NOTICED_WITHIN_S, until, f"one of two was killed ({how})", within_s=_STARTED_WITHIN_S)


async def workers_redis(scene: Scene) -> None:
    """What the workers share goes away for ten seconds: stopped, or stopped where it stands; or it is emptied."""
    await asyncio.sleep(scene.rng.uniform(0.3, scene.run_s))
    loop = asyncio.get_running_loop()
    how = _REDIS_AWAY[scene.number % len(_REDIS_AWAY)]
    since, away_s = loop.time(), scene.away_s
    match how:
        case "stopped":
            await asyncio.to_thread(scene.redis.stops)
        case "frozen":
            scene.redis.freeze()
        case _:
            # Again and again: whatever they keep there is not to be counted on.
            while loop.time() - since < away_s:
                await asyncio.to_thread(scene.redis.forgets)
                await asyncio.sleep(scene.rng.uniform(0.0, 1.0))
    await asyncio.sleep(max(0.0, away_s - (loop.time() - since)))
    scene.note(how)
    scene.judge(since, loop.time() - ANSWERED_WITHIN_S, f"Redis was {how}")
    if how == "stopped":
        await asyncio.to_thread(scene.redis.runs)
    scene.redis.thaw()
    await asyncio.sleep(_BACK_FOR_S)


async def workers_database(scene: Scene) -> None:
    """PostgreSQL is away for ten seconds; both go on, each with its own journal, and both write it down afterwards."""
    await asyncio.sleep(scene.rng.uniform(0.3, scene.run_s))
    loop = asyncio.get_running_loop()
    how = _DATABASE_AWAY[scene.number % len(_DATABASE_AWAY)]
    _are_apart(scene)
    since = loop.time()
    if how == "frozen":
        await asyncio.to_thread(scene.database.freeze)
    else:
        await scene.database.stop(at_once=how == "immediate")
    await asyncio.sleep(max(0.0, scene.away_s - (loop.time() - since)))
    scene.note(how)
    until = loop.time() - ANSWERED_WITHIN_S - 0.5
    scene.judge(since + _NOTICED_WITHIN_S, until, f"the database was away ({how})")
    if how == "frozen":
        scene.database.thaw()
    else:
        await scene.database.start_again()
    await asyncio.sleep(_BACK_FOR_S)


async def workers_link(scene: Scene) -> None:
    """The second worker is cut off from Redis, from PostgreSQL, or from both; its clients reach it all the time."""
    await asyncio.sleep(scene.rng.uniform(0.3, scene.run_s))
    loop = asyncio.get_running_loop()
    cables = _CUT[scene.number % len(_CUT)]
    how = " and ".join(cables)
    if "database" in cables:
        _are_apart(scene)
    since = loop.time()
    await asyncio.to_thread(scene.link.cut, *cables)
    try:
        await asyncio.sleep(scene.away_s)
    finally:
        await asyncio.to_thread(scene.link.mend, *cables)
    scene.note(f"cut from {how}")
    # Nobody tells it so: what has been asked is waited for.
    until = loop.time() - ANSWERED_WITHIN_S - 0.5
    scene.judge(since + _NOTICED_WITHIN_S, until, f"one of two was cut off from {how}")
    await asyncio.sleep(_BACK_FOR_S)


def _are_apart(scene: Scene) -> None:
    """Until the run is over: messages may come without numbers, and one worker not know what another has decided."""
    network = scene.storm.network
    network.may_reload = network.is_apart = network.was_apart = True
