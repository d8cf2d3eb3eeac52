"""What a phone shows of a message."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """A notification: its title and one or two sentences."""

    title: str
    text: str
