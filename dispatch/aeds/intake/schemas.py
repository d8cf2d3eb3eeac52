"""What crosses the wire of reports."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Readiness
from dispatch.aeds.schemas import Day, Instant, Long, Photo
from dispatch.locations import LocationIn

MOST_IN_A_BATCH = 1000
# Each with its id, its time and a kilobyte of its own.
MOST_BATCH_BYTES = 1024 * 1024
MOST_ITEMS = 40
MOST_PHOTOS = 20
MOST_CODES = 20

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemIn(_In):
    """One line of an inspection's checklist."""

    item: Code
    ok: bool
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")] | None = None


class ReportIn(_In):
    """Something about an AED's condition. Which fields go with which `kind`: see `POST /v1/aeds/{id}/reports`."""

    kind: ReportKind
    at: Instant | None = Field(None, description="When it was so; without it: now.")
    report_id: UUID | None = Field(
        None,
        description="Repeating a report under the same id changes nothing. Without it, one with `at` is known again by "
        "its content.",
    )
    outcome: Literal["ok", "fail", "failed"] | None = Field(None, description="Of a self_test or an inspection.")
    code: Code | None = Field(
        None, description="What failed, in the device's own words; of a `fault` also `missing`, `locked`, `broken`."
    )
    codes: list[Code] | None = Field(None, min_length=1, max_length=MOST_CODES, description="All of a self_test's.")
    note: Long | None = None
    battery_percent: float | None = Field(None, ge=0, le=100, allow_inf_nan=False)
    temperature_c: float | None = Field(None, ge=-100, le=200, allow_inf_nan=False)
    signal_dbm: float | None = Field(None, ge=-200, le=50, allow_inf_nan=False)
    pads_ok: bool | None = Field(None, description="Whether the device senses pads that it takes for good.")
    open: bool | None = Field(None, description="Whether the cabinet's door is open.")
    location: LocationIn | None = None
    incident_id: UUID | None = Field(None, description="The incident in which it was used.")
    items: list[ItemIn] | None = Field(None, max_length=MOST_ITEMS, description="The inspection's checklist.")
    photos: list[Photo] | None = Field(None, max_length=MOST_PHOTOS, description="Addresses of pictures, https.")
    battery_fitted_on: Day | None = Field(None, description="As seen at an inspection.")
    battery_expires_on: Day | None = Field(None, description="Last good day, as seen at an inspection.")
    pads_fitted_on: Day | None = Field(None, description="Of the pads for adults, as seen at an inspection.")
    pads_expire_on: Day | None = Field(None, description="Last good day of the pads for adults, as seen.")
    pads_child_fitted_on: Day | None = Field(None, description="As seen at an inspection.")
    pads_child_expire_on: Day | None = Field(None, description="Last good day, as seen at an inspection.")


class GatewayReportIn(ReportIn):
    """A report that says which AED it is about."""

    aed_id: UUID


class ReportOut(BaseModel):
    """The readiness that follows from a report."""

    report_id: UUID
    aed_id: UUID
    readiness: Readiness
    readiness_reasons: list[str]
    readiness_at: datetime


class BatchIn(_In):
    """What a device has kept while nobody could be reached, in any order."""

    reports: list[Any] = Field(
        min_length=1,
        max_length=MOST_IN_A_BATCH,
        description="As `POST /v1/aeds/{id}/reports` takes them; a bad one keeps no other out.",
    )


class GatewayBatchIn(_In):
    """Reports of many devices, in any order."""

    reports: list[Any] = Field(
        min_length=1,
        max_length=MOST_IN_A_BATCH,
        description="As `POST /v1/aeds/{id}/reports` takes them, each with `aed_id`; a bad one keeps no other out.",
    )


class FieldProblemOut(BaseModel):
    """One field of a report and what is wrong with it."""

    field: str
    problem: str


class ReportResultOut(BaseModel):
    """What became of one report of a batch. `code` and `errors` as in a problem, of one that is `refused`."""

    report_id: UUID | None
    aed_id: UUID | None
    status: Literal["taken", "repeated", "refused"]
    code: str | None = None
    detail: str | None = None
    errors: list[FieldProblemOut] = []
    readiness: Readiness | None = None


class BatchOut(BaseModel):
    """What became of each report, in the batch's order."""

    taken: int
    repeated: int
    refused: int
    results: list[ReportResultOut]
