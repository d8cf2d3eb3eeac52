"""Cases in PostgreSQL: which case a request was, which incident a case is, and what else is open near one."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import IncidentId
from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared

# Two that a case waits for: straight over libpq, which answers, or fails, in time, whatever becomes of the server.
CASE_OF_REQUEST = Prepared(
    "case_of_request",
    # A row that another transaction has just committed is seen by an update, not by a select of this snapshot.
    """
with named as (
    insert into centre_requests as kept (centre, request_id, case_number, created_at)
    values (:centre, :request_id, :case_number, :now)
    on conflict (centre, request_id) do update set case_number = kept.case_number returning centre, case_number
)
select named.case_number, given.incident_id
from named left join centre_cases as given on given.centre = named.centre and given.case_number = named.case_number
""",
    {"centre": "text", "request_id": "uuid", "case_number": "text", "now": "timestamptz"},
)
OPEN_NEAR = Prepared(
    "open_near",
    """
select other.id from incidents as other, incidents as here
where here.id = :incident_id and other.id <> here.id and other.closed_at is null
  and other.opened_at between :from_at and :until_at
  and ST_DWithin(other.location, here.location, :within_m)
order by ST_Distance(other.location, here.location), other.id
""",
    {"incident_id": "uuid", "from_at": "timestamptz", "until_at": "timestamptz", "within_m": "float8"},
)


async def case_of_request(
    database: Database, centre: str, request_id: str, case_number: str, now: datetime
) -> tuple[str, IncidentId | None]:
    """The case number that a centre's request named first, this one when there was none; and its incident.

    The incident is known here only of a case that was given to one that was there. Raises `psycopg.Error`.
    """
    parameters = {"centre": centre, "request_id": request_id, "case_number": case_number, "now": now}
    ((number, incident_id),) = await database.run(CASE_OF_REQUEST, parameters)
    return str(number), None if incident_id is None else IncidentId(incident_id)


async def open_incidents_near(
    database: Database, incident: Incident, *, within_m: float, within_s: float
) -> list[IncidentId]:
    """Other incidents that go on, opened so near in place and time, nearest first. Raises `psycopg.Error`."""
    parameters = {
        "incident_id": incident.incident_id,
        "from_at": incident.opened_at - timedelta(seconds=within_s),
        "until_at": incident.opened_at + timedelta(seconds=within_s),
        "within_m": within_m,
    }
    return [IncidentId(str(each)) for (each,) in await database.run(OPEN_NEAR, parameters)]


async def incident_of_case(
    connection: AsyncConnection, centre: str, case_number: str, request_id: str
) -> IncidentId | None:
    """The incident that a case was given to, or that it opened under that request id."""
    rows = await connection.execute(
        text(
            "select incident_id as id from centre_cases where centre = :centre and case_number = :case_number"
            " union all select id from incidents where request_id = cast(:request_id as uuid) limit 1"
        ),
        {"centre": centre, "case_number": case_number, "request_id": request_id},
    )
    row = rows.first()
    return None if row is None else IncidentId(str(row.id))


async def give_case(
    connection: AsyncConnection, centre: str, case_number: str, incident_id: IncidentId, now: datetime
) -> None:
    """Note that a case is an incident. Whoever gives the same case to another one meanwhile waits, and finds it."""
    await connection.execute(
        text(
            "insert into centre_cases (centre, case_number, incident_id, created_at)"
            " values (:centre, :case_number, cast(:incident_id as uuid), :now) on conflict do nothing"
        ),
        {"centre": centre, "case_number": case_number, "incident_id": incident_id, "now": now},
    )


async def receipt_of(connection: AsyncConnection, incident_id: IncidentId) -> dict[str, Any]:
    """What whoever opened an incident was answered."""
    rows = await connection.execute(
        text("select receipt from incidents where id = cast(:id as uuid)"), {"id": incident_id}
    )
    return dict(rows.scalar_one())
