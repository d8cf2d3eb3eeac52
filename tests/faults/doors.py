"""Where the service answers: at one door, or at one for each worker, as a balancer without sticky sessions shows it."""

from collections.abc import Sequence
from itertools import cycle
from random import Random
from typing import NamedTuple


class Door(NamedTuple):
    """One address at which the service listens: loopback's, or one in a network namespace of the tests' own."""

    host: str
    port: int


class Balancer:
    """Shows everybody in: questions go round, whoever stays somewhere goes elsewhere when that breaks."""

    def __init__(self, doors: Sequence[Door], rng: Random) -> None:
        self.doors = tuple(doors)
        self._rng = rng
        self._turns = cycle(self.doors)

    @property
    def has_several(self) -> bool:
        """Whether there is another door to try."""
        return len(self.doors) > 1

    def next(self) -> Door:
        """The door whose turn it is."""
        return next(self._turns)

    def any(self) -> Door:
        """A door at random."""
        return self._rng.choice(self.doors)

    def other_than(self, door: Door) -> Door:
        """Another door, where there is one."""
        others = [each for each in self.doors if each != door]
        return self._rng.choice(others) if others else door
