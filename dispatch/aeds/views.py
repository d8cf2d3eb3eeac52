"""AEDs as they leave the service."""

from datetime import datetime
from typing import Any

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.health.explaining import explained
from dispatch.aeds.record import Aed
from dispatch.aeds.settling.zones import zone_of
from dispatch.locations import location_json
from geo.datum import Datum

# Along streets it is about 1.3 times as far as straight; 1.4 m/s is brisk walking.
_STREET_FACTOR = 1.3
_WALKING_M_S = 1.4

# Who looks after it, who carries it, and by what number it could be told from a stolen one.
_NOT_FOR_STRANGERS = ("custodian", "carried_by", "serial_number")
# Where a carried one is, is where somebody is.
_NOT_OF_CARRIED = ("location", "fix_at")

_AS_THEY_ARE = (
    *("name", "address", "place_detail", "floor", "indoor", "opening_hours", "opening_hours_note"),
    *("phone", "owner", "custodian", "maker", "model", "serial_number", "manufactured_on"),
    *("battery_fitted_on", "pads_fitted_on", "pads_child_fitted_on", "pads_child_expire_on", "has_self_test"),
    *("is_connected", "is_mobile", "carried_by", "fix_at", "fence_m", "photos", "site_id", "owner_id", "district_code"),
    *("battery_expires_on", "pads_expire_on", "readiness_at", "source", "source_ref", "created_at", "updated_at"),
)


def whole(aed: Aed, directory: AedDirectory, now: datetime, datum: Datum = Datum.WGS84) -> dict[str, Any]:
    """All of an AED, with whether it is usable now and when its place next opens or closes."""
    shown = {name: getattr(aed, name) for name in _AS_THEY_ARE}
    return shown | {
        "id": str(aed.id),
        "location": location_json(aed.place, datum),
        "access": aed.access.value,
        "readiness": aed.readiness.value,
        "readiness_reasons": list(aed.readiness_reasons),
        "why": explained(aed.readiness_reasons, aed.readiness),
        "works_probability": None if aed.belief is None or aed.removed else round(aed.belief.at(now), 3),
        "usable_now": directory.is_usable(aed, now),
        "next_change_at": directory.next_change(aed, now),
        "timezone": str(zone_of(aed.place, directory.default_zone)),
    }


def for_strangers(told: dict[str, Any]) -> dict[str, Any]:
    """What `whole` tells, for anybody."""
    if told["carried_by"] is None:
        return told | dict.fromkeys(_NOT_FOR_STRANGERS)
    # Nobody but who carries it can use it.
    return told | dict.fromkeys((*_NOT_FOR_STRANGERS, *_NOT_OF_CARRIED)) | {"usable_now": False}


def is_carried(aed: Aed) -> bool:
    """Whether somebody has it with them."""
    return aed.is_mobile and aed.carried_by is not None


def near(aed: Aed, distance_m: float, datum: Datum = Datum.WGS84) -> dict[str, Any]:
    """An AED for somebody who needs it now."""
    return {
        "id": str(aed.id),
        "name": aed.name,
        "distance_m": round(distance_m, 1),
        "walk_s": round(distance_m * _STREET_FACTOR / _WALKING_M_S),
        "readiness": aed.readiness.value,
        "readiness_reasons": list(aed.readiness_reasons),
        "opening_hours": aed.opening_hours,
        "access": aed.access.value,
        "address": aed.address,
        "place_detail": aed.place_detail,
        "floor": aed.floor,
        "indoor": aed.indoor,
        "phone": aed.phone,
        "location": location_json(aed.place, datum),
    }


def aed_message(aed: Aed, *, usable: bool) -> dict[str, Any]:
    """The message to a console that an AED has changed."""
    return {
        "type": "aed",
        "id": str(aed.id),
        "name": aed.name,
        "location": location_json(aed.place),
        "readiness": aed.readiness,
        "usable_now": usable,
        "removed": aed.removed,
    }


def feature(aed: Aed, *, usable: bool) -> dict[str, Any]:
    """An AED as a GeoJSON feature, WGS-84 as RFC 7946 has it."""
    return {
        "type": "Feature",
        "id": str(aed.id),
        "geometry": {
            "type": "Point",
            "coordinates": [round(aed.place.longitude, 7), round(aed.place.latitude, 7)],
        },
        "properties": {
            "name": aed.name,
            "readiness": aed.readiness.value,
            "usable_now": usable,
            "access": aed.access.value,
            "opening_hours": aed.opening_hours,
            "address": aed.address,
            "place_detail": aed.place_detail,
            "floor": aed.floor,
            "indoor": aed.indoor,
        },
    }
