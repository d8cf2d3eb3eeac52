"""Rows of a list whose latitude and longitude stand in each other's column."""

from collections.abc import Sequence
from statistics import median

from dispatch.aeds.importing.coordinates import SWAPPED
from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.report import LeftOut
from geo.distance import distance_m
from geo.place import Place

# Farther than this from the middle of a list, and within the list when turned round: swapped.
_SWAPPED_M = 1_000_000.0
_ENOUGH_TO_HAVE_A_MIDDLE = 20
_SLACK_DEGREES = 1.0


def without_turned_round(
    drafts: Sequence[tuple[Draft, str]], column: str
) -> tuple[list[tuple[Draft, str]], list[LeftOut]]:
    """The drafts without those that lie far from all others, but among them when turned round, or only then far."""
    if len(drafts) < _ENOUGH_TO_HAVE_A_MIDDLE:
        return list(drafts), []
    latitudes = sorted(draft.place.latitude for draft, _ in drafts)
    longitudes = sorted(draft.place.longitude for draft, _ in drafts)
    middle = Place(median(latitudes), median(longitudes))
    twentieth = len(drafts) // 20
    south, north = latitudes[twentieth] - _SLACK_DEGREES, latitudes[-1 - twentieth] + _SLACK_DEGREES
    west, east = longitudes[twentieth] - _SLACK_DEGREES, longitudes[-1 - twentieth] + _SLACK_DEGREES
    kept: list[tuple[Draft, str]] = []
    left_out: list[LeftOut] = []
    for draft, own_id in drafts:
        is_far = distance_m(draft.place, middle) > _SWAPPED_M
        would_fit_turned = south <= draft.place.longitude <= north and west <= draft.place.latitude <= east
        if is_far and any(SWAPPED in note for note in draft.notes):
            reason = "out of range, and turned round it lies far from all other rows"
            where = f"{draft.place.longitude:g}, {draft.place.latitude:g}"
        elif is_far and would_fit_turned:
            reason = "latitude and longitude look swapped: it lies far from all other rows"
            where = f"{draft.place.latitude:g}, {draft.place.longitude:g}"
        else:
            kept.append((draft, own_id))
            continue
        left_out.append(LeftOut(draft.line, draft.row, reason, column, where, draft.sheet))
    return kept, left_out
