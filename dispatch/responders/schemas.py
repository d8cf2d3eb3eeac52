"""What crosses the wire about first-aiders."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dispatch.locations import LocationOut
from dispatch.phones import Phone
from dispatch.rescue.vocabulary import TravelMode

ResponderName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]*$")
]
CertificateNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$")
]
ResponderKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CertificateIn(_In):
    """The first-aid certificate; `expires_on` is its last valid day."""

    number: CertificateNumber
    expires_on: date


class ResponderIn(_In):
    """A new first-aider; without an `id` one is made."""

    id: ResponderKey | None = None
    name: ResponderName
    phone: Phone | None = None
    certificate: CertificateIn
    mode: TravelMode = TravelMode.WALK
    language: Literal["zh", "en"] = "zh"


class ResponderChange(_In):
    """What is to be different; what is left out stays."""

    name: ResponderName | None = None
    phone: Phone | None = None
    certificate: CertificateIn | None = None
    mode: TravelMode | None = None
    language: Literal["zh", "en"] | None = None


class DutyIn(_In):
    """Whether a responder wants to be alerted now, and how they get about."""

    on_duty: bool = Field(strict=True)
    mode: TravelMode | None = None


class CertificateOut(BaseModel):
    """The first-aid certificate and whether it is valid today."""

    number: str
    expires_on: date
    valid: bool


class FixOut(LocationOut):
    """Where somebody was last."""

    accuracy_m: float | None


class ResponderOut(BaseModel):
    """A first-aider."""

    id: str
    name: str
    phone: str | None
    certificate: CertificateOut
    mode: TravelMode
    language: Literal["zh", "en"]
    on_duty: bool
    location: FixOut | None
    fix_at: datetime | None
    created_at: datetime


class WayOut(BaseModel):
    """A way to a first-aider besides the socket, and whether it has proven to work lately."""

    channel: Literal["web_push", "webhook"]
    proven: bool
    proven_at: datetime | None
    devices: int | None = None


class MyselfOut(ResponderOut):
    """A first-aider, the ways to their phones, and what they are on right now, as the socket's messages tell it."""

    channels: list[WayOut]

    alert: dict[str, Any] | None
    assignment: dict[str, Any] | None
