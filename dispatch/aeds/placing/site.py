"""What belongs to the place and not to the device: what changes when it is hung elsewhere. Pure."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from dispatch.aeds.record import Access, Aed
from dispatch.aeds.settling.events import plain
from geo.place import Place

SITE_FIELDS = (
    *("name", "place", "address", "place_detail", "floor", "indoor", "access", "opening_hours", "opening_hours_note"),
    *("phone", "photos", "fence_m", "site_id", "district_code"),
)

# Of a place that nobody has described. Hours that are not known are never open, unknown access lets nobody in.
_NOTHING_KNOWN: Mapping[str, Any] = {
    **dict.fromkeys(
        ("address", "place_detail", "floor", "indoor", "opening_hours", "opening_hours_note", "phone", "fence_m")
    ),
    "access": Access.UNKNOWN,
    "photos": (),
}


def site_facts(aed: Aed) -> dict[str, Any]:
    """The site of a device as JSON, to be kept when it is taken away from there."""
    return {name: plain(getattr(aed, name)) for name in SITE_FIELDS}


def fields_at_new_site(aed: Aed, place: Place, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a device's record becomes at a place where none has hung: what is said of it, and nothing of the old one.

    The name stays until somebody gives another one, for a device has to be called something.
    """
    return {**_NOTHING_KNOWN, "name": aed.name, "place": place, "site_id": uuid4(), **said}


def fields_at_site_of(other: Aed, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a device's record becomes at the site of another one, which may have been taken away by now."""
    fields = {name: getattr(other, name) for name in SITE_FIELDS if name != "district_code"}
    return {**fields, **said, "place": other.place, "site_id": other.site_id}


def is_elsewhere(aed: Aed, site_id: UUID, place: Place) -> bool:
    """Whether this is another spot than the one where it hangs."""
    return aed.site_id != site_id or aed.place != place
