"""What is known about one AED."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from dispatch.aeds.health.belief import Belief
from geo.place import Place

UNVERIFIED_YET = "no_evidence_yet"


class Access(StrEnum):
    """Who gets at the device while the place is open."""

    PUBLIC = "public"
    ASK = "ask"
    CODE = "code"
    PRIVATE = "private"
    UNKNOWN = "unknown"

    @classmethod
    def reachable(cls) -> frozenset["Access"]:
        """The kinds that let a stranger with a reason take the device."""
        return frozenset({cls.PUBLIC, cls.ASK, cls.CODE})


class Readiness(StrEnum):
    """Whether the device will work when a runner gets there."""

    READY = "ready"
    DEGRADED = "degraded"
    UNVERIFIED = "unverified"
    OUT_OF_SERVICE = "out_of_service"
    IN_USE = "in_use"
    REMOVED = "removed"

    @classmethod
    def dispatchable(cls) -> frozenset["Readiness"]:
        """The states in which somebody may be sent for the device."""
        return frozenset({cls.READY, cls.DEGRADED, cls.UNVERIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Aed:
    """One device and where it hangs. `place` is WGS-84; unknown `opening_hours` (None) are never open.

    `pads_expire_on` is that of the pads for adults; every expiry date is the last good day. `site_id` is the same for
    all that hang, or hung, in one spot. A mobile one was at `place` at `fix_at`. `is_connected` and `has_self_test`:
    None until it is known. `belief`: how likely it works, and how that wears off (None: nothing is known).

    `floor` is counted as the place itself counts: its own signs are what a runner reads.
    """

    id: UUID
    name: str
    place: Place
    address: str | None = None
    place_detail: str | None = None
    floor: int | None = None
    indoor: bool | None = None
    access: Access = Access.UNKNOWN
    opening_hours: str | None = None
    opening_hours_note: str | None = None
    phone: str | None = None
    owner: str | None = None
    custodian: str | None = None
    maker: str | None = None
    model: str | None = None
    serial_number: str | None = None
    manufactured_on: date | None = None
    battery_expires_on: date | None = None
    pads_expire_on: date | None = None
    battery_fitted_on: date | None = None
    pads_fitted_on: date | None = None
    pads_child_fitted_on: date | None = None
    pads_child_expire_on: date | None = None
    has_self_test: bool | None = None
    is_connected: bool | None = None
    is_mobile: bool = False
    carried_by: str | None = None
    fix_at: datetime | None = None
    fence_m: float | None = None
    photos: tuple[str, ...] = ()
    site_id: UUID = field(default_factory=uuid4)
    owner_id: UUID | None = None
    district_code: str | None = None
    belief: Belief | None = None
    readiness: Readiness = Readiness.UNVERIFIED
    readiness_reasons: tuple[str, ...] = (UNVERIFIED_YET,)
    readiness_at: datetime
    source: str | None = None
    source_ref: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def removed(self) -> bool:
        """Whether the device is gone and kept for the record only."""
        return self.readiness is Readiness.REMOVED


AED_FIELDS: tuple[str, ...] = tuple(each.name for each in fields(Aed))


def differing_fields(one: Aed, other: Aed) -> Mapping[str, Any]:
    """The fields of `other` that are not as in `one`, timestamps of keeping apart."""
    kept = {"created_at", "updated_at"}
    return {
        name: getattr(other, name)
        for name in AED_FIELDS
        if name not in kept and getattr(one, name) != getattr(other, name)
    }
