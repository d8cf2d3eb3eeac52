"""What crosses the wire about work orders."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.work_orders.record import Level, WhyUp
from dispatch.locations import LocationOut

Note = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AcknowledgeIn(_In):
    """Somebody has taken an order in hand, and may say how far it is."""

    note: Note | None = None


class CancelIn(_In):
    """Why nothing is to be done."""

    reason: Note


class WordsOut(BaseModel):
    """One line for people, by language."""

    zh: str
    en: str


class EscalationOut(BaseModel):
    """One step up: `overdue`, or `nobody` because no custodian may be given it."""

    level: Level
    at: datetime
    why: WhyUp


class OrderOut(BaseModel):
    """A work order. `level` answers for it now; `assignee` is the custodian who has it, null: whoever `owner` sends.

    `urgency`: 0 planned, 1 soon, 2 now. `overdue` of a closed one: whether it was when it was closed.
    `closed_by`: `evidence`, `removed`, or who cancelled it (then `note` says why).
    """

    id: UUID
    aed_id: UUID
    aed_name: str
    aed_location: LocationOut
    cause: Cause
    urgency: Literal[0, 1, 2]
    state: Literal["open", "closed"]
    opened_at: datetime
    since: datetime
    due_at: datetime
    overdue: bool
    level: Level
    assignee: str | None
    assignee_name: str | None
    owner_id: UUID | None
    owner_name: str | None
    what: WordsOut
    escalations: list[EscalationOut]
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    note: str | None


class OrdersOut(BaseModel):
    """Work orders, newest first; `next` is the `after` of the next page, null at the end."""

    orders: list[OrderOut]
    next: str | None
