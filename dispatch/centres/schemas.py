"""What crosses the wire between 120 centres' own systems and this service."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from dispatch.access.endpoints import CENTRE_NAME
from dispatch.centres.vocabulary import Drills, EventType, Format, WebhookState
from dispatch.engine.schemas import NearestAedInReceipt, SosIn
from dispatch.locations import checked_datum
from dispatch.rescue.vocabulary import IncidentState
from geo.datum import Datum

CentreName = Annotated[str, StringConstraints(pattern=CENTRE_NAME)]
# It stands in paths: no slash, and nothing that a client might leave out of one.
CaseNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^\w[\w.:()+@-]*$")
]
Unit = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")
]
# GB/T 2260: a province (33), a city (3301) or a district (330106).
District = Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})$")]

_MOST_CURSOR = 2**63 - 1
Cursor = Annotated[int, Field(ge=0, le=_MOST_CURSOR)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _AmbulanceWord(_In):
    eta_s: float | None = Field(None, ge=0, le=24 * 3600, allow_inf_nan=False)
    arrives_at: AwareDatetime | None = None
    unit: Unit | None = None
    at: AwareDatetime | None = Field(
        None, description="As of when this is so; older word than what is known is let be."
    )


class AmbulanceSaid(_AmbulanceWord):
    """When the ambulance will be there: `eta_s` seconds after `at` (now without it), or `arrives_at`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "AmbulanceSaid":
        if (self.eta_s is None) == (self.arrives_at is None):
            raise ValueError("give either `eta_s` or `arrives_at`")
        return self


class AmbulanceNews(_AmbulanceWord):
    """The same, or that it is there."""

    arrived: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> "AmbulanceNews":
        if sum(each is not None for each in (self.eta_s, self.arrives_at, self.arrived)) != 1:
            raise ValueError("give one of `eta_s`, `arrives_at` and `arrived: true`")
        return self


class CaseIn(SosIn):
    """A case of a 120 centre: an SOS with what the centre knows of it. `request_id` is repeated with every try."""

    centre: CentreName | None = Field(None, description="Whose case it is; without it the token's own centre.")
    case_number: CaseNumber = Field(description="Its number there: one number, one incident.")
    ambulance: AmbulanceSaid | None = None
    opened_at: AwareDatetime | None = Field(None, description="When the centre took the call.")
    collapsed_at: AwareDatetime | None = Field(None, description="When the patient collapsed, by the caller's word.")


class CaseReceipt(BaseModel):
    """The answer to a case: the incident that it is, and others that are likely the same emergency."""

    incident_id: UUID
    centre: str
    case_number: str
    opened_at: datetime
    state: IncidentState
    alerted: int
    nobody_reached: bool
    drill: bool
    degraded: bool
    likely_duplicates: list[UUID]
    nearest_aeds: list[NearestAedInReceipt]


class GiveCaseIn(_In):
    """Which incident the case is."""

    incident_id: UUID


class MergeCaseIn(_In):
    """Which incident goes on for both."""

    into: UUID


class CaseOut(BaseModel):
    """How a case stands. `incident_id` is where it goes on, `opened_as` the incident that it opened."""

    centre: str
    case_number: str
    incident_id: UUID
    opened_as: UUID
    version: int
    drill: bool
    incident: dict[str, Any] = Field(description="As in the messages of the feed.")
    responders: list[dict[str, Any]] = Field(description="Who was asked, by their id alone.")
    likely_duplicates: list[UUID]


class AmbulanceTaken(BaseModel):
    """How an incident stands after word of its ambulance."""

    incident_id: UUID
    version: int
    incident: dict[str, Any] = Field(description="As in the messages of the feed.")


class WebhookIn(_In):
    """Whom to tell, and what. Without `secret` one is made; `after`: tell what came after that cursor, too."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2048)]
    secret: str | None = Field(None, max_length=256, description="`whsec_` and 24 to 64 bytes in base64.")
    centre: CentreName | None = Field(
        None, description="Told are its own cases and those of no centre; without it all, but no telephone number."
    )
    types: list[EventType] = Field(default_factory=list, max_length=len(EventType), description="Empty: all.")
    districts: list[District] = Field(default_factory=list, max_length=200, description="Empty: everywhere.")
    drills: Drills = Drills.WITHOUT
    format: Format = Format.JSON
    datum: Datum = Datum.WGS84
    after: Cursor | None = None

    @field_validator("datum", mode="before")
    @classmethod
    def _known_datum(cls, value: object) -> object:
        return checked_datum(value)

    @model_validator(mode="after")
    def _cap_is_wgs84(self) -> "WebhookIn":
        if self.format is Format.CAP and self.datum is not Datum.WGS84:
            raise ValueError("CAP is in WGS-84 by its standard: leave `datum` out")
        return self


class WebhookChange(_In):
    """What is to be otherwise. `new_secret`: have one made; the one before signs too for a day."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = None
    secret: str | None = Field(None, max_length=256)
    new_secret: Literal[True] | None = None
    types: list[EventType] | None = Field(None, max_length=len(EventType))
    districts: list[District] | None = Field(None, max_length=200)
    drills: Drills | None = None
    format: Format | None = None
    datum: Datum | None = None
    state: Literal["active", "paused"] | None = Field(None, description="`active` also goes on with a disabled one.")

    @field_validator("datum", mode="before")
    @classmethod
    def _known_datum(cls, value: object) -> object:
        return None if value is None else checked_datum(value)

    @model_validator(mode="after")
    def _one_secret(self) -> "WebhookChange":
        if self.secret is not None and self.new_secret is not None:
            raise ValueError("give either `secret` or `new_secret`")
        return self


class ReplayIn(_In):
    """From where on everything is to be told again."""

    after: Cursor


class WebhookOut(BaseModel):
    """A webhook and how it stands; `secret` only in the answer that it was made for."""

    id: UUID
    centre: str | None
    url: str
    types: list[EventType]
    districts: list[str]
    drills: Drills
    format: Format
    datum: Datum
    state: WebhookState
    cursor: int = Field(description="Everything up to here has been taken, or was not wanted.")
    behind: int = Field(description="How far that is from the feed's end.")
    failures: int
    failing_since: datetime | None
    next_attempt_at: datetime | None
    last_error: str | None
    last_taken_at: datetime | None
    refused: int = Field(description="Events that it would never take.")
    last_refused_cursor: int | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    secret: str | None = None


class WebhookList(BaseModel):
    """Every webhook, the oldest first."""

    webhooks: list[WebhookOut]


class EventOut(BaseModel):
    """One message, as it is posted."""

    id: UUID
    type: EventType
    at: datetime
    cursor: int
    incident_id: UUID
    centre: str | None
    case_number: str | None
    district_code: str | None
    drill: bool
    data: dict[str, Any]


class EventsOut(BaseModel):
    """A part of the feed. `next`: what to ask after the next time; `oldest`: what came before it is not kept."""

    events: list[EventOut]
    next: int
    more: bool
    oldest: int | None
