"""How long the public map waits for its tiles, first and again, where people look."""

import math
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from geo.place import Place
from loadtests.bench_registry_devices import SimulatedDevice

_ZOOMS: Final = (6, 8, 10, 11, 12, 13, 14, 15, 16)
_MS: Final = 1000.0
_OK: Final = frozenset({200, 204})


def bench_tiles(url: str, devices: Sequence[SimulatedDevice], *, looks: int, seed: int = 1) -> list[float]:
    """Milliseconds of each tile: of so many people who look around somewhere, zooming in; the screen has four tiles.

    Empty when the service has no tiles.
    """
    rng = Random(f"tiles {seed}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    taken = []
    for _ in range(looks):
        place = rng.choice(devices).place
        for z, x, y in _screen(place, rng.choice(_ZOOMS)):
            began = time.perf_counter()
            try:
                with opener.open(f"{url}/v1/aeds/tiles/{z}/{x}/{y}", timeout=60) as answer:
                    answer.read()
                    if answer.status not in _OK:
                        return []
            except urllib.error.HTTPError:
                return []
            taken.append(_MS * (time.perf_counter() - began))
    return taken


def _screen(place: Place, zoom: int) -> Iterator[tuple[int, int, int]]:
    tiles = 2**zoom
    x = int((place.longitude + 180.0) / 360.0 * tiles)
    latitude = math.radians(place.latitude)
    y = int((1.0 - math.asinh(math.tan(latitude)) / math.pi) / 2.0 * tiles)
    for right in (0, 1):
        for down in (0, 1):
            yield zoom, min(x + right, tiles - 1), min(y + down, tiles - 1)
