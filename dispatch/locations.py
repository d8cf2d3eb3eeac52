"""Coordinates as they cross the wire: a datum on every one that enters or leaves."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from geo.datum import Datum, UnknownDatum, from_wgs84, parse_datum, to_wgs84
from geo.place import InvalidPlace, Place, place_from


class LocationIn(BaseModel):
    """A place as somebody gives it: degrees, in `datum` (WGS-84 unless said otherwise), known to `accuracy_m`."""

    model_config = ConfigDict(extra="forbid")

    latitude: float = Field(strict=True, ge=-90, le=90, allow_inf_nan=False, description="Degrees north.")
    longitude: float = Field(strict=True, ge=-180, le=180, allow_inf_nan=False, description="Degrees east.")
    accuracy_m: float | None = Field(
        None, strict=True, ge=0, le=100_000, allow_inf_nan=False, description="Radius in metres, 68 %."
    )
    datum: Datum = Field(Datum.WGS84, description="`wgs84`, `gcj02` (AutoNavi, Tencent) or `bd09` (Baidu).")

    @field_validator("datum", mode="before")
    @classmethod
    def _known_datum(cls, value: object) -> object:
        return checked_datum(value)

    @model_validator(mode="before")
    @classmethod
    def _not_swapped(cls, value: object) -> object:
        check_coordinates(value)
        return value

    def place(self) -> Place:
        """The same place in WGS-84."""
        return to_wgs84(Place(self.latitude, self.longitude), self.datum)


def checked_datum(value: object) -> Datum:
    """The datum of that name. Raises `ValueError` with a sentence, as validators must."""
    if isinstance(value, Datum):
        return value
    if not isinstance(value, str):
        raise ValueError("must be wgs84, gcj02 or bd09")  # noqa: TRY004 - pydantic turns ValueError alone into an error
    try:
        return parse_datum(value)
    except UnknownDatum as error:
        raise ValueError(str(error)) from error


def check_coordinates(value: object) -> None:
    """Refuse numbers out of range, NaN and swapped coordinates in `value["latitude"]`, `value["longitude"]`.

    What is missing or no number at all is left to the model's own fields, which name it.
    Raises pydantic's `ValidationError` naming the coordinate at fault.
    """
    if not isinstance(value, dict):
        return
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not _is_number(latitude) or not _is_number(longitude):
        return
    try:
        place_from(latitude, longitude)
    except InvalidPlace as error:
        problem = PydanticCustomError("coordinate", "{problem}", {"problem": error.problem})
        # A plain ValueError would name the whole object; this way the error's path ends at the coordinate.
        raise ValidationError.from_exception_data(
            "Location", [InitErrorDetails(type=problem, loc=(error.field,), input=value[error.field])]
        ) from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class LocationOut(BaseModel):
    """A place as it leaves, in the datum that it names."""

    latitude: float
    longitude: float
    datum: Datum = Datum.WGS84


def location_json(place: Place, datum: Datum = Datum.WGS84) -> dict[str, Any]:
    """A place for a message: coordinates rounded to a centimetre or so, and their datum."""
    shown = place if datum is Datum.WGS84 else from_wgs84(place, datum)
    return {
        "latitude": round(shown.latitude, 7),
        "longitude": round(shown.longitude, 7),
        "datum": datum.value,
    }
