"""Time to arrive: turnout + travel + collecting the AED + floors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from geo.distance import distances_m


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Seconds from now, rows as `candidates`, columns as `aeds`.

    `direct_s` (candidates,) straight to the patient; `at_aed_s` (candidates, aeds) until the AED is reached;
    `via_aed_s` (candidates, aeds) to the patient by way of the AED.
    """

    direct_s: npt.NDArray[np.float64]
    at_aed_s: npt.NDArray[np.float64]
    via_aed_s: npt.NDArray[np.float64]


def estimate_arrivals(
    candidates: Sequence[Candidate],
    aeds: Sequence[AedOption],
    *,
    floor: int | None,
    is_night: bool,
    travel: TravelPolicy,
) -> Arrivals:
    """When each candidate would be with the patient, straight and by way of each AED.

    Streets are taken as straight line x detour factor. Floors count both ways from the ground: a cellar is stairs too.
    """
    turnout_s = travel.turnout_night_s if is_night else travel.turnout_day_s
    stairs_s = abs(floor or 0) * travel.floor_s
    pace_s_m = np.array([travel.detour_factor / travel.speed_m_s[each.mode] for each in candidates])
    direct_m = np.array([each.distance_m for each in candidates])
    direct_s = turnout_s + direct_m * pace_s_m + stairs_s
    if not candidates or not aeds:
        empty = np.empty((len(candidates), len(aeds)))
        return Arrivals(direct_s, empty, empty)
    latitudes = np.array([each.place.latitude for each in candidates])
    longitudes = np.array([each.place.longitude for each in candidates])
    to_aed_m = np.stack([distances_m(aed.place, latitudes, longitudes) for aed in aeds], axis=1)
    onward_m = np.array([aed.distance_m for aed in aeds])
    at_aed_s = turnout_s + to_aed_m * pace_s_m[:, None]
    via_aed_s = at_aed_s + travel.collection_s + onward_m[None, :] * pace_s_m[:, None] + stairs_s
    return Arrivals(direct_s, at_aed_s, via_aed_s)
