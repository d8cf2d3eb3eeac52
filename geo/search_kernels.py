"""The search for the nearest: compiled, best first down the tree of cells. `geo.nearest` says why it is exact."""

import math

from numba import int64

from geo.compiled import compiled, part_of_kernel
from geo.question import QUESTION, Question
from geo.records import ANSWERS, QUEUE, TREE, Record, Records, Tree

_BASE_CELLS = 122
_FAMILY = 7

NO_TIE, TIE_WITHIN, TIE_BEYOND = 0, 1, 2
"""Whether points of an answer are equally far; and whether one left out is as far as the last one."""

# The square of a straight line between unit vectors differs by rounding from the distance that is made of the same
# vectors, by about 1e-14 at the most. So the search looks a little farther than it needs, and the distance has the
# last word. That is 1.3 m at distance zero and less than a millimetre beyond 1 km.
_SLACK = 4e-14

# A circular normal distribution with 95 % within the radius r has the mean square r²/ln 20: see geo.fixes.
_MEAN_SQUARE_DIVISOR = math.log(20.0)

_EXPIRED = -1.0


@part_of_kernel
def _straight_line_squared(distance_m: float, radius_m: float) -> float:
    """Return the square of the straight line under an arc, in units of the sphere's radius, with the slack."""
    line = 2.0 * math.sin(min(distance_m / radius_m, math.pi) / 2.0)
    return line * line + _SLACK


@part_of_kernel
def _push(queue: Records, waiting: int, bound: float, node: int) -> None:
    """Add to the binary heap of the `waiting` first entries, least bound on top."""
    place = waiting
    while place > 0:
        above = (place - 1) // 2
        if queue[above].bound <= bound:
            break
        queue[place].bound = queue[above].bound
        queue[place].node = queue[above].node
        place = above
    queue[place].bound = bound
    queue[place].node = node


@part_of_kernel
def _drop_top(queue: Records, waiting: int) -> None:
    """Take the least bound off the heap; `waiting` is how many are left."""
    bound, node = queue[waiting].bound, queue[waiting].node
    place = 0
    while True:
        below = 2 * place + 1
        if below >= waiting:
            break
        if below + 1 < waiting and queue[below + 1].bound < queue[below].bound:
            below += 1
        if bound <= queue[below].bound:
            break
        queue[place].bound = queue[below].bound
        queue[place].node = queue[below].node
        place = below
    queue[place].bound = bound
    queue[place].node = node


@part_of_kernel
def _is_asked_for(marks: int, question: Question) -> bool:
    return (
        (marks & question.all_of) == question.all_of
        and (question.any_of == 0 or (marks & question.any_of) != 0)
        and (marks & question.none_of) == 0
    )


@part_of_kernel
def _may_be_asked_for(node: Record, question: Question) -> bool:
    """Answer whether anybody below the node can have the marks that are asked for."""
    some = int64(node.some_marks)
    if (some & question.all_of) != question.all_of or (int64(node.every_mark) & question.none_of) != 0:
        return False
    return question.any_of == 0 or (some & question.any_of) != 0


@part_of_kernel
def _queue_up(
    tree: Tree, first: int, count: int, queue: Records, waiting: int, limit: float, question: Question
) -> int:
    """Let those of some nodes wait that can hold an answer; return how many wait now."""
    for number in range(first, first + count):
        node = tree.nodes[number]
        if node.count > 0 and _may_be_asked_for(node, question):
            dx, dy, dz = node.x - question.x, node.y - question.y, node.z - question.z
            bound = math.sqrt(dx * dx + dy * dy + dz * dz) - node.reach
            if bound <= limit:
                _push(queue, waiting, bound, number)
                waiting += 1
    return waiting


@part_of_kernel
def _spread_m(point: Record, question: Question) -> float:
    """Return `geo.fixes.FixAging.spread_m`, or a negative number for a fix that is too old."""
    age_s = max(0.0, question.now_s - point.fixed_at_s)
    if age_s > question.lifetime_s:
        return _EXPIRED
    way_m = question.drift_m_s * age_s
    return math.sqrt(point.accuracy_m * point.accuracy_m / _MEAN_SQUARE_DIVISOR + way_m * way_m)


@part_of_kernel
def _distance_m(member: Record, question: Question) -> float:
    """Return `geo.distance.distance_m`, to the last bit."""
    dx, dy, dz = question.x - member.x, question.y - member.y, question.z - member.z
    sx, sy, sz = question.x + member.x, question.y + member.y, question.z + member.z
    apart = math.sqrt(dx * dx + dy * dy + dz * dz)
    together = math.sqrt(sx * sx + sy * sy + sz * sz)
    return question.radius_m * (2.0 * math.atan2(apart, together))


@part_of_kernel
def _write(answers: Records, place: int, likely_m: float, distance_m: float, spread_m: float, slot: int) -> None:
    answer = answers[place]
    answer.likely_m = likely_m
    answer.distance_m = distance_m
    answer.spread_m = spread_m
    answer.slot = slot


@part_of_kernel
def _copy(answers: Records, place: int, other: int) -> None:
    source = answers[other]
    _write(answers, place, source.likely_m, source.distance_m, source.spread_m, source.slot)


