"""The points in a box: compiled, down the tree of cells. `geo.bounding_box` says what a box is."""

import math

import numpy as np
from numba import float64, int32, int64
from numpy.typing import NDArray

from geo.compiled import compiled, part_of_kernel
from geo.records import QUEUE, TREE, Record, Records, Tree

_BASE_CELLS = 122
_FAMILY = 7
_MAX_LATITUDE = 90.0
_MAX_LONGITUDE = 180.0
_FULL_CIRCLE = 360.0

# A tenth of a metre more than a cell reaches, so that rounding cannot leave out a member on its rim.
_RIM_DEGREES = 1e-6


@part_of_kernel
def _spans(west: float, east: float, longitude: float) -> bool:
    """Answer as `BoundingBox.spans`."""
    if west <= longitude <= east:
        return True
    if west > east and (longitude >= west or longitude <= east):
        return True
    return abs(longitude) == _MAX_LONGITUDE and (abs(west) == _MAX_LONGITUDE or abs(east) == _MAX_LONGITUDE)


@part_of_kernel
def _wrapped(longitude: float) -> float:
    if longitude < -_MAX_LONGITUDE:
        return longitude + _FULL_CIRCLE
    if longitude > _MAX_LONGITUDE:
        return longitude - _FULL_CIRCLE
    return longitude


@part_of_kernel
def _can_meet(node: Record, west: float, south: float, east: float, north: float) -> bool:
    """Answer whether the circle that holds a cell's members can meet the box, as `BoundingBox.around` would."""
    level = math.sqrt(node.x * node.x + node.y * node.y)
    latitude = math.degrees(math.atan2(node.z, level))
    height = math.degrees(node.reach) + _RIM_DEGREES
    if latitude - height > north or latitude + height < south:
        return False
    if abs(latitude) + height >= _MAX_LATITUDE:
        return True
    half_width = math.degrees(math.asin(min(1.0, math.sin(node.reach) / level))) + _RIM_DEGREES
    longitude = math.degrees(math.atan2(node.y, node.x))
    west_end = _wrapped(longitude - half_width)
    return _spans(west, east, west_end) or _spans(west_end, _wrapped(longitude + half_width), west)


@part_of_kernel
def _gather(
    tree: Tree,
    node: Record,
    west: float,
    south: float,
    east: float,
    north: float,
    slots: NDArray[np.int32],
    found: int,
) -> int:
    """Add a leaf's members in the box to `slots`; return how many there are now."""
    width = tree.blocks.shape[1]
    block = node.block
    held = (node.count - 1) % width + 1
    while block >= 0:
        for place in range(held):
            slot = tree.blocks[block, place].slot
            point = tree.points[slot]
            if south <= point.latitude <= north and _spans(west, east, point.longitude):
                slots[found] = slot
                found += 1
        block = tree.chain[block]
        held = width
    return found


@compiled(
    int64,
    (TREE, QUEUE, float64, float64, float64, float64, int32[::1]),
)
def search_box(
    tree: Tree,
    queue: Records,
    west: float,
    south: float,
    east: float,
    north: float,
    slots: NDArray[np.int32],
) -> int:
    """Write the slots of all points in the box to `slots`, in no particular order; return how many.

    `queue` is room for as many entries as there are nodes, `slots` for as many as there are points.
    """
    waiting = 0
    for root in range(_BASE_CELLS):
        queue[waiting].node = root
        waiting += 1
    found = 0
    while waiting > 0:
        waiting -= 1
        node = tree.nodes[queue[waiting].node]
        if node.count == 0 or not _can_meet(node, west, south, east, north):
            continue
        if node.children < 0:
            found = _gather(tree, node, west, south, east, north, slots, found)
            continue
        for child in range(node.children, node.children + _FAMILY):
            queue[waiting].node = child
            waiting += 1
    return found
