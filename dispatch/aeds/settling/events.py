"""What happened to a device, as `aed_events` keeps it.

| kind | `data` |
|---|---|
| `registered` | `occasion` |
| `changed` | `occasion`, `fields`: of each name `[old, new]` |
| `moved` | `occasion`, `fields` as above |
| `readiness` | `occasion`, `from`, `to`, `reasons`, `reasons_before`, `report_id?`, `report_kind?` |
| `linked` | `incident_id`, `responder_id?` |
| `removed` | `occasion`, `from` |

Of a `readiness` event also the reasons alone may be others than before. `at` is when it was so: of a report the time
that it tells, of what time alone changed the instant at which it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from dispatch.aeds.record import Aed
from dispatch.encoding import to_json


class EventKind(StrEnum):
    """What kind of thing happened."""

    REGISTERED = "registered"
    CHANGED = "changed"
    MOVED = "moved"
    READINESS = "readiness"
    LINKED = "linked"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class AedEvent:
    """One thing that happened. `by` is `role:subject`, `public`, `source:NAME` or `time`."""

    aed_id: UUID
    at: datetime
    recorded_at: datetime
    kind: EventKind
    by: str
    data: Mapping[str, Any]


# Told by events of their own, or not worth one.
_NOT_TOLD = frozenset({"readiness", "readiness_reasons", "readiness_at", "belief", "updated_at", "created_at", "id"})


def differences(before: Aed, after: Aed, names: frozenset[str]) -> dict[str, list[Any]]:
    """Of each of these fields that differs what it was and what it is, as JSON."""
    return {
        name: [plain(getattr(before, name)), plain(getattr(after, name))]
        for name in sorted(names - _NOT_TOLD)
        if getattr(before, name) != getattr(after, name)
    }


def plain(value: object) -> Any:
    """A field of the record as JSON has it."""
    return orjson.loads(to_json(value))
