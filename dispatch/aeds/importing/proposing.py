"""Which device of the register each row of a list is about: proposed, with how it was found. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.likeness import likeness, serial_of, told_once
from dispatch.aeds.record import Aed

# Two candidates as alike as this cannot be told apart.
_NO_CLEAR_BEST = 0.05
_MOST_CANDIDATES = 5


class MatchedBy(StrEnum):
    """By what a row was found to be about a device."""

    ID = "id"
    REFERENCE = "source_ref"
    SERIAL = "serial_number"
    PLACE = "place_and_name"


@dataclass(frozen=True, slots=True)
class Known:
    """What the register holds that rows may be about.

    `nearby` has, by the index of a draft, the devices a short way off. `revivable` are removed ones that an earlier
    import of the same list took out.
    """

    aeds: Mapping[UUID, Aed]
    nearby: Mapping[int, Sequence[UUID]] = field(default_factory=dict)
    revivable: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """What a row is about: `there` for one that is known, `candidates` where that cannot be told, else a new device."""

    draft: Draft
    there: Aed | None = None
    matched_by: MatchedBy | None = None
    candidates: tuple[Aed, ...] = ()


def propose(drafts: Sequence[Draft], known: Known) -> list[Match]:
    """A match for each draft, in their order. No device is the match of two rows."""
    found: dict[int, Match] = {}
    claimed: set[UUID] = set()
    for index, match in _named_outright(drafts, known):
        if match.there is not None and match.there.id not in claimed:
            claimed.add(match.there.id)
            found[index] = match
    for index, match in _by_serial(drafts, known, found, claimed):
        if match.there is not None and match.there.id not in claimed:
            claimed.add(match.there.id)
            found[index] = match
    found |= _by_place(drafts, known, found, claimed)
    return [found.get(index) or _new(draft, known) for index, draft in enumerate(drafts)]


def _new(draft: Draft, known: Known) -> Match:
    """A new device; but an exported row whose device another row is about, by its reference, may be either."""
    there = None if draft.id is None else known.aeds.get(draft.id)
    return Match(draft) if there is None else Match(draft, candidates=(there,))


def _named_outright(drafts: Sequence[Draft], known: Known) -> list[tuple[int, Match]]:
    by_reference = {(aed.source, aed.source_ref): aed for aed in known.aeds.values() if aed.source_ref is not None}
    found: list[tuple[int, Match]] = []
    for index, draft in enumerate(drafts):
        there = by_reference.get((draft.source, draft.source_ref)) if draft.source_ref is not None else None
        if there is not None:
            found.append((index, Match(draft, there, MatchedBy.REFERENCE)))
        elif draft.id is not None and draft.id in known.aeds:
            found.append((index, Match(draft, known.aeds[draft.id], MatchedBy.ID)))
    return found


def _by_serial(
    drafts: Sequence[Draft], known: Known, found: Mapping[int, Match], claimed: set[UUID]
) -> list[tuple[int, Match]]:
    present = [aed for aed in known.aeds.values() if not aed.removed and aed.id not in claimed]
    telling = told_once(serial_of(aed.serial_number) for aed in known.aeds.values() if not aed.removed)
    telling &= told_once(serial_of(draft.values.get("serial_number")) for draft in drafts)
    by_serial = {serial: aed for aed in present if (serial := serial_of(aed.serial_number)) in telling}
    return [
        (index, Match(draft, by_serial[serial], MatchedBy.SERIAL))
        for index, draft in enumerate(drafts)
        if index not in found
        if (serial := serial_of(draft.values.get("serial_number"))) is not None and serial in by_serial
    ]


@dataclass(frozen=True, slots=True)
class _Pair:
    index: int
    aed: Aed
    worth: float
    sure: bool


def _by_place(
    drafts: Sequence[Draft], known: Known, found: Mapping[int, Match], claimed: set[UUID]
) -> dict[int, Match]:
    """Rows and devices that are each other's clear best; where none is clear, the candidates for a person to choose."""
    of_row: defaultdict[int, list[_Pair]] = defaultdict(list)
    of_device: defaultdict[UUID, list[_Pair]] = defaultdict(list)
    for index, ids in known.nearby.items():
        if index in found:
            continue
        for each in ids:
            aed = known.aeds.get(each)
            if aed is None or aed.removed or aed.id in claimed:
                continue
            alike = likeness(drafts[index], aed)
            if alike is not None:
                pair = _Pair(index, aed, *alike)
                of_row[index].append(pair)
                of_device[aed.id].append(pair)
    matches: dict[int, Match] = {}
    for index, pairs in of_row.items():
        pairs.sort(key=lambda pair: (-pair.worth, str(pair.aed.id)))
        best = pairs[0]
        rivals = sorted((pair for pair in of_device[best.aed.id] if pair.index != index), key=lambda p: -p.worth)
        if rivals and rivals[0].worth > best.worth + _NO_CLEAR_BEST and len(pairs) == 1:
            # Another row is plainly about that device: this one is about another.
            continue
        clear = len(pairs) == 1 or pairs[1].worth < best.worth - _NO_CLEAR_BEST
        alone = not rivals or rivals[0].worth < best.worth - _NO_CLEAR_BEST
        if best.sure and clear and alone:
            matches[index] = Match(drafts[index], best.aed, MatchedBy.PLACE)
        else:
            matches[index] = Match(drafts[index], candidates=tuple(pair.aed for pair in pairs[:_MOST_CANDIDATES]))
    return matches
