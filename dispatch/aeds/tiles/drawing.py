"""Has PostGIS draw a tile, over one or two connections of its own."""

import gzip
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from dispatch.aeds.settling.zones import zone_of
from dispatch.aeds.tiles.addresses import FIRST_ZOOM_WITH_POINTS, MARGIN, TileAddress, Window, middle_of, window_of
from dispatch.aeds.tiles.choices import Choice
from dispatch.aeds.tiles.statements import ALONE, CLUSTERS, CLUSTERS_OF_THE_WORLD, PLANNED, POINTS, parameter_of
from dispatch.storage.direct import DirectConnections
from geo.datum import Datum

MOST_AT_ONCE = 2
"""Tiles drawn at the same time: an SOS must find the server idle enough."""

_ANSWER_WITHIN_S = 4.0

# Before that a tile's box is wider than a twentieth of the globe, and no box on it.
_FIRST_ZOOM_BY_INDEX = 5

# Before that a tile may lie in several time zones.
_FIRST_ZOOM_IN_ONE_ZONE = 8

_SMALLEST_WORTH_PACKING = 512

_SHIFTS = tuple(f"{way}_{part}" for way in ("east", "south") for part in ("zero", "u", "v", "both"))


@dataclass(frozen=True, slots=True)
class TileKey:
    """Which tile: where, in which datum, narrowed down to what."""

    address: TileAddress
    datum: Datum = Datum.WGS84
    only: frozenset[Choice] = frozenset()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A tile as it was drawn. `body` is empty where there is nothing to see; `packed` is the same, compressed.

    `holds_until`: when time alone changes what it shows. `took_s`: what drawing it cost.
    """

    body: bytes
    packed: bytes | None
    tag: str
    holds_until: datetime
    took_s: float


class Artist:
    """Draws tiles. Its connections are its own and few; what takes longer than some seconds is given up."""

    def __init__(self, database_url: str, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._lines = DirectConnections(_conninfo(database_url), most=MOST_AT_ONCE, answer_within_s=_ANSWER_WITHIN_S)

    async def draw(self, key: TileKey, now: datetime) -> Drawing:
        """The tile as it is at `now`. Raises `psycopg.Error`."""
        begun_s = time.perf_counter()
        midnight = _midnight_after(now, self._timezone)
        parameters = _parameters(key, now, self._timezone)
        before = [ALONE] if key.address.z >= FIRST_ZOOM_WITH_POINTS else [ALONE, PLANNED]
        *_, ((body_text, holds_until),) = await self._lines.run_together(
            [*((each, {}) for each in before), (_statement_of(key.address), parameters)]
        )
        # Bytes come as text: `\x` and two digits for each.
        body = bytes.fromhex((body_text or r"\x")[2:])
        return Drawing(
            body=body,
            packed=gzip.compress(body, 5, mtime=0) if len(body) >= _SMALLEST_WORTH_PACKING else None,
            tag=hashlib.blake2b(body, digest_size=9).hexdigest(),
            # At midnight batteries and pads expire.
            holds_until=min(midnight, datetime.fromisoformat(holds_until)) if holds_until else midnight,
            took_s=time.perf_counter() - begun_s,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._lines.close()


def _statement_of(address: TileAddress) -> Any:
    if address.z >= FIRST_ZOOM_WITH_POINTS:
        return POINTS
    return CLUSTERS if address.z >= _FIRST_ZOOM_BY_INDEX else CLUSTERS_OF_THE_WORLD


def _parameters(key: TileKey, now: datetime, timezone: ZoneInfo) -> Mapping[str, Any]:
    window = window_of(key.address, key.datum)
    slack = _sagitta_degrees(window)
    return {
        "columns": float(2**key.address.z),
        "x": float(key.address.x),
        "y": float(key.address.y),
        "margin": MARGIN,
        "west": window.west,
        "south": max(-90.0, window.south - slack),
        "east": window.east,
        "north": min(90.0, window.north + slack),
        **dict(zip(_SHIFTS, window.shift, strict=True)),
        **{parameter_of(choice): choice in key.only for choice in Choice},
        "now": now,
        "today": now.astimezone(timezone).date().isoformat(),
        "zone": _zone_shown(key.address, timezone),
    }


def _zone_shown(address: TileAddress, timezone: ZoneInfo) -> str:
    """In which "opens 09:00" is said: that of whoever reads the sign on the door."""
    if address.z < _FIRST_ZOOM_IN_ONE_ZONE:
        return timezone.key
    return str(zone_of(middle_of(address), timezone.key))


def _sagitta_degrees(window: Window) -> float:
    """How far a great circle between two corners leaves the parallel between them: the index knows great circles.

    In radians at most the square of their distance in longitude over 16 (for short arcs; sin·cos is 1/2 at most).
    """
    return math.degrees(math.radians(window.east - window.west) ** 2 / 16) * 1.1


def _midnight_after(now: datetime, timezone: ZoneInfo) -> datetime:
    there = now.astimezone(timezone)
    return (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _conninfo(database_url: str) -> str:
    # Not the URL as text: what SQLAlchemy writes into one (a space as a plus) libpq reads otherwise.
    url = make_url(database_url)
    _, parts = url.get_dialect()().create_connect_args(url)
    return make_conninfo("", **{name: value for name, value in parts.items() if name not in {"context", "options"}})
