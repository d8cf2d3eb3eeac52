"""What `docs/readiness.md` says of a device, read line by line over all its reports: nothing is kept or merged.

Written apart from the rules and from what they read, so that the two can be held against each other. Slow.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from dispatch.aeds.health.conclusion import Facts
from dispatch.aeds.health.evidence import Evidence
from dispatch.aeds.health.policy import CarePolicy

_MINOR = ("pads_child", "cabinet", "sign", "accessories")
_WORST_FIRST = ("out_of_service", "in_use", "unverified", "degraded")
_EARTH_M = 6_371_008.8

Said = tuple[str, str, str | None]
"""A reason with its code, the state that it means, and the cause of the work order."""


def by_the_book(reports: Iterable[Evidence], facts: Facts, policy: CarePolicy, now: datetime) -> tuple[str, set[Said]]:
    """The state of the device at `now`, and everything that is said of it: also what only asks for work."""
    book = _Book(list({each.report_id: each for each in reports}.values()), facts, policy, now)
    said = {*book.dates(), *book.words(), *book.readings(), *book.places(), *book.silence(), *book.looks()}
    found = {state for _, state, _ in said}
    state = next((each for each in _WORST_FIRST if each in found), "ready")
    if state == "ready" and not book.has_good_news:
        return "unverified", said | {("no_evidence_yet", "unverified", None)}
    return state, said


class _Book:
    def __init__(self, reports: Sequence[Evidence], facts: Facts, policy: CarePolicy, now: datetime) -> None:
        self.facts, self.policy, self.now = facts, policy, now
        trusted = [each for each in reports if each.trusted]
        self.trusted = trusted
        self.public = [each for each in reports if not each.trusted and each.kind == "fault"]
        self.tests = [each for each in trusted if each.kind == "self_test"]
        self.passed_tests = [each for each in self.tests if each.data["outcome"] == "ok"]
        self.inspections = [each for each in trusted if each.kind == "inspection"]
        self.passed = [each for each in self.inspections if each.data["outcome"] == "ok" and not _serious(each)]
        self.heartbeats = [each for each in trusted if each.kind == "heartbeat"]
        self.has_good_news = bool(self.heartbeats or self.passed_tests or self.passed)
        self.connected = bool(self.heartbeats) if facts.connected is None else facts.connected
        self.began = facts.in_service_since or min((each.at for each in trusted), default=None)

    def of(self, kind: str) -> list[Evidence]:
        return [each for each in self.trusted if each.kind == kind]

    def dates(self) -> Iterable[Said]:
        """The last good day counts in full, where the device hangs."""
        for what, day, cause, state in (
            ("battery", self.facts.battery_expires_on, "battery_expiry", "out_of_service"),
            ("pads", self.facts.pads_adult_expires_on, "pads_expiry", "out_of_service"),
            ("pads_child", self.facts.pads_child_expires_on, "pads_expiry", "degraded"),
        ):
            if day is None:
                continue
            if self.now.astimezone(self.facts.timezone).date() > day:
                yield f"{what}_expired", state, cause
                continue
            midnight = datetime.combine(day + timedelta(days=1), time(), self.facts.timezone)
            left_days = (midnight.timestamp() - self.now.timestamp()) / 86_400
            is_ordered = left_days <= self.policy.expiry_ahead_days[0]
            is_last = self.policy.expiry_degrades_days > 0 and left_days <= self.policy.expiry_degrades_days
            if is_ordered or is_last:
                yield f"{what}_expires_soon", "degraded" if is_last else "ready", cause if is_ordered else None

    def words(self) -> Iterable[Said]:
        """What stands until somebody has looked, or a test has passed."""
        used = _newest(self.of("used"))
        if used and not _after(self.passed, used):
            is_over = self.now - used.at >= timedelta(seconds=self.policy.in_use_for_s)
            yield ("used_not_checked", "out_of_service", "used") if is_over else ("used", "in_use", "used")
        failed = _newest(each for each in self.tests if each not in self.passed_tests)
        if failed and not _after([*self.passed_tests, *self.passed], failed):
            yield _coded("self_test_failed", _code(failed)), "out_of_service", "self_test_failed"
        fault = _newest(self.of("fault"))
        if fault and not _after(self.passed, fault):
            yield _coded("fault", _code(fault)), "out_of_service", "fault"
        told_gone = [each for each in self.public if each.data.get("code") in {"missing", "locked"}]
        told = [each for each in self.public if each not in told_gone]
        doubts = [
            each
            for each, answers in (
                (_newest(told_gone), self.inspections),
                (_newest(told), [*self.inspections, *self.passed_tests]),
            )
            if each and not _after(answers, each)
        ]
        doubt = _newest(doubts)
        if doubt and self.now - doubt.at < timedelta(days=self.policy.public_doubt_days):
            yield "fault_said_by_public", "unverified", "said_by_public"

    def readings(self) -> Iterable[Said]:
        policy = self.policy
        if self._read("pads_ok") is False:
            yield "pads_not_ok", "out_of_service", "self_test_failed"
        percent = self._read("battery_percent")
        if percent is not None and percent <= policy.battery_low_percent:
            is_flat = percent <= policy.battery_flat_percent
            yield (
                ("battery_flat", "out_of_service", "battery_low")
                if is_flat
                else ("battery_low", "degraded", "battery_low")
            )
        degrees = self._read("temperature_c")
        if degrees is not None and not policy.temperature_least_c <= degrees <= policy.temperature_most_c:
            name = "temperature_low" if degrees < policy.temperature_least_c else "temperature_high"
            yield name, "degraded", "temperature"

    def _read(self, name: str) -> Any:
        newest = _newest(each for each in [*self.heartbeats, *self.tests] if each.data.get(name) is not None)
        return None if newest is None or _after(self.passed, newest) else newest.data[name]

    def places(self) -> Iterable[Said]:
        seen = _newest(self.of("location"))
        if self.facts.mobile:
            fixes = [each for each in (self.facts.fix_at, seen and seen.at) if each]
            fix_at = max(fixes) if fixes else self.began
            late_s = 0.0 if fix_at is None else (self.now - fix_at).total_seconds()
            if fix_at is not None and late_s >= self.policy.fix_overdue_s:
                yield "position_overdue", "unverified", "silent" if late_s >= self.policy.heartbeat_overdue_s else None
        elif seen and not _after(self.passed, seen):
            fence_m = self.policy.fence_m if self.facts.fence_m is None else self.facts.fence_m
            if _metres(seen, self.facts) - seen.data.get("accuracy_m", 0) > fence_m:
                yield "moved", "unverified", "moved"
        opened = [each for each in self.of("door") if each.data["open"]]
        shut = [*(each for each in self.of("door") if not each.data["open"]), *self.passed]
        left_open = [each for each in opened if not _after(shut, each)]
        if left_open and self.now - min(each.at for each in left_open) >= timedelta(
            seconds=self.policy.door_open_for_s
        ):
            yield "door_open", "degraded", "door_open"

    def silence(self) -> Iterable[Said]:
        if not self.connected:
            return
        heard = max(
            (each.at for each in self.heartbeats or [*self.tests, *self.of("door"), *self.of("location")]),
            default=self.began,
        )
        if heard is None:
            return
        silent_at = heard + timedelta(seconds=self.policy.heartbeat_overdue_s)
        if self.now >= silent_at:
            yield "heartbeat_overdue", self._unless_seen_after(silent_at), "silent"
            return
        failed = _newest(each for each in self.tests if each not in self.passed_tests)
        is_failed = failed is not None and not _after([*self.passed_tests, *self.passed], failed)
        if not self.tests or self.facts.has_self_test is False or is_failed:
            return
        missed_at = max(each.at for each in self.tests) + timedelta(seconds=self.policy.self_test_overdue_s)
        if self.now >= missed_at:
            yield "self_test_overdue", self._unless_seen_after(missed_at), "self_test_failed"

    def _unless_seen_after(self, instant: datetime) -> str:
        return "degraded" if any(each.at > instant for each in self.passed) else "unverified"

    def looks(self) -> Iterable[Said]:
        """What the last inspection found, and whether the next is due."""
        policy = self.policy
        last = _newest(self.passed)
        failed = _newest(each for each in self.inspections if each not in self.passed)
        if failed is not None and (last is None or failed.at >= last.at):
            last = failed
        if last is not None:
            amiss = [each["item"] for each in last.data.get("items") or () if not each["ok"]]
            if last is failed and (_serious(last) or not amiss):
                code = last.data.get("code") or next(iter(_serious(last)), None)
                yield _coded("inspection_failed", code), "out_of_service", "fault"
            else:
                yield from ((f"inspection_found_{each}", "degraded", "fault") for each in amiss)
        every = policy.inspection_every_days_connected if self.connected else policy.inspection_every_days
        seen_at = self.began if last is None else last.at
        if every is None or seen_at is None:
            return
        late_days = (self.now - seen_at).total_seconds() / 86_400 - every
        if late_days >= policy.inspection_overdue_days:
            yield "inspection_overdue", "unverified", "inspection_due"
        elif late_days >= 0:
            yield "inspection_due", "ready", "inspection_due"


def _newest(reports: Iterable[Evidence]) -> Evidence | None:
    by_time: Callable[[Evidence], tuple[datetime, str]] = lambda each: (each.at, each.report_id)  # noqa: E731
    return max(reports, key=by_time, default=None)


def _after(reports: Iterable[Evidence], what: Evidence) -> bool:
    return any(each.at > what.at for each in reports)


def _serious(inspection: Evidence) -> list[str]:
    items = inspection.data.get("items") or ()
    return [each["item"] for each in items if not each["ok"] and each["item"] not in _MINOR]


def _code(report: Evidence) -> str | None:
    return report.data.get("code") or next(iter(report.data.get("codes") or ()), None)


def _coded(reason: str, code: str | None) -> str:
    return f"{reason}_{code}" if code else reason


def _metres(seen: Evidence, facts: Facts) -> float:
    """By the haversine formula."""
    one, other = math.radians(seen.data["latitude"]), math.radians(facts.place.latitude)
    across = math.radians(seen.data["longitude"] - facts.place.longitude)
    half = math.sin((one - other) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(half))
