"""What a run leaves: samples and seconds as CSV, the verdicts as JSON and as people read them."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtests.alert_clock import AlertSample
from loadtests.cpu_shares import Usages
from loadtests.figures import figures, percentile
from loadtests.measured import Run
from loadtests.moments import Call, Tap
from loadtests.thresholds import Verdict, verdict_table

_S: Final = 1e9
_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a run. Latencies are of what was due in it, in milliseconds; None where nothing was."""

    second: int
    part: str
    sos: int
    alerts: int
    alert_p50_ms: float | None
    alert_p99_ms: float | None
    positions: int
    calls: int
    busy: Mapping[str, float]


def seconds_of(run: Run, usages: Usages) -> list[Second]:
    """Answer a run second by second, with the processors that each group of processes kept busy."""
    samples: defaultdict[int, list[float]] = defaultdict(list)
    for sample in run.samples:
        samples[int(run.seconds(sample.scheduled_ns))].append(sample.from_scheduled_ms)
    taps = _by_second(run, (tap.scheduled_ns for tap in run.moments.taps))
    calls = _by_second(run, (call.scheduled_ns for call in run.moments.calls))
    positions: defaultdict[int, int] = defaultdict(int)
    for each in run.moments.counted:
        positions[int(run.seconds(each.at_ns))] += each.count
    return [
        Second(
            second=second,
            part=run.shape.part(second),
            sos=taps[second],
            alerts=len(samples[second]),
            alert_p50_ms=_at(samples[second], 0.5),
            alert_p99_ms=_at(samples[second], 0.99),
            positions=positions[second],
            calls=calls[second],
            busy=_busy(run.begin_ns + round(second * _S), usages),
        )
        for second in range(int(run.shape.ends_s))
    ]


def write_samples(path: Path, samples: Sequence[AlertSample], begin_ns: int) -> None:
    """Write one line for each alert: when its SOS was due, and how late it was."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("incident_id", "responder_id", "due_s", "from_scheduled_ms", "from_sent_ms"))
        for each in sorted(samples, key=lambda sample: sample.scheduled_ns):
            due_s = (each.scheduled_ns - begin_ns) / _S
            row = (round(due_s, 6), round(each.from_scheduled_ms, 3), round(each.from_sent_ms, 3))
            writer.writerow((each.incident_id, each.responder_id, *row))


def write_calls(path: Path, run: Run) -> None:
    """Write one line for each SOS and each other call: when it was due, how late it left and was answered."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "due_s", "late_ms", "from_scheduled_ms", "from_sent_ms", "is_ok"))
        rows: list[tuple[str, Tap | Call, int]] = [
            ("/v1/sos", tap, int(bool(tap.incident_id))) for tap in run.moments.taps
        ]
        others: list[tuple[str, Tap | Call, int]] = [(call.name, call, int(call.is_ok)) for call in run.moments.calls]
        for name, each, is_ok in sorted([*rows, *others], key=lambda row: row[1].scheduled_ns):
            late_ms = (each.sent_ns - each.scheduled_ns) / _MS
            whole_ms = (each.answered_ns - each.scheduled_ns) / _MS
            due_s = round(run.seconds(each.scheduled_ns), 6)
            writer.writerow((name, due_s, round(late_ms, 3), round(whole_ms, 3), round(whole_ms - late_ms, 3), is_ok))


def write_seconds(path: Path, seconds: Sequence[Second]) -> None:
    """Write one line for each second."""
    groups = sorted({name for second in seconds for name in second.busy})
    head = ("second", "part", "sos", "alerts", "alert_p50_ms", "alert_p99_ms", "positions", "calls")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*head, *(f"busy_{name}" for name in groups)))
        for second in seconds:
            row = [getattr(second, name) for name in head]
            writer.writerow([*map(_rounded, row), *(_rounded(second.busy.get(name)) for name in groups)])


def latency_table(run: Run) -> str:
    """Answer the latencies of both parts as people read them."""
    lines = [
        f"{'':32}{'quiet':^30}{'load':^30}",
        f"{'milliseconds from when due':32}" + f"{'n':>6}{'p50':>8}{'p99':>8}{'most':>8}" * 2,
    ]
    quiet, load = run.part("quiet"), run.part("load")
    rows = {
        "SOS → alert": (quiet.alert_ms, load.alert_ms),
        "SOS → alert, from its first byte": (quiet.alert_from_sent_ms, load.alert_from_sent_ms),
        "SOS → answer": (quiet.answer_ms, load.answer_ms),
    }
    names = sorted({*quiet.calls_ms, *load.calls_ms})
    rows |= {name: (quiet.of(name), load.of(name)) for name in names}
    rows["SOS left late by"] = (quiet.late_ms, load.late_ms)
    lines += [f"{name:32}{_cells(before)}{_cells(under)}" for name, (before, under) in rows.items() if before or under]
    return "\n".join(lines)


def write_verdicts(path: Path, verdicts: Sequence[Verdict], told: Mapping[str, Any]) -> None:
    """Write the verdicts and what else was found as JSON."""
    judged = [
        {"name": each.threshold.name, "value": each.value, "at_most": each.threshold.at_most, "kept": each.is_kept,
         "what": each.threshold.what, "reason": each.threshold.reason}
        for each in verdicts
    ]  # fmt: skip
    path.write_text(json.dumps({**told, "verdicts": judged}, indent=2, ensure_ascii=False) + "\n")


def print_verdicts(verdicts: Sequence[Verdict]) -> bool:
    """Show the verdicts; answer whether all promises were kept."""
    print(verdict_table(verdicts))
    broken = [each.threshold.name for each in verdicts if not each.is_kept]
    print(f"broken: {', '.join(broken)}" if broken else "every threshold is kept")
    return not broken


def _by_second(run: Run, instants_ns: Iterable[int]) -> defaultdict[int, int]:
    counts: defaultdict[int, int] = defaultdict(int)
    for at_ns in instants_ns:
        counts[int(run.seconds(at_ns))] += 1
    return counts


def _busy(at_ns: int, usages: Usages) -> dict[str, float]:
    until_ns = at_ns + round(_S)
    return {name: usages.cpu_share(name, from_ns=at_ns, until_ns=until_ns) for name in usages.by_group}


def _cells(values: Sequence[float]) -> str:
    if not values:
        return f"{'':30}"
    told = figures(values)
    return f"{len(values):>6}{told.p50:>8.1f}{told.p99:>8.1f}{told.most:>8.1f}"


def _at(values: Sequence[float], share: float) -> float | None:
    return percentile(values, share) if values else None


def _rounded(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value
