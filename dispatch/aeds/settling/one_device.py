"""What becomes of one device by reports, edits and time: pure. Its rows are held by whoever asks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import Latest
from dispatch.aeds.health.needs import Need, needs
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.probability import belief_of
from dispatch.aeds.health.rates import PRIOR, Rates
from dispatch.aeds.record import Aed, Readiness
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.carrying import is_carried
from dispatch.aeds.settling.events import AedEvent, EventKind, differences
from dispatch.aeds.settling.kept import PLACE, Kept, seen_values
from dispatch.aeds.work_orders.reconciling import Changes, reconcile
from dispatch.aeds.work_orders.record import BY_EVIDENCE, BY_REMOVAL, Assignment, WorkOrder

# So that copies of one device are always told apart by their age, whatever the clocks of two services say.
_A_LITTLE_LATER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A device as its rows have it. `is_new`: it is being entered now."""

    aed: Aed
    kept: Kept
    orders: tuple[WorkOrder, ...] = ()
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What has come up about one device: reports not taken yet, fields entered by hand, its removal."""

    reports: Sequence[StoredReport] = ()
    edits: Mapping[str, Any] | None = None
    is_removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """By what one device is judged."""

    policy: CarePolicy
    assignment: Assignment
    timezone: tzinfo
    rates: Rates = PRIOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A device before and after, and everything there is to write. `before` is None for a new one.

    `known` is what was known before the reports that were `taken`.
    """

    before: Aed | None
    aed: Aed
    kept: Kept
    known: Latest
    taken: tuple[StoredReport, ...]
    events: tuple[AedEvent, ...]
    orders: Changes

    @property
    def has_changed_state(self) -> bool:
        """Whether its readiness is another than it was."""
        return self.before is None or self.before.readiness is not self.aed.readiness


def settled(held: Held, happened: Happened, rule: Rule, why: Because, now: datetime) -> Settled:
    """The device with all of it applied. Reports of a removed device change nothing; edits change its record alone."""
    before = held.aed
    edits = dict(happened.edits or {})
    if PLACE in edits and before.is_mobile:
        edits["fix_at"] = now
    known = replace(before, **edits) if edits else before
    reports = () if known.removed else tuple(happened.reports)
    kept = held.kept.with_edits(edits, now).with_reports(reports)
    seen = seen_values(known, kept, reports)
    if seen:
        known = replace(known, **seen)
    if happened.is_removed or known.removed:
        state: dict[str, Any] = _removed(known, now)
        follows = _Follows(None, ())
    else:
        state, follows = _judged(known, kept, rule, now)
        if held.is_new and is_carried(before):
            state = {"belief": state["belief"]}
    aed = replace(known, **state, updated_at=max(now, before.updated_at + _A_LITTLE_LATER))
    orders = reconcile(
        held.orders,
        follows.needs,
        aed_id=aed.id,
        assignee=rule.assignment,
        policy=rule.policy,
        now=now,
        closed_by=BY_REMOVAL if aed.removed else BY_EVIDENCE,
    )
    change = _Change(held, aed, reports, frozenset(edits), frozenset(seen), why, now)
    return Settled(
        before=None if held.is_new else before,
        aed=aed,
        kept=kept.until(follows.look_again_at, as_of=aed.updated_at),
        known=held.kept.latest,
        taken=reports,
        events=tuple(change.events()),
        orders=orders,
    )


@dataclass(frozen=True, slots=True)
class _Follows:
    """When time changes what was concluded, and what somebody has to do."""

    look_again_at: datetime | None
    needs: tuple[Need, ...]


def _removed(aed: Aed, now: datetime) -> dict[str, Any]:
    if aed.removed:
        return {}
    return {"readiness": Readiness.REMOVED, "readiness_reasons": (), "readiness_at": now}


def _judged(aed: Aed, kept: Kept, rule: Rule, now: datetime) -> tuple[dict[str, Any], _Follows]:
    """The fields of the record that the evidence decides, and what follows from it."""
    latest, facts = kept.judged, facts_of(aed, rule.timezone)
    concluded = conclude(latest, facts, rule.policy, now)
    state = {
        "readiness": concluded.readiness,
        "readiness_reasons": concluded.reasons,
        "readiness_at": concluded.at,
        "belief": belief_of(latest, concluded, facts, rule.policy, now, rule.rates),
    }
    return state, _Follows(concluded.look_again_at, needs(concluded, latest, facts, rule.policy, now))


def facts_of(aed: Aed, timezone: tzinfo) -> Facts:
    """What the record holds that bears on readiness."""
    return Facts(
        place=aed.place,
        has_self_test=aed.has_self_test,
        connected=aed.is_connected,
        mobile=aed.is_mobile,
        fence_m=aed.fence_m,
        battery_expires_on=aed.battery_expires_on,
        pads_adult_expires_on=aed.pads_expire_on,
        pads_child_expires_on=aed.pads_child_expire_on,
        in_service_since=aed.created_at,
        fix_at=aed.fix_at,
        timezone=timezone,
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to one device, for its events."""

    held: Held
    after: Aed
    reports: Sequence[StoredReport]
    edited: frozenset[str]
    seen: frozenset[str]
    why: Because
    now: datetime

    def events(self) -> Iterator[AedEvent]:
        """What happened, in order."""
        before, occasion = self.held.aed, {"occasion": self.why.occasion.value}
        if self.held.is_new:
            yield self._event(EventKind.REGISTERED, self.why.by, occasion)
        elif fields := differences(before, self.after, self._told_fields):
            kind = EventKind.MOVED if self.why.occasion is Occasion.MOVE else EventKind.CHANGED
            yield self._event(kind, self.why.by if self.edited else self._by, occasion | {"fields": fields})
        if self.after.removed:
            if not before.removed:
                yield self._event(EventKind.REMOVED, self.why.by, occasion | {"from": before.readiness.value})
        elif self.held.is_new or _state(before) != _state(self.after):
            yield self._of_state(occasion)

    def _of_state(self, occasion: Mapping[str, Any]) -> AedEvent:
        before = None if self.held.is_new else self.held.aed
        data = {
            **occasion,
            "from": None if before is None else before.readiness.value,
            "to": self.after.readiness.value,
            "reasons": list(self.after.readiness_reasons),
            "reasons_before": [] if before is None else list(before.readiness_reasons),
        }
        at, newest, look_again_at = self.now, self._newest, self.held.kept.look_again_at
        if newest is not None:
            data |= {"report_id": str(newest.id), "report_kind": newest.kind.value}
            at = min(at, newest.at)
        elif self.why.occasion is Occasion.TIME and look_again_at is not None:
            at = min(at, look_again_at)
        return replace(self._event(EventKind.READINESS, self._by, data), at=at)

    @property
    def _newest(self) -> StoredReport | None:
        return max(self.reports, key=lambda report: (report.counts_from, str(report.id)), default=None)

    @property
    def _by(self) -> str:
        return self.why.by if self._newest is None else self._newest.reported_by

    @property
    def _told_fields(self) -> frozenset[str]:
        # That a taxi drives on is not worth a line.
        moving = frozenset({PLACE, "fix_at"}) if self.held.aed.is_mobile else frozenset()
        return self.edited | (self.seen - moving)

    def _event(self, kind: EventKind, by: str, data: Mapping[str, Any]) -> AedEvent:
        return AedEvent(self.after.id, self.now, self.now, kind, by, data)


def _state(aed: Aed) -> tuple[Readiness, tuple[str, ...]]:
    return aed.readiness, aed.readiness_reasons
