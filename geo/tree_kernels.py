"""Putting points into the tree of cells, moving them and taking them out: compiled, over `geo.records`.

A leaf's members lie in a chain of blocks of a few places each. Only the first block of a chain has vacant places,
for the last member moves into the place of one that leaves. A block without members goes back to the store. So
whatever comes and goes, a leaf never has more than one partly filled block, and no hole outlives a removal.

A leaf with more members than the store's `leaf_capacity` splits, and a node whose members have become fewer than
half of that takes them back from its children; the half keeps a crowd on the brink from doing it to and fro.
"""

import math

import numpy as np
from numba import float64, int64, void
from numpy.typing import NDArray

from geo.compiled import compiled, part_of_kernel
from geo.records import TREE, Record, Tree

# The fields of an H3 index (https://h3geo.org/docs/core-library/h3Indexing/): the base cell in bits 45 to 51 and,
# below it, three bits for each resolution from 1 to 15.
_BASE_CELL_SHIFT = 45
_BASE_CELL_MASK = 127
_DIGIT_BITS = 3
_DIGIT_MASK = 7

_FAMILY = 7
_NONE = -1
_ALL_MARKS = 0xFFFF_FFFF

# A crowd at one spot cannot be divided. Beyond so many times the capacity nobody looks through all of it whenever one
# leaves: what the cell tells of their marks is then true, but no longer the most that could be told.
_CROWD = 4

KEPT_MARKS = -1
"""Stands for the marks that a point already has."""

SPARE_BLOCKS = 16
"""How many blocks must be free before any of these functions is called: splitting takes seven at the most."""


@part_of_kernel
def _child_towards(tree: Tree, node: int, cell: int) -> int:
    shift = _BASE_CELL_SHIFT - _DIGIT_BITS * (tree.nodes[node].resolution + 1)
    return int(tree.nodes[node].children + ((cell >> shift) & _DIGIT_MASK))


@part_of_kernel
def _take_block(tree: Tree) -> int:
    store = tree.stores[0]
    block = store.free_block
    if block >= 0:
        store.free_block = tree.chain[block]
        store.free_blocks -= 1
        return int(block)
    block = store.fresh_block
    store.fresh_block += 1
    return int(block)


@part_of_kernel
def _give_back_block(tree: Tree, block: int) -> None:
    store = tree.stores[0]
    tree.chain[block] = store.free_block
    store.free_block = block
    store.free_blocks += 1


