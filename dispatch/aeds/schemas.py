"""What crosses the wire about AEDs."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from dispatch.aeds.hours import MAX_EXPRESSION_LENGTH, InvalidHours, checked_hours
from dispatch.aeds.readiness import ReportKind
from dispatch.aeds.record import Access, Readiness
from dispatch.locations import LocationIn, LocationOut

# Something to read, and nothing that PostgreSQL cannot keep.
_SAYS_SOMETHING = r"^[^\x00]*[^\x00\s][^\x00]*$"
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


def _text(longest: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=_SAYS_SOMETHING)


def _hours(value: str) -> str:
    try:
        return checked_hours(value)
    except InvalidHours as error:
        raise ValueError(str(error)) from error


def _of_this_century(value: datetime) -> datetime:
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"The year must be from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return value


def _day_of_this_century(value: date) -> date:
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"The year must be from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return value


Short = Annotated[str, _text(200)]
Address = Annotated[str, _text(300)]
Long = Annotated[str, _text(2000)]
Hours = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_EXPRESSION_LENGTH, pattern=_SAYS_SOMETHING),
    AfterValidator(_hours),
]
Instant = Annotated[AwareDatetime, AfterValidator(_of_this_century)]
Day = Annotated[date, AfterValidator(_day_of_this_century)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AedDetails(_In):
    """What may be left unsaid about an AED."""

    address: Address | None = None
    place_detail: Long | None = Field(None, description="Where exactly inside the place.")
    floor: int | None = Field(None, ge=-50, le=300, description="As the place's own signs count.")
    indoor: bool | None = None
    opening_hours: Hours | None = Field(
        None, description="OpenStreetMap `opening_hours` syntax, such as `Mo-Fr 08:00-18:00` or `24/7`."
    )
    opening_hours_note: Long | None = None
    phone: Annotated[str, _text(100)] | None = None
    owner: Short | None = None
    custodian: Short | None = Field(None, description="Subject of the custodian's token.")
    maker: Short | None = None
    model: Short | None = None
    serial_number: Short | None = None
    manufactured_on: Day | None = None
    battery_expires_on: Day | None = Field(None, description="Last good day.")
    pads_expire_on: Day | None = Field(None, description="Last good day.")
    source: Short | None = Field(None, description="The data set it came from.")
    source_ref: Short | None = Field(None, description="Its id in that data set.")


class AedIn(AedDetails):
    """A new AED."""

    name: Short
    location: LocationIn
    access: Access = Access.UNKNOWN


class AedChange(AedDetails):
    """What is to be different; what is left out stays, null makes unknown."""

    # Never null: the defaults only stand for "not said".
    name: Short = Field(default_factory=str)
    location: LocationIn = Field(default_factory=lambda: LocationIn.model_construct(latitude=0, longitude=0))
    access: Access = Field(default_factory=lambda: Access.UNKNOWN)


def values_of(said: AedDetails) -> dict[str, Any]:
    """The register's fields that were said, the place in WGS-84."""
    values = {name: getattr(said, name) for name in said.model_fields_set}
    location = values.pop("location", None)
    if isinstance(location, LocationIn):
        values["place"] = location.place()
    return values


class ReportIn(_In):
    """Something about an AED's condition. Which fields go with which `kind`: see `readiness` in the documents."""

    kind: ReportKind
    at: Instant | None = Field(None, description="When it was so; without it: now.")
    report_id: UUID | None = Field(None, description="Repeating a report under the same id changes nothing.")
    outcome: Literal["ok", "fail", "failed"] | None = Field(None, description="Of a self_test or an inspection.")
    code: str | None = Field(None, pattern=r"^[a-z0-9_]{1,40}$", description="What failed, in the device's own words.")
    note: Long | None = None
    battery_percent: float | None = Field(None, ge=0, le=100, allow_inf_nan=False)
    temperature_c: float | None = Field(None, ge=-100, le=200, allow_inf_nan=False)
    open: bool | None = Field(None, description="Whether the cabinet's door is open.")
    location: LocationIn | None = None
    battery_expires_on: Day | None = Field(None, description="As seen at an inspection.")
    pads_expire_on: Day | None = Field(None, description="As seen at an inspection.")


class ReportOut(BaseModel):
    """The readiness that follows from a report."""

    report_id: UUID
    aed_id: UUID
    readiness: Readiness
    readiness_reasons: list[str]
    readiness_at: datetime


class AedOut(BaseModel):
    """All that is known about one AED."""

    id: UUID
    name: str
    address: str | None
    place_detail: str | None
    floor: int | None
    indoor: bool | None
    location: LocationOut
    access: Access
    opening_hours: str | None
    opening_hours_note: str | None
    phone: str | None
    owner: str | None
    custodian: str | None
    maker: str | None
    model: str | None
    serial_number: str | None
    manufactured_on: date | None
    battery_expires_on: date | None
    pads_expire_on: date | None
    readiness: Readiness
    readiness_reasons: list[str]
    readiness_at: datetime
    usable_now: bool
    next_change_at: datetime | None
    source: str | None
    source_ref: str | None
    created_at: datetime
    updated_at: datetime


class NearAedOut(BaseModel):
    """A usable AED and how far it is: straight line in metres, seconds on foot along the street."""

    id: UUID
    name: str
    distance_m: float
    walk_s: int
    readiness: Readiness
    readiness_reasons: list[str]
    opening_hours: str | None
    access: Access
    address: str | None
    place_detail: str | None
    floor: int | None
    indoor: bool | None
    phone: str | None
    location: LocationOut


class NearestOut(BaseModel):
    """The nearest AEDs usable at `at`, nearest first."""

    aeds: list[NearAedOut]
    at: datetime


class PointOut(BaseModel):
    """GeoJSON: longitude, then latitude, WGS-84."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


class FeaturePropertiesOut(BaseModel):
    """What a map shows of an AED."""

    name: str
    readiness: Readiness
    usable_now: bool
    access: Access
    opening_hours: str | None
    address: str | None
    place_detail: str | None
    floor: int | None
    indoor: bool | None


class FeatureOut(BaseModel):
    """One AED as GeoJSON."""

    type: Literal["Feature"]
    id: UUID
    geometry: PointOut
    properties: FeaturePropertiesOut


class FeaturesOut(BaseModel):
    """The AEDs of a box as GeoJSON. `truncated`: there are more than the limit."""

    type: Literal["FeatureCollection"]
    features: list[FeatureOut]
    truncated: bool


class LeftOutOut(BaseModel):
    """A row that was not taken."""

    line: int
    row: int
    reason: str
    field: str | None
    value: str | None


class NoteOut(BaseModel):
    """Something put right, or not understood, in a row that was taken."""

    line: int
    row: int
    note: str


class ImportOut(BaseModel):
    """What became of every row: `rows` = `taken` + the number of `left_out`."""

    source: str
    form: str
    encoding: str
    delimiter: str | None
    datum: str
    datum_from: str
    mapping: dict[str, list[str]]
    unused: list[str]
    rows: int
    taken: int
    created: int
    updated: int
    unchanged: int
    hours_understood: int
    hours_not_understood: int
    dry_run: bool
    warnings: list[str]
    left_out: list[LeftOutOut]
    notes: list[NoteOut]
