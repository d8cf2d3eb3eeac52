"""What crosses the wire of moves and histories."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dispatch.aeds.record import Access
from dispatch.aeds.schemas import Address, Hours, Instant, Long, Photo, Short
from dispatch.locations import LocationIn

# What is said of the device's new site; the rest of the body says where that is.
_WHERE = {"location", "site_of", "at"}


class MoveIn(BaseModel):
    """Where a device hangs from now on: a `location`, or the site of another device. One of the two.

    What is not said of a new place is not known of it: without `opening_hours` and `access` it is not usable there.
    """

    model_config = ConfigDict(extra="forbid")

    location: LocationIn | None = None
    site_of: UUID | None = Field(None, description="An AED at whose site it is hung; the site is taken over as it is.")
    at: Instant | None = Field(None, description="Since when it hangs there; without it: now.")
    name: Short | None = None
    address: Address | None = None
    place_detail: Long | None = None
    floor: int | None = Field(None, ge=-50, le=300)
    indoor: bool | None = None
    access: Access | None = None
    opening_hours: Hours | None = None
    opening_hours_note: Long | None = None
    phone: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")] | None = None
    custodian: Short | None = None
    owner: Short | None = None
    owner_id: UUID | None = None
    fence_m: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)
    photos: list[Photo] | None = Field(None, max_length=20)

    @model_validator(mode="after")
    def _says_where(self) -> "MoveIn":
        if (self.location is None) == (self.site_of is None):
            raise ValueError("either `location` or `site_of` must say where to, and not both")
        return self

    def said_of_site(self) -> dict[str, Any]:
        """The register's fields that were said."""
        said = {name: getattr(self, name) for name in self.model_fields_set - _WHERE}
        said = {name: value for name, value in said.items() if value is not None}
        if "photos" in said:
            said["photos"] = tuple(said["photos"])
        return said


class PlacementOut(BaseModel):
    """A device at a site. `until` null: it hangs there. `facts`: the site as it was known at the end."""

    number: int
    site_id: UUID
    since: datetime
    until: datetime | None
    facts: dict[str, Any] | None
    moved_by: str


class EventOut(BaseModel):
    """Something that happened: `kind` is `registered changed moved readiness linked removed`."""

    id: int
    at: datetime
    recorded_at: datetime
    kind: str
    by: str
    data: dict[str, Any]


class KeptReportOut(BaseModel):
    """A report as it is kept."""

    report_id: UUID
    kind: str
    at: datetime
    received_at: datetime
    by: str
    data: dict[str, Any]


class HistoryOut(BaseModel):
    """A device's past. `more_events`, `more_reports`: there are older ones than the last of each list."""

    aed_id: UUID
    placements: list[PlacementOut]
    events: list[EventOut]
    more_events: bool
    reports: list[KeptReportOut]
    more_reports: bool
