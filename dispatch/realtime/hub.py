"""Who is connected, and the way to them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import structlog

from dispatch.encoding import to_json_text
from dispatch.metrics import SOCKETS
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.mailboxes import OPERATORS, numbered
from dispatch.realtime.session import Session

log = structlog.get_logger()

# A crowd that comes back in one instant would stand in the way of the SOS that have waited for the database too.
_BEGIN_AGAIN_WITHIN_S = 3.0


def _nobody_waits(_recipient: str) -> None:
    """Nobody wants to know."""


class Elsewhere(Protocol):
    """The other workers of the service, and whom they hold the sockets of."""

    def relay(self, recipient: str, seq: int | None, body: str) -> None:
        """Have a message told to the sessions that a recipient has there."""
        ...

    def has(self, recipient: str) -> bool:
        """Whether a recipient has a session there."""
        ...

    def count(self, prefix: str) -> int:
        """How many recipients whose name begins with `prefix` have a session there."""
        ...


class Nowhere:
    """There is no other worker."""

    def relay(self, recipient: str, seq: int | None, body: str) -> None:
        """Nobody is there to be told."""

    def has(self, _recipient: str) -> bool:
        """No."""
        return False

    def count(self, _prefix: str) -> int:
        """None."""
        return 0


class Hub:
    """The sessions of this process by recipient. One person may have several: all are told, also those elsewhere."""

    def __init__(self) -> None:
        self.elsewhere: Elsewhere = Nowhere()
        # Tuples: nearly everybody has one session, and a set of one takes four times as much.
        self._sessions: dict[str, tuple[Session, ...]] = {}
        # Told of every recipient that is connected now and was not.
        self.on_arrival: Callable[[str], None] = _nobody_waits
        # Told of every recipient whose last session has ended.
        self.on_leaving: Callable[[str], None] = _nobody_waits

    def attach(self, session: Session) -> None:
        """From now on the session is told everything; until it begins, it holds. It leaves by itself when it ends."""
        session.on_end = self.detach
        others = self._sessions.get(session.recipient, ())
        self._sessions[session.recipient] = (*others, session)
        if not others:
            self.on_arrival(session.recipient)
        SOCKETS.labels(session.identity.role.value).inc()

    def detach(self, session: Session) -> None:
        """The session is gone."""
        sessions = self._sessions.get(session.recipient, ())
        if session not in sessions:
            return
        SOCKETS.labels(session.identity.role.value).dec()
        left = tuple(each for each in sessions if each is not session)
        if left:
            self._sessions[session.recipient] = left
        else:
            del self._sessions[session.recipient]
            self.on_leaving(session.recipient)

    def deliver(self, recipient: str, seq: int, body: str) -> None:
        """A committed message to every session of its recipient."""
        self.deliver_here(recipient, seq, body)
        self.elsewhere.relay(recipient, seq, body)

    def tell_everywhere(self, recipient: str, message: Mapping[str, Any]) -> None:
        """A message without a number to every session of its recipient, also those of other workers."""
        self.tell(recipient, message)
        self.elsewhere.relay(recipient, None, to_json_text(message))

    def deliver_here(self, recipient: str, seq: int, body: str) -> None:
        """A committed message to the sessions that its recipient has in this process."""
        sessions = self._sessions.get(recipient)
        if sessions:
            message = numbered(seq, body)
            self._each(sessions, lambda session: session.deliver(seq, body, message))

    def say_what_waits(self, recipient: str, seq: int, body: str) -> None:
        """A numbered message, without its number, to those sessions here that wait for an earlier one."""
        sessions = tuple(
            each for each in self.sessions_of(recipient) if each.in_order.has_gap and seq in each.in_order.held()
        )
        self._each(sessions, lambda session: session.say_text(body))

    def tell(self, recipient: str, message: Mapping[str, Any]) -> None:
        """A message without a number to the sessions that its recipient has in this process."""
        sessions = self._sessions.get(recipient)
        if sessions:
            text = to_json_text(message)
            self._each(sessions, lambda session: session.say(message, text))

    def operators(self) -> list[Session]:
        """The consoles that are open."""
        return list(self._sessions.get(OPERATORS, ()))

    def sessions(self) -> Iterator[Session]:
        """Everybody connected."""
        for sessions in list(self._sessions.values()):
            yield from sessions

    def has_session(self, recipient: str) -> bool:
        """Whether anybody is connected to this process for that recipient."""
        return recipient in self._sessions

    def is_connected(self, recipient: str) -> bool:
        """Whether anybody is connected for that recipient, to whichever worker."""
        return recipient in self._sessions or self.elsewhere.has(recipient)

    def sessions_of(self, recipient: str) -> tuple[Session, ...]:
        """The sessions that a recipient has in this process."""
        return self._sessions.get(recipient, ())

    def recipients(self) -> list[str]:
        """Everybody who is connected to this process."""
        return list(self._sessions)

    def count(self, prefix: str) -> int:
        """How many recipients whose name begins with `prefix` are connected, to whichever worker."""
        here = sum(1 for recipient in self._sessions if recipient.startswith(prefix))
        return here + self.elsewhere.count(prefix)

    def close_all(self) -> None:
        """Tell everybody to come back later."""
        for session in self.sessions():
            session.close(CloseCode.GOING_AWAY)

    def number_no_more(self) -> None:
        """The numbers that these sessions know mean nothing any more: they go on as those without a mailbox."""
        for session in self.sessions():
            session.is_degraded = True

    def begin_again(self) -> int:
        """Send those who began without the database away to get a mailbox; answers how many.

        Spread over some seconds, consoles and callers first. To be called when the database is back; again does no
        harm.
        """
        degraded = [each for each in self.sessions() if each.is_degraded]
        degraded.sort(key=lambda session: session.recipient.startswith("responder:"))
        loop = asyncio.get_running_loop()
        for number, session in enumerate(degraded):
            loop.call_later(_BEGIN_AGAIN_WITHIN_S * number / len(degraded), session.close, CloseCode.BEGIN_AGAIN)
        return len(degraded)

    @staticmethod
    def _each(sessions: tuple[Session, ...], tell: Callable[[Session], None]) -> None:
        for session in sessions:
            try:
                tell(session)
            except Exception:
                # Whatever is wrong with one socket, the others are told; this one comes back and is sent what it lacks.
                log.exception("session could not be told", recipient=session.recipient)
                session.close(CloseCode.GOING_AWAY)
