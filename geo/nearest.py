"""The exact nearest of points that move.

Points are held by H3 cell, the cells in a tree that is divided finely where many points are (`geo.cell_tree`). A
search opens cells in the order of a lower bound of the distance to anything they hold, and is done when the least
bound of all unopened cells exceeds the k-th distance found:

    |q - m|  >=  |q - c| - |c - m|  >=  |q - c| - reach

for every member m of a cell with centre c. The first step is the triangle inequality for straight lines
through the earth, which order points exactly as great circles do; `geo.cells.reach_of_cell` derives `reach`.
Nothing is assumed about the order of rings, the shape of cells or the neighbours of pentagons. And there are
no rings to count: the search narrows from base cells down, so an empty sea costs as little as a full street.

Everything but the keys is in arrays, and compiled code searches them: see decision 0008 for what was measured.
"""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import repeat
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.bounding_box import BoundingBox
from geo.cell_tree import CellTree
from geo.cells import cell_of, cells_of
from geo.distance import EARTH_RADIUS_M, unit_vector
from geo.fixes import FixAging
from geo.moves import Moves, check_fix, check_marks, last_of_each
from geo.place import Place
from geo.question import Question
from geo.records import Records
from geo.search_kernels import NO_TIE, TIE_BEYOND
from geo.tree_kernels import KEPT_MARKS

Key = TypeVar("Key", bound=Hashable)

# How finely crowds are divided, and how many points make one: decision 0008 has the measurements.
FINEST_RESOLUTION = 12
LEAF_CAPACITY = 64

# Who asks for everything within a distance names no number. The first search looks for so many, each next one for
# four times as many.
_FIRST_LOOK = 256
_NEXT_LOOK = 4

_NO_AGING = (0.0, 0.0, 0.0)


class Found(NamedTuple, Generic[Key]):
    """A point that answers a question.

    `distance_m` is the great-circle distance to the point's place. `spread_m` is how far its owner may be from
    there, by accuracy and age of the fix: zero for what does not move, and whenever a question has no `aging`.
    """

    key: Key
    distance_m: float
    spread_m: float = 0.0

    @property
    def likely_m(self) -> float:
        """Return the root-mean-square distance, by which answers are ordered: see `geo.fixes`."""
        return math.sqrt(self.distance_m * self.distance_m + self.spread_m * self.spread_m)


