"""What a device was taken for, in its own history."""

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Two who say it at once say it one after the other, so that the second sees what the first has said.
_HOLD = text("select from aeds where id = :aed_id for no key update")

_LINK = text("""
insert into aed_events (aed_id, at, recorded_at, kind, by, data)
select id, :at, :now, 'linked', :by, cast(:data as jsonb)
from aeds
where id = :aed_id and not exists (
    select from aed_events
    where aed_id = :aed_id and kind = 'linked' and data ->> 'incident_id' = :incident_id
      and data ->> 'responder_id' is not distinct from cast(:responder_id as text))
""")


async def link(
    connection: AsyncConnection,
    aed_id: UUID,
    *,
    incident_id: UUID,
    responder_id: str | None,
    at: datetime,
    now: datetime,
    by: str,
) -> None:
    """Note that a device was taken for an incident, and by which runner; said again it changes nothing."""
    data = {"incident_id": str(incident_id), "responder_id": responder_id}
    await connection.execute(_HOLD, {"aed_id": aed_id})
    await connection.execute(
        _LINK,
        {
            "aed_id": aed_id,
            "at": at,
            "now": now,
            "by": by,
            "data": json.dumps(data),
            "incident_id": str(incident_id),
            "responder_id": responder_id,
        },
    )
