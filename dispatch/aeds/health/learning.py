"""What one report adds to its owner's record: a look back on the days since the last look."""

from datetime import datetime, timedelta
from typing import Final

from dispatch.aeds.health.case import last_heard, latest_of
from dispatch.aeds.health.evidence import (
    FAULT,
    HEARTBEAT,
    INSPECTED,
    INSPECTION_FAILED,
    SAID_BY_PUBLIC,
    SAID_GONE_BY_PUBLIC,
    TEST_FAILED,
    TEST_PASSED,
    USED,
    Evidence,
    Latest,
    is_good,
    is_only_minor,
)
from dispatch.aeds.health.rates import OwnerRecord
from dispatch.aeds.health.vocabulary import ReportKind

_DAY: Final = timedelta(days=1)
# Devices say something daily or weekly: after so long without a word one had fallen silent.
_SILENT: Final = timedelta(days=9)
_SILENT_WITH_HEARTBEAT: Final = timedelta(days=2)
# Nobody looks back further than this: one who seems to has a clock that began at its maker's.
_LONGEST_LOOK_BACK: Final = timedelta(days=800)
_NOTHING: Final = OwnerRecord()
_KNOWN_UNFIT: Final = (INSPECTION_FAILED, FAULT, TEST_FAILED, USED)


def learned(before: Latest, report: Evidence) -> OwnerRecord:
    """What this report adds to the record of the device's owner, when `before` it this was known.

    A report that comes late, after a newer one, adds nothing: records are sums and depend a little on the order of
    arrival, as readiness never does.
    """
    if not report.trusted:
        return _NOTHING
    if report.kind is ReportKind.HEARTBEAT:
        return _silence_ended(before, report, unfit=False)
    good = is_good(report.kind, report.data)
    if report.kind is ReportKind.SELF_TEST:
        return _tested(before, report, failed=not good)
    if report.kind is ReportKind.INSPECTION:
        return _inspected(before, report, unfit=not good and not is_only_minor(report.data))
    if report.kind is ReportKind.FAULT:
        return _found_unfit(before, report)
    return _NOTHING


def _tested(before: Latest, report: Evidence, *, failed: bool) -> OwnerRecord:
    passed = latest_of(before.when(TEST_PASSED), before.when(INSPECTED))
    silence = _NOTHING if HEARTBEAT in before.newest else _silence_ended(before, report, unfit=failed)
    if passed is None or report.at <= passed or _is_later(before.when(TEST_FAILED), passed):
        return silence
    if report.at - passed > _LONGEST_LOOK_BACK:
        return silence
    days = (report.at - passed) / _DAY
    return _sum(OwnerRecord(tested_days=days, test_failures=float(failed)), silence)


def _inspected(before: Latest, report: Evidence, *, unfit: bool) -> OwnerRecord:
    seen = before.when(INSPECTED)
    looked_at = latest_of(seen, before.when(INSPECTION_FAILED))
    if looked_at is not None and report.at <= looked_at:
        return _NOTHING
    known_unfit = any(_is_later(before.when(key), seen) for key in _KNOWN_UNFIT)
    cases = _sum(_doubt_looked_into(before, report, unfit=unfit), _silence_ended(before, report, unfit=unfit))
    if known_unfit:
        return cases
    if seen is not None:
        return _sum(_looked_back(before, seen, report, unfit=unfit), cases)
    if TEST_PASSED in before.newest or _doubted_at(before) is not None:
        # Somebody looked because something was said: no fair sample of what nobody has looked at.
        return cases
    return _sum(OwnerRecord(first_looks=1.0, first_unfit=float(unfit)), cases)


def _found_unfit(before: Latest, report: Evidence) -> OwnerRecord:
    """Somebody came upon it by chance. How many looked and said nothing is not known: no first look is counted."""
    seen = before.when(INSPECTED)
    doubt = _doubt_looked_into(before, report, unfit=True)
    if seen is None or report.at <= seen or any(_is_later(before.when(key), seen) for key in _KNOWN_UNFIT):
        return doubt
    return _sum(_looked_back(before, seen, report, unfit=True), doubt)


def _looked_back(before: Latest, seen: datetime, report: Evidence, *, unfit: bool) -> OwnerRecord:
    if seen == before.first_look_at:
        # What the first look overlooked is no older than the register: it says nothing about how often things fail.
        return _NOTHING
    if report.at - seen > _LONGEST_LOOK_BACK:
        return _NOTHING
    days = (report.at - seen) / _DAY
    if TEST_PASSED in before.newest:
        return OwnerRecord(seen_days=days, found_by_people=float(unfit))
    return OwnerRecord(unaided_days=days, found_by_people=float(unfit))


def _doubted_at(before: Latest) -> datetime | None:
    """When the public last said something that nobody has looked into yet."""
    said = latest_of(before.when(SAID_BY_PUBLIC), before.when(SAID_GONE_BY_PUBLIC))
    answered = latest_of(before.when(INSPECTED), before.when(INSPECTION_FAILED), before.when(FAULT))
    return said if _is_later(said, answered) else None


def _doubt_looked_into(before: Latest, report: Evidence, *, unfit: bool) -> OwnerRecord:
    said = _doubted_at(before)
    if said is None or report.at <= said:
        return _NOTHING
    return OwnerRecord(doubts=1.0, doubts_true=float(unfit))


def _silence_ended(before: Latest, report: Evidence, *, unfit: bool) -> OwnerRecord:
    heard = last_heard(before)
    limit = _SILENT_WITH_HEARTBEAT if HEARTBEAT in before.newest else _SILENT
    if heard is None or report.at - heard < limit:
        return _NOTHING
    looked_at = latest_of(before.when(INSPECTED), before.when(INSPECTION_FAILED))
    if _is_later(looked_at, heard + limit):
        return _NOTHING
    return OwnerRecord(silences=1.0, silent_unfit=float(unfit))


def _is_later(at: datetime | None, than: datetime | None) -> bool:
    return at is not None and (than is None or at > than)


def _sum(one: OwnerRecord, other: OwnerRecord) -> OwnerRecord:
    if other is _NOTHING:
        return one
    return other if one is _NOTHING else one + other
