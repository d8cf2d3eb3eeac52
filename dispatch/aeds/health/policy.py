"""What an owner may set otherwise about the care of devices: intervals, thresholds, deadlines, who is told. Data.

Inherited along the tree of owners: what a venue does not decide its district does, then the city, then the province.
Where each default comes from stands in `docs/readiness.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from dispatch.aeds.health.vocabulary import Cause

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0


class InvalidPolicy(ValueError):
    """One value of a policy cannot be. `field` is its path, such as `due_within_s.fault`."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.field = name
        self.problem = problem


def _number(default: float | None, least: float, most: float, *, may_be_null: bool = False) -> Any:
    return field(default=default, metadata={"least": least, "most": most, "may_be_null": may_be_null})


def _due_within_s() -> Mapping[Cause, float]:
    return {
        # It cannot help anybody as it is.
        Cause.USED: DAY_S,
        Cause.FAULT: DAY_S,
        Cause.SELF_TEST_FAILED: DAY_S,
        # Nobody knows whether it can.
        Cause.SILENT: 2 * DAY_S,
        Cause.MOVED: 2 * DAY_S,
        Cause.SAID_BY_PUBLIC: 2 * DAY_S,
        Cause.DOOR_OPEN: DAY_S,
        Cause.TEMPERATURE: 3 * DAY_S,
        # It still can, and will not for ever. What expires is due on its last good day, if this comes no sooner.
        Cause.BATTERY_LOW: 7 * DAY_S,
        Cause.BATTERY_EXPIRY: 7 * DAY_S,
        Cause.PADS_EXPIRY: 7 * DAY_S,
        Cause.INSPECTION_DUE: 15 * DAY_S,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePolicy:
    """How a device is watched and cared for. Null where it may be: not judged at all."""

    heartbeat_overdue_s: float = _number(26 * HOUR_S, 60, 400 * DAY_S)
    self_test_overdue_s: float = _number(8 * DAY_S, HOUR_S, 400 * DAY_S)
    fix_overdue_s: float = _number(0.5 * HOUR_S, 60, 400 * DAY_S)
    inspection_every_days: float | None = _number(30, 1, 3650, may_be_null=True)
    inspection_every_days_connected: float | None = _number(90, 1, 3650, may_be_null=True)
    inspection_overdue_days: float = _number(15, 0, 3650)
    battery_low_percent: float = _number(20, 0, 100)
    battery_flat_percent: float = _number(3, 0, 100)
    temperature_least_c: float = _number(0, -100, 100)
    temperature_most_c: float = _number(50, -100, 100)
    fence_m: float = _number(100, 1, 100_000)
    in_use_for_s: float = _number(2 * HOUR_S, 0, 30 * DAY_S)
    door_open_for_s: float = _number(600, 0, HOUR_S)
    expiry_ahead_days: tuple[float, float, float] = (90, 30, 7)
    expiry_degrades_days: float = _number(0, 0, 365)
    public_doubt_days: float = _number(30, 0, 3650)
    due_within_s: Mapping[Cause, float] = field(default_factory=_due_within_s)
    # Seconds after an order was due at which the venue, the district and the city answer for it.
    escalate_after_s: tuple[float, float, float] = (0.0, 3 * DAY_S, 10 * DAY_S)
    # At which turns of an order its assignee is told through every channel that they have.
    tell: tuple[str, ...] = ("opened", "due", "escalated")

    def inspection_interval_days(self, *, connected: bool) -> float | None:
        """How often a person has to look at it: less often where it tells of itself."""
        return self.inspection_every_days_connected if connected else self.inspection_every_days


TURNS: Final = ("opened", "due", "escalated")
CARE_FIELDS: Final = tuple(each.name for each in fields(CarePolicy))
_LIMITS: Final = {each.name: each.metadata for each in fields(CarePolicy) if each.metadata}
_LONGEST_S: Final = 400 * DAY_S


def care_policy(parts: Sequence[Mapping[str, Any]]) -> CarePolicy:
    """The policy that these parts make together: the province's first, the venue's last; later ones override.

    `due_within_s` is overridden cause by cause, everything else value by value. Raises `InvalidPolicy` naming the
    field, also when a part by itself is in order and does not go with the rest.
    """
    values: dict[str, Any] = {"due_within_s": dict(_due_within_s())}
    for part in parts:
        for name, value in part.items():
            if name == "due_within_s":
                values[name].update(_deadlines(value))
            else:
                values[name] = _checked(name, value)
    policy = CarePolicy(**values)
    if policy.battery_flat_percent > policy.battery_low_percent:
        raise InvalidPolicy("battery_flat_percent", "A flat battery has no more than a low one.")
    if policy.temperature_least_c > policy.temperature_most_c:
        raise InvalidPolicy("temperature_least_c", "This is above temperature_most_c.")
    return policy


def _checked(name: str, value: Any) -> Any:
    if name in _LIMITS:
        limits = _LIMITS[name]
        if value is None and limits["may_be_null"]:
            return None
        return _within(name, value, limits["least"], limits["most"])
    if name == "expiry_ahead_days":
        days = _three(name, value, 3650)
        if not days[0] >= days[1] >= days[2]:
            raise InvalidPolicy(name, "The first comes first: three numbers of days, falling.")
        return days
    if name == "escalate_after_s":
        steps = _three(name, value, _LONGEST_S)
        if not steps[0] <= steps[1] <= steps[2]:
            raise InvalidPolicy(name, "Venue, district, city: each no sooner than the one before.")
        return steps
    if name == "tell":
        if not isinstance(value, list | tuple) or not all(each in TURNS for each in value):
            raise InvalidPolicy(name, f"A list out of {', '.join(TURNS)}.")
        return tuple(each for each in TURNS if each in value)
    raise InvalidPolicy(name, "There is no such value.")


def _within(name: str, value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidPolicy(name, "This takes a number.")
    # What is not finite is not within.
    if not least <= value <= most:
        raise InvalidPolicy(name, f"This must be from {least:g} to {most:g}.")
    return float(value)


def _three(name: str, value: Any, most: float) -> tuple[float, float, float]:
    if not isinstance(value, list | tuple) or len(value) != len(("venue", "district", "city")):
        raise InvalidPolicy(name, "This takes three numbers.")
    first, second, third = (_within(f"{name}.{number}", each, 0, most) for number, each in enumerate(value))
    return first, second, third


def _deadlines(value: Any) -> dict[Cause, float]:
    if not isinstance(value, Mapping):
        raise InvalidPolicy("due_within_s", "This takes seconds by cause.")
    found: dict[Cause, float] = {}
    for name, seconds in value.items():
        path = f"due_within_s.{name}"
        if name not in _CAUSES:
            raise InvalidPolicy(path, f"The causes are {', '.join(sorted(_CAUSES))}.")
        found[Cause(name)] = _within(path, seconds, 0, _LONGEST_S)
    return found


_CAUSES: Final = frozenset(Cause)
