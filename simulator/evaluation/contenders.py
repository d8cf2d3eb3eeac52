"""The rules that are compared, and many arrests under them: shared out to processes, the same for any number."""

import gc
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from dispatch.rescue.policy import Policy
from simulator.evaluation.arrests import AS_TOLD, Arrest, Worse, arrest
from simulator.evaluation.draws import Floats
from simulator.evaluation.estimates import COLUMNS
from simulator.evaluation.ours import Ours
from simulator.evaluation.parameters import Parameters
from simulator.evaluation.rescue import Outcome, Rescue, Rule
from simulator.evaluation.rivals import RIVALS
from simulator.evaluation.survival import de_maio, larsen, valenzuela
from simulator.evaluation.town import Town, settle

# Arrests to a piece of work: small enough to share out evenly, large enough for the way to be short beside it.
_PIECE: Final = 25
_MINUTE_S: Final = 60.0
_NEVER_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A rule: a rival by its name, or ours (`policy`)."""

    name: str
    policy: Policy | None = None

    def rule(self) -> Rule:
        """The rule, fresh for one rescue."""
        return RIVALS[self.name]() if self.policy is None else Ours(self.policy)


def ours(policy: Policy, price: float | None = None, *, name: str = "ours") -> Contender:
    """Our rule under a policy, or under it at another price of an alert.

    What a silent device leads to (other channels) is not modelled, so that no time is set for it.
    """
    policy = replace(policy, no_ack_s=_NEVER_S)
    return Contender(name, policy if price is None else replace(policy, price=replace(policy.price, alert=price)))


def rivals() -> list[Contender]:
    """Every rival."""
    return [Contender(name) for name in RIVALS]


@dataclass(frozen=True, slots=True)
class Field:
    """Where arrests come from: parameters, the density's name, the seed, and how much worse than told it is."""

    parameters: Parameters
    density: str
    seed: int
    worse: Worse = AS_TOLD


def noted(arrest: Arrest, outcome: Outcome) -> list[float]:
    """The row of one arrest under one rule, as `COLUMNS` names it."""
    cpr_min, shock_min = outcome.cpr_s / _MINUTE_S, outcome.shock_s / _MINUTE_S
    return [
        float(outcome.alerts),
        outcome.cpr_s,
        outcome.shock_s,
        larsen(cpr_min, shock_min, outcome.advanced_s / _MINUTE_S),
        valenzuela(cpr_min, shock_min, arrest.shockable),
        de_maio(shock_min),
        float(outcome.accepted),
        float(outcome.arrived),
        float(outcome.volunteer_cpr),
        float(outcome.volunteer_shock),
        float(arrest.at.hour),
    ]


class Crew:
    """Processes that work through arrests; with one job everything happens in this one."""

    def __init__(self, jobs: int = 1) -> None:
        self._jobs = max(1, jobs)
        self._stack = ExitStack()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._jobs > 1:
            # Compiled code and threads of the numerical library do not survive a fork in the middle of their work.
            context = multiprocessing.get_context("spawn")
            self._pool = self._stack.enter_context(ProcessPoolExecutor(self._jobs, mp_context=context))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def outcomes(self, field: Field, contenders: Sequence[Contender], numbers: range) -> dict[str, Floats]:
        """What comes of the arrests of these numbers under each contender: arrays (arrests, `COLUMNS`) by name."""
        pieces = [numbers[start : start + _PIECE] for start in range(0, len(numbers), _PIECE)]
        work = [(field, tuple(contenders), piece) for piece in pieces]
        done: Iterable[list[Floats]] = self._pool.map(_piece, work) if self._pool is not None else map(_piece, work)
        parts = list(done)
        return {
            each.name: np.concatenate([part[place] for part in parts]) if parts else np.empty((0, len(COLUMNS)))
            for place, each in enumerate(contenders)
        }


def _piece(work: tuple[Field, tuple[Contender, ...], range]) -> list[Floats]:
    field, contenders, numbers = work
    town = _town(field)
    rows: list[list[list[float]]] = [[] for _ in contenders]
    # Each rescue is a ring of references; looking for rings again and again costs a tenth of everything.
    gc.disable()
    try:
        for number in numbers:
            case = arrest(town, field.parameters, field.seed, number, field.worse)
            for place, contender in enumerate(contenders):
                outcome = Rescue(case, field.parameters, contender.rule()).run()
                rows[place].append(noted(case, outcome))
    finally:
        gc.enable()
        gc.collect()
    return [np.array(each, np.float64) for each in rows]


def _town(field: Field) -> Town:
    """The town of a field; kept, for all the work of a process is in the same few."""
    key = (field.density, field.seed)
    kept = _TOWNS.get(key)
    if kept is None or kept[0] != field.parameters:
        kept = (field.parameters, settle(field.parameters, field.density, field.seed))
        _TOWNS[key] = kept
    return kept[1]


_TOWNS: dict[tuple[str, int], tuple[Parameters, Town]] = {}
