"""What makes an import look like a mistake: refused with the reason, taken all the same if somebody insists. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import cos, hypot, radians
from statistics import median
from typing import Any

from dispatch.aeds.importing.coordinates import SWAPPED
from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.proposing import Match, MatchedBy
from dispatch.aeds.importing.words import bare
from geo.datum import Datum, from_wgs84, to_wgs84
from geo.distance import distance_m
from geo.place import Place

# Fewer devices tell no pattern from chance.
_ENOUGH = 5
# In one building there may be some, each by the name of its shop.
_CROWD = 10
_HALF = 0.5
# A surveyor's corrections are smaller, or go all ways.
_MOVED_M = 60.0
# GCJ-02's own shift changes by so much across a city.
_ALIKE_M, _ALIKE_SHARE = 40.0, 0.25
_EXPLAINED_M = 20.0
# Nobody corrects half of a list by so much: its cells have slipped, each to another row.
_SLIPPED_M = 500.0
_FAR_M = 1_000_000.0
_BACK_HOME_M = 100_000.0
_M_PER_DEGREE = 111_195.0


class Doubt(StrEnum):
    """What looks wrong with an import."""

    HALF_GONE = "half_gone"
    ALL_MOVED = "all_moved"
    DATUM = "wrong_datum"
    SWAPPED = "swapped"
    ONE_POINT = "one_point"
    FAR_AWAY = "far_away"


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a register's devices are: how many, their middle, and the box of all but a tenth."""

    count: int
    middle: Place | None = None
    south_west: Place | None = None
    north_east: Place | None = None


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing that looks wrong: what, in a sentence, and the figures behind it."""

    doubt: Doubt
    detail: str
    figures: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The suspicion as JSON has it."""
        return {"code": self.doubt.value, "detail": self.detail, "figures": self.figures}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that an import is judged by. `read_as` is the datum that the list's coordinates were taken to be in."""

    matches: Sequence[Match]
    of_source: int
    gone: int
    own_places: Sequence[Place] = ()
    extent: Extent
    read_as: Datum


def suspicions(seen: Seen) -> list[Suspicion]:
    """Everything that looks wrong; empty for an import like any other."""
    return [*_gone(seen), *_turned_round(seen), *_moved(seen), *_one_point(seen), *_far(seen)]


def placeholders(drafts: Sequence[Draft]) -> Iterator[str]:
    """Warnings of points at which a geocoder seems to have put whatever it did not find."""
    for place, names in _crowds(drafts):
        if len(names) >= _CROWD:
            where = f"{place.latitude:.5f}, {place.longitude:.5f}"
            yield f"{len(names)} different places share the point {where}: it may stand for places that were not found."


def _gone(seen: Seen) -> Iterator[Suspicion]:
    if seen.of_source >= _ENOUGH and seen.gone >= _HALF * seen.of_source:
        yield Suspicion(
            Doubt.HALF_GONE,
            f"{seen.gone} of the {seen.of_source} devices that this source had are not in the list.",
            {"gone": seen.gone, "of": seen.of_source},
        )


def _known_pairs(seen: Seen) -> list[tuple[Place, Place]]:
    """Where each device is said to be, and where it is known to be; those found by their place tell nothing."""
    return [
        (match.draft.place, match.there.place)
        for match in seen.matches
        if match.there is not None and match.matched_by is not MatchedBy.PLACE and not match.there.is_mobile
    ]


