"""When somebody was bound by which alert, as an incident's rows tell it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from dispatch.rescue.events import Offered
from dispatch.rescue.vocabulary import AlertState
from tests.faults.evidence import EventRow

# Two alerts of one person may not overlap by more than clocks are read apart within one process.
_SAME_INSTANT: Final = timedelta(milliseconds=20)
# What is decided is written within this, or else goes into a journal.
_WRITTEN_WITHIN: Final = timedelta(seconds=1)
_ENDED: Final = frozenset(AlertState) - AlertState.active_states()
# Events that are named as the state which they lead to; all others change nobody's being bound.
_STATE_OF: Final = {state.value: state for state in AlertState}


@dataclass(frozen=True, slots=True)
class Instant:
    """When something was decided, and when PostgreSQL committed it (None: nobody asked)."""

    at: datetime
    committed_at: datetime | None = None

    def __str__(self) -> str:
        return str(self.at) if self.committed_at is None else f"{self.at} (committed {self.committed_at})"


@dataclass(frozen=True, slots=True)
class Span:
    """Since when somebody was bound, until when (None: still is), and by which alert."""

    since: Instant
    until: Instant | None
    alert_id: str


def spans_of(rows: Iterable[EventRow]) -> dict[str, list[Span]]:
    """When each responder was bound by which alert, from an incident's rows."""
    state: dict[str, tuple[str, Instant | None]] = {}
    spans: dict[str, list[Span]] = {}
    for row in rows:
        now = Instant(row.at, row.committed_at)
        for event in row.unpacked():
            alert_id: str | None = getattr(event.what, "alert_id", None)
            if alert_id is None:
                continue
            if isinstance(event.what, Offered):
                state[alert_id] = (event.what.responder_id, now)
                continue
            responder_id, since = state.get(alert_id, ("", None))
            reached = AlertState(getattr(event.what, "stage", _STATE_OF.get(event.kind, AlertState.RECEIVED)))
            if reached in _ENDED and since is not None:
                spans.setdefault(responder_id, []).append(Span(since, now, alert_id))
                state[alert_id] = (responder_id, None)
            elif reached is AlertState.ACCEPTED and since is None:
                # A late yes, which was taken.
                state[alert_id] = (responder_id, now)
    for alert_id, (responder_id, since) in state.items():
        if since is not None:
            spans.setdefault(responder_id, []).append(Span(since, None, alert_id))
    return spans


def overlapping(spans: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Those of one person that overlap in time, two by two, the one that began first before the other."""
    for one, other in combinations(sorted(spans, key=lambda span: span.since.at), 2):
        if one.alert_id == other.alert_id:
            continue
        if one.until is None or other.since.at < one.until.at - _SAME_INSTANT:
            yield one, other


def in_turn(one: Span, other: Span) -> bool:
    """Whether PostgreSQL says that the end was committed before the other began.

    What one worker decides on what it knows is written some moments later, and by then may be right only because
    another worker's decision, taken after it, was committed before. Nobody is told of either before its commit. This
    says nothing of what was written later, out of a journal: that bound somebody from when it was decided.
    """
    ended, begun = one.until, other.since
    if (
        ended is None
        or ended.committed_at is None
        or begun.committed_at is None
        or begun.committed_at - begun.at > _WRITTEN_WITHIN
    ):
        return False
    return ended.committed_at <= begun.committed_at
