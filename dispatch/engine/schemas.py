"""What crosses the wire about incidents."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dispatch.locations import LocationIn, LocationOut
from dispatch.phones import Phone
from dispatch.rescue.commands import OpenIncident
from dispatch.rescue.vocabulary import (
    AlertRole,
    AlertState,
    CancelReason,
    IncidentKind,
    IncidentState,
    StandDownReason,
)

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CallerIn(_In):
    """Who tapped."""

    phone: Phone | None = None


class SosIn(_In):
    """The SOS. `request_id` is made once by the phone and repeated with every try."""

    request_id: UUID
    location: LocationIn
    kind: IncidentKind = IncidentKind.CARDIAC_ARREST
    caller: CallerIn | None = None
    note: Note | None = None
    floor: int | None = Field(None, ge=-20, le=200, strict=True)
    cpr_in_progress: bool = Field(default=False, strict=True)
    drill: bool = Field(default=False, strict=True)

    def command(self) -> OpenIncident:
        """What it asks for."""
        return OpenIncident(
            place=self.location.place(),
            accuracy_m=self.location.accuracy_m,
            kind=self.kind,
            floor=self.floor,
            note=self.note or None,
            phone=self.caller.phone if self.caller else None,
            cpr_in_progress=self.cpr_in_progress,
            drill=self.drill,
        )


class NearestAedInReceipt(BaseModel):
    """One AED near the incident; the same as `GET /v1/aeds/nearest` gives."""

    model_config = ConfigDict(extra="allow")

    id: UUID
    name: str
    distance_m: float
    walk_s: float


class SosOut(BaseModel):
    """The answer to an SOS; `token` lets the caller follow and cancel this one incident.

    `nobody_reached`: there is no first-aider to alert yet; call the ambulance. `degraded`: the database is away.
    """

    incident_id: UUID
    token: str
    opened_at: datetime
    state: IncidentState
    alerted: int
    nobody_reached: bool
    drill: bool
    degraded: bool
    nearest_aeds: list[NearestAedInReceipt]


class CancelIn(_In):
    """Why an incident is cancelled; without a word: `caller_cancelled` by the caller, `operator` by the operator."""

    reason: CancelReason | None = None


class CloseIn(_In):
    """A last word."""

    note: Note | None = None


class MergeIn(_In):
    """Which incident goes on for both."""

    into: UUID


class WidenIn(_In):
    """Nothing to say: the search goes further and alerts more."""


class AmbulanceIn(_In):
    """When the ambulance will be there, or that it is."""

    eta_s: float | None = Field(None, ge=0, le=24 * 3600, allow_inf_nan=False)
    arrived: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "AmbulanceIn":
        if (self.eta_s is None) == (self.arrived is None):
            raise ValueError("give either `eta_s` or `arrived: true`")
        return self


class CprIn(_In):
    """Whether somebody on the spot is doing CPR."""

    in_progress: bool = Field(strict=True)


class IncidentLocation(LocationOut):
    """Where the patient is."""

    accuracy_m: float | None


class Ambulance(BaseModel):
    """When it will be there, and when it was."""

    eta_s: float | None
    arrives_at: datetime | None
    arrived_at: datetime | None
    unit: str | None = Field(None, description="Its name at the 120 centre.")


class CallerOut(BaseModel):
    """Who tapped."""

    phone: str | None


class Sentence(BaseModel):
    """The same in two languages."""

    en: str
    zh: str


class AlertAed(BaseModel):
    """The AED that a runner is sent for."""

    id: UUID
    name: str | None
    location: LocationOut | None


class AlertOut(BaseModel):
    """One offer, as the operator sees it."""

    alert_id: UUID
    responder_id: str
    responder_name: str
    role: AlertRole
    aed: AlertAed | None
    state: AlertState
    wave: int
    offered_at: datetime
    respond_by: datetime
    answered_at: datetime | None
    eta_s: float
    arrives_at: datetime
    distance_m: float
    reason: Sentence
    end_reason: StandDownReason | None
    stages: dict[AlertState, datetime]
    not_received_at: datetime | None
    urged_at: datetime | None
    doubted_at: datetime | None


class Line(BaseModel):
    """One line of the timeline."""

    number: int
    at: datetime
    kind: str
    by: str | None = None
    data: dict[str, Any] | None = None


class _Incident(BaseModel):
    incident_id: UUID
    version: int
    state: IncidentState
    kind: IncidentKind
    drill: bool
    opened_at: datetime
    closed_at: datetime | None
    end_reason: CancelReason | None
    location: IncidentLocation
    cpr_in_progress: bool
    nobody_reached: bool = Field(description="Nobody asked who could still come, nobody on the way, nobody there.")
    merged_into: UUID | None = Field(description="The incident that this call was found to be the same emergency as.")
    merged: list[UUID] = Field(description="The calls that became part of this incident.")
    ambulance: Ambulance
    timeline: list[Line]


class IncidentForOperator(_Incident):
    """Everything about an incident."""

    floor: int | None
    note: str | None
    caller: CallerOut
    centre: str | None = Field(None, description="The 120 centre whose own system opened it, or has a case for it.")
    case_number: str | None = Field(None, description="Its number there.")
    called_at: datetime | None = Field(None, description="When that centre was called.")
    collapsed_at: datetime | None = Field(None, description="When the patient collapsed, by the caller's word.")
    likely_duplicates: list[UUID]
    alerts: list[AlertOut]


class WhoComes(BaseModel):
    """One who accepted, as the caller sees them."""

    alert_id: UUID
    role: AlertRole
    state: AlertState
    name: str
    eta_s: float
    arrives_at: datetime
    distance_m: float
    aed_name: str | None
    location: LocationOut | None


class IncidentForCaller(_Incident):
    """What the caller may see of its own incident."""

    alerted: int
    responders: list[WhoComes]


class IncidentList(BaseModel):
    """Incidents, newest first, each without its timeline."""

    incidents: list[IncidentForOperator]
