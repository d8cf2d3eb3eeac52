"""Searches the AEDs by what people know of one: a name, an address, a corner of a building."""

import asyncio
import math
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from uuid import UUID

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Aed
from dispatch.aeds.searching.text_index import TextIndex, plain
from dispatch.problems import DatabaseBusy
from geo.distance import distance_m
from geo.place import Place

LONGEST_QUERY = 100
MOST_WORDS = 8

# Whoever finds more than that has not said what they look for.
_MOST_RANKED = 10_000

# Chinese is written without a space between words: "西湖区图书馆" may be a district in the address and a name. What
# is nowhere as a whole is looked for in two pieces of at least so many characters; a longer text is no name.
_SHORTEST_PIECE = 2
_LONGEST_TAKEN_APART = 16
_BEYOND_LATIN = 0x2E80

# "曙光路 73 号" is "曙光路73号": spaces beside a Chinese letter are a matter of taste.
_SPACE_IN_CHINESE = re.compile(f"(?<=[{chr(_BEYOND_LATIN)}-\U0010ffff]) | (?=[{chr(_BEYOND_LATIN)}-\U0010ffff])")

# How well it fits (0 is best), about how far, its text, its id.
_Ranked = tuple[int, float, str, UUID]

# However many people type: between two of an SOS's steps no more than so many searches have their turn.
_AT_ONCE = 2
_MOST_WAITING = 200

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
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    def know(self, aeds: Iterable[Aed]) -> None:
        """Hold exactly these."""
        self._texts = TextIndex()
        self.changed(aeds)

    def changed(self, aeds: Iterable[Aed]) -> None:
        """These are new or have changed; removed ones are forgotten."""
        for aed in aeds:
            # Where a carried one is, is where somebody is: strangers do not look that up.
            if aed.removed or (aed.is_mobile and aed.carried_by is not None):
                self._texts.remove(aed.id)
            else:
                self._texts.put(aed.id, _text_of(aed))

    async def find(self, query: str, *, limit: int, near: Place | None = None) -> Result:
        """The AEDs in whose texts every word of the query is: found in their names first, then the nearest first.

        Raises `DatabaseBusy` when too many are searching.
        """
        words = plain(query).split()[:MOST_WORDS]
        if not words:
            return Result([], more=False)
        if self._waiting >= _MOST_WAITING:
            raise DatabaseBusy
        self._waiting += 1
        try:
            async with self._room:
                ranked = await self._ranked_somehow(words, near)
        finally:
            self._waiting -= 1
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

    async def _ranked_somehow(self, words: list[str], near: Place | None) -> list[_Ranked]:
        """The same, of what is nowhere as a whole in two pieces."""
        ranked = await self._ranked(words, near)
        if ranked or len(words) > 1:
            return ranked
        for pieces in _taken_apart(words[0]):
            await asyncio.sleep(0)
            ranked += await self._ranked(pieces, near)
            if len(ranked) >= _MOST_RANKED:
                break
        return _each_once(ranked)

    async def _ranked(self, words: list[str], near: Place | None) -> list[_Ranked]:
        """Where each device that has all the words comes, by rank, distance and text."""
        ranked: list[_Ranked] = []
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
        return ranked


def _taken_apart(word: str) -> list[list[str]]:
    """The ways to read a Chinese word as two."""
    if len(word) > _LONGEST_TAKEN_APART or not all(ord(letter) >= _BEYOND_LATIN or letter.isdigit() for letter in word):
        return []
    return [[word[:at], word[at:]] for at in range(_SHORTEST_PIECE, len(word) - _SHORTEST_PIECE + 1)]


def _each_once(ranked: Iterable[_Ranked]) -> list[_Ranked]:
    """Two ways to take a word apart may find the same device: where it fits better counts."""
    best: dict[UUID, _Ranked] = {}
    for each in ranked:
        best[each[-1]] = min(each, best.get(each[-1], each))
    return list(best.values())


def _text_of(aed: Aed) -> str:
    # The name alone on top: what is found before the tab is in the name.
    rest = plain(" ".join(part for part in (aed.address, aed.place_detail) if part))
    return f"{_SPACE_IN_CHINESE.sub('', plain(aed.name))}\t{_SPACE_IN_CHINESE.sub('', rest)}"


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