def _moved(seen: Seen) -> Iterator[Suspicion]:
    pairs = _known_pairs(seen)
    if len(pairs) < _ENOUGH:
        return
    steps = [_step_m(known, said) for said, known in pairs]
    east, north = median(step[0] for step in steps), median(step[1] for step in steps)
    far = hypot(east, north)
    allowed = max(_ALIKE_M, _ALIKE_SHARE * far)
    together = sum(1 for step in steps if hypot(step[0] - east, step[1] - north) <= allowed)
    if far < _MOVED_M or far > _FAR_M or together < max(_ENOUGH, _HALF * len(pairs)):
        yield from _slipped(pairs)
        return
    figures: dict[str, Any] = {
        "moved": together, "of": len(pairs), "metres": round(far), "east_m": round(east), "north_m": round(north),
    }  # fmt: skip
    said = f"{together} of {len(pairs)} known devices would be moved by the same {far:.0f} m"
    right = _explaining(pairs, seen.read_as)
    if right is None:
        yield Suspicion(Doubt.ALL_MOVED, f"{said}, as by a mistake in the datum.", figures)
        return
    yield Suspicion(
        Doubt.DATUM,
        f"{said}: the list was read as {seen.read_as.value}, and as {right.value} they would stay where they are.",
        figures | {"read_as": seen.read_as.value, "datum": right.value},
    )


