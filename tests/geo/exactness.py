"""The long run: does the index ever answer otherwise than a full comparison? `python -m tests.geo.exactness`

Worlds of up to some hundred points around poles, pentagons, the antimeridian, corners of cells and ordinary places,
from millimetres to continents wide, with crowds at one spot. Points come, move and go, one by one and in batches, and
questions of every kind are asked in between: few and many, within a distance, with marks, with filters that refuse
nearly everybody, with fixes that age. Every answer is compared to the last bit, distances and order included.
"""

import argparse
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from geo.bounding_box import BoundingBox
from geo.fixes import FixAging
from geo.nearest import MovingPoints
from geo.place import Place
from tests.geo.odd_places import ANCHORS, moved
from tests.geo.plain_points import PlainPoints

_QUESTIONS_A_WORLD = 200
_MARKS = 0b1011
_NOW_S = 10_000.0


@dataclass
class World:
    """Two indexes that are told the same, one of them plain."""

    random: random.Random
    index: MovingPoints[int] = field(init=False)
    plain: PlainPoints[int] = field(default_factory=PlainPoints)
    anchors: list[Place] = field(init=False)
    scale_m: float = field(init=False)
    questions: int = 0
    mismatches: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        choice = self.random.choice
        self.index = MovingPoints(choice([0, 3, 7, 9, 12, 15]), choice([0, 1, 3, 8, 64]))
        self.anchors = self.random.sample(ANCHORS, choice([1, 1, 2, 5]))
        self.scale_m = 10 ** self.random.uniform(-2, 7)

    def somewhere(self) -> Place:
        """A place near an anchor or a point, often exactly there."""
        near = self.random.choice(self.anchors)
        if self.plain.points and self.random.random() < 0.3:
            near = self.random.choice(list(self.plain.points.values())).place
        if self.random.random() < 0.1:
            return near
        return moved(near, abs(self.random.gauss(0, self.scale_m)), self.random.uniform(0, 2 * math.pi))

    def _fix(self) -> dict[str, Any]:
        fix: dict[str, Any] = {}
        if self.random.random() < 0.7:
            fix["accuracy_m"] = self.random.choice([0.0, 5.0, self.scale_m * self.random.random()])
            fix["fixed_at_s"] = self.random.choice([_NOW_S, _NOW_S + 5, _NOW_S - self.random.uniform(0, 900)])
        if self.random.random() < 0.5:
            fix["marks"] = self.random.getrandbits(4)
        return fix

    def put_one(self) -> None:
        key, place, fix = self.random.randrange(600), self.somewhere(), self._fix()
        self.index.put(key, place, **fix)
        self.plain.put(key, place, **fix)

    def put_several(self) -> None:
        """A batch; sometimes all at one spot, sometimes with one key twice."""
        count = self.random.choice([0, 1, 20, 150])
        keys = [self.random.randrange(600) for _ in range(count)]
        spot = self.somewhere()
        crowd = self.random.random() < 0.2
        places = [spot if crowd else self.somewhere() for _ in keys]
        fix = self._fix()
        if "marks" in fix:
            fix["marks"] = [self.random.getrandbits(4) for _ in keys]
        self.index.put_many(
            keys,
            [place.latitude for place in places],
            [place.longitude for place in places],
            **{{"accuracy_m": "accuracies_m"}.get(name, name): value for name, value in fix.items()},
        )
        for number in sorted({key: number for number, key in enumerate(keys)}.values()):
            single = {**fix, "marks": fix["marks"][number]} if "marks" in fix else fix
            self.plain.put(keys[number], places[number], **single)

    def walk(self) -> None:
        for key in self.random.sample(sorted(self.plain.points), min(10, len(self.plain.points))):
            place = moved(self.plain.points[key].place, self.random.expovariate(0.05), self.random.uniform(0, 7))
            self.index.put(key, place)
            self.plain.put(key, place)

    def remove_some(self) -> None:
        share = self.random.choice([0.05, 0.3, 1.0])
        for key in sorted(self.plain.points):
            if self.random.random() < share:
                self.index.remove(key)
                self.plain.remove(key)

    def change(self) -> None:
        """Let something happen to the points."""
        changes: list[Callable[[], None]] = [self.put_one, self.put_several, self.walk, self.remove_some]
        self.random.choices(changes, weights=[10, 3, 3, 1])[0]()

    def ask(self) -> None:
        """Ask both the same and write down what differs."""
        self.questions += 1
        place = self.somewhere()
        if self.random.random() < 0.1:
            self._ask_for_a_box(place)
            return
        question = self._question()
        told = self.index.nearest(place, **question)
        expected = self.plain.nearest(place, **question)
        if told != expected:
            self.mismatches.append(f"{place} {question}: {told} instead of {expected}")

    def _question(self) -> dict[str, Any]:
        chance = self.random.random
        question: dict[str, Any] = {"k": self.random.choice([1, 2, 5, 20, 20, 100, 700])}
        if chance() < 0.4:
            question["within_m"] = self.scale_m * 10 ** self.random.uniform(-2, 1)
        if chance() < 0.3:
            question[self.random.choice(["all_of", "any_of", "none_of"])] = self.random.getrandbits(4) & _MARKS
        if chance() < 0.3:
            one_in, rest = self.random.choice([(2, 0), (7, 3), (100, 50), (600, 8)])
            question["keep"] = lambda key: key % one_in == rest
        if chance() < 0.3:
            lifetime_s = self.random.choice([0.0, 300.0, math.inf])
            question["aging"] = FixAging(_NOW_S, lifetime_s, self.random.choice([0.0, 1.4]))
        return question

    def _ask_for_a_box(self, place: Place) -> None:
        other = self.somewhere()
        south, north = sorted((place.latitude, other.latitude))
        box = BoundingBox(place.longitude, south, other.longitude, north)
        told = list(self.index.in_box(box))
        if len(told) != len(dict(told)) or dict(told) != self.plain.in_box(box):
            self.mismatches.append(f"{box}: {told}")


def run(questions: int, seed: int, *, within_s: float = math.inf) -> tuple[int, list[str]]:
    """Ask so many questions in world after world; return how many it were and every mismatch."""
    until = time.monotonic() + within_s
    asked = 0
    mismatches: list[str] = []
    number = 0
    while asked < questions and time.monotonic() < until:
        world = World(random.Random(f"{seed} {number}"))
        for _ in range(min(_QUESTIONS_A_WORLD, questions - asked)):
            if world.random.random() < 0.5:
                world.change()
            world.ask()
        asked += world.questions
        mismatches += [f"seed {seed}, world {number}: {each}" for each in world.mismatches]
        number += 1
    return asked, mismatches


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, say what came out, and answer 1 when anything differed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=100_000, help="how many (default 100,000)")
    parser.add_argument("--seed", type=int, default=None, help="to see a run again")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    asked, mismatches = run(options.questions, seed)
    for mismatch in mismatches[:20]:
        print(mismatch)
    print(f"exact nearest: {asked:,} questions, {len(mismatches)} mismatches, seed {seed}")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
