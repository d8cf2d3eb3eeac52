"""A work order as it stands, and who answers for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from dispatch.aeds.health.vocabulary import Cause

# `closed_by` of what nobody closed by hand.
BY_EVIDENCE = "evidence"
BY_REMOVAL = "removed"

URGENT = 2


class Level(StrEnum):
    """Who answers for an order; it goes up one step after the other."""

    CUSTODIAN = "custodian"
    VENUE = "venue"
    DISTRICT = "district"
    CITY = "city"
    PROVINCE = "province"

    @property
    def rank(self) -> int:
        """0 at the bottom."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class WhyUp(StrEnum):
    """Why an order went a level up."""

    OVERDUE = "overdue"
    NOBODY = "nobody"  # There is no custodian who may be given it.


@dataclass(frozen=True, slots=True)
class Escalation:
    """One step up, and why."""

    level: Level
    at: datetime
    why: WhyUp = WhyUp.OVERDUE

    def as_json(self) -> dict[str, Any]:
        """As it is kept and shown."""
        return {"level": self.level.value, "at": self.at.isoformat(), "why": self.why.value}

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> "Escalation":
        """As it was kept."""
        return Escalation(Level(data["level"]), datetime.fromisoformat(data["at"]), WhyUp(data["why"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """One thing that somebody has to do about one AED, for one cause.

    `what` says it by language (`zh`, `en`). `since` is when it became necessary, `urgency` 0 planned, 1 soon, 2 now.
    `assignee` is a custodian's subject (None: whoever the level's owner sends), `owner_id` the owner that answers for
    it at `level`. `look_again_at` is when time alone changes something about it: it goes a level up, or somebody else
    has to be given it.
    """

    id: UUID
    aed_id: UUID
    cause: Cause
    what: Mapping[str, str] = field(default_factory=dict)
    urgency: int
    since: datetime
    opened_at: datetime
    due_at: datetime
    level: Level
    assignee: str | None
    owner_id: UUID | None
    escalations: tuple[Escalation, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None
    look_again_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.closed_at is None

    @property
    def was_cancelled(self) -> bool:
        """Whether a person closed it by word, without the evidence."""
        return self.closed_by is not None and self.closed_by not in {BY_EVIDENCE, BY_REMOVAL}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is to see to an AED's orders at a moment.

    `assignee` is the custodian, or whoever stands in; None when there is nobody who may. `owners` tells who answers at
    each level above; a level without an owner of its own has the next one above. `until` is when time alone makes this
    another assignment (an absence begins or ends, a certificate runs out).
    """

    assignee: str | None
    owners: Mapping[Level, UUID] = field(default_factory=dict)
    until: datetime | None = None


NOBODY = Assignment(None)
