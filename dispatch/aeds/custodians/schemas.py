"""What crosses the wire about custodians."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dispatch.aeds.record import Readiness
from dispatch.aeds.schemas import Instant
from dispatch.aeds.work_orders.schemas import OrderOut, WordsOut
from dispatch.locations import LocationOut
from dispatch.phones import Phone

_TEXT = r"^[^\x00]*[^\x00\s][^\x00]*$"

Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_TEXT)]
CustodianName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=_TEXT)]
CertificateNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_TEXT)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CertificateIn(_In):
    """The certificate; `expires_on` is its last valid day."""

    number: CertificateNumber
    expires_on: date


class CustodianIn(_In):
    """A custodian whole: what is left out is not known. Without a valid certificate nothing is assigned to them."""

    name: CustodianName
    phone: Phone | None = None
    language: Literal["zh", "en"] = "zh"
    owner_id: UUID | None = Field(None, description="The owner that they belong to.")
    certificate: CertificateIn | None = None


class AbsenceIn(_In):
    """When somebody is away, and who stands in; without a `substitute` the venue sees to it."""

    from_at: Instant
    until_at: Instant
    substitute: Subject | None = None


class CertificateOut(BaseModel):
    """The certificate and whether it is valid today."""

    number: str
    expires_on: date
    valid: bool


class CustodianOut(BaseModel):
    """A custodian. `away`: right now; `seen_to_by`: who sees to their devices now, null: the venue."""

    subject: str
    name: str
    phone: str | None
    language: Literal["zh", "en"]
    owner_id: UUID | None
    certificate: CertificateOut | None
    away: bool
    seen_to_by: str | None
    seen_to_by_name: str | None
    created_at: datetime
    updated_at: datetime


class CustodiansOut(BaseModel):
    """Custodians in the order of their subjects; `next` is the `after` of the next page, null at the end."""

    custodians: list[CustodianOut]
    next: str | None


class AbsenceOut(BaseModel):
    """An absence. `seen_to_by`: who sees to the devices when it begins (now, if it has), null: the venue."""

    id: UUID
    custodian: str
    custodian_name: str | None
    from_at: datetime
    until_at: datetime
    substitute: str | None
    substitute_name: str | None
    seen_to_by: str | None
    seen_to_by_name: str | None
    handed_over_at: datetime | None
    handed_back_at: datetime | None


class CareDeviceOut(BaseModel):
    """A device as its custodian needs it; `custodian` is another one where somebody is stood in for."""

    id: UUID
    name: str
    address: str | None
    place_detail: str | None
    floor: int | None
    location: LocationOut
    custodian: str
    readiness: Readiness
    readiness_reasons: list[str]
    readiness_at: datetime
    why: WordsOut
    battery_expires_on: date | None
    pads_expire_on: date | None
    pads_child_expire_on: date | None


class MyselfOut(BaseModel):
    """What a custodian's page shows. `custodian` is null for somebody whom the office has not entered."""

    custodian: CustodianOut | None
    channels: list[dict[str, Any]]
    devices: list[CareDeviceOut]
    devices_truncated: bool
    orders: list[OrderOut]
    orders_truncated: bool
    absences: list[AbsenceOut]
    standing_in_for: list[str]
