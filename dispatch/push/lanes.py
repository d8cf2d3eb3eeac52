"""How many messages are under way to each push service at once, so that a slow one cannot hold up the others."""

from collections import Counter

# All services together. Each is a connection and some memory of this process.
MOST_IN_FLIGHT = 256
_MOST_EACH = 64
# A service that has not answered so often in a row gets no more than a knock at the door.
_FAILURES_UNTIL_DOUBT = 3
_MOST_IN_DOUBT = 2

_REMEMBERED = 10_000


class Lanes:
    """One lane a service. A batch may overfill its lane a little; it then takes nothing until there is room again."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    @property
    def room(self) -> int:
        """How many more may be sent at once."""
        return max(0, MOST_IN_FLIGHT - self._in_flight.total())

    def full(self) -> list[str]:
        """The services that can take no more at the moment."""
        return [service for service, count in self._in_flight.items() if count >= self._most(service)]

    def enter(self, service: str) -> None:
        """A message is under way."""
        self._in_flight[service] += 1

    def leave(self, service: str, *, answered: bool) -> None:
        """It is not any longer; `answered` unless nothing at all came back."""
        self._in_flight[service] -= 1
        if self._in_flight[service] <= 0:
            del self._in_flight[service]
        if answered:
            self._failures.pop(service, None)
        else:
            if len(self._failures) >= _REMEMBERED:
                self._failures.clear()
            self._failures[service] += 1

    def _most(self, service: str) -> int:
        return _MOST_IN_DOUBT if self._failures[service] >= _FAILURES_UNTIL_DOUBT else _MOST_EACH
