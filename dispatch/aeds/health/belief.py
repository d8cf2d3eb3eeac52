"""How likely a device works, in a form small enough to be asked of every device that a search passes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Belief:
    """The probability of working was `base` at `since`, and wears off by `hazard_per_day` of what is left of it."""

    base: float
    since: datetime
    hazard_per_day: float

    def at(self, when: datetime) -> float:
        """The probability that it works at `when`, from 0 to 1; before `since` it is what it was then."""
        days = max(0.0, (when - self.since) / _DAY)
        return self.base * math.exp(-self.hazard_per_day * days)

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {"base": self.base, "since": self.since.isoformat(), "hazard_per_day": self.hazard_per_day}

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> "Belief":
        """As it was kept."""
        return Belief(data["base"], datetime.fromisoformat(data["since"]), data["hazard_per_day"])
