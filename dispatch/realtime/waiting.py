"""What waits for a client that reads slowly: bounded, in order, and of what only shows how things stand the newest.

Numbered messages are kept one by one, always. A picture, an AED, a word on duty is replaced by the next of its kind: a
console that reads once a minute wants to see now, not sixty pictures of a minute ago. Sans-I/O.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import Counter

from dispatch.encoding import to_json_text

COALESCED = Counter(
    "dispatch_socket_messages_coalesced_total",
    "Messages to slow readers that a newer one took the place of, by type.",
    ["type"],
)

Message = Mapping[str, Any]

# Each tells the whole of what it is about, so that the newest is enough.
_LATEST_COUNTS = frozenset({"aeds", "beat", "duty", "service"})


def subject_of(message: Message) -> str | None:
    """What an unnumbered message shows; a later one with the same subject makes it superfluous. None: nothing does."""
    kind = str(message.get("type"))
    if kind in _LATEST_COUNTS or kind == "picture":
        return kind
    return f"aed {message['id']}" if kind == "aed" and "id" in message else None


def later_picture(older: Message, newer: Message) -> Message:
    """One picture of changes that says what two say, the second of which tells of changes."""
    dots = {dot["id"]: dot for dot in older["responders"]}
    for responder_id in newer["gone"]:
        dots.pop(responder_id, None)
    dots |= {dot["id"]: dot for dot in newer["responders"]}
    # Of a whole picture nothing has to be taken away that is not in it.
    gone = [] if older["full"] else [each for each in {*older["gone"], *newer["gone"]} if each not in dots]
    return {**older, **newer, "full": older["full"], "responders": list(dots.values()), "gone": gone}


class Waiting:
    """Messages on their way to one client, first come first served. Holds at most `room`, besides what is put first."""

    __slots__ = ("_messages", "_room", "_serial")

    def __init__(self, room: int) -> None:
        self._room = room
        self._serial = 0
        self._messages: dict[str | int, str | Message] = {}

    def put(self, message: str | Message) -> bool:
        """Keep a message (JSON already, or what may be replaced by a later one); False when there is no room."""
        subject = None if isinstance(message, str) else subject_of(message)
        if subject is not None and not isinstance(message, str) and self._replaced(subject, message):
            return True
        if len(self._messages) >= self._room:
            return False
        self._messages[self._next_key() if subject is None else subject] = message
        return True

    def put_first(self, messages: Iterable[str]) -> None:
        """Put these before all others. They take up no room: what waited for a phone that was away is not slowness."""
        first: dict[str | int, str | Message] = {self._next_key(): each for each in messages}
        self._room += len(first)
        self._messages = first | self._messages

    def first(self) -> str:
        """The JSON of the message whose turn it is. Raises `StopIteration` when there is none."""
        message = next(iter(self._messages.values()))
        return message if isinstance(message, str) else to_json_text(message)

    def drop_first(self) -> None:
        """The first message is on its way."""
        del self._messages[next(iter(self._messages))]

    def __len__(self) -> int:
        return len(self._messages)

    def _replaced(self, subject: str, message: Message) -> bool:
        older = self._messages.get(subject)
        if older is None or isinstance(older, str):
            return False
        COALESCED.labels(message["type"]).inc()
        if subject != "picture":
            self._messages[subject] = message
        elif message["full"]:
            # Behind what was said since the older one: it shows how things stood after that.
            del self._messages[subject]
            self._messages[subject] = message
        else:
            self._messages[subject] = later_picture(older, message)
        return True

    def _next_key(self) -> int:
        self._serial += 1
        return self._serial
