"""Redis under Sentinels: its master dies, and the workers hear each other through the one that follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests, until
from tests.redis_server import RedisServer, SentinelServer
from tests.sharing.conftest import Workers, sharing_of


class Watched:
    """A master with a replica, and three Sentinels."""

    def __init__(self, folder: Path) -> None:
        # A replica at once, not five seconds after the master has begun.
        self.master = RedisServer(folder, "--repl-diskless-sync-delay", "0")
        self.replica = RedisServer(folder, "--replicaof", "127.0.0.1", str(self.master.port))
        self.sentinels = [SentinelServer(folder / f"sentinel-{number}", self.master.port) for number in range(3)]

    @property
    def url(self) -> str:
        """As the settings have it."""
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels) + "/mymaster/0"

    def ends(self) -> None:
        """Stop all of them."""
        for each in (*self.sentinels, self.replica, self.master):
            each.stops()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Redis under Sentinels, running."""
    watched = Watched(tmp_path)
    yield watched
    watched.ends()


async def _ready(watched: Watched) -> bool:
    """Whether every Sentinel knows the replica and the other Sentinels."""
    for sentinel in watched.sentinels:
        with sentinel.client() as client:
            told = client.execute_command("SENTINEL", "MASTERS")[0]
        facts = told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))
        facts = {_text(name): _text(value) for name, value in facts.items()}
        if (facts["num-slaves"], facts["num-other-sentinels"]) != ("1", "2"):
            return False
    return True


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def test_workers_hear_each_other_again_after_the_master_has_died(
    watched: Watched, postgis_url: str, clock: MovableClock, tmp_path: Path
) -> None:
    empty_tables(postgis_url)
    await until(lambda: _ready(watched))
    settings = [settings_for_tests(tmp_path / name, redis_url=watched.url) for name in ("one", "other")]
    async with (
        run_in_process(settings[0], postgis_url, clock) as one,
        run_in_process(settings[1], postgis_url, clock) as other,
        other.on_duty("r1", beside(WULIN, north_m=100)) as phone,
    ):
        workers = Workers([one, other])
        await workers.know_each_other()

        async def is_known() -> bool:
            return one.service.roster.on_duty_count == 1

        await until(is_known)
        watched.master.stops()
        # Taken and told while there is none.
        opened = await one.sos()
        assert opened["alerted"] == 1
        alert = await phone.next("alert")

        async def hear_again() -> bool:
            return all(not sharing_of(each).is_away and len(sharing_of(each).colleagues) == 1 for each in workers.each)

        await until(hear_again, within_s=20)
        with watched.replica.client() as client:
            assert client.role()[0] == b"master"
        await phone.answer(alert, "accept")
        await phone.next("assignment")
        await one.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await phone.next("stand_down")
