"""Run after run of one scenario: the storm blows, the fault strikes, quiet comes, the audit looks."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.faults.audit import Finding, Measure
from tests.faults.auditor import Auditor
from tests.faults.scenarios import SCENARIOS
from tests.faults.scene import AWAY_S, Cast, Scene
from tests.faults.service import ServiceFailedError
from tests.faults.stage import on_stage
from tests.faults.storm import Shape, StillBusyError, Storm

# So many incidents stay open when the quiet has come: the next fault finds work in the middle.
_LEFT_OPEN: Final = 6
_TOLD_AT_ONCE: Final = 10


@dataclass(slots=True)
class Outcome:
    """What the runs of one scenario came to."""

    scenario: str
    seed: int
    runs: int = 0
    findings: list[str] = field(default_factory=list)
    counts: Counter[Measure] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    complaints: Counter[str] = field(default_factory=Counter)

    def found(self, run: int, findings: list[Finding]) -> None:
        """Take in what a run's audit has found."""
        self.counts.update(each.measure for each in findings)
        self.findings += [f"{self.scenario} run {run}: {each}" for each in findings]

    def as_dict(self) -> dict[str, Any]:
        """The figures, by name."""
        return {
            "runs": self.runs,
            **{measure.value: self.counts[measure] for measure in Measure},
            **{name: round(value, 1) for name, value in sorted(self.notes.items())},
            "service_complaints": self.complaints.total(),
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """A scenario, how often, how long the storm blows for it and what goes away stays away, in seconds."""

    scenario: str
    runs: int
    run_s: float
    away_s: float | None = None


async def run_in_turn(turns: Sequence[Turn], *, seed: int, shape: Shape, logs: Path | None = None) -> list[Outcome]:
    """Run scenarios in turn over one city, of one worker or of two; stops when the service does not come to rest."""
    scenarios = [SCENARIOS[each.scenario] for each in turns]
    environment = {name: value for each in scenarios for name, value in each.environment.items()}
    cast = Cast.for_all([each.cast for each in scenarios])
    outcomes: list[Outcome] = []
    async with on_stage(cast, environment, shape, seed, logs=logs) as stage:
        auditor = Auditor(stage.database.libpq_url, stage.storm, Random(f"auditor {seed}"))
        for turn in turns:
            scene = Scene(
                stage.storm,
                stage.services,
                stage.database,
                Random(f"{turn.scenario} {seed}"),
                turn.run_s,
                AWAY_S if turn.away_s is None else turn.away_s,
                stage.redis,
                stage.link,
            )
            outcomes.append(await _turn(turn, scene, auditor, seed))
            if outcomes[-1].runs < turn.runs:
                break
    return outcomes


async def _turn(turn: Turn, scene: Scene, auditor: Auditor, seed: int) -> Outcome:
    outcome = Outcome(turn.scenario, seed)
    before, complained = _totals(scene.storm), len(_complaints(scene))
    for number in range(turn.runs):
        scene.number = number
        began = time.monotonic()
        came_to_rest = await _run(scene, auditor, outcome)
        taken = f"{time.monotonic() - began:.1f} s"
        print(f"{turn.scenario} run {number + 1}/{turn.runs}: {taken}, {len(outcome.findings)} findings", flush=True)
        if not came_to_rest:
            break
    outcome.notes.update(_totals(scene.storm))
    outcome.notes.subtract(before)
    outcome.notes.update(scene.notes)
    outcome.complaints.update(_complaints(scene)[complained:])
    outcome.found(
        turn.runs,
        [
            # An SOS that neither the database nor the journal holds is one kill away from being lost.
            Finding(Measure.OTHER, text, f"the service's log says {times} times: {text}")
            for text, times in outcome.complaints.items()
            if text.startswith("critical")
        ],
    )
    return outcome


async def _run(scene: Scene, auditor: Auditor, outcome: Outcome) -> bool:
    """One run; whether the service came to rest after it."""
    storm = scene.storm
    storm.blowing.set()
    outcome.runs += 1
    came_to_rest = True
    try:
        await SCENARIOS[outcome.scenario].strike(scene)
        began = time.monotonic()
        await storm.calm(leave_open=_LEFT_OPEN)
        scene.note("calm_s", time.monotonic() - began)
    except (StillBusyError, ServiceFailedError) as error:
        scene.findings.append(Finding(Measure.LOST, f"rest {scene.number}", str(error)))
        came_to_rest = False
    finally:
        storm.blowing.clear()
        storm.network.may_reload = storm.network.is_apart = False
    began = time.monotonic()
    findings, scene.findings = [*scene.findings, *await auditor.findings()], []
    scene.note("audit_s", time.monotonic() - began)
    await storm.close_pages()
    for each in findings[:_TOLD_AT_ONCE]:
        print(f"  FOUND with seed {outcome.seed}, {outcome.scenario} run {scene.number + 1}: {each}", flush=True)
    outcome.found(scene.number + 1, findings)
    return came_to_rest and all(each.is_running for each in scene.services)


def _complaints(scene: Scene) -> list[str]:
    return [each for service in scene.services for each in service.complaints()]


def _totals(storm: Storm) -> Counter[str]:
    taken = storm.callers.taken.values()
    numberings = [each.numbering for each in storm.everybody_ever()]
    return Counter(
        {
            "sos": len(taken),
            "sos_tries": sum(each.tries for each in taken),
            "sos_refused": sum(len(each.refused) for each in taken),
            "sos_degraded": sum(each.degraded for each in taken),
            "messages": sum(each.heard for each in numberings),
            "unnumbered": sum(each.unnumbered for each in numberings),
            "repeated": sum(each.repeated for each in numberings),
            "reloads": sum(each.reloads for each in numberings),
            "reconnects": sum(each.closes.total() for each in storm.everybody_ever()),
            "sos_at_two": sum(len({told for _, told, _ in each.receipts}) > 1 for each in taken),
            "asked_elsewhere": storm.desk.sent_elsewhere,
            "alerts": sum(len(each.phone.alerts) for each in storm.first_aiders.values()),
            "assignments": sum(len(each.phone.assignments) for each in storm.first_aiders.values()),
        }
    )
