"""One recipient's numbered messages in order for one session: nothing twice, nothing out of turn. Sans-I/O."""

from collections.abc import Mapping


class InOrder:
    """Takes messages as they come in and gives out those whose turn it is.

    Starts held: until `begin` says up to where the client has everything, all is kept. Commits of two transactions
    for one recipient happen in order, but the process may hear of them the other way round: the later one waits here.
    """

    __slots__ = ("_sent", "_waiting")

    def __init__(self) -> None:
        self._sent: int | None = None
        self._waiting: dict[int, str] = {}

    @property
    def sent(self) -> int:
        """The number of the last message given out; 0 before `begin`."""
        return self._sent or 0

    @property
    def has_begun(self) -> bool:
        """Whether it is known up to where the client has everything."""
        return self._sent is not None

    @property
    def has_gap(self) -> bool:
        """Whether messages wait for an earlier one that has not come."""
        return self._sent is not None and bool(self._waiting)

    def begin(self, after: int) -> list[str]:
        """The client has everything up to `after`: what follows may go."""
        self._sent = after
        return self._due()

    def held(self) -> list[int]:
        """The numbers of what is held, in order; `take` gives each out where the session has no numbers."""
        return sorted(self._waiting)

    def take(self, seq: int) -> str:
        """Give out what is held under a number, whatever its turn. Raises `KeyError` when that is nothing."""
        return self._waiting.pop(seq)

    def offer(self, seq: int, message: str) -> list[str]:
        """One more message; returns all whose turn it is now, in order."""
        if self._sent is not None and seq == self._sent + 1 and not self._waiting:
            self._sent = seq
            return [message]
        if self._sent is None or seq > self._sent:
            self._waiting[seq] = message
        return self._due()

    def go_on_with(self, kept: Mapping[int, str], *, up_to: int) -> list[str]:
        """Every message that is still to be had up to a number: what is missing among them is not waited for.

        Beyond it something may have come while these were read, and what goes before that may still be on its way.
        """
        if self._sent is None:
            return []
        self._waiting |= {seq: message for seq, message in kept.items() if seq > self._sent}
        due = self._due()
        while self._sent < up_to:
            self._sent = min([up_to, *(seq - 1 for seq in self._waiting)])
            due += self._due()
        return due

    def _due(self) -> list[str]:
        if self._sent is None:
            return []
        due: list[str] = []
        while (message := self._waiting.pop(self._sent + 1, None)) is not None:
            self._sent += 1
            due.append(message)
        if due or self._waiting:
            self._waiting = {seq: kept for seq, kept in self._waiting.items() if seq > self._sent}
        return due
