"""What the register itself holds that bears on readiness."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from geo.place import Place

_DAY = timedelta(days=1)
# Later dates mean "never", and midnight after the very last one does not exist.
_NEVER_LATER_THAN = date(9000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One device as its rules need to know it. Expiry dates are the last good day, counted in `timezone`.

    `connected`: whether it reports by itself; None: once a heartbeat has come. `has_self_test` None: once one was
    reported. `fence_m` None: the owner's. `fix_at`: when a mobile one was last where it is said to be, if that is not
    from a report. Inspections are counted from `in_service_since` when there was none yet.
    """

    place: Place
    has_self_test: bool | None = None
    connected: bool | None = None
    mobile: bool = False
    fence_m: float | None = None
    battery_expires_on: date | None = None
    pads_adult_expires_on: date | None = None
    pads_child_expires_on: date | None = None
    in_service_since: datetime | None = None
    fix_at: datetime | None = None
    timezone: tzinfo = UTC


# Dates repeat from device to device, and every report asks anew.
@lru_cache(maxsize=65_536)
def end_of(day: date, timezone: tzinfo) -> datetime:
    """When the day is over in that time zone, as UTC."""
    return datetime.combine(min(day, _NEVER_LATER_THAN) + _DAY, time.min, timezone).astimezone(UTC)
