"""A start: memory is filled from the rows, so that everything goes on where a previous process stopped."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from dispatch.engine import ledger
from dispatch.rescue.vocabulary import IncidentId, IncidentState

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()

# One question for each of thousands would keep the next SOS waiting for seconds.
_READ_AT_ONCE = 200
_MOST_REMEMBERED = 100_000


async def recover(engine: "Engine") -> None:
    """Know the incidents that go on, who is bound, and what operators were not told; what has ended is read when asked.

    Raises `psycopg.Error` or SQLAlchemy's when the database goes away meanwhile.
    """
    states = [each.value for each in IncidentState if each not in IncidentState.ended_states()]
    async with engine.database.statement() as connection:
        known = await ledger.incident_ids(connection, states=states, limit=_MOST_REMEMBERED)
        not_shown = await ledger.not_shown(connection)
    for some in _batches(known):
        await _remember(engine, some)
    await engine.engagements.learn()
    await engine.answer_history.load(engine.database, engine.clock.now())
    for incident_id in not_shown:
        engine.feed.show(incident_id)


async def _remember(engine: "Engine", incident_ids: Sequence[IncidentId]) -> None:
    async with engine.database.statement() as connection:
        rows = await ledger.event_rows(connection, incident_ids)
        shown = await ledger.shown_versions(connection, incident_ids)
    for incident_id in incident_ids:
        live = engine.live.place_for(incident_id)
        if live.incident is not None:
            continue
        try:
            engine.remember(incident_id, live, ledger.events_of(rows[incident_id]), shown.get(incident_id, 0))
        except Exception:
            # One incident that cannot be read must not keep all others from being served.
            log.exception("incident not recovered", incident_id=incident_id)
            engine.live.drop_place(incident_id, live)


def _batches(incident_ids: Sequence[IncidentId]) -> Iterator[list[IncidentId]]:
    left = iter(incident_ids)
    while some := list(islice(left, _READ_AT_ONCE)):
        yield some
