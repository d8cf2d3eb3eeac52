"""Searches the AEDs by what people know of one: a name, an address, a corner of a building."""

import asyncio
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from uuid import UUID

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Aed
from dispatch.aeds.searching.text_index import TextIndex, plain
from geo.distance import distance_m
from geo.place import Place

LONGEST_QUERY = 100
MOST_WORDS = 8

# Whoever finds more than that has not said what they look for.
_MOST_RANKED = 10_000

# An SOS may be waiting for the loop meanwhile.
_WITHOUT_PAUSE_S = 0.002


@dataclass(frozen=True, slots=True)
class Found:
    """One AED that a search found; `distance_m` from the place that was asked about."""

    aed: Aed
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found, the likeliest first. `more`: there is more than that."""

    found: list[Found]
    more: bool


class AedSearch:
    """Every AED of the directory by its name, address and exact place."""

    def __init__(self, directory: AedDirectory) -> None:
        self._directory = directory
        self._texts = TextIndex()

    def know(self, aeds: Iterable[Aed]) -> None:
        """Hold exactly these."""
        self._texts = TextIndex()
        self.changed(aeds)

    def changed(self, aeds: Iterable[Aed]) -> None:
        """These are new or have changed; removed ones are forgotten."""
        for aed in aeds:
            if aed.removed:
                self._texts.remove(aed.id)
            else:
                self._texts.put(aed.id, _text_of(aed))

    async def find(self, query: str, *, limit: int, near: Place | None = None) -> Result:
        """The AEDs in whose texts every word of the query is: found in their names first, then the nearest first."""
        words = plain(query).split()[:MOST_WORDS]
        if not words:
            return Result([], more=False)
        ranked: list[tuple[int, float, str, UUID]] = []
        paused_s = time.perf_counter()
        for some in self._texts.containing(words):
            for key, text in some:
                aed = self._directory.get(key)
                if aed is not None:
                    ranked.append((_rank(text, words), _roughly_m(aed.place, near), text, key))
            if len(ranked) >= _MOST_RANKED:
                break
            if time.perf_counter() - paused_s > _WITHOUT_PAUSE_S:
                await asyncio.sleep(0)
                paused_s = time.perf_counter()
        best = nsmallest(limit, ranked)
        found = [self._directory.get(key) for _, _, _, key in best]
        return Result(
            [
                Found(aed, distance_m(near, aed.place) if near is not None else None)
                for aed in found
                # One may have been removed while others had their turn.
                if aed is not None
            ],
            more=len(ranked) > limit,
        )


def _text_of(aed: Aed) -> str:
    # The name alone on top: what is found before the tab is in the name.
    rest = plain(" ".join(part for part in (aed.address, aed.place_detail) if part))
    return f"{plain(aed.name)}\t{rest}"


def _rank(text: str, words: list[str]) -> int:
    name, _, _ = text.partition("\t")
    if name.startswith(words[0]):
        return 0
    return 1 if all(word in name for word in words) else 2


def _roughly_m(place: Place, near: Place | None) -> float:
    """Good enough to say which is nearer, at a tenth of what the exact distance takes."""
    if near is None:
        return 0.0
    east = (place.longitude - near.longitude + 180) % 360 - 180
    return math.hypot(east * math.cos(math.radians(near.latitude)), place.latitude - near.latitude)
