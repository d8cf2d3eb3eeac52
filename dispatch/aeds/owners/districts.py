"""In which district each AED hangs: outlines in PostGIS, by GB/T 2260 codes."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.repository import EVERYTHING, AedRepository
from dispatch.by_itself import killed
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

_FILLING = "dispatch.aeds.owners.filling"
# Right after a start everybody comes back at once.
_AFTER_START_S = 20.0
_LOOK_FOR_QUIET_EVERY_S = 5.0
_LOOKS_FOR_QUIET = 360
_AGAIN_AFTER_S = 60.0

# Few at a time, in transactions of their own, with room for others in between.
_PLACED_AT_ONCE = 200
_PAUSE_S = 0.05

# Of two outlines that both cover a point on their common boundary, the one with the smaller code.
_PLACE = text("""
update aeds set district_code = covering.code
from (
    select here.id, min(districts.code) as code
    from aeds as here
        left join districts on districts.level = 'district' and ST_Covers(districts.outline, here.location::geometry)
    where here.id = any(:aed_ids)
    group by here.id
) as covering
where aeds.id = covering.id and aeds.district_code is distinct from covering.code
returning aeds.id
""")

# Held in the order in which settling holds them.
_NEXT_UNPLACED = text("""
select id from aeds
where district_code is null and readiness <> 'removed' and id > :after
order by id limit :most for no key update
""")

_FIRST_ID = UUID(int=0)


async def place(connection: AsyncConnection, aed_ids: Sequence[UUID]) -> list[UUID]:
    """Note for AEDs in which district they lie, in one statement; returns those for which that is another now.

    Abroad, at sea, and while the outlines are not there yet, it is none.
    """
    if not aed_ids:
        return []
    return [row.id for row in await connection.execute(_PLACE, {"aed_ids": list(aed_ids)})]


async def are_there(connection: AsyncConnection) -> bool:
    """Whether the outlines have been filled in whole: see `filling.fill`."""
    found = await connection.execute(text("select exists (select from districts where level = 'province')"))
    return bool(found.scalar_one())


class DistrictFilling:
    """Fills the table when it is not full, and then places the AEDs that have no district.

    It runs by itself a while after the start, beside everything else; two that do so at once do no harm. `is_busy`: it
    takes a core's quarter of a minute, so an emergency that goes on is waited for, but not for ever.
    """

    def __init__(self, database: Database, is_busy: Callable[[], bool] = lambda: False) -> None:
        self._database = database
        self._is_busy = is_busy

    async def run(self) -> None:
        """Fill and place what is lacking, however often it takes; then end."""
        await asyncio.sleep(_AFTER_START_S)
        for _ in range(_LOOKS_FOR_QUIET):
            if not self._is_busy():
                break
            await asyncio.sleep(_LOOK_FOR_QUIET_EVERY_S)
        while True:
            try:
                await self.act()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("districts not filled in, trying again")
                await asyncio.sleep(_AGAIN_AFTER_S)
            else:
                return

    async def act(self) -> None:
        """Fill and place what is lacking, now."""
        await self.fill()
        await self.catch_up()

    async def fill(self) -> None:
        """Have the outlines filled in, unless they are there. Raises `RuntimeError` with what went wrong."""
        async with self._database.statement() as connection:
            if await are_there(connection):
                return
        # What is wrong with the input of a process shows in its own last words.
        filling = await asyncio.create_subprocess_exec(sys.executable, "-m", _FILLING, stdin=PIPE, stderr=PIPE)
        try:
            _, said = await filling.communicate(f"{self._database.url}\n".encode())
        finally:
            await killed(filling)
        if filling.returncode != 0:
            raise RuntimeError(said.decode(errors="replace")[-1000:])
        log.info("the outlines of the districts are there")

    async def catch_up(self) -> int:
        """Place every AED that has no district; returns how many have one now, which every process then hears of.

        Those that lie in no district are looked at each time: few, and only at a start.
        """
        placed, after = 0, _FIRST_ID
        while True:
            async with self._database.transaction() as connection:
                found = await connection.execute(_NEXT_UNPLACED, {"after": after, "most": _PLACED_AT_ONCE})
                ids: list[UUID] = [row.id for row in found]
                placed += len(await place(connection, ids))
            if len(ids) < _PLACED_AT_ONCE:
                break
            after = ids[-1]
            await asyncio.sleep(_PAUSE_S)
        if placed:
            async with self._database.statement() as connection:
                await AedRepository(connection).notify(EVERYTHING)
        return placed
