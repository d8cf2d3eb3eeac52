"""What befalls the service in one run, each scenario one way; the storm blows meanwhile."""

import asyncio
from collections.abc import Mapping
from typing import Final

from tests.faults.audit import Finding, Measure
from tests.faults.correspondent import Correspondent
from tests.faults.scene import ANSWERED_WITHIN_S, Cast, Scenario, Scene
from tests.faults.worker_scenarios import workers_database, workers_kill, workers_link, workers_redis

# The storm blows for this long at least: some SOS are answered, others on their way.
_UNDER_WAY_S: Final = 0.3
# A killed service is sometimes killed again while it starts.
_KILLED_AGAIN: Final = 0.1
_START_TAKES_S: Final = 2.5
_TAPPED_WHILE_DOWN_S: Final = 1.0

_CUT_EVERY_S: Final = 0.05

_SLOW_READERS: Final = 6
_SMALL_BUFFER_BYTES: Final = 2048
# What a slow phone has the service answer with as much again: the system's own buffers, some megabytes, must fill up
# before the service can notice anything. As many good words between: whoever only makes mistakes is closed for that.
_NONSENSE: Final = {"type": "x" * 50_000}
_NONSENSE_TIMES: Final = 112
_AT_ONCE: Final = 4
_SLOW_EVERY_S: Final = 0.05
# The service gives a slow reader five seconds to take the close frame.
_SENT_OFF_WITHIN_S: Final = 8.0
_EVERYWHERE: Final = {"type": "watch", "bbox": [-180.0, -90.0, 180.0, 90.0], "zoom": 3.0}

_AWAY_S: Final = 10.0


async def kill(scene: Scene) -> None:
    """SIGKILL at a random instant, and a new start at once; now and then another SIGKILL amid that start."""
    await asyncio.sleep(_UNDER_WAY_S + scene.rng.uniform(0.0, scene.run_s))
    loop = asyncio.get_running_loop()
    down_at = loop.time()
    scene.service.kill()
    scene.service.start()
    # Some tap while nobody is there. Not all the time: the machine has to catch up with it in every run.
    loop.call_later(scene.rng.uniform(0.0, _TAPPED_WHILE_DOWN_S), scene.storm.blowing.clear)
    if scene.rng.random() < _KILLED_AGAIN:
        await asyncio.sleep(scene.rng.uniform(0.0, _START_TAKES_S))
        scene.service.kill()
        scene.service.start()
        scene.note("killed_again")
    await scene.service.until_ready()
    scene.note("down_s", loop.time() - down_at)


