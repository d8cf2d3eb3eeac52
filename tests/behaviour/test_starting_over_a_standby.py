"""Amid a failover the address leads to a standby for a while: a service that starts then waits."""

import asyncio
from pathlib import Path

import pytest

from dispatch.policies import policy_of
from dispatch.service import Service
from dispatch.storage import cluster
from tests.people import MovableClock, settings_for_tests
from tests.stoppable_database import StoppableDatabase


async def test_a_start_over_a_standby_waits_until_it_may_write(
    stoppable: StoppableDatabase, tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = stoppable.folder / "postgres" / "standby.signal"
    await stoppable.stops()
    signal.touch()
    with monkeypatch.context() as patch:
        # A standby cannot be prepared.
        patch.setattr(cluster, "_prepare_database", lambda _found: None)
        await stoppable.comes_back()
    service = Service(settings_for_tests(tmp_path), stoppable.url, clock=clock, policy=policy_of(None))
    starting = asyncio.create_task(service.start())
    try:
        assert stoppable.sql("select pg_is_in_recovery()") == [(True,)]
        done, _ = await asyncio.wait({starting}, timeout=3)
        assert not done
        # The one that may be written to is there again.
        await stoppable.stops()
        signal.unlink()
        await stoppable.comes_back()
        async with asyncio.timeout(20):
            await starting
    finally:
        signal.unlink(missing_ok=True)
        await asyncio.wait({starting}, timeout=0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await service.stop()
