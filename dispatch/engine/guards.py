"""Who is bound, as the rows have it: the unique index over active alerts is what keeps everybody on one at the most."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.rescue.vocabulary import AlertId, AlertState, IncidentId, ResponderId
from dispatch.responders.responder import Engagement


async def active_alerts(connection: AsyncConnection) -> dict[ResponderId, Engagement]:
    """Who is on offer or engaged, everywhere."""
    return (await unlike(connection, {}))[0]


async def unlike(
    connection: AsyncConnection, held: Mapping[ResponderId, Engagement]
) -> tuple[dict[ResponderId, Engagement], set[ResponderId]]:
    """Who is bound otherwise than `held` says, and who of those is not bound at all: of thousands, the few."""
    rows = await connection.execute(
        text(
            "with held as (select * from unnest(cast(:responders as text[]), cast(:alerts as text[]))"
            " as held(responder_id, alert_id))"
            " select responder_id, incident_id, id, state from alerts where active and not exists"
            " (select from held where held.alert_id = alerts.id::text)"
            " union all select responder_id, null, null, null from held where not exists"
            " (select from alerts where active and alerts.responder_id = held.responder_id)"
        ),
        {"responders": list(held), "alerts": [each.alert_id for each in held.values()]},
    )
    bound: dict[ResponderId, Engagement] = {}
    free: set[ResponderId] = set()
    for row in rows:
        if row.id is None:
            free.add(ResponderId(row.responder_id))
            continue
        bound[ResponderId(row.responder_id)] = Engagement(
            IncidentId(str(row.incident_id)),
            AlertId(str(row.id)),
            accepted=row.state in AlertState.engaged_states(),
        )
    return bound, free


async def free_guards(
    connection: AsyncConnection, alert_ids: Sequence[AlertId], *, incident_id: IncidentId, version: int
) -> None:
    """Let go of the responders of alerts that have ended, though the rows, if still at `version`, do not say so."""
    await connection.execute(
        text(
            "update alerts set active = false from incidents"
            " where alerts.id = any(cast(:ids as uuid[])) and alerts.active and incidents.id = alerts.incident_id"
            " and incidents.id = cast(:incident_id as uuid) and incidents.version = :version"
        ),
        {"ids": list(alert_ids), "incident_id": incident_id, "version": version},
    )