@part_of_kernel
def _member_at(tree: Tree, slot: int) -> Record:
    position = tree.points[slot].position
    width = tree.blocks.shape[1]
    return tree.blocks[position // width, position % width]


@part_of_kernel
def _attach(tree: Tree, leaf: int, slot: int, x: float, y: float, z: float, marks: int) -> None:
    """Make the point the last member of the leaf."""
    node = tree.nodes[leaf]
    width = tree.blocks.shape[1]
    held = node.count % width
    if held == 0:
        block = _take_block(tree)
        tree.chain[block] = node.block
        node.block = block
    node.count += 1
    member = tree.blocks[node.block, held]
    member.x, member.y, member.z = x, y, z
    member.marks = marks
    member.slot = slot
    tree.points[slot].node = leaf
    tree.points[slot].position = node.block * width + held


@part_of_kernel
def _detach(tree: Tree, slot: int) -> None:
    """Take the point out of its leaf; the leaf's last member gets its place."""
    node = tree.nodes[tree.points[slot].node]
    width = tree.blocks.shape[1]
    node.count -= 1
    held = node.count % width
    block = node.block
    last = tree.blocks[block, held]
    member = _member_at(tree, slot)
    member.x, member.y, member.z = last.x, last.y, last.z
    member.marks = last.marks
    member.slot = last.slot
    tree.points[last.slot].position = tree.points[slot].position
    if held == 0:
        node.block = tree.chain[block]
        _give_back_block(tree, block)


@part_of_kernel
def _last_member(tree: Tree, leaf: int) -> Record:
    return tree.blocks[tree.nodes[leaf].block, (tree.nodes[leaf].count - 1) % tree.blocks.shape[1]]


@part_of_kernel
def _move_last(tree: Tree, giving: int, taking: int) -> None:
    """Hand the last member of one leaf to another."""
    last = _last_member(tree, giving)
    slot, x, y, z, marks = last.slot, last.x, last.y, last.z, last.marks
    _detach(tree, slot)
    _attach(tree, taking, slot, x, y, z, marks)


@part_of_kernel
def _add_marks(tree: Tree, node: int, marks: int) -> None:
    """Tell a node and those above that one with these marks is below them."""
    while node >= 0:
        some = tree.nodes[node].some_marks | marks
        every = tree.nodes[node].every_mark & marks
        if some == tree.nodes[node].some_marks and every == tree.nodes[node].every_mark:
            return
        tree.nodes[node].some_marks = some
        tree.nodes[node].every_mark = every
        node = tree.nodes[node].parent


@part_of_kernel
def _count_marks(tree: Tree, node: int) -> tuple[int, int]:
    """Return the marks that some and that all members of a leaf have, or the children of another node."""
    some = 0
    every = _ALL_MARKS
    children = tree.nodes[node].children
    if children >= 0:
        for child in range(children, children + _FAMILY):
            some |= tree.nodes[child].some_marks
            every &= tree.nodes[child].every_mark
        return some, every
    width = tree.blocks.shape[1]
    block = tree.nodes[node].block
    held = (tree.nodes[node].count - 1) % width + 1
    while block >= 0:
        for place in range(held):
            some |= tree.blocks[block, place].marks
            every &= tree.blocks[block, place].marks
        block = tree.chain[block]
        held = width
    return some, every


@part_of_kernel
def _recount_marks(tree: Tree, leaf: int) -> None:
    """Find out anew which marks are below a leaf that has changed and the nodes above it."""
    if tree.nodes[leaf].count > _CROWD * max(1, tree.stores[0].leaf_capacity):
        return
    node = leaf
    while node >= 0:
        some, every = _count_marks(tree, node)
        if some == tree.nodes[node].some_marks and every == tree.nodes[node].every_mark:
            return
        tree.nodes[node].some_marks = some
        tree.nodes[node].every_mark = every
        node = tree.nodes[node].parent


@part_of_kernel
def _take_family(tree: Tree) -> int:
    store = tree.stores[0]
    family = store.free_family
    if family >= 0:
        store.free_family = tree.nodes[family].parent
        return int(family)
    family = store.fresh_node
    store.fresh_node += _FAMILY
    return int(family)


@part_of_kernel
def _gather_children(tree: Tree, node: int) -> None:
    """Make a leaf of a node whose children are leaves."""
    children = tree.nodes[node].children
    tree.nodes[node].children = _NONE
    tree.nodes[node].count = 0
    for child in range(children, children + _FAMILY):
        while tree.nodes[child].count > 0:
            _move_last(tree, child, node)
    tree.nodes[children].parent = tree.stores[0].free_family
    tree.stores[0].free_family = children


@part_of_kernel
def _enter(tree: Tree, slot: int, x: float, y: float, z: float, marks: int) -> int:
    """Make the point a member of the leaf that its cell leads to; return the leaf."""
    cell = tree.points[slot].cell
    node = (cell >> _BASE_CELL_SHIFT) & _BASE_CELL_MASK
    while tree.nodes[node].children >= 0:
        tree.nodes[node].count += 1
        node = _child_towards(tree, node, cell)
    _attach(tree, node, slot, x, y, z, marks)
    _add_marks(tree, node, marks)
    return int(node)


@part_of_kernel
def _leave(tree: Tree, slot: int) -> None:
    """Take the point out of the tree."""
    leaf = tree.points[slot].node
    parent = tree.nodes[leaf].parent
    _detach(tree, slot)
    tree.points[slot].node = _NONE
    _recount_marks(tree, leaf)
    node = parent
    while node >= 0:
        tree.nodes[node].count -= 1
        node = tree.nodes[node].parent
    few = tree.stores[0].leaf_capacity // 2
    # Every node with children held more than `few`, so those that no longer do have leaves for children.
    node = parent
    while node >= 0 and tree.nodes[node].count <= few:
        _gather_children(tree, node)
        node = tree.nodes[node].parent


@part_of_kernel
def _mark(tree: Tree, slot: int, marks: int) -> None:
    _member_at(tree, slot).marks = marks
    _add_marks(tree, tree.points[slot].node, marks)
    _recount_marks(tree, tree.points[slot].node)


@part_of_kernel
def _place(
    tree: Tree,
    slot: int,
    cell: int,
    latitude: float,
    longitude: float,
    accuracy_m: float,
    fixed_at_s: float,
    marks: int,
) -> int:
    point = tree.points[slot]
    level = math.cos(math.radians(latitude))
    x = level * math.cos(math.radians(longitude))
    y = level * math.sin(math.radians(longitude))
    z = math.sin(math.radians(latitude))
    point.latitude = latitude
    point.longitude = longitude
    point.accuracy_m = accuracy_m
    point.fixed_at_s = fixed_at_s
    before = point.cell
    point.cell = cell
    if point.node >= 0:
        member = _member_at(tree, slot)
        if marks == KEPT_MARKS:
            marks = member.marks
        shift = _BASE_CELL_SHIFT - _DIGIT_BITS * tree.nodes[point.node].resolution
        if (before ^ cell) >> shift == 0:
            member.x, member.y, member.z = x, y, z
            if marks != member.marks:
                _mark(tree, slot, marks)
            return _NONE
        _leave(tree, slot)
    elif marks == KEPT_MARKS:
        marks = 0
    leaf = _enter(tree, slot, x, y, z, marks)
    if tree.nodes[leaf].count > tree.stores[0].leaf_capacity and tree.nodes[leaf].resolution < tree.stores[0].finest:
        return leaf
    return _NONE


_INDEXES, _NUMBERS = int64[::1], float64[::1]


@compiled(int64, (TREE, int64, int64, float64, float64, float64, float64, int64))
def place(
    tree: Tree,
    slot: int,
    cell: int,
    latitude: float,
    longitude: float,
    accuracy_m: float,
    fixed_at_s: float,
    marks: int,
) -> int:
    """Put a point at a place, wherever it was before; return the leaf that has to be split now, or -1.

    Within the cell of its leaf a point only gets new coordinates.
    """
    return int(_place(tree, slot, cell, latitude, longitude, accuracy_m, fixed_at_s, marks))


@compiled((int64, int64), (TREE, _INDEXES, _INDEXES, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _INDEXES, int64))
def place_many(
    tree: Tree,
    slots: NDArray[np.int64],
    cells: NDArray[np.int64],
    latitudes: NDArray[np.float64],
    longitudes: NDArray[np.float64],
    accuracies_m: NDArray[np.float64],
    fixed_at_s: NDArray[np.float64],
    marks: NDArray[np.int64],
    start: int,
) -> tuple[int, int]:
    """Put many points at their places, one after the other from number `start`.

    Stops when a leaf has to be split or blocks run short. Returns the number of the next point to be placed and
    the leaf to be split, or -1.
    """
    for i in range(start, len(slots)):
        if len(tree.chain) - tree.stores[0].fresh_block + tree.stores[0].free_blocks < SPARE_BLOCKS:
            return i, _NONE
        leaf = _place(tree, slots[i], cells[i], latitudes[i], longitudes[i], accuracies_m[i], fixed_at_s[i], marks[i])
        if leaf >= 0:
            return i + 1, leaf
    return len(slots), _NONE


@compiled(void, (TREE, int64))
def remove(
    tree: Tree,
    slot: int,
) -> None:
    """Take a point out; its slot is vacant then."""
    _leave(tree, slot)


@compiled(void, (TREE, int64, int64))
def mark(
    tree: Tree,
    slot: int,
    marks: int,
) -> None:
    """Give a point other marks."""
    _mark(tree, slot, marks)


@compiled(void, (TREE, int64, float64[:, ::1], float64))
def split(
    tree: Tree,
    leaf: int,
    centres: NDArray[np.float64],
    reach: float,
) -> None:
    """Give a leaf seven children with these centres (rows x, y, z by digit) and this reach, and its members to them.

    There must be room for seven more nodes.
    """
    family = _take_family(tree)
    for digit in range(_FAMILY):
        child = tree.nodes[family + digit]
        child.x, child.y, child.z = centres[digit, 0], centres[digit, 1], centres[digit, 2]
        child.reach = reach
        child.children = _NONE
        child.block = _NONE
        child.count = 0
        child.parent = leaf
        child.resolution = tree.nodes[leaf].resolution + 1
    tree.nodes[leaf].children = family
    members = tree.nodes[leaf].count
    while tree.nodes[leaf].count > 0:
        last = _last_member(tree, leaf)
        _move_last(tree, leaf, _child_towards(tree, leaf, tree.points[last.slot].cell))
    tree.nodes[leaf].count = members
    for number in range(family, family + _FAMILY):
        some, every = _count_marks(tree, number)
        tree.nodes[number].some_marks = some
        tree.nodes[number].every_mark = every
