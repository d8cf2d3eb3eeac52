"""What crosses the wire about figures. How each is reckoned stands in `summing`."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.owners.tree import OwnerLevel
from dispatch.aeds.record import Readiness

DetectS = Annotated[
    float | None,
    Field(
        description="Mean seconds from when something was necessary until its order was opened, of the orders opened "
        "in these days; what is known long before (expiries, inspections) is left out. Null: there was none."
    ),
]
RepairS = Annotated[
    float | None,
    Field(
        description="Mean seconds from an order's opening until evidence closed it, of those closed in these days. "
        "Null: there was none."
    ),
]
Uptime = Annotated[
    float | None,
    Field(
        description="Of all the time in which devices were there, the share (0 to 1) in which they could be dispatched "
        "(`ready`, `degraded`, `unverified`), whatever their opening hours. Null: nothing was there."
    ),
]


class _Orders(BaseModel):
    mean_time_to_detect_s: DetectS
    mean_time_to_repair_s: RepairS
    opened_orders: int = Field(description="In these days.")
    closed_orders: int = Field(description="In these days.")
    open_orders: int = Field(description="Now.")
    overdue_orders: int = Field(description="Now.")


class FiguresOfOut(_Orders):
    """The figures of some devices."""

    devices: int = Field(description="Now.")
    by_state: dict[Readiness, int] = Field(description="Now.")
    uptime: Uptime


class OwnerFiguresOut(FiguresOfOut):
    """The figures of an owner and everybody below; without a level: of what belongs to nobody."""

    owner_id: UUID | None
    name: str
    level: OwnerLevel | None


class DistrictFiguresOut(FiguresOfOut):
    """The figures of a district; without a code: of what lies in none."""

    code: str | None
    name: str | None


class CauseFiguresOut(_Orders):
    """What became of the orders of one cause."""

    cause: Cause


class DayFiguresOut(BaseModel):
    """One day. `devices` and `overdue` are as they were at its end."""

    day: date
    devices: int
    uptime: Uptime
    opened: int
    closed: int
    overdue: int
    mean_time_to_repair_s: RepairS


class FiguresOut(BaseModel):
    """The figures of the days `from` to `to`, in the service's time zone, reckoned at `at`.

    `owners`: whoever stands right below the one asked for, and what belongs to that one itself. Devices count wherever
    they belong today.
    """

    model_config = ConfigDict(populate_by_name=True)

    owner_id: UUID | None
    from_: date = Field(alias="from")
    to: date
    at: datetime
    total: FiguresOfOut
    owners: list[OwnerFiguresOut]
    districts: list[DistrictFiguresOut]
    causes: list[CauseFiguresOut]
    days: list[DayFiguresOut]
