"""One connected client: its messages in order, at once while it reads, and those that wait while it does not."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from time import monotonic
from typing import Any

from dispatch.access.tokens import Identity
from dispatch.encoding import to_json_text
from dispatch.metrics import SOCKETS_CLOSED
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.in_order import InOrder
from dispatch.realtime.mailboxes import Backlog, numbered, without_number
from dispatch.realtime.stream_protocol import Line
from dispatch.realtime.waiting import Waiting
from geo.bounding_box import BoundingBox

_numbers = count(1)


class Session:
    """A client after its hello. Senders never wait: what finds no room among what waits ends the session.

    Until `begin` everything is held. There is no task behind it: what can be sent is sent at once, the rest when the
    line says that it takes more.
    """

    __slots__ = (
        "_has_begun",
        "_line",
        "_queue_size",
        "_waiting",
        "expires_at",
        "gap_since_s",
        "heard_at_s",
        "identity",
        "in_order",
        "is_degraded",
        "on_end",
        "recipient",
        "session_id",
        "told_at_s",
        "watching",
    )

    def __init__(
        self,
        line: Line,
        identity: Identity,
        recipient: str,
        *,
        queue_size: int,
        expires_at: datetime | None = None,
    ) -> None:
        self.session_id = str(next(_numbers))
        self.identity = identity
        self.recipient = recipient
        # When the token runs out, by the service's clock.
        self.expires_at = expires_at
        # What an operator looks at; None until the first `watch`, which means everywhere.
        self.watching: BoundingBox | None = None
        # It began without the database: it has no mailbox, and is told everything without numbers.
        self.is_degraded = False
        self.in_order = InOrder()
        self.heard_at_s = self.told_at_s = self.now_s()
        self.gap_since_s: float | None = None
        # Told once, when nobody can count on this session any more.
        self.on_end: Callable[[Session], None] | None = None
        self._line: Line | None = line
        self._queue_size = queue_size
        # Something waits: what is said now may not overtake it.
        self._waiting: Waiting | None = None
        self._has_begun = False

    def begin(self, greeting: object, backlog: Backlog) -> None:
        """Greet, send what the client lacks, then everything held since the session was attached."""
        self._greet([to_json_text(greeting), *(numbered(seq, body) for seq, body in backlog.messages)])
        for message in self.in_order.begin(backlog.last_seq):
            self.say_text(message)
        if self.in_order.has_gap:
            self.gap_since_s = self.now_s()

    def begin_degraded(self, greeting: object) -> None:
        """Greet a client whose mailbox cannot be read."""
        self.is_degraded = True
        self._greet([to_json_text(greeting)])
        for seq in self.in_order.held():
            # It is in the mailbox, and comes again with its number: an alert is not to wait for that.
            self.say_text(without_number(seq, self.in_order.take(seq)))

    def deliver(self, seq: int, body: str, message: str) -> None:
        """A numbered message (`message` is `body` with its number), sent when its turn comes.

        A session without a mailbox gets it as it is: it will be sent again, numbered, to the session after this one.
        """
        if self.is_degraded:
            self.say_text(body)
            return
        for due in self.in_order.offer(seq, message):
            self.say_text(due)
        if not self.in_order.has_gap:
            self.gap_since_s = None
        elif self.gap_since_s is None:
            self.gap_since_s = self.now_s()

    def fill_gap(self, messages: Sequence[tuple[int, str]], *, up_to: int) -> None:
        """All that is kept after what was sent, read again from the database because a message never came.

        A number up to `up_to`, which was given before they were read, and not among them, is gone: another device of
        the same person has acknowledged it.
        """
        for due in self.in_order.go_on_with({seq: numbered(seq, body) for seq, body in messages}, up_to=up_to):
            self.say_text(due)
        self.gap_since_s = self.now_s() if self.in_order.has_gap else None

    def say(self, message: Mapping[str, Any], text: str | None = None) -> None:
        """A message without a number; `text` is its JSON where that is at hand.

        To a client that reads slowly a later one of the same subject takes its place.
        """
        if self._waiting is None and self._has_begun and self._sent(text or to_json_text(message)):
            return
        self._keep(message)

    def say_text(self, message: str) -> None:
        """A message that is JSON already, and that nothing takes the place of."""
        if self._waiting is None and self._has_begun and self._sent(message):
            return
        self._keep(message)

    def drained(self) -> None:
        """The line takes more: send what waits."""
        waiting = self._waiting
        if waiting is None or not self._has_begun:
            return
        while waiting:
            if not self._sent(waiting.first()):
                return
            waiting.drop_first()
        self._waiting = None

    def close(self, code: CloseCode) -> None:
        """End the session; the first reason counts. What it has not been sent it is sent when it comes back."""
        if self._line is None:
            return
        SOCKETS_CLOSED.labels(code.name.lower()).inc()
        self.drained()
        self._line.end(code.value, code.name.lower())
        self.gone()

    def gone(self) -> None:
        """The client is gone, or as good as that: nobody counts on this session any more."""
        self._line = self._waiting = None
        told, self.on_end = self.on_end, None
        if told is not None:
            told(self)

    @staticmethod
    def now_s() -> float:
        """The clock of durations. Not the loop's: to ask which loop runs is a system call, at every position."""
        return monotonic()

    @property
    def is_closing(self) -> bool:
        """Whether the session has ended or been told to."""
        return self._line is None

    @property
    def is_backed_up(self) -> bool:
        """Whether messages wait for the client to read."""
        return self._waiting is not None

    def _greet(self, first: Sequence[str]) -> None:
        if self._line is None:
            return
        waiting = self._waiting or Waiting(self._queue_size)
        waiting.put_first(first)
        self._waiting, self._has_begun = waiting, True
        self.drained()

    def _sent(self, text: str) -> bool:
        if self._line is None or not self._line.send_now(text):
            return False
        self.told_at_s = self.now_s()
        return True

    def _keep(self, message: str | Mapping[str, Any]) -> None:
        if self._line is None:
            return
        if self._waiting is None:
            self._waiting = Waiting(self._queue_size)
        if not self._waiting.put(message):
            self.close(CloseCode.SLOW_READER)
