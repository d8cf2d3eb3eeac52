"""How long tiles take with a province full of devices, drawn anew and kept: `python -m tests.aeds.tiles.measure`."""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatch.aeds.tiles.addresses import TileAddress, on_square
from dispatch.aeds.tiles.drawing import TileKey
from dispatch.aeds.tiles.hours_keeper import HoursKeeper
from dispatch.aeds.tiles.tiles import Tiles
from dispatch.clock import SteadyClock
from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.database import Database
from dispatch.storage.migrate import migrate
from geo.place import Place
from tests.aeds.tiles.province import CITIES, fill

ZONE = "Asia/Shanghai"
ZOOMS = range(6, 18)


def views(count: int, seed: int) -> list[TileKey]:
    """Tiles that people look at: around cities, at every zoom that a map is used at."""
    draw = random.Random(seed)
    keys: dict[TileKey, None] = {}
    while len(keys) < count:
        latitude, longitude, _ = draw.choices(CITIES, [city[2] for city in CITIES])[0]
        zoom = draw.choice(ZOOMS)
        x, y = on_square(Place(latitude + draw.gauss(0, 0.08), longitude + draw.gauss(0, 0.08)))
        keys[TileKey(TileAddress(zoom, int(x * 2**zoom), int(y * 2**zoom)))] = None
    return list(keys)


async def timed(tiles: Tiles, keys: list[TileKey]) -> list[float]:
    """Milliseconds that each tile takes, one after the other."""
    taken: list[float] = []
    for key in keys:
        begun = time.perf_counter()
        await tiles.tile(key)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def told(name: str, taken: list[float]) -> str:
    """Median and 95th percentile in a line."""
    p95 = statistics.quantiles(taken, n=100)[94]
    median = statistics.median(taken)
    return f"{name}: median {median:.2f} ms, p95 {p95:.2f} ms, longest {max(taken):.1f} ms ({len(taken)} tiles)"


async def measure(url: str, count: int) -> None:
    """Print how long it takes."""
    clock = SteadyClock()
    database = Database(url)
    begun = time.perf_counter()
    await HoursKeeper(database, clock, ZONE).act()
    print(f"hours of {count} devices read in {time.perf_counter() - begun:.2f} s")
    tiles = Tiles(url, clock, ZoneInfo(ZONE), rest=0)
    # Connections and plans are there.
    await timed(tiles, views(5, seed=0))
    keys = views(400, seed=1)
    print(told("drawn", await timed(tiles, keys)))
    for zoom in ZOOMS:
        those = [key for key in keys if key.address.z == zoom]
        tiles.everything_changed()
        if len(those) > 1:
            print(told(f"  zoom {zoom}", await timed(tiles, those)))
    print(told("kept", await timed(tiles, keys * 5)))
    await tiles.close()
    await database.close()


def main() -> None:
    """Fill a private database, and measure."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--devices", type=int, default=100_000)
    count = asked.parse_args().devices
    with tempfile.TemporaryDirectory(prefix="dispatch-tiles-") as folder:
        cluster = PrivateCluster(Path(folder))
        url = cluster.start()
        try:
            migrate(url)
            fill(url, count)
            asyncio.run(measure(url, count))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
