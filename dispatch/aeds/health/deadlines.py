"""Within what time each kind of trouble must show, whatever becomes of single reports: a promise that policy makes."""

import math
from collections.abc import Mapping
from enum import StrEnum

from dispatch.aeds.health.policy import DAY_S, CarePolicy


class Trouble(StrEnum):
    """What can befall a device, told apart by how it comes to be known."""

    SAID = "said"
    EXPIRED = "expired"
    SILENT = "silent"
    MEASURED = "measured"
    DOOR_OPEN = "door_open"
    MOVED = "moved"
    POSITION_LOST = "position_lost"
    SEEN_BY_DEVICE = "seen_by_device"
    SEEN_BY_PEOPLE = "seen_by_people"


def detected_within_s(policy: CarePolicy, *, connected: bool, tests_are_reported: bool) -> Mapping[Trouble, float]:
    """Seconds from the trouble to a finding that tells of it; infinite where policy lets nobody look.

    - `said`: by anybody; from the arrival of the report.
    - `expired`: from the end of the last good day.
    - `silent`, `measured` (battery, temperature, pads), `door_open`, `moved`: the device says it, or falls silent.
    - `position_lost`: from the last fix of a mobile device.
    - `seen_by_device`: its self-test fails, or is missed.
    - `seen_by_people`: from the last look by a person; they see it, or the look is overdue.
    """
    every = policy.inspection_interval_days(connected=connected)
    by_people = math.inf if every is None else (every + policy.inspection_overdue_days) * DAY_S
    heard = policy.heartbeat_overdue_s if connected else by_people
    return {
        Trouble.SAID: 0.0,
        Trouble.EXPIRED: 0.0,
        Trouble.SILENT: heard,
        Trouble.MEASURED: heard,
        Trouble.DOOR_OPEN: max(heard, policy.door_open_for_s),
        Trouble.MOVED: heard,
        Trouble.POSITION_LOST: policy.fix_overdue_s,
        Trouble.SEEN_BY_DEVICE: policy.self_test_overdue_s if connected and tests_are_reported else by_people,
        Trouble.SEEN_BY_PEOPLE: by_people,
    }
