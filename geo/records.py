"""How the index of points lies in memory: NumPy records, and the Numba types of arrays of them.

One array per kind of thing instead of one object per thing: 1 M points are a hundred megabytes in a few pieces,
not a million dictionaries, and compiled code walks them without asking Python anything.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import from_dtype, int32, types
from numpy.typing import NDArray

Records = NDArray[np.void]
Record = Any
"""One of an array; compiled code reads and writes its fields as attributes."""

NODE = np.dtype(
    [
        # The centre of the cell as a unit vector, and how far from it members can be at the most.
        ("x", "f8"),
        ("y", "f8"),
        ("z", "f8"),
        ("reach", "f8"),
        # Number of the first of seven children, which lie side by side; negative for a leaf.
        ("children", "i4"),
        # First of the chain of blocks that hold a leaf's members; negative when there are none.
        ("block", "i4"),
        # Members below, however deep.
        ("count", "i4"),
        ("parent", "i4"),
        ("resolution", "i4"),
        # Marks that nobody below has beside these; and marks that everybody below has, at the least.
        ("some_marks", "u4"),
        ("every_mark", "u4"),
    ],
    align=True,
)
"""An H3 cell: with seven children, or a leaf with members, or empty. Base cells are numbers 0 to 121."""

MEMBER = np.dtype([("x", "f8"), ("y", "f8"), ("z", "f8"), ("marks", "u4"), ("slot", "i4")], align=True)
"""What a search looks at of every point it passes: 32 bytes, two to a cache line."""

POINT = np.dtype(
    [
        ("latitude", "f8"),
        ("longitude", "f8"),
        # The H3 cell at the finest resolution: all that is ever needed to find the way down the tree.
        ("cell", "i8"),
        ("fixed_at_s", "f8"),
        ("accuracy_m", "f8"),
        # The leaf that holds it (negative: the slot is vacant) and where: block times block width plus index.
        ("node", "i4"),
        ("position", "i4"),
    ],
    align=True,
)
"""What is kept of a point by its slot, which stays the same as long as the point is there."""

STORE = np.dtype(
    [
        # Blocks given back, as a chain, and how many; then the first block that was never used.
        ("free_block", "i8"),
        ("free_blocks", "i8"),
        ("fresh_block", "i8"),
        # The same for nodes, which come and go seven at a time.
        ("free_family", "i8"),
        ("fresh_node", "i8"),
        # A leaf with more members than this splits; one at the finest resolution cannot.
        ("leaf_capacity", "i8"),
        ("finest", "i8"),
    ],
    align=True,
)
"""What the whole store of nodes and blocks has to remember; there is one of it."""

WAITING = np.dtype([("bound", "f8"), ("node", "i8")], align=True)
"""A node that a search may still have to open, with the least distance of anything below it."""

ANSWER = np.dtype([("likely_m", "f8"), ("distance_m", "f8"), ("spread_m", "f8"), ("slot", "i8")], align=True)
"""A point that belongs to the answer so far; `geo.nearest.Found` says what the distances mean."""


class Tree(NamedTuple):
    """The arrays that a tree of cells consists of."""

    nodes: Records
    # Members by block and place in the block; so its shape tells compiled code how wide a block is.
    blocks: Records
    # For every block the next of its chain, negative at the end.
    chain: NDArray[np.int32]
    points: Records
    # One record.
    stores: Records


def _array_of(record: np.dtype[np.void]) -> Any:
    return from_dtype(record)[::1]


# Numba's own annotations stop halfway.
_types: Any = types

TREE = _types.NamedTuple(
    (_array_of(NODE), from_dtype(MEMBER)[:, ::1], int32[::1], _array_of(POINT), _array_of(STORE)), Tree
)
QUEUE = _array_of(WAITING)
ANSWERS = _array_of(ANSWER)
