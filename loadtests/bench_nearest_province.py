"""Points as people live in a province: dense cities, towns, and counties of mountains with a few villages.

Zhejiang stands model. Populations are those of the Seventh National Census (2020), centres those of the cities.
Within each city's territory people live in one core, a dozen towns and many villages, whose sizes fall as one over
their rank (Zipf's law, as settlements do). Each is a bell of the density that such a place has at its middle.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.distance import EARTH_RADIUS_M
from geo.place import Place

PROVINCE_POINTS: Final = 1_000_000
"""How many points there are in the whole province; fewer are put into a smaller one of the same density."""

_MIDDLE: Final = Place(29.2, 120.3)
_KM: Final = math.degrees(1000.0 / EARTH_RADIUS_M)


@dataclass(frozen=True, slots=True)
class _City:
    latitude: float
    longitude: float
    population: int
    # Half the side of a square as large as its territory, in kilometres.
    half_side_km: float


_CITIES: Final = (
    _City(30.25, 120.17, 11_936_010, 65.0),  # Hangzhou
    _City(29.87, 121.55, 9_404_283, 50.0),  # Ningbo
    _City(28.00, 120.67, 9_572_903, 55.0),  # Wenzhou
    _City(30.75, 120.75, 5_400_868, 32.0),  # Jiaxing
    _City(30.87, 120.09, 3_367_579, 38.0),  # Huzhou
    _City(30.00, 120.58, 5_270_977, 45.0),  # Shaoxing
    _City(29.08, 119.65, 7_050_683, 52.0),  # Jinhua
    _City(28.97, 118.87, 2_276_184, 47.0),  # Quzhou
    _City(29.99, 122.20, 1_157_817, 19.0),  # Zhoushan
    _City(28.66, 121.42, 6_622_888, 48.0),  # Taizhou
    _City(28.45, 119.92, 2_507_396, 65.0),  # Lishui
)

_TOWNS: Final = 12
_VILLAGES: Final = 600
_CORE_SHARE, _TOWNS_SHARE, _VILLAGES_SHARE = 0.4, 0.35, 0.25
# People per square kilometre in the middle of each.
_CORE_DENSITY, _TOWN_DENSITY, _VILLAGE_DENSITY = 25_000.0, 8_000.0, 2_000.0


def province(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitudes and longitudes in degrees of so many points.

    With fewer than a million, all distances shrink so that the density stays that of a million in the province.
    """
    random = np.random.default_rng(seed)
    settlements = _settlements(np.random.default_rng(1))
    populations = settlements[:, 2]
    chosen = settlements[random.choice(len(settlements), count, p=populations / populations.sum())]
    scale = math.sqrt(count / PROVINCE_POINTS)
    north_km = chosen[:, 0] + chosen[:, 3] * random.standard_normal(count)
    east_km = chosen[:, 1] + chosen[:, 3] * random.standard_normal(count)
    latitudes = _MIDDLE.latitude + scale * north_km * _KM
    longitudes = _MIDDLE.longitude + scale * east_km * _KM / math.cos(math.radians(_MIDDLE.latitude))
    return latitudes, longitudes


def _settlements(random: np.random.Generator) -> NDArray[np.float64]:
    """Return rows of kilometres north and east of the middle, population, and standard deviation in kilometres."""
    kinds = (
        (1, _CORE_SHARE, _CORE_DENSITY, 0.0),
        (_TOWNS, _TOWNS_SHARE, _TOWN_DENSITY, 0.8),
        (_VILLAGES, _VILLAGES_SHARE, _VILLAGE_DENSITY, 1.0),
    )
    groups = []
    for city in _CITIES:
        north_km = (city.latitude - _MIDDLE.latitude) / _KM
        east_km = (city.longitude - _MIDDLE.longitude) / _KM * math.cos(math.radians(_MIDDLE.latitude))
        for number, share, density, out in kinds:
            sizes = 1.0 / np.arange(1, number + 1)
            populations = city.population * share * sizes / sizes.sum()
            # A bell of so many people with this density in its middle.
            deviations_km = np.sqrt(populations / (2.0 * math.pi * density))
            away_km = out * city.half_side_km * random.uniform(-1.0, 1.0, (number, 2))
            groups.append(
                np.column_stack([north_km + away_km[:, 0], east_km + away_km[:, 1], populations, deviations_km])
            )
    return np.concatenate(groups)
