"""What became of one attempt to send, and when to try again."""

import random
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

# Half a second, one, two, …: an alert lives for a minute or two.
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 20.0

# What a service may ask us to wait. Nothing is ever put off for longer: see `repository.TAKE`.
MOST_PUT_OFF_S = 600.0


class OutcomeKind(StrEnum):
    """How one attempt ended."""

    SENT = "sent"
    AGAIN = "again"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt: `detail` says for people what happened, `retry_after_s` what the service asked for.

    `has_answered` is false when nothing at all came back.
    """

    kind: OutcomeKind
    detail: str = ""
    retry_after_s: float | None = None
    has_answered: bool = True


def pause_s(attempts: int, retry_after_s: float | None, chance: random.Random) -> float:
    """Seconds to wait after so many attempts: doubling, with jitter, and never less than the service asks for."""
    doubled = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 16))
    own = doubled * chance.uniform(0.5, 1.5)
    return own if retry_after_s is None else max(own, retry_after_s)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date); None without a readable one."""
    if header is None:
        return None
    try:
        asked = float(header) if header.isdigit() else (parsedate_to_datetime(header) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked, 0.0), MOST_PUT_OFF_S)
