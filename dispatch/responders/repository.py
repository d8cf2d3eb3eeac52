"""Responders in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.problems import NotFound
from dispatch.rescue.vocabulary import IncidentId, ResponderId, TravelMode
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


async def ids_after(connection: AsyncConnection, after: ResponderId, most: int) -> list[ResponderId]:
    """The next ids in order."""
    rows = await connection.execute(
        select(responders.c.id).where(responders.c.id > after).order_by(responders.c.id).limit(most)
    )
    return [ResponderId(row.id) for row in rows]


@dataclass(frozen=True, slots=True)
class DutyAndFix:
    """Whether somebody is on duty, and where, if that was written lately."""

    responder_id: ResponderId
    on_duty: bool
    fix: Fix | None


async def duties_and_fixes_after(
    connection: AsyncConnection, after: ResponderId, since: datetime, most: int
) -> list[DutyAndFix]:
    """Of the next `most` in the order of their ids: duty, and the fix where that is newer than `since`."""
    rows = await connection.execute(
        text(
            "select id, on_duty, case when fix_at > :since then st_y(location::geometry) end as latitude,"
            " st_x(location::geometry) as longitude, accuracy_m, fix_at"
            " from responders where id > :after order by id limit :most"
        ),
        {"after": after, "since": since, "most": most},
    )
    return [DutyAndFix(ResponderId(row.id), row.on_duty, _fix(row)) for row in rows]


# Arrays in binary, times as seconds: five thousand rows as text would hold up the loop for 25 ms, so they take 4.
# Where somebody was is history only of those who have been alerted.
SAVE_FIXES = Prepared(
    "save_fixes",
    """
with moved as (
    select * from unnest(:ids, :latitudes, :longitudes, :accuracies_m, :ats_s, :incident_ids)
        as moved(id, latitude, longitude, accuracy_m, at_s, incident_id)
),
ways as (
    insert into positions (responder_id, at, incident_id, latitude, longitude, accuracy_m)
    select id, to_timestamp(at_s), incident_id, latitude, longitude, accuracy_m
    from moved where incident_id is not null
    on conflict do nothing
)
update responders
set location = st_point(moved.longitude, moved.latitude, 4326)::geography,
    accuracy_m = moved.accuracy_m,
    fix_at = to_timestamp(moved.at_s)
from moved
where responders.id = moved.id
""",
    {
        "ids": "text[]",
        "incident_ids": "uuid[]",
        **dict.fromkeys(("latitudes", "longitudes", "accuracies_m", "ats_s"), "float8[]"),
    },
)


async def save_fixes(
    database: Database, moved: Sequence[Responder], alerted: Mapping[ResponderId, IncidentId] | None = None
) -> None:
    """Write the last fixes of many responders at once; of the `alerted` for good, with the incident.

    Raises `psycopg.Error`.
    """
    incident_of = {} if alerted is None else alerted
    fixes = [(each.responder_id, each.fix) for each in moved if each.fix is not None]
    if not fixes:
        return
    parameters = {
        "ids": [responder_id for responder_id, _ in fixes],
        "latitudes": [fix.place.latitude for _, fix in fixes],
        "longitudes": [fix.place.longitude for _, fix in fixes],
        "accuracies_m": [fix.accuracy_m for _, fix in fixes],
        "ats_s": [fix.at.timestamp() for _, fix in fixes],
        "incident_ids": [incident_of.get(responder_id) for responder_id, _ in fixes],
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
        fix=_fix(row),
    )


def _fix(row: Any) -> Fix | None:
    if row.latitude is None:
        return None
    return Fix(Place(row.latitude, row.longitude), row.fix_at.astimezone(UTC), row.accuracy_m)