async def sockets(scene: Scene) -> None:
    """Connections are torn at random, those that have just been made among them."""
    loop = asyncio.get_running_loop()
    until = loop.time() + scene.run_s
    while loop.time() < until:
        everybody = [each for each in scene.storm.correspondents() if each.line is not None]
        for each in scene.rng.sample(everybody, scene.rng.randrange(1 + len(everybody) // 20)):
            each.cut()
            scene.note("cut")
        await asyncio.sleep(_CUT_EVERY_S)


async def slow(scene: Scene) -> None:
    """Some read nothing for a while, though much is said to them; the service must send them off, to come back."""
    people = list(scene.storm.first_aiders.values())
    readers = [each.socket for each in scene.rng.sample(people, min(_SLOW_READERS, len(people)))]
    readers.append(scene.storm.desk.consoles[0].socket)
    before = {each.name: each.closes.total() + 1 for each in readers}
    for each in readers:
        # A new connection, with little room in it.
        each.receive_buffer_bytes = _SMALL_BUFFER_BYTES
        each.cut()
    await scene.storm.everybody_connected()
    lines = {each.name: each.line for each in readers if each.line is not None}
    for line in lines.values():
        line.stop_reading()
    for _ in range(_NONSENSE_TIMES // _AT_ONCE):
        for name, line in lines.items():
            for _ in range(_AT_ONCE):
                line.send(_EVERYWHERE if name == "operators" else _NONSENSE)
                line.send({"type": "ping"})
        await asyncio.sleep(_SLOW_EVERY_S)
    await asyncio.sleep(scene.run_s)
    for line in lines.values():
        line.read_on()
    for each in readers:
        each.receive_buffer_bytes = None
    loop = asyncio.get_running_loop()
    until = loop.time() + _SENT_OFF_WITHIN_S
    sent_off: list[Correspondent] = []
    while len(sent_off) < len(readers) and loop.time() < until:
        await asyncio.sleep(0.1)
        sent_off = [each for each in readers if each.closes.total() > before[each.name]]
    scene.note("slow_readers", len(readers))
    scene.note("sent_off", len(sent_off))
    if not sent_off:
        text = f"none of {len(readers)} who read nothing was sent off"
        scene.findings.append(Finding(Measure.OTHER, f"sent off {scene.number}", text))


async def disorder(scene: Scene) -> None:
    """What people say comes twice, late and in another order; some answer alerts that are old, or not theirs."""
    network = scene.storm.network
    network.repeat, network.longest_delay_s = 0.3, 0.4
    loop = asyncio.get_running_loop()
    until = loop.time() + scene.run_s
    people = list(scene.storm.first_aiders.values())
    try:
        while loop.time() < until:
            alert_ids = [alert_id for each in scene.rng.sample(people, 10) for alert_id in each.phone.alerts]
            for each in scene.rng.sample(people, 10):
                if alert_ids:
                    each.talk_nonsense(alert_ids)
                    scene.note("nonsense")
            await asyncio.sleep(0.1)
    finally:
        network.repeat = network.longest_delay_s = 0.0
    await asyncio.sleep(0.5)


async def database(scene: Scene) -> None:
    """PostgreSQL is away for ten seconds: ended at once, ended politely, or stopped where it stands."""
    await asyncio.sleep(scene.rng.uniform(0.3, scene.run_s))
    loop = asyncio.get_running_loop()
    how = ("fast", "immediate", "frozen")[scene.number % 3]
    scene.storm.network.may_reload = True
    since = loop.time()
    if how == "frozen":
        await asyncio.to_thread(scene.database.freeze)
    else:
        await scene.database.stop(at_once=how == "immediate")
    await asyncio.sleep(max(0.0, _AWAY_S - (loop.time() - since)))
    scene.note(how)
    scene.judge(since + 1.0, loop.time() - ANSWERED_WITHIN_S - 0.5, f"the database was away ({how})")
    if how == "frozen":
        scene.database.thaw()
    else:
        await scene.database.start_again()
    await asyncio.sleep(1.0)


async def both(scene: Scene) -> None:
    """PostgreSQL goes away, and then the service is killed too: what it had answered is in its journal on the disk."""
    await asyncio.sleep(_UNDER_WAY_S)
    scene.storm.network.may_reload = True
    await scene.database.stop(at_once=scene.rng.random() < 0.5)
    await asyncio.sleep(scene.rng.uniform(0.0, scene.run_s))
    scene.service.kill()
    scene.storm.blowing.clear()
    await scene.database.start_again()
    scene.service.start()
    await scene.service.until_ready()


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "kill": Scenario(kill, 200, 1.0),
    "sockets": Scenario(sockets, 30, 2.0),
    "slow": Scenario(slow, 15, 1.0, {"DISPATCH_SESSION_QUEUE": "32"}),
    "disorder": Scenario(disorder, 30, 2.0),
    "database": Scenario(database, 9, 1.0),
    "both": Scenario(both, 9, 4.0),
    "workers-kill": Scenario(workers_kill, 60, 1.0, cast=Cast.TWO),
    "workers-redis": Scenario(workers_redis, 9, 1.0, cast=Cast.TWO),
    "workers-database": Scenario(workers_database, 9, 1.0, cast=Cast.TWO),
    "workers-link": Scenario(workers_link, 9, 1.0, cast=Cast.TWO_APART),
}
