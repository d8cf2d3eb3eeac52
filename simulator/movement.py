"""How people get about: speeds by mode, and a traveller on a route of straight legs at street pace."""

from dataclasses import dataclass, field
from math import cos, radians
from random import Random
from typing import Final

from geo.distance import distance_m
from geo.place import Place

# One degree of latitude on the mean earth (6371.0088 km); enough to scatter points over a city.
_METRES_PER_DEGREE: Final = 111_195.08

# Streets are about 1.3 x the straight line, so a traveller on straight legs makes that much less headway.
STREET_FACTOR: Final = 1.3

STROLL_M_S: Final = 1.3

# Metres per second along the street on the way to a patient. Walkers and runners straddle the median of
# 2.3 m/s (IQR 1.4-4.0) of real responders; real bicycles do 1.7-4.2 m/s; the rest is the city's traffic.
SPEED_M_S: Final[dict[str, float]] = {"walk": 1.9, "run": 2.8, "bike": 3.6, "ebike": 5.0, "car": 6.0}


def offset(place: Place, *, north_m: float, east_m: float) -> Place:
    """Answer the place that many metres away, on a flat map around `place` (good within some kilometres)."""
    return Place(
        place.latitude + north_m / _METRES_PER_DEGREE,
        place.longitude + east_m / (_METRES_PER_DEGREE * cos(radians(place.latitude))),
    )


def scatter(place: Place, spread_m: float, rng: Random) -> Place:
    """Answer a random place around `place`, normally distributed with `spread_m` in each direction."""
    return offset(place, north_m=rng.gauss(0, spread_m), east_m=rng.gauss(0, spread_m))


@dataclass(slots=True)
class Traveller:
    """Someone at a place, with the places still to go to and a street speed in metres per second."""

    place: Place
    speed_m_s: float = STROLL_M_S
    route: list[Place] = field(default_factory=list)

    @property
    def arrived(self) -> bool:
        """Whether there is nowhere left to go."""
        return not self.route

    def go(self, *stops: Place, speed_m_s: float) -> None:
        """Set off through `stops`, forgetting any earlier route."""
        self.route = list(stops)
        self.speed_m_s = speed_m_s

    def advance(self, seconds: float) -> Place:
        """Move on for that many seconds and answer where that leads; time left at the end is spent there."""
        headway_m = seconds * self.speed_m_s / STREET_FACTOR
        while self.route:
            leg_m = distance_m(self.place, self.route[0])
            if leg_m > headway_m:
                self.place = _between(self.place, self.route[0], headway_m / leg_m)
                break
            headway_m -= leg_m
            self.place = self.route.pop(0)
        return self.place


def _between(start: Place, end: Place, share: float) -> Place:
    return Place(
        start.latitude + (end.latitude - start.latitude) * share,
        start.longitude + (end.longitude - start.longitude) * share,
    )
