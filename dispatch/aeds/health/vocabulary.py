"""The words of health: what a report is about, what something to be done is about, what a person looks at."""

from enum import StrEnum


class ReportKind(StrEnum):
    """What a report is about."""

    HEARTBEAT = "heartbeat"
    SELF_TEST = "self_test"
    DOOR = "door"
    LOCATION = "location"
    INSPECTION = "inspection"
    USED = "used"
    FAULT = "fault"


class Cause(StrEnum):
    """What a need, and the work order that it becomes, is about. A device has at most one open order of each."""

    BATTERY_EXPIRY = "battery_expiry"
    PADS_EXPIRY = "pads_expiry"
    SELF_TEST_FAILED = "self_test_failed"
    SILENT = "silent"
    INSPECTION_DUE = "inspection_due"
    USED = "used"
    FAULT = "fault"
    MOVED = "moved"
    DOOR_OPEN = "door_open"
    BATTERY_LOW = "battery_low"
    SAID_BY_PUBLIC = "said_by_public"
    TEMPERATURE = "temperature"


class InspectionItem(StrEnum):
    """What a person looks at, one by one."""

    STATUS_LIGHT = "status_light"
    BATTERY = "battery"
    PADS_ADULT = "pads_adult"
    PADS_CHILD = "pads_child"
    CASING = "casing"
    ACCESS = "access"
    CABINET = "cabinet"
    SIGN = "sign"
    ACCESSORIES = "accessories"

    @classmethod
    def minor(cls) -> frozenset["InspectionItem"]:
        """What may be amiss in a device that saves lives all the same: it is used last and put right."""
        return frozenset({cls.PADS_CHILD, cls.CABINET, cls.SIGN, cls.ACCESSORIES})


class Urgency:
    """How soon somebody has to see to a need; as numbers, for an order's urgency only rises."""

    PLANNED = 0
    SOON = 1
    NOW = 2


# What a person who stood before it, or wanted to, may say: a self-test cannot know better.
ONLY_A_PERSON_SEES = frozenset({"missing", "locked"})
