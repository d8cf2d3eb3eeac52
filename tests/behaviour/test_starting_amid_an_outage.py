"""The database goes for a moment while a start takes journals in: the start is tried again, and comes through."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dispatch.storage.database import Database
from dispatch.storage.direct import Row
from dispatch.storage.prepared import Prepared
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase, is_back

HERE = beside(WULIN, north_m=100)


async def test_a_start_that_lost_the_database_while_saying_again_comes_through(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for_tests(tmp_path)
    async with (
        run_in_process(settings, stoppable.url, clock) as service,
        service.on_duty("r1", HERE) as r1,
    ):
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.settled()
        await service.service.acknowledgements.flush()
        ((version,),) = stoppable.sql("select version from incidents")
        await stoppable.stops()
        clock.move(seconds=1)
        await r1.answer(alert, "accept")
        await r1.next("assignment")
    await stoppable.comes_back()
    decided = {"kind": "cpr_changed", "by": "operator:another", "data": {"in_progress": True}}
    stoppable.another_worker_writes(opened["incident_id"], version + 1, [decided])

    # The connection breaks as what was said is written again, and a moment later all is well.
    run = Database.run
    broken: list[bytes] = []

    async def breaks(self: Database, statement: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        if statement.name.decode() in {"continue", "send"} and len(broken) < 2:
            broken.append(statement.name)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return await run(self, statement, parameters)

    monkeypatch.setattr(Database, "run", breaks)
    async with asyncio.timeout(30):
        async with run_in_process(settings, stoppable.url, clock) as service:
            await is_back(service)
            assert (await service.incident(opened["incident_id"]))["state"] == "responding"
    assert broken