def _slipped(pairs: Sequence[tuple[Place, Place]]) -> Iterator[Suspicion]:
    """Devices that each move another way, as when one column of a sheet was sorted and the others were not."""
    moved = sorted(distance for said, known in pairs if (distance := distance_m(said, known)) > _SLIPPED_M)
    if len(moved) < max(_ENOUGH, _HALF * len(pairs)) or moved[len(moved) // 2] > _FAR_M:
        return
    detail = (
        f"{len(moved)} of {len(pairs)} known devices would be moved by more than {_SLIPPED_M:.0f} m, each another way: "
        "as if the coordinates were other rows'."
    )
    figures = {"moved": len(moved), "of": len(pairs), "metres": round(median(moved))}
    yield Suspicion(Doubt.ALL_MOVED, detail, figures)


def _explaining(pairs: Sequence[tuple[Place, Place]], read_as: Datum) -> Datum | None:
    """The datum in which the list's coordinates put the devices where they are known to be."""
    for other in Datum:
        if other is read_as:
            continue
        off = [distance_m(to_wgs84(from_wgs84(said, read_as), other), known) for said, known in pairs]
        if median(off) <= _EXPLAINED_M:
            return other
    return None


def _turned_round(seen: Seen) -> Iterator[Suspicion]:
    drafts = [match.draft for match in seen.matches]
    # Where its devices are known already, and stay, the list is as it always was.
    corrected = sum(
        1 for match in seen.matches if not _stays(match) and any(SWAPPED in note for note in match.draft.notes)
    )
    if corrected >= _ENOUGH and corrected >= _HALF * len(drafts):
        detail = f"Latitude and longitude look swapped: {corrected} of {len(drafts)} rows had to be turned round."
        yield Suspicion(Doubt.SWAPPED, detail, {"swapped": corrected, "of": len(drafts)})
        return
    pairs = _known_pairs(seen)
    turned = sum(1 for said, known in pairs if _is_turned(said, known))
    if turned >= _ENOUGH and turned >= _HALF * len(pairs):
        detail = (
            f"Latitude and longitude look swapped: turned round, {turned} of {len(pairs)} devices are where they were."
        )
        yield Suspicion(Doubt.SWAPPED, detail, {"swapped": turned, "of": len(pairs)})
        return
    extent, new = seen.extent, [match.draft.place for match in seen.matches]
    if extent.count < _ENOUGH or len(new) < _ENOUGH or extent.south_west is None or extent.north_east is None:
        return
    south_west, north_east = extent.south_west, extent.north_east
    would_fit = sum(1 for place in new if _is_far(place, extent) and _fits(_turned(place), south_west, north_east))
    if would_fit >= _HALF * len(new):
        detail = (
            f"Latitude and longitude look swapped: turned round, {would_fit} of {len(new)} rows lie among the others."
        )
        yield Suspicion(Doubt.SWAPPED, detail, {"swapped": would_fit, "of": len(new)})


def _stays(match: Match) -> bool:
    """Whether a row says of a known device what is known: no mistake that was not made, or insisted on, before."""
    return match.there is not None and distance_m(match.draft.place, match.there.place) <= _MOVED_M


def _is_turned(said: Place, known: Place) -> bool:
    turned = _turned(said)
    return turned is not None and distance_m(said, known) > _BACK_HOME_M and distance_m(turned, known) < _BACK_HOME_M


def _turned(place: Place) -> Place | None:
    return Place(place.longitude, place.latitude) if abs(place.longitude) <= 90 else None  # noqa: PLR2004 - degrees


def _fits(place: Place | None, south_west: Place, north_east: Place) -> bool:
    return (
        place is not None
        and south_west.latitude - 1 <= place.latitude <= north_east.latitude + 1
        and south_west.longitude - 1 <= place.longitude <= north_east.longitude + 1
    )


def _is_far(place: Place, extent: Extent) -> bool:
    return extent.middle is not None and distance_m(place, extent.middle) > _FAR_M


def _one_point(seen: Seen) -> Iterator[Suspicion]:
    drafts = [match.draft for match in seen.matches if not _stays(match)]
    for place, names in _crowds(drafts):
        there = sum(1 for draft in drafts if _point(draft.place) == _point(place))
        if len(names) >= _CROWD and there >= _HALF * len(drafts):
            where = f"{place.latitude:.5f}, {place.longitude:.5f}"
            detail = f"{there} of {len(drafts)} rows, {len(names)} different places, are all at the point {where}."
            yield Suspicion(Doubt.ONE_POINT, detail, {"rows": there, "of": len(drafts), "places": len(names)})


def _crowds(drafts: Sequence[Draft]) -> list[tuple[Place, frozenset[str]]]:
    """The points at which many rows lie, with the different names or addresses they have; mobile devices apart."""
    points = Counter(_point(draft.place) for draft in drafts if not draft.values.get("is_mobile"))
    crowded = {point for point, count in points.items() if count >= _CROWD}
    names: defaultdict[tuple[float, float], set[str]] = defaultdict(set)
    for draft in drafts:
        if _point(draft.place) in crowded:
            words = draft.values.get("address") or draft.values.get("name") or ""
            names[_point(draft.place)].add(bare(str(words)))
    return [(Place(*point), frozenset(found)) for point, found in names.items()]


def _point(place: Place) -> tuple[float, float]:
    return round(place.latitude, 6), round(place.longitude, 6)


def _far(seen: Seen) -> Iterator[Suspicion]:
    """A list of a place on which it has devices already, and now another part of the world."""
    pairs = _known_pairs(seen)
    away = sum(1 for said, known in pairs if distance_m(said, known) > _FAR_M)
    turned = sum(1 for said, known in pairs if _is_turned(said, known))
    if away >= max(_ENOUGH, _HALF * len(pairs)) and turned < _HALF * away:
        detail = f"{away} of {len(pairs)} known devices would be moved by more than 1,000 km."
        yield Suspicion(Doubt.FAR_AWAY, detail, {"far": away, "of": len(pairs)})
        return
    if len(seen.own_places) < _CROWD or len(seen.matches) < _CROWD:
        return
    middle = Place(
        median(place.latitude for place in seen.own_places), median(place.longitude for place in seen.own_places)
    )
    far = sum(1 for match in seen.matches if distance_m(match.draft.place, middle) > _FAR_M)
    own_far = sum(1 for place in seen.own_places if distance_m(place, middle) > _FAR_M)
    if far >= _HALF * len(seen.matches) and own_far < 0.1 * len(seen.own_places):
        detail = f"{far} of {len(seen.matches)} rows lie more than 1,000 km from where this source's devices are."
        yield Suspicion(Doubt.FAR_AWAY, detail, {"far": far, "of": len(seen.matches)})


def _step_m(start: Place, end: Place) -> tuple[float, float]:
    """How far east and north it is from one place to another, in metres; good for a city."""
    east = (end.longitude - start.longitude) * _M_PER_DEGREE * cos(radians(start.latitude))
    return east, (end.latitude - start.latitude) * _M_PER_DEGREE
