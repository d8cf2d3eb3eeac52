"""Looks after the sockets of this process: who has gone silent, who hears nothing, whose messages have a gap."""

import asyncio

import structlog

from dispatch.clock import Clock, SystemClock
from dispatch.encoding import to_json_text
from dispatch.realtime import mailboxes
from dispatch.realtime.availability import Availability, NeverAway
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.hub import Hub
from dispatch.realtime.session import Session
from dispatch.storage.availability import is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

# Silent for this many heartbeats: gone.
SILENT_HEARTBEATS = 3
# A message that was overtaken and has not come after this long is read again from the database.
GAP_PATIENCE_S = 1.0

# Everything after a number.
_NO_END = 2**53


class SocketCare:
    """One look over all sessions, again and again: a timer for each would cost more than the sessions do."""

    def __init__(
        self,
        hub: Hub,
        database: Database,
        heartbeat_s: float,
        *,
        clock: Clock | None = None,
        availability: Availability | None = None,
    ) -> None:
        self._hub = hub
        self._database = database
        self._heartbeat_s = heartbeat_s
        self._clock = clock or SystemClock()
        self._availability = availability or NeverAway()

    async def run(self) -> None:
        """Look after the sockets until cancelled."""
        while True:
            await asyncio.sleep(min(1.0, self._heartbeat_s / 2))
            await self.look()

    async def look(self) -> None:
        """Close who is silent or may no longer listen, say something to who hears nothing, fill gaps that stayed."""
        now = self._clock.now()
        now_s = Session.now_s()
        gaps: list[Session] = []
        has_degraded = False
        for session in self._hub.sessions():
            has_degraded = has_degraded or session.is_degraded
            if now_s - session.heard_at_s > SILENT_HEARTBEATS * self._heartbeat_s:
                session.close(CloseCode.SILENT)
            elif session.expires_at is not None and session.expires_at <= now:
                session.close(CloseCode.BAD_TOKEN)
            elif session.gap_since_s is not None and now_s - session.gap_since_s > GAP_PATIENCE_S:
                gaps.append(session)
            elif now_s - session.told_at_s > self._heartbeat_s and not session.is_backed_up:
                # A client that hears nothing for two heartbeats may know that its line is dead.
                beat = {"type": "beat", "at": now}
                session.say(beat, to_json_text(beat))
        if self._availability.is_away:
            return
        if has_degraded:
            self._hub.begin_again()
        for session in gaps:
            await self._fill_gap(session)

    async def _fill_gap(self, session: Session) -> None:
        waiting = session.in_order.held()
        if not waiting:
            return
        # Numbers are given and written in order: what is not there before this one by now is gone. Of what comes while
        # the database is asked, nothing follows.
        up_to = waiting[-1]
        try:
            async with self._database.statement() as connection:
                missed = await mailboxes.messages_after(connection, session.recipient, session.in_order.sent, _NO_END)
        except Exception as error:
            if not is_outage(error):
                log.exception("gap not filled yet", recipient=session.recipient)
            return
        session.fill_gap(missed, up_to=up_to)
