"""Who was last seen with a worker that has fallen silent: others are asked rather than they, until they turn up.

It may be dead: then their phones come back, to another worker, within seconds. Or it stands alone, cut off from Redis
and perhaps from PostgreSQL too, and goes on asking those who are connected to it, which nobody here hears of.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from dispatch.engine.mailbox_names import responder_mailbox
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.roster import Roster

# Whoever has not turned up by then has gone home: reached by nothing but a push.
_LET_BE_FOR_S: Final = 120.0

_PREFIX: Final = responder_mailbox(ResponderId(""))


class OutOfHearing:
    """Has the searches of a roster prefer others. `is_connected` says of a mailbox whether a session is known of."""

    def __init__(
        self,
        roster: Roster,
        is_connected: Callable[[str], bool],
        *,
        now: Callable[[], datetime],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roster = roster
        self._is_connected = is_connected
        self._now = now
        self._now_s = now_s
        # Since when, by both clocks.
        self._since: dict[ResponderId, tuple[float, datetime]] = {}

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self._since)

    def note(self, recipients: Iterable[str]) -> None:
        """These were with a worker of whom nothing has been heard for a moment."""
        since = self._now_s(), self._now()
        new = {
            responder_id: since
            for each in recipients
            if each.startswith(_PREFIX)
            and (responder_id := ResponderId(each.removeprefix(_PREFIX))) not in self._since
            and not self._is_connected(each)
        }
        self._since |= new
        self._roster.let_be(new)

    def look(self) -> None:
        """Count again on those who have turned up, or whom another worker has written down a position of since."""
        now_s = self._now_s()
        back = []
        for responder_id, (since_s, since) in self._since.items():
            known = self._roster.get(responder_id)
            is_heard = known is not None and known.fix is not None and known.fix.at > since
            if is_heard or now_s - since_s > _LET_BE_FOR_S or self._is_connected(responder_mailbox(responder_id)):
                back.append(responder_id)
        self._are_back(back)

    def is_back(self, recipient: str) -> None:
        """Somebody has connected."""
        responder_id = ResponderId(recipient.removeprefix(_PREFIX))
        if responder_id in self._since:
            self._are_back([responder_id])

    def everybody_is_back(self) -> None:
        """It is this worker that hears nobody: nothing is known of the others."""
        self._are_back(list(self._since))

    def _are_back(self, responder_ids: Iterable[ResponderId]) -> None:
        for each in responder_ids:
            del self._since[each]
            self._roster.count_on_again(each)
