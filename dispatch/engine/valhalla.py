"""Street times from Valhalla: one matrix for each mode of travel, all at once, within one deadline.

What is taken from the engine, and why, is told in docs/decisions/0009-street-times.md.
"""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from prometheus_client import Counter, Histogram

from dispatch.engine.street_routing import CircuitBreaker, ShortlistSize, shortlist
from dispatch.engine.valhalla_calls import Broken, Cell, Matrix, OnStreet, Refused, ValhallaCalls, costing_for
from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import TravelMode
from geo.distance import distance_m
from geo.place import Place

log = structlog.get_logger()

QUESTIONS = Counter(
    "dispatch_street_routing_total",
    "Questions to the street-routing engine, by outcome: answered, refused, broken, late, paused.",
    ["outcome"],
)
SECONDS = Histogram(
    "dispatch_street_routing_seconds",
    "Time that a plan waited for the street-routing engine.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
)

# 99 % of the buildings in Krems, and in Monaco, lie within 83 m of a street. What is farther off may be nearest to a
# street across the water.
SNAP_LIMIT_M = 100.0

_WHEELS = frozenset({TravelMode.BIKE, TravelMode.EBIKE, TravelMode.CAR})

_Pair = TypeVar("_Pair")


@dataclass(frozen=True, slots=True)
class _Way:
    """What it takes from one place to another; infinite where there is no way."""

    seconds: float
    metres: float


_NO_WAY = _Way(math.inf, math.inf)
# Places that were put on no street, or on one too far away to be believed, have no entry.
_Ways = dict[tuple[Place, Place], _Way]


