"""Keeps, for all opening hours in use, whether a place that has them is open now, and until when that holds.

Many devices share few hours: a row for each expression and area lets one join tell it of 100,000 devices. A row is
looked at again when its time is over, and nothing else is ever looked through.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.hours import state_at
from dispatch.aeds.hours_area import area_of
from dispatch.aeds.record import Aed
from dispatch.clock import Clock
from dispatch.storage.database import Database
from geo.place import Place

_AT_ONCE = 500
"""Rows in one transaction."""

_WITHOUT_PAUSE = 16
"""Hours evaluated before others have their turn: some three milliseconds."""

_LONGEST_SLEEP_S = 30.0
_WHAT_NEVER_CHANGES_EVERY = timedelta(days=1)
_LOOKED_FOR_AGAIN_AFTER = timedelta(minutes=10)

# Rows from before areas were kept.
_WITHOUT_AREA = text(
    "select id, ST_Y(location::geometry) as latitude, ST_X(location::geometry) as longitude from aeds"
    " where area is null and readiness <> 'removed' limit :most for update skip locked"
)
_SET_AREA = text(
    "update aeds set area = given.area from unnest(cast(:ids as uuid[]), cast(:areas as text[])) as given(id, area)"
    " where aeds.id = given.id"
)

_ONE_PLACE_EACH = """
    select distinct on (aeds.opening_hours, aeds.area) aeds.opening_hours as expression, aeds.area,
        ST_Y(aeds.location::geometry) as latitude, ST_X(aeds.location::geometry) as longitude
    from aeds left join aed_hours as hours on hours.expression = aeds.opening_hours and hours.area = aeds.area
    where aeds.opening_hours is not null and aeds.area is not null and aeds.readiness <> 'removed'
        and hours.expression is null {those}
    order by aeds.opening_hours, aeds.area, aeds.id
"""
_MISSING = text(_ONE_PLACE_EACH.format(those=""))
_MISSING_OF = text(_ONE_PLACE_EACH.format(those="and aeds.id = any(cast(:ids as uuid[]))"))

# A place that is really there: the middle of an area may lie at sea, in no country and no time zone.
_WITH_A_PLACE = """
    with due as ({due})
    select due.expression, due.area,
        ST_Y(there.location::geometry) as latitude, ST_X(there.location::geometry) as longitude
    from due left join lateral (
        select location from aeds
        where aeds.opening_hours = due.expression and aeds.area = due.area and aeds.readiness <> 'removed'
        order by id limit 1
    ) as there on true
"""
_DUE = text(
    _WITH_A_PLACE.format(
        due="select expression, area from aed_hours where until <= :now"
        " order by until limit :most for update skip locked"
    )
)
_WITHOUT_CHANGE = text(_WITH_A_PLACE.format(due="select expression, area from aed_hours where until is null"))
_NEXT = text("select min(until) from aed_hours")

_PUT = text(
    "insert into aed_hours (expression, area, is_open, until) select * from unnest(cast(:expressions as text[]),"
    " cast(:areas as text[]), cast(:open as boolean[]), cast(:until as timestamptz[]))"
    " on conflict (expression, area) do update set is_open = excluded.is_open, until = excluded.until"
    " where (aed_hours.is_open, aed_hours.until) is distinct from (excluded.is_open, excluded.until)"
)
_DROP = text(
    "delete from aed_hours using unnest(cast(:expressions as text[]), cast(:areas as text[])) as gone(expression, area)"
    " where aed_hours.expression = gone.expression and aed_hours.area = gone.area"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours somewhere. Without a place: nobody has them any more."""

    expression: str
    area: str
    place: Place | None


