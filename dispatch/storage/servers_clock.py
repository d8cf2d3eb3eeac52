"""What time it is for the server: so that it does not do late what nobody waits for any longer.

A server that was frozen, or a network that was cut, hands on what had been sent to it once that is over, seconds after
its asker went on without it. So each transaction begins with the time until which it may begin, by the server's clock.
"""

from typing import Final

from psycopg import pq

from dispatch.storage.prepared import Prepared

# In UTC seconds; the whole transaction fails with a division by zero where the time is over.
NOT_TOO_LATE: Final = Prepared(
    "not_too_late",
    "select extract(epoch from clock_timestamp()), 1 / (clock_timestamp() <= to_timestamp(:until))::int",
    {"until": "float8"},
)
_DIVISION_BY_ZERO: Final = b"22012"
# What began at the last moment must be done before its asker gives up.
_DONE_WITHIN_S: Final = 0.05
_DONE_WITHIN_SHARE: Final = 0.1


class ServersClock:
    """The server's clock by the loop's. It may be set, and the answer that told it may have been long on its way."""

    def __init__(self) -> None:
        # Never too large by what is known: what may begin until then is over when its asker gives up.
        self._ahead_s: float | None = None

    def learn(self, said: bytes | None, *, asked_at_s: float, heard_at_s: float) -> None:
        """The server said this time, somewhere between asking and hearing."""
        if said is None:
            return
        least, most = float(said) - heard_at_s, float(said) - asked_at_s
        if self._ahead_s is None or not least <= self._ahead_s <= most:
            self._ahead_s = least

    def may_begin_until(self, by: float, *, now_s: float) -> float:
        """By the server's clock, for what its asker waits for until `by` of the loop's."""
        if self._ahead_s is None:
            return float("inf")
        return by - min(_DONE_WITHIN_S, _DONE_WITHIN_SHARE * (by - now_s)) + self._ahead_s


def was_too_late(result: pq.abc.PGresult) -> bool:
    """Whether `NOT_TOO_LATE` has answered that it was."""
    return result.error_field(pq.DiagnosticField.SQLSTATE) == _DIVISION_BY_ZERO