@part_of_kernel
def _add(answers: Records, found: int, likely_m: float, distance_m: float, spread_m: float, slot: int) -> None:
    """Add to the binary heap of the `found` first answers, farthest on top."""
    place = found
    while place > 0:
        above = (place - 1) // 2
        if answers[above].likely_m >= likely_m:
            break
        _copy(answers, place, above)
        place = above
    _write(answers, place, likely_m, distance_m, spread_m, slot)


@part_of_kernel
def _replace_top(answers: Records, found: int, likely_m: float, distance_m: float, spread_m: float, slot: int) -> None:
    """Put an answer in the place of the farthest, in a heap of `found`."""
    place = 0
    while True:
        below = 2 * place + 1
        if below >= found:
            break
        if below + 1 < found and answers[below + 1].likely_m > answers[below].likely_m:
            below += 1
        if likely_m >= answers[below].likely_m:
            break
        _copy(answers, place, below)
        place = below
    _write(answers, place, likely_m, distance_m, spread_m, slot)


@part_of_kernel
def _sort(answers: Records, found: int) -> bool:
    """Turn the heap into a list, nearest first; return whether two in it are equally far."""
    tied = False
    for last in range(found - 1, 0, -1):
        likely_m, distance_m = answers[last].likely_m, answers[last].distance_m
        spread_m, slot = answers[last].spread_m, answers[last].slot
        _copy(answers, last, 0)
        _replace_top(answers, last, likely_m, distance_m, spread_m, slot)
        tied = tied or (last + 1 < found and answers[last].likely_m == answers[last + 1].likely_m)
    return tied or (found > 1 and answers[0].likely_m == answers[1].likely_m)


@part_of_kernel
def _offer(
    answers: Records,
    k: int,
    found: int,
    tie: int,
    likely_m: float,
    distance_m: float,
    spread_m: float,
    slot: int,
) -> tuple[int, int]:
    """Take a point into the heap of the k nearest, if it is one; return how many there are and the new `tie`."""
    if found < k:
        _add(answers, found, likely_m, distance_m, spread_m, slot)
        return found + 1, tie
    farthest_m = answers[0].likely_m
    if likely_m < farthest_m:
        _replace_top(answers, k, likely_m, distance_m, spread_m, slot)
        return k, TIE_BEYOND if answers[0].likely_m == farthest_m else NO_TIE
    return k, TIE_BEYOND if likely_m == farthest_m else tie


@part_of_kernel
def _scan(
    tree: Tree,
    leaf: Record,
    answers: Records,
    k: int,
    found: int,
    tie: int,
    limit_squared: float,
    question: Question,
) -> tuple[int, int, float]:
    """Offer the members of a leaf; return how many answers there are, `tie`, and the limit they set."""
    width = tree.blocks.shape[1]
    block = leaf.block
    held = (leaf.count - 1) % width + 1
    while block >= 0:
        for place in range(held):
            member = tree.blocks[block, place]
            dx, dy, dz = member.x - question.x, member.y - question.y, member.z - question.z
            if dx * dx + dy * dy + dz * dz > limit_squared or not _is_asked_for(int64(member.marks), question):
                continue
            spread_m = _spread_m(tree.points[member.slot], question) if question.aging else 0.0
            distance_m = _distance_m(member, question)
            likely_m = math.sqrt(distance_m * distance_m + spread_m * spread_m)
            if spread_m == _EXPIRED or likely_m > question.within_m:
                continue
            found, tie = _offer(answers, k, found, tie, likely_m, distance_m, spread_m, member.slot)
            if found == k:
                line_squared = _straight_line_squared(answers[0].likely_m, question.radius_m)
                limit_squared = min(limit_squared, line_squared)
        block = tree.chain[block]
        held = width
    return found, tie, limit_squared


@compiled((int64, int64), (TREE, QUEUE, ANSWERS, int64, QUESTION))
def search(tree: Tree, queue: Records, answers: Records, k: int, question: Question) -> tuple[int, int]:
    """Find the k nearest, and list them in `answers`.

    `queue` is room for as many entries as there are nodes, `answers` for k at least. Returns how many were found, and
    NO_TIE, TIE_WITHIN or TIE_BEYOND.
    """
    found = 0
    tie = NO_TIE
    limit_squared = _straight_line_squared(question.within_m, question.radius_m)
    waiting = _queue_up(tree, 0, _BASE_CELLS, queue, 0, math.sqrt(limit_squared), question)
    while waiting > 0 and queue[0].bound <= math.sqrt(limit_squared):
        node = tree.nodes[queue[0].node]
        waiting -= 1
        _drop_top(queue, waiting)
        if node.children >= 0:
            limit = math.sqrt(limit_squared)
            waiting = _queue_up(tree, node.children, _FAMILY, queue, waiting, limit, question)
        else:
            found, tie, limit_squared = _scan(tree, node, answers, k, found, tie, limit_squared, question)
    tied_within = _sort(answers, found)
    if tie == NO_TIE and tied_within:
        tie = TIE_WITHIN
    return found, tie
