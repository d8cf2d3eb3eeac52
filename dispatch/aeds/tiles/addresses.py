"""Which part of the world a tile shows: Web Mercator's square, halved again at every zoom."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dispatch.problems import FieldProblem, InvalidField
from geo.datum import Datum, from_wgs84
from geo.place import Place

DEEPEST_ZOOM = 20
"""A tile of this zoom is some 30 m wide in Zhejiang: nothing is told apart any deeper."""

FIRST_ZOOM_WITH_POINTS = 13
"""From here on every device is drawn by itself; before, those close together are one cluster."""

LAST_DEGREE = 360 - 1e-9
"""East of 180° W: what lies on 180° E is on the last column of tiles, for beyond it there is none."""

MARGIN = 64 / 4096
"""A tile also holds what lies so much of its width outside: whoever cuts at the edge draws whole signs all the same."""


@dataclass(frozen=True, slots=True)
class TileAddress:
    """One tile: column `x` from 180° W eastward, row `y` from 85.05° N southward, both counted from 0."""

    z: int
    x: int
    y: int


def tile_address(z: int, x: int, y: int) -> TileAddress:
    """The tile of these numbers. Raises `InvalidField` that names the one at fault."""
    if not 0 <= z <= DEEPEST_ZOOM:
        raise InvalidField("z", f"The zoom must be from 0 to {DEEPEST_ZOOM}, not {z}.")
    last = 2**z - 1
    wrong = [
        FieldProblem(name, _out_of_range(z, last, value))
        for name, value in (("x", x), ("y", y))
        if _is_out(value, last)
    ]
    if wrong:
        problem = InvalidField(wrong[0].field, wrong[0].problem)
        problem.errors = tuple(wrong)
        raise problem
    return TileAddress(z, x, y)


def _is_out(value: int, last: int) -> bool:
    return not 0 <= value <= last


def _out_of_range(z: int, last: int, value: int) -> str:
    return f"At zoom {z} it must be from 0 to {last}, not {value}."


def on_square(place: Place) -> tuple[float, float]:
    """A place on the square: x from 0 (180° W) up to 1, y from 0 (85.05° N) to 1; nearer to the poles y is outside."""
    x = min(place.longitude + 180.0, LAST_DEGREE) / 360.0
    y = 0.5 - math.asinh(math.tan(math.radians(place.latitude))) / (2 * math.pi)
    return x, y


def place_at(x: float, y: float) -> Place:
    """The place at a point of the square."""
    return Place(math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y)))), x * 360.0 - 180.0)


def middle_of(address: TileAddress) -> Place:
    """The place in the middle of a tile."""
    count = 2**address.z
    return place_at((address.x + 0.5) / count, (address.y + 0.5) / count)


def tiles_that_show(place: Place, datum: Datum) -> Iterator[TileAddress]:
    """Every tile, of all zooms, that a device at this place is drawn on where maps are in `datum`."""
    x, y = on_square(from_wgs84(place, datum))
    # Before there are points, no tile reaches over its edge: each lies in one of the zoom before.
    last = FIRST_ZOOM_WITH_POINTS - 1
    column, row = math.floor(x * 2**last), math.floor(y * 2**last)
    if 0 <= row < 2**last:
        for z in range(FIRST_ZOOM_WITH_POINTS):
            yield TileAddress(z, column >> (last - z), row >> (last - z))
    for z in range(FIRST_ZOOM_WITH_POINTS, DEEPEST_ZOOM + 1):
        count = 2**z
        columns = {math.floor(x * count - MARGIN), math.floor(x * count + MARGIN)}
        rows = {math.floor(y * count - MARGIN), math.floor(y * count + MARGIN)}
        for column in columns:
            for row in rows:
                if 0 <= column < count and 0 <= row < count:
                    yield TileAddress(z, column, row)


@dataclass(frozen=True, slots=True)
class Window:
    """What a tile's drawing has to know: which places to look at, and how they shift on a map in another datum.

    The box is WGS-84, in degrees. A place at (u, v) of the tile, each from 0 to 1 across it, is drawn `east_0` +
    `east_u`·u + `east_v`·v + `east_uv`·u·v further east, and south likewise: what the datum shifts the four corners
    by, and between them in proportion. Within a tile of zoom 10 and deeper that is true to a few metres, and
    before that to less than a pixel.
    """

    west: float
    south: float
    east: float
    north: float
    shift: tuple[float, float, float, float, float, float, float, float]


def window_of(address: TileAddress, datum: Datum) -> Window:
    """What of the world is drawn on a tile, margin included."""
    count = 2**address.z
    corners = [_shift_at(address, u, v, datum) for u, v in ((0, 0), (1, 0), (0, 1), (1, 1))]
    easts, souths = [each[0] for each in corners], [each[1] for each in corners]
    margin = MARGIN if address.z >= FIRST_ZOOM_WITH_POINTS else 0.0
    # Deep down the shift is many tiles wide, and differs by a little of that over its own length.
    slack = margin + 0.02 * max(map(abs, (*easts, *souths)), default=0.0)
    north_west = place_at((address.x - max(easts) - slack) / count, (address.y - max(souths) - slack) / count)
    south_east = place_at((address.x + 1 - min(easts) + slack) / count, (address.y + 1 - min(souths) + slack) / count)
    return Window(
        west=max(-180.0, north_west.longitude),
        south=max(-90.0, south_east.latitude),
        east=min(180.0, south_east.longitude),
        north=min(90.0, north_west.latitude),
        shift=(*_in_proportion(easts), *_in_proportion(souths)),
    )


def _shift_at(address: TileAddress, u: float, v: float, datum: Datum) -> tuple[float, float]:
    """How far east and south the datum shifts what lies there, in widths of the tile."""
    if datum is Datum.WGS84:
        return 0.0, 0.0
    count = 2**address.z
    x, y = (address.x + u) / count, (address.y + v) / count
    shifted_x, shifted_y = on_square(from_wgs84(place_at(x, y), datum))
    return (shifted_x - x) * count, (shifted_y - y) * count


def _in_proportion(corners: list[float]) -> tuple[float, float, float, float]:
    top_left, top_right, bottom_left, bottom_right = corners
    return (
        top_left,
        top_right - top_left,
        bottom_left - top_left,
        bottom_right - top_right - bottom_left + top_left,
    )
