"""The tree of H3 cells that points lie in, as arrays: base cells at the top, leaves with members at the bottom.

A cell is divided only where many points are: a city goes down to blocks of houses, a county of mountains stays one
leaf, and an empty ocean costs nothing. `geo.tree_kernels` and `geo.search_kernels` work on the arrays; this class
makes room for them, and asks H3 for the centres of new cells, which happens once for some dozens of points.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from geo.bounding_box import BoundingBox
from geo.box_kernels import search_box
from geo.cells import centres_of_base_cells, centres_of_children, coarser, reach_of_cell
from geo.moves import Moves
from geo.place import Place
from geo.question import Question
from geo.records import ANSWER, MEMBER, NODE, POINT, STORE, WAITING, Records, Tree
from geo.search_kernels import search
from geo.tree_kernels import KEPT_MARKS, SPARE_BLOCKS, mark, place, place_many, remove, split

_FAMILY = 7
_NONE = -1
_ALL_MARKS = 0xFFFF_FFFF
_BLOCK_WIDTH = 8

# Arrays grow by an eighth: little memory lies idle, and a point is copied eight times on the average.
_GROWTH_DIVISOR = 8
_LEAST_GROWTH = 64

# An array for more answers than this is not kept for the next question.
_ANSWERS_KEPT = 4096


class CellTree:
    """Points by slot number, in leaves of at most `leaf_capacity` members above the `finest` resolution.

    A capacity of zero divides everything down to the finest resolution.
    """

    def __init__(self, finest: int, leaf_capacity: int) -> None:
        self._reaches = [reach_of_cell(resolution, finest) for resolution in range(finest + 1)]
        self._tree = Tree(
            nodes=np.zeros(0, NODE),
            blocks=np.zeros((0, _BLOCK_WIDTH), MEMBER),
            chain=np.zeros(0, np.int32),
            points=np.zeros(0, POINT),
            stores=np.zeros(1, STORE),
        )
        self._queue: Records = np.zeros(0, WAITING)
        self._answers: Records = np.zeros(0, ANSWER)
        self._plant(finest, leaf_capacity)

    def _plant(self, finest: int, leaf_capacity: int) -> None:
        centres = centres_of_base_cells()
        self._reserve_nodes(len(centres))
        self._reserve_blocks()
        roots = self._tree.nodes[: len(centres)]
        roots["x"], roots["y"], roots["z"] = np.array(centres).T
        roots["reach"] = self._reaches[0]
        roots["children"] = roots["block"] = roots["parent"] = _NONE
        roots["every_mark"] = _ALL_MARKS
        store = self._tree.stores[0]
        store["free_block"] = store["free_family"] = _NONE
        store["fresh_node"] = len(centres)
        store["leaf_capacity"] = leaf_capacity
        store["finest"] = finest

    @property
    def slot_count(self) -> int:
        """How many slots there is room for."""
        return len(self._tree.points)

    @property
    def byte_count(self) -> int:
        """How much memory the arrays take."""
        return sum(array.nbytes for array in (*self._tree, self._queue, self._answers))

    @property
    def node_count(self) -> int:
        """How many cells there are; an empty tree has those that are its roots."""
        store = self._tree.stores[0]
        vacant = 0
        family = int(store["free_family"])
        while family >= 0:
            vacant += _FAMILY
            family = int(self._tree.nodes[family]["parent"])
        return int(store["fresh_node"]) - vacant

    def reserve_slots(self, count: int) -> None:
        """Make room for slots 0 to count - 1."""
        if count > len(self._tree.points):
            points = _grown(self._tree.points, count)
            points["node"][len(self._tree.points) :] = _NONE
            self._tree = self._tree._replace(points=points)

    def place(
        self, slot: int, where: Place, cell: int, accuracy_m: float, fixed_at_s: float, marks: int = KEPT_MARKS
    ) -> None:
        """Put the point of a slot at a place, in a cell of the finest resolution, wherever it was before."""
        self._reserve_blocks()
        leaf = place(self._tree, slot, cell, where.latitude, where.longitude, accuracy_m, fixed_at_s, marks)
        if leaf >= 0:
            self._split(leaf)

    def place_many(self, slots: NDArray[np.int64], cells: NDArray[np.int64], moves: Moves) -> None:
        """Put the points of many slots at their places, one after the other."""
        done = 0
        while done < len(slots):
            self._reserve_blocks()
            done, leaf = place_many(self._tree, slots, cells, *moves, done)
            if leaf >= 0:
                self._split(leaf)

    def remove(self, slot: int) -> None:
        """Take the point of a slot out."""
        self._reserve_blocks()
        remove(self._tree, slot)

    def mark(self, slot: int, marks: int) -> None:
        """Give the point of a slot other marks."""
        mark(self._tree, slot, marks)

    def marks_of(self, slot: int) -> int:
        """Return the marks of the point of a slot."""
        block, index = divmod(int(self._tree.points[slot]["position"]), _BLOCK_WIDTH)
        return int(self._tree.blocks[block, index]["marks"])

    def place_of(self, slot: int) -> Place:
        """Return where the point of a slot is."""
        point = self._tree.points[slot]
        return Place(float(point["latitude"]), float(point["longitude"]))

    def search(self, question: Question, k: int) -> tuple[Records, int]:
        """Return the answers, nearest first, and what `geo.search_kernels.search` says about ties.

        The answers are good until the next search.
        """
        answers = self._answers
        if k > len(answers):
            answers = np.zeros(k, ANSWER)
            if k <= _ANSWERS_KEPT:
                self._answers = answers
        found, tie = search(self._tree, self._queue, answers, k, question)
        return answers[:found], tie

    def in_box(self, box: BoundingBox) -> list[int]:
        """Return the slots of all points in the box, in no particular order."""
        slots = np.empty(len(self._tree.points), np.int32)
        found = search_box(self._tree, self._queue, box.west, box.south, box.east, box.north, slots)
        return cast("list[int]", slots[:found].tolist())

    def _split(self, leaf: int) -> None:
        """Divide a leaf, and the one child that all its members may have gone to, and so on."""
        store = self._tree.stores[0]
        while True:
            self._reserve_blocks()
            if store["free_family"] < 0:
                self._reserve_nodes(int(store["fresh_node"]) + _FAMILY)
            node = self._tree.nodes[leaf]
            resolution = int(node["resolution"])
            first_member = self._tree.blocks[int(node["block"]), 0]
            cell = coarser(int(self._tree.points[int(first_member["slot"])]["cell"]), resolution)
            split(self._tree, leaf, np.array(centres_of_children(cell)), self._reaches[resolution + 1])
            children = int(self._tree.nodes[leaf]["children"])
            counts = self._tree.nodes["count"][children : children + _FAMILY]
            fullest = int(counts.argmax())
            if counts[fullest] <= store["leaf_capacity"] or resolution + 1 == store["finest"]:
                return
            leaf = children + fullest

    def _reserve_nodes(self, count: int) -> None:
        if count > len(self._tree.nodes):
            self._tree = self._tree._replace(nodes=_grown(self._tree.nodes, count))
            # Every node waits at most once in a search.
            self._queue = np.zeros(len(self._tree.nodes), WAITING)

    def _reserve_blocks(self) -> None:
        store = self._tree.stores[0]
        used = int(store["fresh_block"]) - int(store["free_blocks"])
        if len(self._tree.chain) - used < SPARE_BLOCKS:
            blocks = _grown(self._tree.blocks, used + SPARE_BLOCKS)
            chain = np.zeros(len(blocks), np.int32)
            chain[: len(self._tree.chain)] = self._tree.chain
            self._tree = self._tree._replace(blocks=blocks, chain=chain)


def _grown(records: Records, least: int) -> Records:
    """Return a longer array that begins with these records; the rest is zeros that take no memory until used."""
    length = max(least, len(records) + len(records) // _GROWTH_DIVISOR + _LEAST_GROWTH)
    longer = np.zeros((length, *records.shape[1:]), records.dtype)
    longer[: len(records)] = records
    return longer