class MovingPoints(Generic[Key]):
    """Points by key that answer exactly who is nearest, who is within a distance and who is in a box.

    Distances are those of `geo.distance.distance_m`. Equal distances are ordered by the `repr` of the key,
    so an answer depends on the points alone, not on the order in which they came (keys of one index need
    reprs that differ and stay the same). Not for use from several threads at once, and a `keep` function
    must not change the index.

    Every point has `marks`, a set of 32 bits that mean what the owner of the index wants them to.
    """

    def __init__(self, finest_resolution: int = FINEST_RESOLUTION, leaf_capacity: int = LEAF_CAPACITY) -> None:
        self._finest = finest_resolution
        self._tree = CellTree(finest_resolution, leaf_capacity)
        self._slots: dict[Key, int] = {}
        # An array, because one look at many keys waits for memory once instead of many times.
        self._keys: NDArray[np.object_] = np.empty(0, object)
        self._vacant: list[int] = []

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    @property
    def array_bytes(self) -> int:
        """Return how much memory the arrays take, those of room in reserve included, in bytes."""
        return self._tree.byte_count + self._keys.nbytes

    def put(
        self,
        key: Key,
        place: Place,
        *,
        accuracy_m: float = 0.0,
        fixed_at_s: float | None = None,
        marks: int | None = None,
    ) -> None:
        """Add the point or move it.

        `accuracy_m` is the radius within which it is with 95 % confidence; `fixed_at_s` when that was so, on any
        clock that questions with `aging` use too, and None for what does not move. Without `marks` a point keeps
        those it has; a new one has none. Raises ValueError for coordinates that are not finite, an accuracy that
        is no distance, a time that is none and marks beyond 32 bits, and then changes nothing.
        """
        cell = cell_of(place, self._finest)
        fixed_at_s = math.inf if fixed_at_s is None else fixed_at_s
        check_fix(accuracy_m, fixed_at_s)
        if marks is None:
            marks = KEPT_MARKS
        else:
            check_marks(marks)
        self._tree.place(self._slot_of(key), place, cell, accuracy_m, fixed_at_s, int(marks))

    def put_many(
        self,
        keys: Sequence[Key],
        latitudes: ArrayLike,
        longitudes: ArrayLike,
        *,
        accuracies_m: ArrayLike = 0.0,
        fixed_at_s: ArrayLike | None = None,
        marks: ArrayLike | None = None,
    ) -> None:
        """Add or move many points at once, which is cheaper than one after the other.

        The coordinates are degrees. What is the same for all points may be given as one value. Of a key that comes
        several times the last place counts. Raises ValueError as `put` does and for lists of different lengths, and
        then changes nothing.
        """
        moves = Moves.checked(len(keys), latitudes, longitudes, accuracies_m, fixed_at_s, marks)
        cells = cells_of(moves.latitudes.tolist(), moves.longitudes.tolist(), self._finest)
        # In the order of cells: what is near each other lies near each other in memory too, as far as it is new.
        order = last_of_each(keys)
        order = order[np.argsort(cells[order])]
        slots = np.array([self._slot_of(keys[number]) for number in order.tolist()], np.int64)
        self._tree.place_many(slots, cells[order], moves.in_order(order))

    def remove(self, key: Key) -> bool:
        """Take the point away; tell whether there was one."""
        slot = self._slots.pop(key, None)
        if slot is None:
            return False
        self._tree.remove(slot)
        self._keys[slot] = None
        self._vacant.append(slot)
        return True

    def set_marks(self, key: Key, marks: int) -> None:
        """Give the point other marks. Raises KeyError when there is none of this key, ValueError beyond 32 bits."""
        check_marks(marks)
        self._tree.mark(self._slots[key], int(marks))

    def marks_of(self, key: Key) -> int:
        """Return the marks of the point. Raises KeyError when there is none of this key."""
        return self._tree.marks_of(self._slots[key])

    def place_of(self, key: Key) -> Place | None:
        """Return where the point is, or None when there is none of this key."""
        slot = self._slots.get(key)
        return None if slot is None else self._tree.place_of(slot)

    def nearest(
        self,
        place: Place,
        k: int,
        *,
        within_m: float | None = None,
        keep: Callable[[Key], bool] | None = None,
        all_of: int = 0,
        any_of: int = 0,
        none_of: int = 0,
        aging: FixAging | None = None,
    ) -> list[Found[Key]]:
        """Return the k nearest points, nearest first; fewer only if there are no more.

        Filters are part of the question: points they refuse do not count towards k. `all_of`, `any_of` and
        `none_of` are marks of which a point must have every one, one at least (unless it is 0), and none. `keep` is
        for what marks cannot say. It is asked in the order of distance about little more than has to be; still, a
        filter that refuses nearly everybody makes the search go far, and `within_m` is what bounds it.

        With `aging`, fixes that are too old do not count, and the order is that of `Found.likely_m` instead of
        `distance_m`. `within_m` leaves out what is farther than that by the measure that orders the answers (the
        limit itself is in).

        Raises ValueError for a `within_m` that is negative or NaN and for a place whose coordinates are not finite.
        """
        radius_m = math.inf if within_m is None else float(within_m)
        if not radius_m >= 0:
            raise ValueError("The distance to search within must be zero or more.")
        eye = unit_vector(place)
        if math.isnan(eye[0] + eye[2]):
            raise ValueError("The place to search from must have finite coordinates.")
        if k < 1:
            return []
        now_s, lifetime_s, drift_m_s = _NO_AGING if aging is None else (aging.now_s, aging.lifetime_s, aging.drift_m_s)
        # Compiled code takes exactly these types: no enumerations for marks, no whole numbers of seconds.
        question = Question(
            EARTH_RADIUS_M,
            *eye,
            radius_m,
            int(all_of),
            int(any_of),
            int(none_of),
            aging is not None,
            float(now_s),
            float(lifetime_s),
            float(drift_m_s),
        )
        if keep is None and k <= _FIRST_LOOK:
            return self._first(k, question)
        return self._all_looks(k, question, keep)

    def within(
        self,
        place: Place,
        radius_m: float,
        *,
        keep: Callable[[Key], bool] | None = None,
        all_of: int = 0,
        any_of: int = 0,
        none_of: int = 0,
        aging: FixAging | None = None,
    ) -> list[Found[Key]]:
        """Return every point at most `radius_m` away that the filters do not refuse, nearest first.

        The rest is as with `nearest`. Raises ValueError for a radius that is negative or NaN.
        """
        return self.nearest(
            place,
            len(self),
            within_m=radius_m,
            keep=keep,
            all_of=all_of,
            any_of=any_of,
            none_of=none_of,
            aging=aging,
        )

    def in_box(self, box: BoundingBox) -> Iterator[tuple[Key, Place]]:
        """Return the points in the box with their places, in no particular order.

        They are gathered before the first is handed out: the index may change meanwhile.
        """
        slots = self._tree.in_box(box)
        return iter([(self._keys[slot], self._tree.place_of(slot)) for slot in slots])

    def _all_looks(self, k: int, question: Question, keep: Callable[[Key], bool] | None) -> list[Found[Key]]:
        """Return the k nearest that `keep` takes, looking for more and more as long as it takes too few.

        An answer for more begins with the answer for fewer, so nobody is asked about twice.
        """
        kept: list[Found[Key]] = []
        asked = 0
        look = min(2 * k, _FIRST_LOOK)
        while True:
            answer = self._first(look, question)
            for found in answer[asked:]:
                if keep is None or keep(found.key):
                    kept.append(found)
                    if len(kept) == k:
                        return kept
            if len(answer) < look:
                return kept
            asked = look
            look *= _NEXT_LOOK

    def _first(self, k: int, question: Question) -> list[Found[Key]]:
        """Return the first k of all points in order; equal distances are ordered by key."""
        answers, tie = self._tree.search(question, min(k, len(self)))
        if tie == NO_TIE:
            return self._found(answers, question)
        look = k
        while tie == TIE_BEYOND:
            # Some that are as far as the last one were left out, and one of them may come before it by its key.
            look = min(_NEXT_LOOK * look, len(self))
            answers, tie = self._tree.search(question, look)
        found = self._found(answers, question)
        found.sort(key=lambda one: (one.likely_m, repr(one.key)))
        return found[:k]

    def _found(self, answers: Records, question: Question) -> list[Found[Key]]:
        spreads_m = answers["spread_m"].tolist() if question.aging else repeat(0.0)
        fields = zip(self._keys[answers["slot"]].tolist(), answers["distance_m"].tolist(), spreads_m, strict=False)
        # What Found() does, in two thirds of the time: it is a good part of the whole question.
        return list(map(tuple.__new__, repeat(Found), fields))

    def _slot_of(self, key: Key) -> int:
        """Return the slot of a key, which gets one now if it has none."""
        held = self._slots.get(key)
        if held is not None:
            return held
        slot = self._vacant.pop() if self._vacant else len(self._slots)
        if slot >= len(self._keys):
            self._tree.reserve_slots(slot + 1)
            keys = np.empty(self._tree.slot_count, object)
            keys[: len(self._keys)] = self._keys
            self._keys = keys
        self._keys[slot] = key
        self._slots[key] = slot
        return slot
