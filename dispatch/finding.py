"""One thing that `dispatch doctor` has looked at."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing was found."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found and, when it is not well, how to get it."""

    name: str
    state: State
    found: str
    remedy: str = ""
