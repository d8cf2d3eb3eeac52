"""What crosses the wire when devices are looked up."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from dispatch.aeds.record import Access, Readiness
from dispatch.locations import LocationOut


class FoundAedOut(BaseModel):
    """One AED that a search found. `distance_m`: from the place that was asked about, if one was."""

    id: UUID
    name: str
    address: str | None
    place_detail: str | None
    floor: int | None
    indoor: bool | None
    access: Access
    opening_hours: str | None
    readiness: Readiness
    usable_now: bool
    distance_m: float | None
    location: LocationOut


class FoundOut(BaseModel):
    """What a search found, the likeliest first. `more`: there is more than that."""

    aeds: list[FoundAedOut]
    more: bool


class Said(BaseModel):
    """One sentence in both languages."""

    zh: str
    en: str


class DeviceOut(BaseModel):
    """One line of the office's list."""

    id: UUID
    name: str
    address: str | None
    place_detail: str | None
    floor: int | None
    access: Access
    opening_hours: str | None
    readiness: Readiness
    readiness_reasons: list[str]
    readiness_at: datetime
    why: Said
    custodian: str | None
    custodian_name: str | None
    owner_id: UUID | None
    owner_name: str | None
    district_code: str | None
    district_name: str | None
    maker: str | None
    model: str | None
    serial_number: str | None
    battery_expires_on: date | None
    pads_expire_on: date | None
    open_orders: int
    source: str | None
    location: LocationOut


class DevicesOut(BaseModel):
    """A page of the list. `after` asks for the next one; `counts`, with the first page, are of all states."""

    devices: list[DeviceOut]
    after: str | None
    counts: dict[str, int]
