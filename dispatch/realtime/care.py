"""Looks after the sockets of this process: who has gone silent, whose messages have a gap."""

import asyncio

import structlog

from dispatch.realtime import mailboxes
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.hub import Hub
from dispatch.realtime.session import Session
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

    def __init__(self, hub: Hub, database: Database, heartbeat_s: float) -> None:
        self._hub = hub
        self._database = database
        self._heartbeat_s = heartbeat_s

    async def run(self) -> None:
        """Look after the sockets until cancelled."""
        while True:
            await asyncio.sleep(min(1.0, self._heartbeat_s / 2))
            await self.look()

    async def look(self) -> None:
        """Close who is silent, fill the gaps that stayed."""
        now_s = asyncio.get_running_loop().time()
        for session in self._hub.sessions():
            if now_s - session.heard_at_s > SILENT_HEARTBEATS * self._heartbeat_s:
                session.close(CloseCode.SILENT)
            elif session.gap_since_s is not None and now_s - session.gap_since_s > GAP_PATIENCE_S:
                await self._fill_gap(session)

    async def _fill_gap(self, session: Session) -> None:
        try:
            async with self._database.statement() as connection:
                missed = await mailboxes.messages_after(connection, session.recipient, session.in_order.sent, _NO_END)
        except Exception:
            log.exception("gap not filled yet", recipient=session.recipient)
            return
        session.fill_gap(missed)
