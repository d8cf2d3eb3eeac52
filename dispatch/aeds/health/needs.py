"""What somebody has to do about a device: at most one thing for each cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.aeds.health.evidence import Latest
from dispatch.aeds.health.explaining import to_be_done
from dispatch.aeds.health.facts import Facts
from dispatch.aeds.health.findings import Conclusion, Finding
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.vocabulary import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that somebody has to do. `since`: when it became necessary; `urgency`: 0 planned, 1 soon, 2 now."""

    cause: Cause
    since: datetime
    urgency: int
    due_at: datetime
    reasons: tuple[str, ...]
    what_zh: str
    what_en: str


def needs(conclusion: Conclusion, latest: Latest, facts: Facts, policy: CarePolicy, now: datetime) -> tuple[Need, ...]:
    """What follows from a conclusion that still holds at `now`: the most urgent first.

    What expires is due at the end of its last good day. Raises `ValueError` when time has overtaken the conclusion.
    """
    if conclusion.look_again_at is not None and now >= conclusion.look_again_at:
        raise ValueError("Time has changed what follows since this was concluded.")
    by_cause: dict[Cause, list[Finding]] = {}
    for finding in conclusion.findings:
        if finding.cause is not None:
            by_cause.setdefault(finding.cause, []).append(finding)
    if not by_cause:
        return ()
    found = [_need(cause, findings, latest, facts, policy) for cause, findings in by_cause.items()]
    return tuple(sorted(found, key=lambda need: (-need.urgency, need.due_at, need.cause)))


def _need(cause: Cause, findings: list[Finding], latest: Latest, facts: Facts, policy: CarePolicy) -> Need:
    what: Mapping[str, str] = to_be_done(cause, findings, latest, facts)
    return Need(
        cause=cause,
        since=min(each.since for each in findings),
        urgency=max(each.urgency for each in findings),
        due_at=min(_due_at(each, cause, policy) for each in findings),
        reasons=tuple(each.text for each in findings),
        what_zh=what["zh"],
        what_en=what["en"],
    )


def _due_at(finding: Finding, cause: Cause, policy: CarePolicy) -> datetime:
    if finding.due_at is not None:
        return finding.due_at
    return finding.since + timedelta(seconds=policy.due_within_s[cause])
