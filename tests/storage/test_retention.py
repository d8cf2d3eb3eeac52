"""Parts of tables are made before they are needed and dropped when they are too old, beside a service at work."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from dispatch.clock import SystemClock
from dispatch.storage.partitions import AED_REPORTS, INCIDENT_EVENTS, POSITIONS, SPLITS, Split
from dispatch.storage.parts import make_part
from dispatch.storage.retention import PARTS_MISSING, Keeping, Retention, missing
from dispatch.storage.time_ordered import time_ordered_id
from tests.storage.fresh_databases import fresh_database

NOTHING = Keeping()
DAY = timedelta(days=1)
# Three o'clock in China, when single rows are looked through.
AT_NIGHT = time(19, tzinfo=UTC)


def at_night(day: datetime) -> datetime:
    return datetime.combine(day, AT_NIGHT)


class Tables:
    """A migrated database of a test's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now = datetime.now(UTC)

    def connected(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True, options="-c timezone=UTC")

    def sql(self, statement: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    async def session(self) -> "psycopg.AsyncConnection[Any]":
        plain = self.url.replace("+psycopg", "")
        return await psycopg.AsyncConnection.connect(plain, autocommit=True, options="-c timezone=UTC")

    def parts(self, table: str) -> set[str]:
        rows = self.sql(
            "select relname from pg_inherits join pg_class on oid = inhrelid where inhparent = %s::regclass", table
        )
        return {name for (name,) in rows}

    def part_rows(self, table: str, column: str) -> set[UUID]:
        return {each for (each,) in self.sql(f"select {column} from {table}")}  # noqa: S608 - ours

    def part_of(self, table: str, key: str, value: Any) -> str:
        ((name,),) = self.sql(f"select tableoid::regclass::text from {table} where {key} = %s", value)  # noqa: S608 - ours
        return str(name)

    def report(self, at: datetime) -> UUID:
        report_id = uuid4()
        self.sql("insert into aed_reports values (%s, %s, 'heartbeat', %s, now(), 'x', '{}')", report_id, uuid4(), at)
        return report_id

    def position(self, at: datetime) -> None:
        self.sql("insert into positions values ('r1', %s, %s, 30, 120, 5)", at, uuid4())

    def incident(self, opened_at: datetime, closed_at: datetime | None) -> UUID:
        incident_id = time_ordered_id(opened_at)
        self.sql(
            "insert into incidents (id, request_id, opened_at, location, drill, state, closed_at, version, receipt)"
            " values (%s, %s, %s, st_point(120, 30, 4326)::geography, false, 'closed', %s, 1, '{}')",
            incident_id,
            uuid4(),
            opened_at,
            closed_at,
        )
        self.sql("insert into incident_events values (%s, 1, %s, '[]')", incident_id, opened_at)
        self.sql(
            "insert into alerts values (%s, %s, 'r1', 'cpr', null, 'done', false, 1, 60, %s)",
            uuid4(),
            incident_id,
            opened_at,
        )
        return incident_id

    async def looked_after(self, now: datetime | None = None, keeping: Keeping = NOTHING) -> bool:
        return await Retention(self.url, SystemClock(), keeping).look_after(now or self.now)


@pytest.fixture
def tables(postgis_url: str) -> Iterator[Tables]:
    with fresh_database(postgis_url) as url:
        yield Tables(url)


async def test_parts_are_there_before_they_are_needed(tables: Tables) -> None:
    assert await tables.looked_after()
    for split in SPLITS:
        begin = split.width.beginning(tables.now + split.ahead)
        assert split.name(begin) in tables.parts(split.table)
    before = {split.table: tables.parts(split.table) for split in SPLITS}
    assert await tables.looked_after()
    assert {split.table: tables.parts(split.table) for split in SPLITS} == before


async def test_what_happens_goes_into_the_part_of_its_time(tables: Tables) -> None:
    await tables.looked_after()
    next_month = AED_REPORTS.width.next_after(tables.now) + DAY * 2
    assert tables.part_of("aed_reports", "id", tables.report(next_month)) == AED_REPORTS.name(
        AED_REPORTS.width.beginning(next_month)
    )
    next_quarter = INCIDENT_EVENTS.width.next_after(tables.now) + DAY * 2
    incident_id = tables.incident(next_quarter, None)
    assert tables.part_of("incident_events", "incident_id", incident_id) == INCIDENT_EVENTS.name(
        INCIDENT_EVENTS.width.beginning(next_quarter)
    )


WRITTEN: dict[str, LiteralString] = {
    "positions": "insert into positions values ('r1', %s, gen_random_uuid(), 30, 120, 5)",
    "aed_reports": "insert into aed_reports values (gen_random_uuid(), gen_random_uuid(), 'x', %s, now(), 'x', '{}')",
    "aed_events": "insert into aed_events (aed_id, at, recorded_at, kind, by, data)"
    " values (gen_random_uuid(), %s, now(), 'x', 'x', '{}')",
}


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.table)
@pytest.mark.parametrize("ahead", [False, True], ids=["late", "in time"])
async def test_a_part_that_was_missing_takes_what_was_taken_in_its_place(
    tables: Tables, split: Split, *, ahead: bool
) -> None:
    begin = split.width.next_after(tables.now + timedelta(days=800))
    end = split.width.next_after(begin)
    column = split.column
    keys: list[Any] = [begin, end - timedelta(milliseconds=1), end]
    if split is INCIDENT_EVENTS:
        keys = [tables.incident(each, None) for each in keys]
    else:
        for each in keys:
            tables.sql(WRITTEN[split.table], each)
    assert {tables.part_of(split.table, column, each) for each in keys} == {split.default}
    async with await tables.session() as connection:
        await make_part(connection, split, begin, end, ahead=ahead)
    name = split.name(begin)
    assert [tables.part_of(split.table, column, each) for each in keys] == [name, name, split.default]
    assert tables.sql("select conname from pg_constraint where conname ~ '_not_' and contype = 'c'") == []