class HoursKeeper:
    """Fills `aed_hours`. `on_read` is told the devices whose hours have been read for the first time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        default_zone: str,
        on_read: Callable[[Collection[UUID]], object] = lambda _ids: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._default_zone = default_zone
        self._on_read = on_read
        # Devices whose hours may never have been read; and hours that were there when somebody last looked.
        self._news: dict[UUID, tuple[str, str]] = {}
        self._there: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()
        self._there_since: datetime | None = None
        self._news_came = asyncio.Event()
        self._looked_through_at: datetime | None = None

    def changed(self, aeds: Iterable[Aed]) -> None:
        """These devices are new or have changed: their hours may be others."""
        for aed in aeds:
            if aed.opening_hours is None or aed.removed:
                continue
            hours = (aed.opening_hours, area_of(aed.place))
            if hours not in self._there:
                self._news[aed.id] = hours
        if self._news:
            self._news_came.set()

    async def run(self) -> None:
        """Do so for ever."""
        while True:
            await self.act()
            await self._sleep()

    async def act(self) -> None:
        """Bring everything up to now: new hours, those whose time is over, and once a day those that never change."""
        now = self._clock.now()
        last = self._looked_through_at
        if last is None or not timedelta(0) <= now - last < _WHAT_NEVER_CHANGES_EVERY:
            await self._give_areas()
            await self._read_anew(_WITHOUT_CHANGE, {})
            await self._read(_MISSING, {})
            self._looked_through_at = now
        self._forget_what_was_there(now)
        if self._news:
            await self._read_news()
        found = _AT_ONCE
        while found == _AT_ONCE:
            found = await self._read_anew(_DUE, {"now": now, "most": _AT_ONCE})

    async def _sleep(self) -> None:
        async with self._database.statement() as connection:
            soonest: datetime | None = (await connection.execute(_NEXT)).scalar_one()
        left_s = _LONGEST_SLEEP_S
        if soonest is not None:
            left_s = min(left_s, max(0.0, (soonest - self._clock.now()).total_seconds()))
        try:
            async with asyncio.timeout(left_s):
                await self._news_came.wait()
        except TimeoutError:
            pass

    async def _give_areas(self) -> None:
        """Devices that were written before there were areas get theirs."""
        while True:
            async with self._database.transaction() as connection:
                rows = (await connection.execute(_WITHOUT_AREA, {"most": _AT_ONCE})).all()
                if not rows:
                    return
                areas = [area_of(Place(row.latitude, row.longitude)) for row in rows]
                await connection.execute(_SET_AREA, {"ids": [row.id for row in rows], "areas": areas})

    def _forget_what_was_there(self, now: datetime) -> None:
        """Another process may have dropped hours that nobody had any more."""
        if self._there_since is None or not timedelta(0) <= now - self._there_since < _LOOKED_FOR_AGAIN_AFTER:
            self._there.clear()
            self._there_since = now

    async def _read_news(self) -> None:
        news, self._news = self._news, {}
        self._news_came.clear()
        try:
            found = await self._read(_MISSING_OF, {"ids": list(news)})
        except BaseException:
            self._news = news | self._news
            raise
        read = {(each.expression, each.area) for each in found}
        # They may have been put down by whoever looked through everything, after a tile was drawn without them.
        told = [aed_id for aed_id, hours in news.items() if hours in read or hours not in self._told]
        self._there.update(news.values())
        self._told.update(news.values())
        if told:
            self._on_read(told)

    async def _read(self, question: Any, parameters: dict[str, Any]) -> list[Hours]:
        """Put down what `question` finds missing, and answer it."""
        async with self._database.statement() as connection:
            found = [_hours_of(row) for row in await connection.execute(question, parameters)]
        for begin in range(0, len(found), _AT_ONCE):
            some = found[begin : begin + _AT_ONCE]
            async with self._database.transaction() as connection:
                await self._write(connection, some)
        return found

    async def _read_anew(self, question: Any, parameters: dict[str, Any]) -> int:
        """Put down how those that `question` finds are now; the number found."""
        async with self._database.transaction() as connection:
            found = [_hours_of(row) for row in await connection.execute(question, parameters)]
            await self._write(connection, found)
            gone = [each for each in found if each.place is None]
            if gone:
                await connection.execute(_DROP, _keys(gone))
                for hours in (self._there, self._told):
                    hours.difference_update((each.expression, each.area) for each in gone)
        return len(found)

    async def _write(self, connection: AsyncConnection, hours: Sequence[Hours]) -> None:
        now = self._clock.now()
        known: list[tuple[Hours, bool, datetime | None]] = []
        for number, each in enumerate(hours, 1):
            if each.place is not None:
                known.append((each, *state_at(each.expression, each.place, now, self._default_zone)))
            if number % _WITHOUT_PAUSE == 0:
                await asyncio.sleep(0)
        if known:
            # In the order of the key: two workers then wait for each other instead of blocking each other.
            known.sort(key=lambda row: (row[0].expression, row[0].area))
            await connection.execute(
                _PUT,
                _keys([each for each, _, _ in known])
                | {"open": [is_open for _, is_open, _ in known], "until": [until for _, _, until in known]},
            )


def _hours_of(row: Any) -> Hours:
    place = None if row.latitude is None else Place(row.latitude, row.longitude)
    return Hours(row.expression, row.area, place)


def _keys(hours: Sequence[Hours]) -> dict[str, list[str]]:
    return {"expressions": [each.expression for each in hours], "areas": [each.area for each in hours]}
