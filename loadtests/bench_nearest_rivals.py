"""Four that answer who is nearest: ours, SciPy's kd-tree of frozen points, PostGIS and Redis.

Each is asked from Python, one question at a time, in the way that suits it best, and hands back keys and metres.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import psycopg
import redis
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.distance import EARTH_RADIUS_M
from geo.nearest import MovingPoints
from geo.place import Place

Answer = list[tuple[int, float]]
"""Point number and distance in metres, nearest first."""

_REDIS_BATCH: Final = 20_000
# Redis keeps 26 bits of each coordinate: up to 0.6 m of longitude and 0.3 m of latitude from the place, and it
# measures on a sphere that is 0.03 % larger. Both are added, so that the k-th is still inside.
_REDIS_MARGIN_M: Final = 1.0
_REDIS_RADIUS_SHARE: Final = 6_372_797.560856 / EARTH_RADIUS_M


class Rival(Protocol):
    """Somebody who is asked for the nearest and measured."""

    name: str

    def ask(self, number: int) -> Any:
        """Answer question `number`; only this is timed."""
        ...

    def answer(self, number: int) -> Answer:
        """The same as `ask`, in one form for all."""
        ...


class Ours:
    """`MovingPoints` with text keys, as dispatch holds its responders; hands out a list of `Found`."""

    name = "ours"

    def __init__(self, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], k: int) -> None:
        self.keys = [f"responder-{number}" for number in range(len(latitudes))]
        self.points: MovingPoints[str] = MovingPoints()
        self.points.put_many(self.keys, latitudes, longitudes)
        self._k = k
        self._questions: list[Place] = []

    def prepare(self, questions: Sequence[Place]) -> None:
        """Take the questions."""
        self._questions = list(questions)

    @property
    def question_count(self) -> int:
        """How many questions there are."""
        return len(self._questions)

    def ask(self, number: int) -> Any:
        """Answer question `number`."""
        return self.points.nearest(self._questions[number], self._k)

    def answer(self, number: int) -> Answer:
        """The same in one form for all."""
        return [(int(found.key.rpartition("-")[2]), found.distance_m) for found in self.ask(number)]


class KdTree:
    """`scipy.spatial.cKDTree` over unit vectors: exact, and nothing can move or be filtered."""

    name = "kd-tree"

    def __init__(self, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], k: int) -> None:
        self._tree = cKDTree(unit_vectors(latitudes, longitudes))
        self._k = k
        self._questions = np.empty((0, 3))

    def prepare(self, questions: Sequence[Place]) -> None:
        """Take the questions, as unit vectors: their conversion is not timed."""
        self._questions = unit_vectors(
            np.array([each.latitude for each in questions]), np.array([each.longitude for each in questions])
        )

    def ask(self, number: int) -> Any:
        """Answer question `number`."""
        return self._tree.query(self._questions[number], self._k)

    def answer(self, number: int) -> Answer:
        """The same in one form for all."""
        lines, points = self.ask(number)
        return [
            (int(point), EARTH_RADIUS_M * 2.0 * math.asin(line / 2.0))
            for line, point in zip(np.atleast_1d(lines), np.atleast_1d(points), strict=True)
        ]


class Postgis:
    """The nearest by `<->` on an indexed geography, as a prepared statement on a socket.

    The table lies in the order of its index, is vacuumed and analysed, and fits into the server's memory.
    """

    name = "PostGIS"

    def __init__(
        self,
        connection: "psycopg.Connection[Any]",
        latitudes: NDArray[np.float64],
        longitudes: NDArray[np.float64],
        k: int,
    ) -> None:
        self._cursor = connection.cursor(binary=True)
        table = f"points_{len(latitudes)}"
        self._cursor.execute(f"create unlogged table {table} (id int4, geog geography(point, 4326))")
        with self._cursor.copy(f"copy {table} (id, geog) from stdin") as copy:
            for number, (latitude, longitude) in enumerate(zip(latitudes.tolist(), longitudes.tolist(), strict=True)):
                copy.write_row((number, f"POINT({longitude!r} {latitude!r})"))
        self._cursor.execute(f"create index {table}_by_place on {table} using gist (geog)")
        self._cursor.execute(f"cluster {table} using {table}_by_place")
        self._cursor.execute(f"vacuum analyze {table}")
        point = "st_point(%s, %s, 4326)::geography"
        self._sql = f"select id, geog <-> {point} from {table} order by geog <-> {point} limit {k}"  # noqa: S608
        self._questions: list[tuple[float, float, float, float]] = []

    def prepare(self, questions: Sequence[Place]) -> None:
        """Take the questions."""
        self._questions = [(each.longitude, each.latitude) * 2 for each in questions]

    def ask(self, number: int) -> Any:
        """Answer question `number`."""
        return self._cursor.execute(self._sql, self._questions[number], prepare=True).fetchall()

    def answer(self, number: int) -> Answer:
        """The same in one form for all. `<->` of geographies measures on the sphere."""
        return [(int(point), float(distance_m)) for point, distance_m in self.ask(number)]


class Redis:
    """`GEOSEARCH … ASC COUNT k WITHDIST`, told for every question how far the k-th is.

    It has no "k nearest": without a radius it could not answer at all, and with a wider one it would sort more. So it
    gets the one that suits it best and that nobody could know beforehand.
    """

    name = "Redis"

    def __init__(
        self, client: "redis.Redis", latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], k: int
    ) -> None:
        self._client = client
        self._key = f"points:{len(latitudes)}"
        self._k = k
        flat: list[float | int] = []
        for number, (latitude, longitude) in enumerate(zip(latitudes.tolist(), longitudes.tolist(), strict=True)):
            flat.extend((longitude, latitude, number))
        for start in range(0, len(flat), 3 * _REDIS_BATCH):
            client.geoadd(self._key, flat[start : start + 3 * _REDIS_BATCH])
        self._questions: list[tuple[float, float, float]] = []

    def prepare(self, questions: Sequence[Place], farthest_m: Sequence[float]) -> None:
        """Take the questions, with the distance of the k-th point."""
        self._questions = [
            (each.longitude, each.latitude, far * _REDIS_RADIUS_SHARE + _REDIS_MARGIN_M)
            for each, far in zip(questions, farthest_m, strict=True)
        ]

    def ask(self, number: int) -> Any:
        """Answer question `number`."""
        longitude, latitude, radius_m = self._questions[number]
        return self._client.geosearch(
            self._key,
            longitude=longitude,
            latitude=latitude,
            radius=radius_m,
            unit="m",
            sort="ASC",
            count=self._k,
            withdist=True,
        )

    def answer(self, number: int) -> Answer:
        """The same in one form for all, on our sphere."""
        return [(int(point), float(distance_m) / _REDIS_RADIUS_SHARE) for point, distance_m in self.ask(number)]


def unit_vectors(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of x, y, z for degrees."""
    latitude, longitude = np.radians(latitudes), np.radians(longitudes)
    level = np.cos(latitude)
    return np.column_stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)])
