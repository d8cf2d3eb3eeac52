"""Time to arrive: turnout + travel + collecting the AED + floors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from geo.distance import distance_matrix_m


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
    square, hypot(distance, spread). Floors count both ways from the ground: a cellar is stairs too.
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
    at_aed_s = turnout_s(travel, is_night=is_night) + to_aed_s
    return Arrivals(
        direct_s=turnout_s(travel, is_night=is_night) + moving_s + stairs_s,
        at_aed_s=at_aed_s,
        via_aed_s=at_aed_s + travel.collection_s + onward_s + stairs_s,
    )


def _follow_streets(
    streets: StreetTimes,
    candidates: Sequence[Candidate],
    aeds: Sequence[AedOption],
    spread_s: npt.NDArray[np.float64],
    moving_s: npt.NDArray[np.float64],
    to_aed_s: npt.NDArray[np.float64],
    onward_s: npt.NDArray[np.float64],
) -> None:
    """Put what is known of the streets in the place of estimates; how exact a fix is stays what it was."""
    for row, candidate in enumerate(candidates):
        known_s = streets.direct_s.get(candidate.responder_id)
        if known_s is not None:
            moving_s[row] = np.hypot(known_s, spread_s[row])
        for column, aed in enumerate(aeds):
            known_s = streets.to_aed_s.get((candidate.responder_id, aed.aed_id))
            if known_s is not None:
                to_aed_s[row, column] = np.hypot(known_s, spread_s[row])
            onward_s[row, column] = streets.onward_s.get((aed.aed_id, candidate.mode), onward_s[row, column])
