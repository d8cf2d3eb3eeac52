"""One device as it really is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

from dispatch.aeds.health.evidence import Evidence
from dispatch.aeds.health.vocabulary import ReportKind
from tests.aed_year.card import Card
from tests.aed_year.troubles import Open
from tests.aed_year.world import Build, OwnerTruth


class Fault(StrEnum):
    """What keeps it from saving a life."""

    ELECTRONICS = "electronics"  # Its self-test fails.
    POWER = "power"  # It is dead, and silent.
    FLAT = "flat"
    PADS = "pads"
    GONE = "gone"
    LOCKED = "locked"
    AWAY = "away"
    USED = "used"


OF_PLACE = (Fault.PADS, Fault.GONE, Fault.LOCKED)
NORMAL = {"battery_percent": 100.0, "temperature_c": 20.0}


@dataclass(slots=True)
class Stream:
    """What a device says by the clock: the k-th time at `first` + k x `every`. `next` is the first not said yet."""

    kind: ReportKind
    first: datetime
    every: timedelta
    next: int = 0

    def at(self, number: int) -> datetime:
        """When it says it the k-th time."""
        return self.first + number * self.every


@dataclass(slots=True)
class Device:
    """The device, its surroundings, and the card that the register keeps of it.

    `watched`: every single word of it is an event now, for something is out of the ordinary. `buffer`: what it could
    not say while its link was lost.
    """

    number: int
    name: str
    truth: OwnerTruth
    build: Build
    begins_at: datetime
    card: Card
    streams: list[Stream]
    chance: Random
    faults: dict[Fault, datetime] = field(default_factory=dict)
    troubles: list[Open] = field(default_factory=list)
    buffer: list[Evidence] = field(default_factory=list)
    link_lost: bool = False
    link_dead: bool = False
    drains_since: datetime | None = None
    drains_per_day: float = 0.0
    temperature_c: float = NORMAL["temperature_c"]
    door_open: bool = False
    watched: bool = False
    visit_at: datetime | None = None
    said: int = 0

    @property
    def works(self) -> bool:
        """Whether somebody who came for it now would save a life with it."""
        return not self.faults

    @property
    def is_connected(self) -> bool:
        """Whether it tells of itself."""
        return self.build is not Build.ALONE

    @property
    def is_ordinary(self) -> bool:
        """Whether all that it says by the clock is that all is well, heard at once."""
        return not (
            self.faults
            or self.link_lost
            or self.link_dead
            or self.drains_since is not None
            or self.temperature_c != NORMAL["temperature_c"]
        )

    def battery_percent(self, at: datetime) -> float:
        """What is left in the battery."""
        if self.drains_since is None:
            return NORMAL["battery_percent"]
        days = (at - self.drains_since) / timedelta(days=1)
        return max(0.0, NORMAL["battery_percent"] - days * self.drains_per_day)

    def speaks(self, kind: ReportKind) -> bool:
        """Whether it says things of this kind at all, in the state that it is in."""
        if self.link_dead or Fault.POWER in self.faults:
            return False
        # A cabinet goes on telling of itself when its device is gone.
        return Fault.GONE not in self.faults or (self.build is Build.CABINET and kind is not ReportKind.SELF_TEST)

    def words(self, kind: ReportKind, at: datetime) -> dict[str, Any]:
        """What it says."""
        if kind is ReportKind.HEARTBEAT:
            return {"battery_percent": self.battery_percent(at), "temperature_c": self.temperature_c}
        if kind is ReportKind.LOCATION:
            place = self.card.facts.place
            return {"latitude": place.latitude, "longitude": place.longitude}
        failed = Fault.ELECTRONICS in self.faults or Fault.FLAT in self.faults
        return {"outcome": "failed", "code": "e03"} if failed else {"outcome": "ok"}

    def report_id(self) -> str:
        """The id of the next report that is not by the clock."""
        self.said += 1
        return f"{self.name}:x{self.said}"
