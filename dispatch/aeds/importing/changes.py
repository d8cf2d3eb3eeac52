"""What an import would change, row by row and field by field, for people to look over first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from dispatch.aeds.importing.proposing import MatchedBy
from dispatch.aeds.record import Aed
from geo.distance import distance_m
from geo.place import Place

# What a page can show and a person look over; the counts are of all.
MOST_SHOWN = 1000


class What(StrEnum):
    """What becomes of a row."""

    AMBIGUOUS = "ambiguous"
    UPDATE = "update"
    NEW = "new"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one row. `differences` holds of each field what it was and what it is to be."""

    line: int
    row: int
    what: What
    name: str
    aed_id: UUID | None = None
    matched_by: MatchedBy | None = None
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    candidates: tuple[Aed, ...] = ()
    sheet: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON has it."""
        return {
            "line": self.line,
            "row": self.row,
            "sheet": self.sheet,
            "what": self.what.value,
            "name": self.name,
            "aed_id": None if self.aed_id is None else str(self.aed_id),
            "matched_by": None if self.matched_by is None else self.matched_by.value,
            "differences": {name: [plain(old), plain(new)] for name, (old, new) in self.differences.items()},
            "moved_m": self.moved_m,
            "candidates": [
                {"aed_id": str(aed.id), "name": aed.name, "source": aed.source, "source_ref": aed.source_ref}
                for aed in self.candidates
            ],
        }

    @property
    def moved_m(self) -> float | None:
        """How far the device is moved, in metres; None when it stays."""
        old, new = self.differences.get("place", (None, None))
        return round(distance_m(old, new), 1) if isinstance(old, Place) and isinstance(new, Place) else None


@dataclass(frozen=True, slots=True)
class Gone:
    """A device that an earlier edition of the list had and this one has not."""

    aed_id: UUID
    name: str
    source_ref: str | None

    def as_dict(self) -> dict[str, Any]:
        """The device as JSON has it."""
        return {"aed_id": str(self.aed_id), "name": self.name, "source_ref": self.source_ref}


def shown(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes to show: first what somebody has to decide, then updates, new ones, and what stays as it is."""
    order = list(What)
    return tuple(sorted(changes, key=lambda change: (order.index(change.what), change.row))[:MOST_SHOWN])


def plain(value: Any) -> Any:
    """A field of the record as JSON has it."""
    if isinstance(value, Place):
        return {"latitude": value.latitude, "longitude": value.longitude}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value
