"""Time to arrive: turnout + travel + collecting the AED + floors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from geo.distance import distance_matrix_m

# Fewer known ways say nothing of the others'; and no bridge is farther than this makes it.
_FEWEST_WAYS = 3
_LONGEST_DETOUR = 5.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Seconds from now, rows as `candidates`, columns as `aeds`.

    `direct_s` (candidates,) straight to the patient; `at_aed_s` (candidates, aeds) until the AED is reached;
    `via_aed_s` (candidates, aeds) to the patient by way of the AED. Infinite where there is no way.
    """

    direct_s: npt.NDArray[np.float64]
    at_aed_s: npt.NDArray[np.float64]
    via_aed_s: npt.NDArray[np.float64]


def turnout_s(travel: TravelPolicy, *, is_night: bool) -> float:
    """From the alert to being on the move, in seconds."""
    return travel.turnout_night_s if is_night else travel.turnout_day_s


def estimate_arrivals(
    candidates: Sequence[Candidate],
    aeds: Sequence[AedOption],
    *,
    floor: int | None,
    is_night: bool,
    travel: TravelPolicy,
    streets: StreetTimes | None = None,
) -> Arrivals:
    """When each candidate would be with the patient, straight and by way of each AED.

    A way takes what `streets` says, where it says something; else the straight line x detour factor at the mode's
    speed. Somebody whose fix leaves `spread_m` open is taken to be as far away as that makes it in the root mean
    square, hypot(distance, spread). Floors count both ways from the ground: a cellar is stairs too. Who carries an AED
    brings it straight, and nobody else does.
    """
    stairs_s = abs(floor or 0) * travel.floor_s
    pace = {mode: travel.detour_factor[mode] / speed for mode, speed in travel.speed_m_s.items()}
    people = [
        (each.place.latitude, each.place.longitude, each.distance_m, each.spread_m, pace[each.mode])
        for each in candidates
    ]
    latitude, longitude, distance_m, spread_m, pace_s_m = np.array(people).reshape(-1, 5).T
    cabinets = [(each.place.latitude, each.place.longitude, each.distance_m) for each in aeds]
    aed_latitude, aed_longitude, onward_m = np.array(cabinets).reshape(-1, 3).T
    moving_s = np.hypot(distance_m, spread_m) * pace_s_m
    to_aed_m = distance_matrix_m(latitude, longitude, aed_latitude, aed_longitude)
    to_aed_s = np.hypot(to_aed_m, spread_m[:, None]) * pace_s_m[:, None]
    onward_s = onward_m * pace_s_m[:, None]
    if streets is not None:
        _follow_streets(streets, candidates, aeds, spread_m * pace_s_m, moving_s, to_aed_s, onward_s)
    direct_s = turnout_s(travel, is_night=is_night) + moving_s + stairs_s
    at_aed_s = turnout_s(travel, is_night=is_night) + to_aed_s
    via_aed_s = at_aed_s + travel.collection_s + onward_s + stairs_s
    for column, aed in enumerate(aeds):
        if aed.carried_by is not None:
            carrying = np.array([each.responder_id == aed.carried_by for each in candidates], np.bool_)
            at_aed_s[:, column] = np.where(carrying, 0.0, np.inf)
            via_aed_s[:, column] = np.where(carrying, direct_s, np.inf)
    return Arrivals(direct_s, at_aed_s, via_aed_s)


def _follow_streets(
    streets: StreetTimes,
    candidates: Sequence[Candidate],
    aeds: Sequence[AedOption],
    spread_s: npt.NDArray[np.float64],
    moving_s: npt.NDArray[np.float64],
    to_aed_s: npt.NDArray[np.float64],
    onward_s: npt.NDArray[np.float64],
) -> None:
    """Put what is known of the streets in the place of estimates; how exact a fix is stays what it was.

    The engine was asked about a few. The others' ways are taken to be as much longer than their estimates as those of
    the few are in the middle: where a river lies between, the next in line must not look near for not being asked.
    """
    known_direct_s = np.array([streets.direct_s.get(each.responder_id, np.nan) for each in candidates], np.float64)
    detour = _detour(known_direct_s, moving_s)
    pairs = [[streets.to_aed_s.get((each.responder_id, aed.aed_id), np.nan) for aed in aeds] for each in candidates]
    known_to_aed_s = np.array(pairs, np.float64).reshape(to_aed_s.shape)
    ways_on = [[streets.onward_s.get((aed.aed_id, each.mode), np.nan) for aed in aeds] for each in candidates]
    known_onward_s = np.array(ways_on, np.float64).reshape(onward_s.shape)
    moving_s[:] = np.where(np.isnan(known_direct_s), moving_s * detour, np.hypot(known_direct_s, spread_s))
    likely_s = np.hypot(known_to_aed_s, spread_s[:, None])
    to_aed_s[:] = np.where(np.isnan(known_to_aed_s), to_aed_s * detour, likely_s)
    onward_s[:] = np.where(np.isnan(known_onward_s), onward_s * detour, known_onward_s)


def _detour(known_s: npt.NDArray[np.float64], estimated_s: npt.NDArray[np.float64]) -> float:
    """By how much ways are longer than estimated, in the middle of those that are known."""
    told = ~np.isnan(known_s) & (estimated_s > 0.0)
    if np.count_nonzero(told) < _FEWEST_WAYS:
        return 1.0
    # No way at all counts as a very long one.
    ratios = np.minimum(known_s[told] / estimated_s[told], _LONGEST_DETOUR)
    return float(max(1.0, np.median(ratios)))
