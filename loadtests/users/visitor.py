"""The public map's visitors: tiles as people zoom in, the nearest AEDs, and a word typed into the search."""

import math
import urllib.parse
from random import Random
from typing import Final

import gevent
from locust import User, task

from geo.place import Place
from loadtests.crowd import CENTRE, around
from loadtests.users.http_lines import HttpLines
from loadtests.users.stage import SHAPE, call, on_schedule, ready

_ZOOMS: Final = (10, 12, 13, 14, 15)
_WORDS: Final = ("Load AED", "AED 7", "load", "12")
_TILES, _NEAREST = 0.6, 0.9
_OK, _EMPTY = 200, 204


class Visitor(User):
    """Everybody who looks at the map; each lookup is another person's."""

    fixed_count = 1 if SHAPE.lookups_per_s else 0

    def on_start(self) -> None:
        """Be ready."""
        self._rng = Random("visitors")
        self._lines = HttpLines(str(self.host))
        ready()

    @task
    def look_all(self) -> None:
        """Look at the times of the shape."""
        on_schedule(SHAPE.others_s("lookups", SHAPE.lookups_per_s), self._look)
        gevent.sleep(SHAPE.ends_s + 60)

    def _look(self, due_ns: int) -> None:
        place = around(CENTRE, SHAPE.crowd_within_m, self._rng)
        drawn = self._rng.random()
        if drawn < _TILES:
            name, path = "/v1/aeds/tiles", _tile(place, self._rng.choice(_ZOOMS))
        elif drawn < _NEAREST:
            name = "/v1/aeds/nearest"
            path = f"{name}?latitude={place.latitude:.6f}&longitude={place.longitude:.6f}&limit=5"
        else:
            name = "/v1/aeds/search"
            path = f"{name}?q={urllib.parse.quote(self._rng.choice(_WORDS))}&limit=10"
        answer = self._lines.send("GET", path)
        call(name, due_ns, answer.sent_ns, is_ok=answer.status in (_OK, _EMPTY))


def _tile(place: Place, zoom: int) -> str:
    # Web Mercator's tile numbers, as every map of tiles has them.
    tiles = 2**zoom
    x = int((place.longitude + 180.0) / 360.0 * tiles)
    y = int((1.0 - math.asinh(math.tan(math.radians(place.latitude))) / math.pi) / 2.0 * tiles)
    return f"/v1/aeds/tiles/{zoom}/{x}/{y}"
