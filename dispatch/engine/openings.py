"""Opens incidents: writes an SOS down, in the database or in the journal, and tells whom it asks."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from dispatch.engine.decision_codec import Opening
from dispatch.engine.ledger import Owed
from dispatch.engine.live_incident import LiveIncident
from dispatch.metrics import SOS_STEP_SECONDS
from dispatch.rescue.commands import LoseWays
from dispatch.rescue.course import Decision
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.storage.time_ordered import time_ordered_id

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()


class Openings:
    """What becomes of a decision that opens an incident."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    async def open(self, decision: Decision, opening: Opening, *, may_be_kept: Callable[[], bool]) -> bool:
        """Write down and send a decision that opens an incident; whether it is in the database, not in the journal.

        Raises `IntegrityError` when it may not be, and another `psycopg.Error` when it cannot be written and is none
        that `may_be_kept`. The caller sees to it that this is not cancelled half-way.
        """
        live = self._engine.live.place_for(decision.incident.incident_id)
        # Whom it binds may ask for it before it is written: they wait for that.
        async with live.lock:
            is_kept = await self._opened(live, decision, opening, may_be_kept)
            if not is_kept:
                await self._ask_others_than_unheard(decision.incident.incident_id, live)
            return is_kept

    async def _ask_others_than_unheard(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """That the database is away was found out too late: some who are asked will not hear of it."""
        now = self._engine.clock.now()
        lost = self._not_ours_to_ask(live.present)
        for alert in live.present.pending():
            responder = self._engine.roster.get(alert.responder_id)
            # Pushes wait in the database.
            if responder is not None and not self._engine.roster.is_reachable(responder, now):
                lost.add(alert.alert_id)
        if not lost:
            return
        try:
            await self._engine.decided(incident_id, live, LoseWays(tuple(sorted(lost))), "system", insists=True)
        except Exception:
            # The SOS is kept and its alerts are out; the next is asked when the time to answer is over.
            log.exception("who does not hear of it is not replaced yet", incident_id=incident_id)

    def _not_ours_to_ask(self, incident: Incident) -> set[AlertId]:
        """The offers to whom another worker has asked, or may be asking, with no database to keep two from that."""
        roster = self._engine.roster
        held = {each.alert_id: roster.engagement_of(each.responder_id) for each in incident.pending()}
        lost = {alert_id for alert_id, by in held.items() if by is not None and by.alert_id != alert_id}
        if roster.asks_only_here():
            lost |= {each.alert_id for each in incident.pending() if not roster.is_here(each.responder_id)}
        return lost

    async def _opened(
        self, live: LiveIncident, decision: Decision, opening: Opening, may_be_kept: Callable[[], bool]
    ) -> bool:
        # What could not be written elsewhere was planned seconds ago.
        self._engine.engagements.reserve(decision, only_free=True)
        try:
            with SOS_STEP_SECONDS.labels("render").time():
                owed = self._engine.outbox.owed(decision)
            with SOS_STEP_SECONDS.labels("commit").time(), self._engine.others.reserving((decision,)):
                sent = await self._engine.recording.open(decision, owed, opening, may_be_kept=may_be_kept)
        except BaseException:
            self._engine.engagements.release(decision)
            self._engine.live.drop_place(decision.incident.incident_id, live)
            raise
        live.opening = opening
        live.take_in(decision)
        self._engine.live.note_place(decision.incident)
        if sent is None:
            owed = _without(owed, self._not_ours_to_ask(decision.incident))
        with SOS_STEP_SECONDS.labels("deliver").time():
            self._engine.after_commit([decision], [owed], sent)
        for other in self._engine.likely_duplicates(decision.incident):
            self._engine.feed.show_again(other)
        return sent is not None


def _without(owed: Owed, alert_ids: Collection[AlertId]) -> Owed:
    """What is owed but these offers."""
    return replace(owed, messages=[each for each in owed.messages if each.alert_id not in alert_ids])


def new_incident_id() -> IncidentId:
    """An id nobody can guess, which says when it was made: the events are split by time along it."""
    return IncidentId(str(time_ordered_id(datetime.now(UTC))))
