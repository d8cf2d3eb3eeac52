"""The feed holds every committed event once, in its incident's order, however late it is committed, whoever dies."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy.exc
from sqlalchemy import text

from dispatch.centres import feed_rows, following
from dispatch.centres.feed_rows import AFTER_A_FAILOVER, Choice
from dispatch.centres.following import Followed, Follower
from dispatch.centres.vocabulary import FeedEvent, event_id_of
from dispatch.rescue.events import Closed, CprChanged, Happening, Opened, happening_to_json
from dispatch.rescue.vocabulary import IncidentKind
from dispatch.storage.database import Database
from tests.people import NOON, WULIN, MovableClock, until

OPENED = Opened(
    latitude=WULIN.latitude,
    longitude=WULIN.longitude,
    accuracy_m=None,
    incident_kind=IncidentKind.CARDIAC_ARREST,
    floor=None,
    note=None,
    phone=None,
    cpr_in_progress=False,
    drill=False,
)


def rows_of(incident_id: UUID, number: int, at: datetime, *happened: Happening) -> list[tuple[str, dict[str, Any]]]:
    """A decision as the engine writes it: its events, and the incident's newest number."""
    events = [{"kind": each.kind, "by": "caller", "data": happening_to_json(each)} for each in happened]
    decided = {"id": incident_id, "number": number, "at": at, "events": json.dumps(events, default=str)}
    version = {"id": incident_id, "version": number + len(happened) - 1, "request_id": uuid4(), "at": at}
    opens = (
        "insert into incidents (id, request_id, opened_at, location, drill, state, version, receipt) values"
        " (:id, :request_id, :at, st_point(120.1551, 30.2741, 4326)::geography, false, 'open', :version, '{}')"
    )
    goes_on = "update incidents set version = :version where id = :id"
    return [
        (opens if number == 1 else goes_on, version),
        ("insert into incident_events (incident_id, number, at, events) values (:id, :number, :at, :events)", decided),
    ]


async def decide(database: Database, incident_id: UUID, number: int, *happened: Happening, at: datetime = NOON) -> None:
    async with database.transaction() as connection:
        for statement, values in rows_of(incident_id, number, at, *happened):
            await connection.execute(text(statement), values)


async def lines(database: Database, after: int = 0) -> list[FeedEvent]:
    async with database.statement() as connection:
        found, _ = await feed_rows.read(connection, Choice(), after=after, most=500)
    return found


