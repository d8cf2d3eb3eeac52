"""Distances of many pairs at once, compiled: forty places to ten others cost what two of NumPy's calls do."""

import math

import numpy as np
import numpy.typing as npt
from numba import float64

from geo.compiled import compiled, part_of_kernel

Floats = npt.NDArray[np.float64]


@part_of_kernel
def _unit_vectors(latitudes: Floats, longitudes: Floats) -> Floats:
    vectors = np.empty((len(latitudes), 3))
    for row in range(len(latitudes)):
        latitude, longitude = math.radians(latitudes[row]), math.radians(longitudes[row])
        level = math.cos(latitude)
        vectors[row, 0] = level * math.cos(longitude)
        vectors[row, 1] = level * math.sin(longitude)
        vectors[row, 2] = math.sin(latitude)
    return vectors


@compiled(float64[:, ::1], [float64[::1], float64[::1], float64[::1], float64[::1]])
def angles(latitudes: Floats, longitudes: Floats, to_latitudes: Floats, to_longitudes: Floats) -> Floats:
    """Return the angle in radians from each of n places to each of m, (n, m), as `geo.distance.angle_between` does."""
    here, there = _unit_vectors(latitudes, longitudes), _unit_vectors(to_latitudes, to_longitudes)
    answer = np.empty((len(here), len(there)))
    for row in range(len(here)):
        for column in range(len(there)):
            apart = together = 0.0
            for axis in range(3):
                apart += (here[row, axis] - there[column, axis]) ** 2
                together += (here[row, axis] + there[column, axis]) ** 2
            answer[row, column] = 2.0 * math.atan2(math.sqrt(apart), math.sqrt(together))
    return answer
