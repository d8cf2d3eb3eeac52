"""One rescue in virtual time: people are asked, answer, set out, fetch, arrive; the rule that asks them is told.

The world is here, the rules are in `rivals` and `ours`. What the world does follows from the arrest alone, and from
whom a rule asks for what, when: no draw is made here.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from simulator.evaluation.arrests import Arrest
from simulator.evaluation.parameters import Parameters

NO_AED: Final = -1

# From reading the assignment to standing up, at the least, for who answered late.
_LEAST_TURNOUT_S: Final = 10.0
# A phone needs so long to say that somebody is to go elsewhere, and they to see it.
_REDIRECTION_S: Final = 4.0


class Rule(Protocol):
    """Decides who is alerted, and what those who come do. Told of everything by its own `Rescue`."""

    def begin(self, rescue: "Rescue") -> None:
        """The call has come."""
        ...

    def answered(self, person: int, *, yes: bool) -> None:
        """Somebody who was asked has answered. Silence is not told."""
        ...

    def no_aed(self, person: int, aed: int) -> None:
        """Somebody stands before a cabinet and cannot have the AED, or has one that does not work at the patient's."""
        ...

    def collected(self, person: int, aed: int) -> None:
        """Somebody has the AED in hand, and says so."""
        ...

    def arrived(self, person: int) -> None:
        """Somebody is with the patient, and says so."""
        ...

    def gave_up(self, person: int) -> None:
        """Somebody has turned back, and says so."""
        ...


class Stage(Enum):
    """How far somebody has come."""

    ASKED = auto()
    READY = auto()
    MOVING = auto()
    COLLECTING = auto()
    ENTERING = auto()
    THERE = auto()
    OUT = auto()


