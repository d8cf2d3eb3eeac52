"""H3 cells: the integer names of small areas, how far they reach, and the area that hides a place.

Cell numbers are the integers of `h3.api.basic_int`, the cheapest form to hash and compare; the text form
appears only in what people or messages see.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from h3.api import basic_int as h3
from numpy.typing import NDArray

from geo.distance import UnitVector, distance_m, unit_vector
from geo.place import Place

APPROXIMATE_RESOLUTION = 9
"""About 0.1 km² or 200 m from centre to corner: tells which way to go, not which house."""

# Distance between neighbouring centres at resolution 0, in units of the sphere's radius, on the plane of an
# icosahedron face. H3's constant 0.38196601125010500003; the exact value is (3 - √5)/2, because a corner
# of the face lies two spacings from its centre, at tan(37.377°) = 3 - √5.
_SPACING_AT_RESOLUTION_0 = (3.0 - math.sqrt(5.0)) / 2.0

# Each resolution divides the area by seven ("aperture 7").
_SPACING_STEP = math.sqrt(7.0)

# H3 takes an arc cosine near 1 on the way to a cell, which costs up to 1.5e-8 rad (10 cm); ten times that.
_ROUNDING = 1.5e-7

# An H3 index has three bits for every resolution from 1 to 15, the finest lowest; a digit is 0 to 6
# (https://h3geo.org/docs/core-library/h3Indexing/).
_FINEST_RESOLUTION = 15
_DIGIT_BITS = 3
_DIGIT_MASK = 7
_CHILDREN = 7


@dataclass(frozen=True, slots=True)
class ApproximateArea:
    """The cell that stands for a place before its exact position may be shown.

    `cell` is the cell's name as H3 prints it, `radius_m` the distance from its centre to its farthest
    corner, `boundary` its corners in order. Everything follows from the cell alone, so two places in one
    cell cannot be told apart. At the antimeridian the corners' longitudes jump between the signs.
    """

    cell: str
    centre: Place
    radius_m: float
    boundary: tuple[Place, ...]


def cell_of(place: Place, resolution: int) -> int:
    """Return the H3 cell that holds the place, at a resolution from 0 (coarse) to 15.

    Raises ValueError for coordinates that are not finite and for a resolution that does not exist.
    """
    try:
        return int(h3.latlng_to_cell(place.latitude, place.longitude, resolution))
    except ValueError:
        # H3 raises it without a word.
        raise ValueError(f"There is no cell of resolution {resolution} for {place}.") from None


def cells_of(latitudes: Iterable[float], longitudes: Iterable[float], resolution: int) -> NDArray[np.int64]:
    """Return the cells of many places, given in degrees.

    Raises ValueError as `cell_of` does.
    """
    cells = map(h3.latlng_to_cell, latitudes, longitudes, repeat(resolution))
    try:
        return np.fromiter(cells, np.int64)
    except ValueError:
        raise ValueError(f"There is no cell of resolution {resolution} for one of the places.") from None


def centre_of(cell: int) -> Place:
    """Return the centre of the cell."""
    latitude, longitude = h3.cell_to_latlng(cell)
    return Place(latitude, longitude)


def coarser(cell: int, resolution: int) -> int:
    """Return the ancestor of the cell at a resolution at most its own."""
    return int(h3.cell_to_parent(cell, resolution))


def centres_of_base_cells() -> list[UnitVector]:
    """Return the centres of the 122 cells of resolution 0 in the order of their numbers."""
    return [unit_vector(centre_of(cell)) for cell in sorted(h3.get_res0_cells(), key=h3.get_base_cell_number)]


def centres_of_children(cell: int) -> list[UnitVector]:
    """Return the centres of the seven cells of the next resolution by the digit that an H3 index has for them.

    A pentagon has no child of digit 1; there the list has the pentagon's own centre.
    """
    finer = h3.get_resolution(cell) + 1
    centres = [unit_vector(centre_of(cell))] * _CHILDREN
    for child in h3.cell_to_children(cell, finer):
        digit = (child >> _DIGIT_BITS * (_FINEST_RESOLUTION - finer)) & _DIGIT_MASK
        centres[digit] = unit_vector(centre_of(child))
    return centres


def approximate_area(place: Place, resolution: int = APPROXIMATE_RESOLUTION) -> ApproximateArea:
    """Return the area to show in place of a place that must stay hidden.

    Raises ValueError as `cell_of` does.
    """
    cell = cell_of(place, resolution)
    centre = centre_of(cell)
    boundary = tuple(Place(latitude, longitude) for latitude, longitude in h3.cell_to_boundary(cell))
    radius_m = max(distance_m(centre, corner) for corner in boundary)
    return ApproximateArea(h3.int_to_str(cell), centre, radius_m, boundary)


def reach_of_cell(resolution: int, member_resolution: int) -> float:
    """Return a distance, in units of the sphere's radius, that no member of a cell is from its centre.

    The cell is any cell of `resolution`; its members are all places whose cell of `member_resolution`
    (at least `resolution`) has it as ancestor. A cell's members can lie outside its hexagon, because seven
    small hexagons do not make a large one; this bound holds for them as well. It holds for arcs, and so for
    straight lines through the earth, which are shorter.

    Why it holds for every cell on the globe, hexagon or pentagon, whatever its size and shape there:

    1. H3 lays a regular hexagonal lattice on the planes that touch the sphere at the centres of the twenty
       faces of an icosahedron, and projects it to the sphere from the earth's centre. The lattice folds over
       the edges of the faces without stretching, and each of the twelve pentagons sits on a corner.
    2. A place belongs to the nearest lattice point on its face's plane, hence lies on that plane within the
       circumradius of a lattice hexagon, spacing/√3, of its cell's centre. (A pentagon is such a hexagon
       with a sixth cut out.)
    3. The seven children of a cell are the one at its own centre and that one's neighbours (five for a
       pentagon), so their centres lie at most one spacing of the children's lattice from the cell's.
    4. So the plane path from a cell's centre down to any member is at most the sum of the spacings of the
       resolutions in between, plus spacing/√3 at the member's resolution. Where it crosses an edge of a face
       it goes on on the next plane, as long as before.
    5. Projecting a touching plane onto the sphere shortens every path: at angle θ from the touching point by
       the factor cos²θ along the radius and cos θ across. Hence the arc is at most as long as the plane path.

    The bound is attained at face centres (up to step 4's zigzag) and up to 37 % loose at the corners.
    """
    steps = sum(_spacing(finer) for finer in range(resolution + 1, member_resolution + 1))
    return steps + _spacing(member_resolution) / math.sqrt(3.0) + _ROUNDING


def _spacing(resolution: int) -> float:
    return _SPACING_AT_RESOLUTION_0 / _SPACING_STEP**resolution
