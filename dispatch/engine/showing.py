"""How far incidents are written and operators know of them, and the statement that tells operators more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.engine import statements
from dispatch.engine.ledger import Sent
from dispatch.rescue.vocabulary import IncidentId
from dispatch.storage.database import Database


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an incident is written, and how far the operators have been told."""

    incident_id: IncidentId
    version: int
    shown_version: int


async def standings_unlike(
    connection: AsyncConnection, known: Mapping[IncidentId, Standing], *, states: Sequence[str]
) -> list[Standing]:
    """How far those are that are in one of the states, and those that are `known`: of thousands, the few of interest.

    That is where the rows say otherwise than is known, or operators have not been told everything.
    """
    rows = await connection.execute(
        text(
            "with known as (select * from unnest(cast(:ids as uuid[]), cast(:versions as int[]), cast(:shown as int[]))"
            " as known(id, version, shown_version)),"
            " found as (select id, version, shown_version from incidents where state = any(:states)"
            " union select id, version, shown_version from incidents where id in (select id from known))"
            " select found.* from found left join known using (id) where known.id is null"
            " or (found.version, found.shown_version) is distinct from (known.version, known.shown_version)"
            " or found.shown_version < found.version"
        ),
        {
            "states": list(states),
            "ids": list(known),
            "versions": [each.version for each in known.values()],
            "shown": [each.shown_version for each in known.values()],
        },
    )
    return [Standing(IncidentId(str(row.id)), row.version, row.shown_version) for row in rows]


@dataclass(frozen=True, slots=True)
class Showing:
    """What operators are to be told of an incident: up to `version`, if `before` is up to where they know it."""

    incident_id: IncidentId
    before: int
    version: int
    body: str


async def record_shown(
    database: Database, showings: Sequence[Showing], *, recipient: str, now: datetime, keep: int
) -> dict[IncidentId, Sent]:
    """Write the operators' messages and up to which event they tell; only the newest `keep` messages stay.

    An incident that is missing in the answer was told of by another worker meanwhile.
    """
    rows = await database.run(
        statements.SHOW,
        {
            "shown_ids": [each.incident_id for each in showings],
            "shown_befores": [each.before for each in showings],
            "shown_versions": [each.version for each in showings],
            "message_bodies": [each.body for each in showings],
            "epoch": uuid4().hex[:12],
            "at": now,
            "operators": recipient,
            "keep": keep,
        },
    )
    bodies = {each.incident_id: each.body for each in showings}
    found = ((IncidentId(str(incident_id)), int(seq or 0)) for incident_id, seq in rows)
    return {incident_id: Sent(recipient, seq, bodies[incident_id]) for incident_id, seq in found}