@dataclass(slots=True)
class Runner:
    """Somebody who was asked. A leg goes from `start` to `goal`, from `began_s` on for `lasts_s`."""

    asked_s: float
    turnout_from_s: float
    stage: Stage = Stage.ASKED
    aed: int = NO_AED
    has_aed: bool = False
    start: tuple[float, float] = (0.0, 0.0)
    goal: tuple[float, float] = (0.0, 0.0)
    began_s: float = 0.0
    lasts_s: float = 0.0
    version: int = 0
    wait_over_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one arrest under one rule. Times in seconds from the collapse."""

    alerts: int
    cpr_s: float
    shock_s: float
    advanced_s: float
    accepted: int
    arrived: int
    # Whether hands, and a shock, came from somebody before the ambulance's crew.
    volunteer_cpr: bool
    volunteer_shock: bool


@dataclass(slots=True)
class Rescue:
    """The world of one arrest, and the queue of what happens next in it."""

    arrest: Arrest
    parameters: Parameters
    rule: Rule
    now_s: float = 0.0
    alerts: int = 0
    runners: dict[int, Runner] = field(default_factory=dict)
    # AEDs that somebody has taken, or found missing.
    gone: set[int] = field(default_factory=set)
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    _cpr_s: float = math.inf
    _shock_s: float = math.inf
    _accepted: int = 0
    _arrived: int = 0

    @property
    def crew_there_s(self) -> float:
        """When the ambulance's crew is with the patient."""
        return self.arrest.ambulance_s + self.arrest.crew_entry_s

    @property
    def is_decided(self) -> bool:
        """Whether a volunteer's hands and a shock are there already."""
        return self._cpr_s <= self.now_s and self._shock_s < math.inf

    def run(self) -> Outcome:
        """Let everything happen until the crew is there."""
        arrest = self.arrest
        ends_s = self.crew_there_s
        if arrest.bystander_cpr_s is not None:
            self._cpr_s = arrest.bystander_cpr_s
        self.rule.begin(self)
        queue = self._queue
        while queue:
            at_s, _, happens = heapq.heappop(queue)
            if at_s >= ends_s:
                break
            self.now_s = at_s
            happens()
        attach_s = self.parameters.aed.attach_s
        before_s = arrest.collapsed_before_s
        return Outcome(
            alerts=self.alerts,
            cpr_s=before_s + min(self._cpr_s, ends_s),
            shock_s=before_s + min(self._shock_s, ends_s + attach_s),
            advanced_s=before_s + ends_s + self.parameters.ambulance.advanced_care_s,
            accepted=self._accepted,
            arrived=self._arrived,
            volunteer_cpr=self._cpr_s < ends_s and self._cpr_s != arrest.bystander_cpr_s,
            volunteer_shock=self._shock_s < ends_s + attach_s,
        )

    def at(self, when_s: float, happens: Callable[[], None]) -> None:
        """Have something happen at that time, or now if that is past; in the order of asking where times are equal."""
        self._count += 1
        heapq.heappush(self._queue, (max(when_s, self.now_s), self._count, happens))

    def ask(self, person: int) -> None:
        """Alert somebody: by number in the arrest's list of people."""
        self.alerts += 1
        arrest = self.arrest
        runner = self.runners.get(person)
        if runner is None or runner.stage is Stage.OUT:
            # Who is asked anew has been on their feet before, or not: they need their turnout again.
            runner = Runner(self.now_s, self.now_s)
            self.runners[person] = runner
        runner.asked_s = self.now_s
        if arrest.delivered[person] and arrest.says_anything[person]:
            self.at(self.now_s + arrest.answers_after_s[person], lambda: self._answers(person, runner))

    def take_back(self, person: int) -> None:
        """Tell somebody that they are not needed."""
        runner = self.runners[person]
        if runner.stage is not Stage.THERE:
            runner.stage = Stage.OUT
            runner.version += 1

    def send(self, person: int, aed: int = NO_AED) -> None:
        """Send somebody who said yes to the patient, by way of an AED or straight; or elsewhere than before."""
        runner = self.runners[person]
        # Nobody puts down an AED that they have in their hands, whatever the phone says.
        if runner.has_aed or runner.stage in {Stage.THERE, Stage.ENTERING, Stage.OUT}:
            return
        runner.version += 1
        if runner.stage is Stage.ASKED:
            self._accepted += 1
            runner.stage = Stage.READY
            arrest = self.arrest
            leaves_s = max(self.now_s + _LEAST_TURNOUT_S, runner.asked_s + arrest.turnout_s[person])
            runner.start = runner.goal = (arrest.east_m[person], arrest.north_m[person])
            runner.wait_over_s = leaves_s
        runner.aed = aed
        if runner.stage is Stage.READY:
            self._schedule(runner, runner.wait_over_s, lambda: self._sets_out(person, runner))
        else:
            version = runner.version
            self.at(self.now_s + _REDIRECTION_S, lambda: self._turns(person, runner, version))

    def where(self, person: int) -> tuple[float, float]:
        """Where somebody is now, in metres east and north of the patient."""
        runner = self.runners.get(person)
        if runner is None or runner.stage in {Stage.ASKED, Stage.OUT}:
            return self.arrest.east_m[person], self.arrest.north_m[person]
        if runner.stage is not Stage.MOVING or runner.lasts_s <= 0.0:
            return runner.goal if runner.stage is not Stage.READY else runner.start
        share = min(1.0, max(0.0, (self.now_s - runner.began_s) / runner.lasts_s))
        (from_east, from_north), (to_east, to_north) = runner.start, runner.goal
        return from_east + (to_east - from_east) * share, from_north + (to_north - from_north) * share

    def is_coming(self, person: int) -> bool:
        """Whether somebody who said yes is really on their way, or about to be."""
        stage = self.runners[person].stage
        return stage in {Stage.READY, Stage.MOVING, Stage.COLLECTING, Stage.ENTERING, Stage.THERE}

    def _answers(self, person: int, runner: Runner) -> None:
        if runner is not self.runners[person] or runner.stage is Stage.OUT:
            return
        self.rule.answered(person, yes=self.arrest.says_yes[person])

    def _schedule(self, runner: Runner, when_s: float, happens: Callable[[], None]) -> None:
        version = runner.version

        def unless_changed() -> None:
            if runner.version == version:
                happens()

        self.at(when_s, unless_changed)

    def _turns(self, person: int, runner: Runner, version: int) -> None:
        """Where they are when they see that they are to go elsewhere."""
        if runner.version == version and runner.stage in {Stage.MOVING, Stage.COLLECTING}:
            here = self.where(person)
            runner.start = here
            self._goes(person, runner)

    def _sets_out(self, person: int, runner: Runner) -> None:
        self._goes(person, runner)

    def _goes(self, person: int, runner: Runner) -> None:
        arrest = self.arrest
        runner.stage = Stage.MOVING
        runner.began_s = self.now_s
        fetches = runner.aed != NO_AED and not runner.has_aed
        if fetches:
            runner.goal = (arrest.aed_east_m[runner.aed], arrest.aed_north_m[runner.aed])
            detour = arrest.detour_to_aed[person][runner.aed]
        else:
            runner.goal = (0.0, 0.0)
            detour = arrest.detour_onward[runner.aed] if runner.aed != NO_AED else arrest.detour[person]
        length_m = math.hypot(runner.goal[0] - runner.start[0], runner.goal[1] - runner.start[1]) * detour
        runner.lasts_s = length_m / arrest.speed_m_s[person]
        turns_back_at = arrest.turns_back_at[person]
        # Who goes by way of an AED turns back on the first leg, if at all.
        if turns_back_at is not None and not runner.has_aed:
            self._schedule(
                runner, self.now_s + runner.lasts_s * turns_back_at, lambda: self._turns_back(person, runner)
            )
        elif fetches:
            self._schedule(runner, self.now_s + runner.lasts_s, lambda: self._at_cabinet(person, runner))
        else:
            self._schedule(runner, self.now_s + runner.lasts_s, lambda: self._at_door(person, runner))

    def _turns_back(self, person: int, runner: Runner) -> None:
        runner.start = runner.goal = self.where(person)
        runner.stage = Stage.OUT
        runner.version += 1
        if self.arrest.says_so[person]:
            self.rule.gave_up(person)

    def _at_cabinet(self, person: int, runner: Runner) -> None:
        arrest, what = self.arrest, self.parameters.aed
        runner.stage = Stage.COLLECTING
        runner.start = runner.goal
        is_there = arrest.aed_there[runner.aed] and runner.aed not in self.gone
        is_there = is_there and self.now_s < arrest.aed_closes_s[runner.aed]
        if is_there:
            after_s, then = arrest.collection_s[runner.aed], self._takes
        else:
            after_s, then = what.in_vain_s, self._in_vain
        self._schedule(runner, self.now_s + after_s, lambda: then(person, runner))

    def _takes(self, person: int, runner: Runner) -> None:
        if runner.aed in self.gone:
            self._in_vain(person, runner)
            return
        self.gone.add(runner.aed)
        runner.has_aed = True
        self._goes(person, runner)
        if self.arrest.taps[person]:
            self.rule.collected(person, runner.aed)

    def _in_vain(self, person: int, runner: Runner) -> None:
        """They go straight on by themselves; a rule may send them elsewhere."""
        missed, runner.aed = runner.aed, NO_AED
        self._goes(person, runner)
        self.rule.no_aed(person, missed)

    def _at_door(self, person: int, runner: Runner) -> None:
        runner.stage = Stage.ENTERING
        self._schedule(runner, self.now_s + self.arrest.entry_s, lambda: self._with_patient(person, runner))

    def _with_patient(self, person: int, runner: Runner) -> None:
        runner.stage = Stage.THERE
        self._arrived += 1
        self._cpr_s = min(self._cpr_s, self.now_s)
        if runner.has_aed and self.arrest.aed_works[runner.aed]:
            self._shock_s = min(self._shock_s, self.now_s + self.parameters.aed.attach_s)
        if self.arrest.taps[person]:
            self.rule.arrived(person)
        if runner.has_aed and not self.arrest.aed_works[runner.aed]:
            self.rule.no_aed(person, runner.aed)