class ValhallaRouter:
    """Street times from a Valhalla server at `url`. A failure ends in None or in fewer pairs, never in an error.

    Raises ValueError for an address that is none, and for a speed that the engine would not take.
    """

    def __init__(
        self,
        url: str,
        deadline_s: float,
        travel: TravelPolicy,
        *,
        size: ShortlistSize | None = None,
        snap_limit_m: float = SNAP_LIMIT_M,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._costings = {mode: costing_for(mode, travel) for mode in TravelMode}
        self._calls = ValhallaCalls(url, snap_limit_m)
        self._deadline_s = deadline_s
        self._travel = travel
        self._size = size or ShortlistSize()
        self._snap_limit_m = snap_limit_m
        self._breaker = breaker or CircuitBreaker()

    async def aclose(self) -> None:
        """Let go of the connections; questions after that are not answered."""
        await self._calls.aclose()

    async def travel_times(
        self, patient: Place, candidates: Sequence[Candidate], aeds: Sequence[AedOption]
    ) -> StreetTimes | None:
        """Seconds of travel for a shortlist, within the deadline; None when nothing came of it.

        What some modes answered in time is kept when others did not.
        """
        if self._calls.is_closed or not candidates:
            return None
        if not self._breaker.lets_through():
            QUESTIONS.labels("paused").inc()
            return None
        people, devices = shortlist(candidates, aeds, travel=self._travel, size=self._size)
        cabinets = [aed.place for aed in devices]
        starts = _starts_by_mode(people)
        ways: dict[TravelMode, _Ways] = {}
        outcomes: list[str] = []
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._deadline_s), asyncio.TaskGroup() as asking:
                for mode, places in starts.items():
                    asking.create_task(self._ask(mode, [*places, *cabinets], [*cabinets, patient], ways, outcomes))
        except TimeoutError:
            late = len(starts) - len(outcomes)
            outcomes += ["late"] * late
            log.warning("street times came too late", questions=late, deadline_s=self._deadline_s)
        SECONDS.observe(time.perf_counter() - began)
        self._account_for(outcomes)
        times = self._street_times(patient, people, devices, ways)
        return times if times.direct_s or times.to_aed_s or times.onward_s else None

    def _account_for(self, outcomes: Sequence[str]) -> None:
        for outcome in outcomes:
            QUESTIONS.labels(outcome).inc()
        if "answered" in outcomes or "refused" in outcomes:
            self._breaker.succeeded()
        elif self._breaker.failed():
            log.warning("the street-routing engine is left alone for a while")

    async def _ask(
        self,
        mode: TravelMode,
        sources: Sequence[Place],
        targets: Sequence[Place],
        ways: dict[TravelMode, _Ways],
        outcomes: list[str],
    ) -> None:
        """Put one mode's ways with the others, and what came of asking with the outcomes."""
        try:
            ways[mode] = await self._ways(mode, sources, targets)
            outcomes.append("answered")
        except Refused as refusal:
            outcomes.append("refused")
            log.info("street times were refused", mode=mode, why=str(refusal))
        except Broken as fault:
            outcomes.append("broken")
            log.warning("street times failed", mode=mode, why=str(fault))

    async def _ways(self, mode: TravelMode, sources: Sequence[Place], targets: Sequence[Place]) -> _Ways:
        costing = self._costings[mode]
        try:
            return self._read(mode, sources, targets, await self._calls.matrix(sources, targets, costing))
        except Refused:
            places = list(dict.fromkeys((*sources, *targets)))
            near = await self._calls.near_streets(places, costing)
            if all(near):
                raise
        reachable = {place for place, is_near in zip(places, near, strict=True) if is_near}
        sources = [place for place in sources if place in reachable]
        targets = [place for place in targets if place in reachable]
        if not sources or not targets:
            return {}
        return self._read(mode, sources, targets, await self._calls.matrix(sources, targets, costing))

    def _read(self, mode: TravelMode, sources: Sequence[Place], targets: Sequence[Place], matrix: Matrix) -> _Ways:
        from_street_m = _apart_m(sources, matrix.sources)
        to_street_m = _apart_m(targets, matrix.targets)
        return {
            (start, end): self._way(mode, cell, from_m + to_m)
            for start, from_m, row in zip(sources, from_street_m, matrix.sources_to_targets, strict=True)
            for end, to_m, cell in zip(targets, to_street_m, row, strict=True)
            if max(from_m, to_m) <= self._snap_limit_m
        }

    def _way(self, mode: TravelMode, cell: Cell, off_street_m: float) -> _Way:
        if cell.time is None or cell.distance is None:
            return _NO_WAY
        # Whoever has wheels leaves them at the street.
        on_foot = TravelMode.RUN if mode is TravelMode.RUN else TravelMode.WALK
        beside_m = off_street_m * self._travel.detour_factor[on_foot]
        return _Way(cell.time + beside_m / self._travel.speed_m_s[on_foot], cell.distance * 1000 + beside_m)

    def _street_times(
        self,
        patient: Place,
        people: Sequence[Candidate],
        devices: Sequence[AedOption],
        ways: Mapping[TravelMode, _Ways],
    ) -> StreetTimes:
        def seconds(mode: TravelMode, start: Place, end: Place) -> float | None:
            return self._seconds(mode, (start, end), ways)

        return StreetTimes(
            direct_s=_known({each.responder_id: seconds(each.mode, each.place, patient) for each in people}),
            to_aed_s=_known(
                {
                    (each.responder_id, aed.aed_id): seconds(each.mode, each.place, aed.place)
                    for each in people
                    for aed in devices
                }
            ),
            onward_s=_known(
                {
                    (aed.aed_id, mode): seconds(mode, aed.place, patient)
                    for mode in {each.mode for each in people}
                    for aed in devices
                }
            ),
        )

    def _seconds(self, mode: TravelMode, pair: tuple[Place, Place], ways: Mapping[TravelMode, _Ways]) -> float | None:
        """One pair's time in a mode; None when it is not known.

        Wheels are left where they may not go, or where walking is quicker. There the way on foot tells whether there
        is a way at all, and how long: most of it is still ridden, so that it counts at the mode's own speed.
        """
        way = ways.get(mode, {}).get(pair)
        if mode not in _WHEELS:
            return None if way is None else way.seconds
        on_foot = ways.get(TravelMode.WALK, {}).get(pair)
        if way is not None and way is not _NO_WAY:
            return way.seconds if on_foot is None else min(way.seconds, on_foot.seconds)
        return None if on_foot is None else on_foot.metres / self._travel.speed_m_s[mode]


def _starts_by_mode(people: Sequence[Candidate]) -> dict[TravelMode, list[Place]]:
    """Where ways begin, for each mode to ask about; whoever has wheels is asked about on foot as well."""
    starts: dict[TravelMode, list[Place]] = {}
    for each in people:
        starts.setdefault(each.mode, []).append(each.place)
        if each.mode in _WHEELS:
            starts.setdefault(TravelMode.WALK, []).append(each.place)
    return starts


def _apart_m(places: Sequence[Place], on_streets: Sequence[OnStreet | None]) -> list[float]:
    return [
        math.inf if street is None else distance_m(place, Place(street.lat, street.lon))
        for place, street in zip(places, on_streets, strict=True)
    ]


def _known(seconds: Mapping[_Pair, float | None]) -> dict[_Pair, float]:
    return {pair: value for pair, value in seconds.items() if value is not None}
