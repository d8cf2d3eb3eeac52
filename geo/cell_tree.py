"""The occupied H3 cells as a tree: base cells at the top, cells that hold members at the bottom.

Only occupied cells exist here. However empty the world, a search from the top meets nothing but cells that
lead to members, so the size of the empty region around it costs nothing.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from geo.bounding_box import BoundingBox
from geo.cells import cell_of, centre_of, coarser, reach_of_cell
from geo.distance import EARTH_RADIUS_M, unit_vector
from geo.place import Place

Key = TypeVar("Key", bound=Hashable)

Member = tuple[float, float, float, Place]
"""A point of the index: x, y and z of its unit vector, and its place."""


@dataclass(slots=True, eq=False)
class Node(Generic[Key]):
    """An occupied cell: a leaf has members, every other node has children.

    All members below it lie within `reach` of the centre x, y, z (in a straight line, in units of the
    sphere's radius; see `geo.cells.reach_of_cell`) and within `box`.
    """

    cell: int
    parent: "Node[Key] | None"
    x: float
    y: float
    z: float
    reach: float
    box: BoundingBox
    children: "dict[int, Node[Key]]" = field(default_factory=dict)
    members: dict[Key, Member] = field(default_factory=dict)


class CellTree(Generic[Key]):
    """Holds the cells with members and all their ancestors, and no others once emptied leaves are pruned."""

    def __init__(self, leaf_resolution: int) -> None:
        self._leaf_resolution = leaf_resolution
        self._reaches = [reach_of_cell(resolution, leaf_resolution) for resolution in range(leaf_resolution + 1)]
        self._roots: dict[int, Node[Key]] = {}
        self._leaves: dict[int, Node[Key]] = {}

    @property
    def roots(self) -> Iterable[Node[Key]]:
        """Return the occupied base cells, at most 122."""
        return self._roots.values()

    def leaf_of(self, place: Place) -> Node[Key]:
        """Return the leaf that holds members at the place, made now if there is none.

        Raises ValueError for coordinates that are not finite.
        """
        cell = cell_of(place, self._leaf_resolution)
        leaf = self._leaves.get(cell)
        if leaf is None:
            leaf = self._leaves[cell] = self._grown(cell)
        return leaf

    def prune(self, leaf: Node[Key]) -> None:
        """Take away a leaf without members, and every ancestor that thereby loses its last child."""
        del self._leaves[leaf.cell]
        node, parent = leaf, leaf.parent
        while parent is not None:
            del parent.children[node.cell]
            if parent.children:
                return
            node, parent = parent, parent.parent
        del self._roots[node.cell]

    def _grown(self, leaf_cell: int) -> Node[Key]:
        node = self._child(self._roots, None, leaf_cell, 0)
        for resolution in range(1, self._leaf_resolution + 1):
            node = self._child(node.children, node, leaf_cell, resolution)
        return node

    def _child(
        self, siblings: dict[int, Node[Key]], parent: Node[Key] | None, leaf_cell: int, resolution: int
    ) -> Node[Key]:
        cell = coarser(leaf_cell, resolution)
        child = siblings.get(cell)
        if child is None:
            centre = centre_of(cell)
            reach = self._reaches[resolution]
            box = BoundingBox.around(centre, reach * EARTH_RADIUS_M)
            child = siblings[cell] = Node(cell, parent, *unit_vector(centre), reach, box)
        return child
