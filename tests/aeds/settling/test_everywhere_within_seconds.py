"""What one service settles the others know: a fault keeps a device out of every plan within five seconds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import text

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import CHANNEL, StoredReport
from dispatch.aeds.service import AedService
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.following import Following
from dispatch.storage.database import Database
from tests.aeds.conftest import Registry
from tests.aeds.settling.test_settling import ADMIN, LAKE, hung, said
from tests.people import until


@contextlib.asynccontextmanager
async def another(registry: Registry) -> AsyncIterator[tuple[AedService, list[list[Aed]]]]:
    """A second service on the same database, with memory of its own that follows."""
    told: list[list[Aed]] = []
    database = Database(registry.database.url)
    service = AedService(database, AedDirectory(), registry.clock, told.append)
    following = Following(database.url, registry.clock, service.settling.writer, service.refresh, service.catch_up)
    works = [asyncio.create_task(each()) for each in (following.run, following.run_single, following.run_refreshing)]
    await service.directory.load(database)
    await until(lambda: _both_are_heard(database))
    try:
        yield service, told
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        await database.close()


async def _both_are_heard(database: Database) -> bool:
    """Whether the server knows of a listener on either channel: from then on nothing is missed."""
    question = (
        "select count(distinct query) from pg_stat_activity where datname = current_database() and query = any(:said)"
    )
    said = [f'listen "{channel}"' for channel in (CHANNEL, rows.HEALTH_CHANNEL)]
    async with database.statement() as connection:
        heard: int = (await connection.execute(text(question), {"said": said})).scalar_one()
    return heard == len(said)


async def soon(is_so: Callable[[], bool]) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.01)
    return loop.time() - began


async def test_a_fault_keeps_a_device_out_of_every_plan_within_seconds(registry: Registry) -> None:
    aed = await hung(registry)
    async with another(registry) as (other, told):
        assert [each.id for each, _ in other.nearest(LAKE, 5, registry.clock.now())] == [aed.id]
        await registry.service.report(aed.id, said("fault"), Identity(Role.DEVICE, str(aed.id)))
        assert await soon(lambda: not other.nearest(LAKE, 5, registry.clock.now())) < 5
        assert [[each.id for each in some] for some in told][-1] == [aed.id]


async def test_what_only_drifts_is_followed_and_told_to_nobody(registry: Registry) -> None:
    aeds = [await hung(registry) for _ in range(5)]
    device = [Identity(Role.DEVICE, str(each.id)) for each in aeds]
    for each, who in zip(aeds, device, strict=True):
        await registry.service.report(each.id, said("heartbeat"), who)
    async with another(registry) as (other, told):
        registry.clock.move(hours=1)
        changes = len(registry.changes)
        for each, who in zip(aeds, device, strict=True):
            await registry.service.report(each.id, said("heartbeat"), who)
        await soon(lambda: all(other.directory.get(each.id) == registry.directory.get(each.id) for each in aeds))
        assert told == []
        assert len(registry.changes) == changes


async def test_our_own_word_is_not_read_again(registry: Registry) -> None:
    aed = await hung(registry)
    read: list[object] = []

    async def note(ids: object) -> None:
        read.append(ids)

    async def note_absence(_since: datetime) -> None:
        read.append("absent")

    following = Following(registry.database.url, registry.clock, registry.service.settling.writer, note, note_absence)
    works = [asyncio.create_task(each()) for each in (following.run, following.run_refreshing)]
    await soon(lambda: read == ["absent"])
    await registry.service.report(aed.id, said("heartbeat"), ADMIN)
    async with registry.database.transaction() as connection:
        await rows.notify(connection, "somebody else", [aed.id], [])
    await soon(lambda: len(read) > 1)
    assert read[1:] == [{aed.id}]
    for work in works:
        work.cancel()


async def test_whoever_did_not_listen_catches_up_with_what_was_written(registry: Registry) -> None:
    old, changed, gone = [await hung(registry) for _ in range(3)]
    told: list[list[Aed]] = []
    other = AedService(registry.database, AedDirectory(), registry.clock, told.append)
    await other.catch_up(registry.clock.now())
    assert len(other.directory) == 3
    lost_at = registry.clock.now()
    registry.clock.move(hours=1)
    await registry.service.report(changed.id, said("fault"), ADMIN)
    await registry.service.remove(gone.id, ADMIN)
    new = await hung(registry)
    # What it writes itself is newer than what it has not heard of.
    registry.clock.move(hours=1)
    await other.report(old.id, said("heartbeat"), ADMIN)
    told.clear()
    await other.catch_up(lost_at)
    assert {aed.id for aed in other.directory} == {old.id, changed.id, new.id}
    assert {each.id for some in told for each in some} == {changed.id, gone.id, new.id}


async def test_what_we_committed_without_hearing_so_is_caught_up_with(registry: Registry) -> None:
    aed = await hung(registry)
    service = registry.service
    following = Following(
        registry.database.url, registry.clock, service.settling.writer, service.refresh, service.catch_up
    )
    work = asyncio.create_task(following.run_refreshing())
    # As when the connection breaks between the commit and its answer: on disk, and nobody is told.
    async with registry.database.transaction() as connection:
        now = registry.clock.now()
        why = Because.of(ADMIN, Occasion.REPORT)
        fault = StoredReport(uuid4(), aed.id, ReportKind.FAULT, now, now, "admin:tests", {})
        await service.settling.settle(connection, (), now=now, why=why, reports=[fault])
    assert registry.directory.is_usable(aed, now)
    following.note_absence()
    await soon(lambda: not service.nearest(LAKE, 5, registry.clock.now()))
    assert [each.id for each in registry.changes[-1]] == [aed.id]
    work.cancel()