class Pokes:
    """Counts how often somebody was told that there is something new."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def follower(database: Database, clock: MovableClock) -> Follower:
    return Follower(database, clock, lambda _aed_id: None, Pokes())


async def test_what_commits_late_is_not_skipped(database: Database, follower: Follower) -> None:
    late, quick = uuid4(), uuid4()
    async with database.transaction() as connection:
        # It has written its rows first, and is not committed yet.
        for statement, values in rows_of(late, 1, NOON, OPENED):
            await connection.execute(text(statement), values)
        await decide(database, quick, 1, OPENED, at=NOON + timedelta(seconds=5))
        assert await follower.follow() is Followed.ALL
        assert [each.incident_id for each in await lines(database)] == [str(quick)]
    await follower.follow()
    told = await lines(database)
    assert [each.incident_id for each in told] == [str(quick), str(late)]
    assert [each.cursor for each in told] == [1, 2]


async def test_a_pile_is_added_in_parts_and_gives_way_in_between(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_ADDED_AT_ONCE", 2)
    monkeypatch.setattr(following, "_READ_AT_ONCE", 2)
    monkeypatch.setattr(following, "_BUSY_S", -1.0)
    incidents = [uuid4() for _ in range(5)]
    for place, each in enumerate(incidents):
        await decide(database, each, 1, OPENED, at=NOON + timedelta(seconds=place))
    gave_way = 0

    async def give_way() -> None:
        nonlocal gave_way
        gave_way += 1
        assert await lines(database) == [], "all of one look, or nothing"

    follower = Follower(database, clock, lambda _aed_id: None, Pokes(), give_way=give_way)
    assert await follower.follow() is Followed.ALL
    told = await lines(database)
    assert [(each.cursor, each.incident_id) for each in told] == [
        (cursor, str(each)) for cursor, each in enumerate(incidents, start=1)
    ]
    assert gave_way == len(incidents) + 6
    # Whose turn it has been for long gives way no more.
    monkeypatch.setattr(following, "_PATIENT_S", 0.0)
    await decide(database, uuid4(), 1, OPENED)
    await follower.follow()
    assert (len(await lines(database)), gave_way) == (6, len(incidents) + 6)


async def test_who_looks_hurries_as_soon_as_somebody_waits_to_read(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_READ_AT_ONCE", 1)
    for _ in range(5):
        await decide(database, uuid4(), 1, OPENED)
    gave_way = 0

    async def give_way() -> None:
        nonlocal gave_way
        gave_way += 1
        hurried.hurry()

    hurried = Follower(database, clock, lambda _aed_id: None, Pokes(), give_way=give_way)
    await hurried.follow()
    assert (len(await lines(database)), gave_way) == (5, 1)
    # Who waits gives way to nobody.
    await decide(database, uuid4(), 1, OPENED)
    another = Follower(database, clock, lambda _aed_id: None, Pokes(), give_way=give_way)
    await another.catch_up()
    assert (len(await lines(database)), gave_way) == (6, 1)


async def test_who_waits_to_read_waits_for_anothers_turn_but_not_for_long(
    database: Database, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_NOT_OUR_TURN_S", 0.01)
    await decide(database, uuid4(), 1, OPENED)
    async with await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", "")) as other:
        await other.execute("select pg_try_advisory_xact_lock(7120122)")
        async with asyncio.timeout(5):
            await follower.catch_up()
        assert await lines(database) == []
        monkeypatch.setattr(following, "_ANOTHERS_TURNS", 1_000)
        tried = 0
        take_turn = feed_rows.take_turn

        async def try_turn(connection: Any) -> Any:
            nonlocal tried
            tried += 1
            if tried == 3:
                await other.rollback()
            return await take_turn(connection)

        monkeypatch.setattr(feed_rows, "take_turn", try_turn)
        await follower.catch_up()
    assert (len(await lines(database)), tried) == (1, 3)


async def test_a_reader_never_finds_a_line_before_one_that_they_have_read(
    database: Database, follower: Follower, clock: MovableClock
) -> None:
    """Many decide at once and at their leisure, four follow at once, and one reads: what they read only grows."""
    followers = [follower, *(Follower(database, clock, lambda _aed_id: None, Pokes()) for _ in range(3))]
    incidents = [uuid4() for _ in range(12)]
    is_over = asyncio.Event()

    async def happen(incident_id: UUID, place: int) -> None:
        await decide(database, incident_id, 1, OPENED)
        for number in range(2, 8):
            async with database.transaction() as connection:
                for statement, values in rows_of(incident_id, number, NOON, CprChanged(in_progress=number % 2 == 0)):
                    await connection.execute(text(statement), values)
                await connection.execute(text("select pg_sleep(:s)"), {"s": 0.005 * (place % 4)})

    async def follow(each: Follower) -> None:
        while not is_over.is_set():
            if await each.follow() is Followed.ALL:
                await asyncio.sleep(0.002)

    async def read() -> list[FeedEvent]:
        had: list[FeedEvent] = []
        while len(had) < 7 * len(incidents):
            had += await lines(database, after=had[-1].cursor if had else 0)
            await asyncio.sleep(0.001)
        is_over.set()
        return had

    async with asyncio.timeout(30):
        had, *_ = await asyncio.gather(
            read(), *map(follow, followers), *(happen(each, place) for place, each in enumerate(incidents))
        )
    assert had == await lines(database)
    assert [each.cursor for each in had] == list(range(1, len(had) + 1))
    for incident_id in incidents:
        own = [each for each in had if each.incident_id == str(incident_id)]
        assert [each.event_id for each in own] == [
            str(event_id_of(each.incident_id, number, each.type, NOON)) for number, each in enumerate(own, start=1)
        ]
        assert [each.data["incident"]["cpr_in_progress"] for each in own] == [n % 2 == 0 for n in range(1, 8)]


async def test_a_follower_that_dies_in_the_middle_leaves_nothing_behind(
    database: Database, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident_id = uuid4()
    await decide(database, incident_id, 1, OPENED)

    async def die(*_args: object, **_more: object) -> None:
        raise psycopg.OperationalError("the line is cut")

    with monkeypatch.context() as patched:
        # The lines are there; that they are has not been noted.
        patched.setattr(feed_rows, "mark", die)
        with pytest.raises(psycopg.OperationalError):
            await follower.follow()
    (told,) = await lines(database)
    await follower.follow()
    assert await lines(database) == [told]
    add = feed_rows.add

    async def die_later(*said: Any) -> None:
        await add(*said)
        await die()

    await decide(database, uuid4(), 1, OPENED)
    with monkeypatch.context() as patched:
        # They are written, and not committed.
        patched.setattr(feed_rows, "add", die_later)
        with pytest.raises(psycopg.OperationalError):
            await follower.follow()
    assert await lines(database) == [told]
    await follower.follow()
    assert [each.cursor for each in await lines(database)] == [1, 2]


async def test_one_that_stands_still_in_the_middle_is_followed_on_by_others(
    database: Database, follower: Follower, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_rows, "STUCK_AFTER", "300ms")
    await decide(database, uuid4(), 1, OPENED)
    stands_still, goes_on = asyncio.Event(), asyncio.Event()

    async def stand_still(*_said: Any) -> None:
        stands_still.set()
        await goes_on.wait()

    other = Follower(database, clock, lambda _aed_id: None, Pokes())
    with monkeypatch.context() as patched:
        patched.setattr(feed_rows, "add", stand_still)
        stuck = asyncio.create_task(other.follow())
        await stands_still.wait()
    assert await follower.follow() is Followed.NOT_OUR_TURN

    async def is_followed() -> bool:
        return await follower.follow() is Followed.ALL

    await until(is_followed)
    assert len(await lines(database)) == 1
    goes_on.set()
    # The server has sent it away: it could not have written anything.
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        await stuck
    assert len(await lines(database)) == 1


async def test_whose_process_is_killed_keeps_nobody_from_following(database: Database, follower: Follower) -> None:
    await decide(database, uuid4(), 1, OPENED)
    other = await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", ""))
    await other.execute("select pg_try_advisory_xact_lock(7120122)")
    assert await follower.follow() is Followed.NOT_OUR_TURN
    # As the system does it for a process that is gone.
    other.pgconn.finish()

    async def is_followed() -> bool:
        return await follower.follow() is Followed.ALL

    await until(is_followed)
    assert len(await lines(database)) == 1


async def test_whoever_decides_meanwhile_is_not_waited_for_and_not_told_twice(
    database: Database, follower: Follower
) -> None:
    incident_id = uuid4()
    await decide(database, incident_id, 1, OPENED)
    async with database.transaction() as deciding:
        # A decision on the same incident that takes its time: the row is held.
        await deciding.execute(text("select from incidents where id = :id for update"), {"id": incident_id})
        async with asyncio.timeout(2):
            await follower.follow()
        assert len(await lines(database)) == 1
        async with asyncio.timeout(2):
            await follower.follow()
        for statement, values in rows_of(incident_id, 2, NOON, Closed(note=None)):
            await deciding.execute(text(statement), values)
    await follower.follow()
    assert [(each.cursor, each.type) for each in await lines(database)] == [
        (1, "incident.opened"),
        (2, "incident.closed"),
    ]


async def test_an_incident_that_cannot_be_read_keeps_no_other_waiting(database: Database, follower: Follower) -> None:
    spoilt, sound = uuid4(), uuid4()
    await decide(database, spoilt, 1, OPENED)
    async with database.statement() as connection:
        await connection.execute(
            text('update incident_events set events = \'[{"kind": "opened", "by": "x", "data": {}}]\'')
        )
    await decide(database, sound, 1, OPENED)
    await follower.follow()
    assert [each.incident_id for each in await lines(database)] == [str(sound)]


@pytest.mark.parametrize("added_at_once", [1, 25])
async def test_numbers_go_far_ahead_when_another_server_has_taken_over(
    database: Database, follower: Follower, monkeypatch: pytest.MonkeyPatch, added_at_once: int
) -> None:
    monkeypatch.setattr(following, "_ADDED_AT_ONCE", added_at_once)
    await decide(database, uuid4(), 1, OPENED)
    await follower.follow()
    async with database.statement() as connection:
        # As a standby finds it that takes over without the newest commits.
        await connection.execute(text("update centre_feed set timeline = '00000000'"))
    await decide(database, uuid4(), 1, OPENED)
    await decide(database, uuid4(), 1, OPENED)
    await follower.follow()
    assert [each.cursor for each in await lines(database)] == [1, AFTER_A_FAILOVER + 2, AFTER_A_FAILOVER + 3]


async def test_what_is_old_is_forgotten_and_numbers_go_on(
    database: Database, follower: Follower, clock: MovableClock
) -> None:
    await decide(database, uuid4(), 1, OPENED)
    await follower.follow()
    clock.move(days=31)
    async with database.statement() as connection:
        await feed_rows.forget_old(connection, clock.now() - timedelta(days=30))
    assert await lines(database) == []
    await decide(database, uuid4(), 1, OPENED)
    await follower.follow()
    assert [each.cursor for each in await lines(database)] == [2]


async def test_what_is_no_news_to_a_centre_moves_on_without_a_line(database: Database, follower: Follower) -> None:
    incident_id = uuid4()
    await decide(database, incident_id, 1, OPENED)
    await follower.follow()
    async with database.transaction() as connection:
        for statement, values in rows_of(incident_id, 2, NOON, CprChanged(in_progress=True)):
            await connection.execute(text(statement), {**values, **({"events": "[]"} if "events" in values else {})})
    await follower.follow()
    async with database.statement() as connection:
        found = await connection.execute(text("select count(*) from incidents where fed_version < version"))
        assert found.scalar_one() == 0
    assert len(await lines(database)) == 1