async def test_whoever_watches_is_told_that_a_part_is_missing(tables: Tables) -> None:
    later = tables.now + timedelta(days=20)
    async with await tables.session() as connection:
        assert await missing(connection, tables.now) == 0
        assert await missing(connection, later) >= 1
    tables.position(later)
    await tables.looked_after(later)
    assert tables.part_of("positions", "at", later) == POSITIONS.name(POSITIONS.width.beginning(later))
    assert next(iter(PARTS_MISSING.collect())).samples[0].value == 0


async def test_old_parts_are_dropped_and_newer_ones_stay(tables: Tables) -> None:
    await tables.looked_after()
    later = at_night(tables.now + timedelta(days=40))
    await tables.looked_after(later)
    for age in (39, 35, 30, 29, 1):
        tables.position(later - age * DAY)
    await tables.looked_after(later, Keeping(positions=30 * DAY, reports=400 * DAY))
    ages = [(later - at) // DAY for (at,) in tables.sql("select at from positions order by at")]
    assert ages == [30, 29, 1]  # of the thirtieth day the part still holds what is younger
    assert POSITIONS.name(POSITIONS.width.beginning(later - 35 * DAY)) not in tables.parts("positions")
    assert "positions_default" in tables.parts("positions")


async def test_single_rows_that_are_too_old_go_at_night(tables: Tables) -> None:
    # Of the time before the tables were split, or of a device that comes back after years.
    old, young = tables.report(tables.now - 500 * DAY), tables.report(tables.now - 300 * DAY)
    keeping = Keeping(reports=400 * DAY, messages=30 * DAY, incidents=200 * DAY)
    for age in (201, 199):
        tables.sql("insert into centre_cases values ('hz', %s, %s, %s)", f"C{age}", uuid4(), tables.now - age * DAY)
    for seq, age in enumerate((31, 29), start=1):
        tables.sql(
            "insert into messages values ('responder:r1', %s, null, null, '{}', %s)", seq, tables.now - age * DAY
        )
    await tables.looked_after(at_night(tables.now) + timedelta(hours=8), keeping)
    assert {each for (each,) in tables.sql("select id from aed_reports")} == {old, young}
    await tables.looked_after(at_night(tables.now), keeping)
    assert tables.sql("select id from aed_reports") == [(young,)]
    assert tables.sql("select seq from messages") == [(2,)]
    assert tables.sql("select case_number from centre_cases") == [("C199",)]


async def test_incidents_stay_unless_somebody_says_for_how_long(tables: Tables) -> None:
    incident_id = tables.incident(tables.now - 4000 * DAY, tables.now - 4000 * DAY)
    await tables.looked_after(at_night(tables.now + timedelta(days=400)), NOTHING)
    assert tables.sql("select incident_id from incident_events") == [(incident_id,)]


async def test_incidents_that_are_archived_are_whole_and_in_tables_of_their_own(tables: Tables) -> None:
    await tables.looked_after()
    opened_at = INCIDENT_EVENTS.width.next_after(tables.now) + DAY
    suffix = INCIDENT_EVENTS.width.suffix(INCIDENT_EVENTS.width.beginning(opened_at))
    old, still_open = tables.incident(opened_at, opened_at), tables.incident(opened_at, None)
    new = tables.incident(opened_at + 200 * DAY, opened_at + 200 * DAY)
    later, keeping = opened_at + timedelta(days=300), Keeping(incidents=100 * DAY)
    await tables.looked_after(later, keeping)
    assert tables.sql("select count(*) from incident_events") == [(3,)], "one of that quarter is still open"
    tables.sql("update incidents set closed_at = opened_at where id = %s", still_open)
    await tables.looked_after(later, keeping)
    for table, column in (("incident_events", "incident_id"), ("incidents", "id"), ("alerts", "incident_id")):
        assert tables.part_rows(table, column) == {new}
        assert tables.part_rows(f"archived_{table}_{suffix}", column) == {old, still_open}


async def test_only_one_looks_after_the_parts(tables: Tables) -> None:
    with tables.connected() as other:
        other.execute("select pg_advisory_lock(7120123)")
        assert not await tables.looked_after()
        assert POSITIONS.name(POSITIONS.width.beginning(tables.now + DAY)) not in tables.parts("positions")
    async with asyncio.timeout(5):
        while not await tables.looked_after():
            pass


async def test_whoever_writes_is_not_kept_waiting_by_somebody_who_holds_a_table(tables: Tables) -> None:
    await tables.looked_after()
    later = tables.now + timedelta(days=40)
    await tables.looked_after(later)
    loop = asyncio.get_running_loop()
    with tables.connected() as reader:
        # A long question of the office: nothing can be detached meanwhile.
        reader.execute("begin")
        reader.execute("select count(*) from positions")
        dropping = asyncio.create_task(tables.looked_after(later, Keeping(positions=DAY)))
        longest_s = 0.0
        for number in range(40):
            begin = loop.time()
            await asyncio.to_thread(tables.position, later - timedelta(seconds=number))
            longest_s = max(longest_s, loop.time() - begin)
        assert not dropping.done()
        reader.execute("rollback")
    await dropping
    assert longest_s < 0.5
    assert POSITIONS.name(POSITIONS.width.beginning(later - 5 * DAY)) not in tables.parts("positions")
