"""Responders in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.problems import NotFound
from dispatch.rescue.vocabulary import ResponderId, TravelMode
from dispatch.responders.responder import Fix, Responder
from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared
from dispatch.storage.tables import responders
from geo.place import Place

_COLUMNS = (
    responders.c.id,
    responders.c.name,
    responders.c.phone,
    responders.c.certificate_number,
    responders.c.certificate_expires_on,
    responders.c.mode,
    responders.c.language,
    responders.c.on_duty,
    responders.c.created_at,
    func.st_y(text("responders.location::geometry")).label("latitude"),
    func.st_x(text("responders.location::geometry")).label("longitude"),
    responders.c.accuracy_m,
    responders.c.fix_at,
)


async def all_responders(connection: AsyncConnection) -> list[Responder]:
    """Everybody, for the roster."""
    rows = await connection.execute(select(*_COLUMNS))
    return [_responder(row) for row in rows]


async def add(connection: AsyncConnection, responder: Responder) -> bool:
    """Write a new responder; False when the id is taken."""
    added = await connection.execute(
        insert_or(responders)
        .values(id=responder.responder_id, created_at=responder.created_at, **_profile(responder))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(responders.c.id)
    )
    return added.first() is not None


async def change(connection: AsyncConnection, responder_id: ResponderId, values: Mapping[str, Any]) -> Responder:
    """Write what changes of a profile, or duty, and answer how they are then; the fix is written by `save_fixes`.

    What is not given stays as it is written, whatever this worker knows. Raises `NotFound`.
    """
    row = (
        await connection.execute(
            update(responders).where(responders.c.id == responder_id).values(**values).returning(*_COLUMNS)
        )
    ).first()
    if row is None:
        raise NotFound(f"There is no responder {responder_id!r}.")
    return _responder(row)


async def some(connection: AsyncConnection, responder_ids: Sequence[ResponderId]) -> list[Responder]:
    """Those of these ids that there are."""
    rows = await connection.execute(select(*_COLUMNS).where(responders.c.id.in_(responder_ids)))
    return [_responder(row) for row in rows]


async def changed_since(connection: AsyncConnection, since: datetime) -> list[Responder]:
    """Those on duty whose fix is newer."""
    rows = await connection.execute(select(*_COLUMNS).where(responders.c.fix_at > since, responders.c.on_duty))
    return [_responder(row) for row in rows]


async def on_duty_ids(connection: AsyncConnection) -> set[ResponderId]:
    """Who is on duty, as it is written."""
    rows = await connection.execute(select(responders.c.id).where(responders.c.on_duty))
    return {ResponderId(row.id) for row in rows}


# Arrays in binary, times as seconds: five thousand rows as text would hold up the loop for 25 ms, so they take 4.
SAVE_FIXES = Prepared(
    "save_fixes",
    """
update responders
set location = st_point(moved.longitude, moved.latitude, 4326)::geography,
    accuracy_m = moved.accuracy_m,
    fix_at = to_timestamp(moved.at_s)
from unnest(:ids, :latitudes, :longitudes, :accuracies_m, :ats_s)
     as moved(id, latitude, longitude, accuracy_m, at_s)
where responders.id = moved.id
""",
    {"ids": "text[]", **dict.fromkeys(("latitudes", "longitudes", "accuracies_m", "ats_s"), "float8[]")},
)


async def save_fixes(database: Database, moved: Sequence[Responder]) -> None:
    """Write the last fixes of many responders at once. Raises `psycopg.Error`."""
    fixes = [(each.responder_id, each.fix) for each in moved if each.fix is not None]
    if not fixes:
        return
    parameters = {
        "ids": [responder_id for responder_id, _ in fixes],
        "latitudes": [fix.place.latitude for _, fix in fixes],
        "longitudes": [fix.place.longitude for _, fix in fixes],
        "accuracies_m": [fix.accuracy_m for _, fix in fixes],
        "ats_s": [fix.at.timestamp() for _, fix in fixes],
    }
    await database.run(SAVE_FIXES, parameters)


def _profile(responder: Responder) -> dict[str, Any]:
    return {
        "name": responder.name,
        "phone": responder.phone,
        "certificate_number": responder.certificate_number,
        "certificate_expires_on": responder.certificate_expires_on,
        "mode": responder.mode.value,
        "language": responder.language,
        "on_duty": responder.on_duty,
    }


def _responder(row: Any) -> Responder:
    fix = None
    if row.latitude is not None:
        fix = Fix(Place(row.latitude, row.longitude), row.fix_at.astimezone(UTC), row.accuracy_m)
    return Responder(
        responder_id=ResponderId(row.id),
        name=row.name,
        phone=row.phone,
        certificate_number=row.certificate_number,
        certificate_expires_on=row.certificate_expires_on,
        mode=TravelMode(row.mode),
        language=row.language,
        on_duty=row.on_duty,
        created_at=row.created_at,
        fix=fix,
    )
