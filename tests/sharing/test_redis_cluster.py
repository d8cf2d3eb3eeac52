"""A Redis Cluster of three shards: in normal use, with a shard that dies, and with slots that move."""

import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import h3
import pytest
from redis.crc import key_slot

from dispatch.access import limits, shared_counters
from dispatch.access.limits import RateLimit, UnawaitedLimit
from dispatch.access.shared_counters import SharedCounters
from dispatch.sharing.live_positions import RESOLUTION, key_of
from geo.place import Place
from tests.conftest import empty_tables
from tests.people import (
    WULIN,
    MovableClock,
    ServiceInProcess,
    SocketClient,
    beside,
    run_in_process,
    settings_for_tests,
    until,
)
from tests.redis_server import RedisServer, free_port
from tests.sharing.conftest import Workers, sharing_of

_SLOTS = 16_384


class Shards:
    """Three masters that share all slots among them."""

    def __init__(self, folder: Path) -> None:
        self.servers = []
        for number in range(3):
            place = folder / f"shard-{number}"
            place.mkdir()
            options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", str(free_port())]
            # Whatever one shard holds is of use though another is gone.
            options += ["--cluster-require-full-coverage", "no"]
            self.servers.append(RedisServer(place, *options))
        self._buses = [self._bus_of(each) for each in self.servers]
        step = -(-_SLOTS // 3)
        for number, each in enumerate(self.servers):
            with each.client() as client:
                first, last = number * step, min((number + 1) * step, _SLOTS) - 1
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
                for other, bus in zip(self.servers, self._buses, strict=True):
                    client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus)

    @staticmethod
    def _bus_of(server: RedisServer) -> int:
        with server.client() as client:
            return int(client.config_get("cluster-port")["cluster-port"])

    @property
    def url(self) -> str:
        """As the settings have it; of the nodes one is enough."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{each.port}" for each in self.servers)

    async def agree(self) -> bool:
        """Whether each knows that all slots are served."""
        told = []
        for each in self.servers:
            with each.client() as client:
                told.append(client.execute_command("CLUSTER", "INFO"))
        return all(_says_ok(each) for each in told)

    def shard_of(self, channel: str) -> RedisServer:
        """The server that holds a channel."""
        # Reckoned here: the server that one would ask may be the one that is gone.
        return self.servers[key_slot(channel.encode()) // -(-_SLOTS // 3)]

    def ends(self) -> None:
        """Stop all of them."""
        for each in self.servers:
            each.stops()


def _says_ok(info: object) -> bool:
    if isinstance(info, dict):
        return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", "3")
    text = info.decode() if isinstance(info, bytes) else str(info)
    return "cluster_state:ok" in text and "cluster_known_nodes:3" in text


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[Shards]:
    """A cluster, running."""
    shards = Shards(tmp_path)
    yield shards
    shards.ends()


@pytest.fixture
async def clustered(shards: Shards, postgis_url: str, clock: MovableClock, tmp_path: Path) -> AsyncIterator[Workers]:
    """Two workers over it."""
    empty_tables(postgis_url)
    await until(shards.agree, within_s=15)
    async with contextlib.AsyncExitStack() as stack:
        each = [
            await stack.enter_async_context(
                run_in_process(settings_for_tests(tmp_path / name, redis_url=shards.url), postgis_url, clock)
            )
            for name in ("one", "other")
        ]
        workers = Workers(each)
        await workers.know_each_other()
        yield workers


async def test_addresses_of_all_shards_are_counted_once_and_by_all(
    shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(shards.agree, within_s=15)
    # No minute ends in the middle of it.
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: 1_800_000_015.0))
    monkeypatch.setattr(shared_counters, "_WITHIN_S", 5.0)
    counters = SharedCounters(shards.url)
    await until(counters.answers)
    limit, other = UnawaitedLimit("sos", 3, counters.redis), RateLimit("sos", 3, counters.redis)
    addresses = [f"192.0.2.{number}" for number in range(30)]
    assert len({key_slot(each.encode()) * 3 // _SLOTS for each in addresses}) == 3, "on all shards"
    assert [limit.take(each) for each in addresses] == [0.0] * len(addresses)
    await limit.told()
    assert [await other.take(each) for each in addresses] == [0.0] * len(addresses)
    # One of them is gone: nobody is turned away, and what the others hold is not counted twice.
    shards.servers[0].stops()
    assert [limit.take(each) for each in addresses] == [0.0] * len(addresses)
    await limit.told()
    counts = []
    for server in shards.servers[1:]:
        with server.client() as client:
            counts += [int(client.get(key)) for key in client.scan_iter("dispatch:limit:sos:*")]
    assert len(counts) > 10
    assert set(counts) <= {2, 3}
    assert counts.count(3) > 5, "who is there goes on counting"
    await limit.close()
    await counters.close()


async def test_over_a_cluster_workers_share_everything_and_go_on_without_a_shard(
    clustered: Workers, shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.sharing.live_positions._SHARD_RESTS_S", 0.5)
    one, other = clustered.each
    async with contextlib.AsyncExitStack() as stack:
        people = [
            # Far apart: their cells are on different shards.
            await stack.enter_async_context(other.on_duty(f"r{number}", beside(WULIN, north_m=60_000 * number)))
            for number in range(6)
        ]
        await _all_known(clustered, 6)
        for number, phone in enumerate(people[:3]):
            opened = await one.sos(beside(WULIN, north_m=60_000 * number, east_m=50))
            assert opened["alerted"] == 1
            await phone.next("alert")
        assert await _positions_in(one) == {f"r{number}" for number in range(6)}

        # The shard on which the one worker speaks.
        link = sharing_of(one).link
        dead = shards.shard_of(link._channels[link._own])
        dead.stops()
        opened = await one.sos(beside(WULIN, north_m=60_000 * 3, east_m=50))
        assert opened["alerted"] == 1
        await people[3].next("alert")

        async def knows_it_is_apart() -> bool:
            return all(sharing_of(each).is_away for each in clustered.each)

        await until(knows_it_is_apart)
        # What is told now goes over another shard: workers still hear each other.
        for number in (4, 5):
            opened = await one.sos(beside(WULIN, north_m=60_000 * number, east_m=50))
            assert opened["alerted"] == 1
            await people[number].next("alert")
        assert shards.shard_of(link._channels[link._own]) is not dead
        # Where they go now, the dead shard holds the cell: others are told all the same.
        near = _place_on(shards, dead)
        # Later than what the database still says of them, which is followed too meanwhile.
        clustered.clock.move(seconds=1)
        await people[0].say(type="position", latitude=near.latitude, longitude=near.longitude, accuracy_m=10)

        async def moved_is_told() -> bool:
            known = {each.responder_id: each.fix for each in one.service.roster.on_duty()}
            fix = known["r0"]  # type: ignore[index]
            return fix is not None and fix.place == near

        await until(moved_is_told)
        assert all(len(sharing_of(each).colleagues) == 1 for each in clustered.each)

        dead.runs()
        await until(partial(_is_written, other, "r0", near, people[1]), within_s=20)


def _place_on(shards: Shards, shard: RedisServer) -> Place:
    """Somewhere in a cell that this shard holds."""
    places = (beside(WULIN, north_m=20_000 * number) for number in range(10, 100))
    cells = ((each, h3.latlng_to_cell(each.latitude, each.longitude, RESOLUTION)) for each in places)
    return next(place for place, cell in cells if shards.shard_of(key_of(cell)) is shard)


async def _is_written(worker: ServiceInProcess, responder_id: str, place: Place, walker: SocketClient) -> bool:
    """Whether Redis has them there; somebody else walks on, for what failed goes with the next that is written."""
    east = beside(WULIN, north_m=60_000, east_m=random.uniform(0, 50))
    await walker.say(type="position", latitude=east.latitude, longitude=east.longitude, accuracy_m=10)
    rows = [row async for rows in sharing_of(worker).positions.read_all() for row in rows]
    return any(row[:3] == (responder_id, place.latitude, place.longitude) for row in rows)


async def _all_known(workers: Workers, count: int) -> None:
    async def known() -> bool:
        return all(worker.service.roster.on_duty_count == count for worker in workers.each)

    await until(known)


async def _positions_in(worker: object) -> set[str]:
    found: set[str] = set()

    async def all_are_there() -> bool:
        async for rows in sharing_of(worker).positions.read_all():  # type: ignore[arg-type]
            found.update(row[0] for row in rows)
        return len(found) >= 6

    await until(all_are_there)
    return found


async def test_without_the_whole_cluster_each_worker_goes_on_with_those_it_holds(
    clustered: Workers, shards: Shards
) -> None:
    """The cluster's client says otherwise than a server's that nothing answers."""
    one, other = clustered.each
    async with one.on_duty("r1", WULIN) as phone, other.on_duty("r2", beside(WULIN, north_m=60_000)) as elsewhere:
        await _all_known(clustered, 2)
        for each in shards.servers:
            each.stops()
        for worker, place, told in ((one, WULIN, phone), (other, beside(WULIN, north_m=60_050), elsewhere)):
            for _ in range(2):
                opened = await worker.sos(place)
                await worker.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
            assert (await told.next("alert"))["role"] == "cpr"

        async def are_apart() -> bool:
            return all(sharing_of(each).is_away for each in clustered.each)

        await until(are_apart)
        for each in shards.servers:
            each.runs()

        async def hear_each_other() -> bool:
            return not any(sharing_of(each).is_away for each in clustered.each)

        await until(hear_each_other, within_s=30)
