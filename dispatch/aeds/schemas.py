"""What crosses the wire about AEDs."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from dispatch.aeds.hours import MAX_EXPRESSION_LENGTH, InvalidHours, checked_hours
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
Photo = Annotated[str, StringConstraints(max_length=500, pattern=r"^https://[^\s\x00]+$")]
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
    battery_fitted_on: Day | None = None
    battery_expires_on: Day | None = Field(None, description="Last good day.")
    pads_fitted_on: Day | None = Field(None, description="Of the pads for adults.")
    pads_expire_on: Day | None = Field(None, description="Last good day of the pads for adults.")
    pads_child_fitted_on: Day | None = None
    pads_child_expire_on: Day | None = Field(None, description="Last good day.")
    has_self_test: bool | None = Field(None, description="Whether it tests itself.")
    is_connected: bool | None = Field(None, description="Whether it reports by itself; null: known once it has.")
    is_mobile: bool = Field(
        default=False, description="In a taxi, a patrol car, a train: its place is where it was last."
    )
    carried_by: Short | None = Field(None, description="The responder who has a mobile one with them.")
    fence_m: float | None = Field(
        None, gt=0, le=100_000, allow_inf_nan=False, description="How far from its site it may be; null: the owner's."
    )
    photos: list[Photo] = Field(default_factory=list, max_length=20, description="Addresses of pictures, https.")
    owner_id: UUID | None = Field(None, description="A node of the tree of owners.")
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
    is_mobile: bool = Field(default_factory=bool)
    photos: list[Photo] = Field(default_factory=list, max_length=20)


def values_of(said: AedDetails) -> dict[str, Any]:
    """The register's fields that were said, the place in WGS-84."""
    values = {name: getattr(said, name) for name in said.model_fields_set}
    location = values.pop("location", None)
    if isinstance(location, LocationIn):
        values["place"] = location.place()
    if "photos" in values:
        values["photos"] = tuple(values["photos"])
    return values


class SaidOut(BaseModel):
    """One line in two languages."""

    en: str
    zh: str


class AedOut(BaseModel):
    """All that is known about one AED."""

    id: UUID
    name: str
    address: str | None
    place_detail: str | None
    floor: int | None
    indoor: bool | None
    location: LocationOut | None = Field(description="Null to anybody while somebody carries it with them.")
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
    battery_fitted_on: date | None
    battery_expires_on: date | None
    pads_fitted_on: date | None
    pads_expire_on: date | None
    pads_child_fitted_on: date | None
    pads_child_expire_on: date | None
    has_self_test: bool | None
    is_connected: bool | None
    is_mobile: bool
    carried_by: str | None
    fix_at: datetime | None
    fence_m: float | None
    photos: list[str]
    site_id: UUID
    owner_id: UUID | None
    district_code: str | None
    readiness: Readiness
    readiness_reasons: list[str]
    why: SaidOut
    works_probability: float | None
    readiness_at: datetime
    usable_now: bool
    next_change_at: datetime | None
    timezone: str = Field(description="IANA name of the zone in which its opening hours are meant.")
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
