"""Who is connected, and the way to them."""

from collections import defaultdict
from collections.abc import Iterator

from dispatch.metrics import SOCKETS
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.mailboxes import OPERATORS, numbered
from dispatch.realtime.session import Session


class Hub:
    """The sessions of this process by recipient. One person may have several: all are told."""

    def __init__(self) -> None:
        self._sessions: defaultdict[str, set[Session]] = defaultdict(set)

    def attach(self, session: Session) -> None:
        """From now on the session is told everything; until it begins, it holds."""
        self._sessions[session.recipient].add(session)
        SOCKETS.labels(session.identity.role.value).inc()

    def detach(self, session: Session) -> None:
        """The session is gone."""
        sessions = self._sessions.get(session.recipient, set())
        if session in sessions:
            sessions.discard(session)
            SOCKETS.labels(session.identity.role.value).dec()
        if not sessions:
            self._sessions.pop(session.recipient, None)

    def deliver(self, recipient: str, seq: int, body: str) -> None:
        """A committed message to every session of its recipient."""
        sessions = self._sessions.get(recipient)
        if sessions:
            message = numbered(seq, body)
            for session in sessions:
                session.deliver(seq, message)

    def read_again(self, recipient: str) -> None:
        """Have every session of a recipient read what is kept for it: a commit's answer was lost."""
        for session in self._sessions.get(recipient, ()):
            session.read_again()

    def tell(self, recipient: str, message: object) -> None:
        """A message without a number to every session of its recipient."""
        for session in self._sessions.get(recipient, ()):
            session.say(message)

    def operators(self) -> list[Session]:
        """The consoles that are open."""
        return list(self._sessions.get(OPERATORS, ()))

    def sessions(self) -> Iterator[Session]:
        """Everybody connected."""
        for sessions in list(self._sessions.values()):
            yield from list(sessions)

    def count(self, prefix: str) -> int:
        """How many recipients whose name begins with `prefix` are connected."""
        return sum(1 for recipient in self._sessions if recipient.startswith(prefix))

    def close_all(self) -> None:
        """Tell everybody to come back later."""
        for session in self.sessions():
            session.close(CloseCode.GOING_AWAY)
