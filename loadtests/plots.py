"""Pictures of a run as SVG. matplotlib is an extra: without it there are none, and the figures stand as they are."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from loadtests.measured import Part, Run
from loadtests.report import Second
from loadtests.stampede import Stampede

_SIZE: Final = (8.0, 4.5)
_BLUE, _RED, _GREY, _GREEN = "#1f5fa8", "#c8102e", "#8a8f98", "#2e7d32"
_S: Final = 1e9
_MOST_STEPS: Final = 300


def can_draw() -> bool:
    """Answer whether matplotlib is there (extra `plots`)."""
    return importlib.util.find_spec("matplotlib") is not None


def draw_latencies(path: Path, quiet: Part, load: Part, name: str) -> None:
    """Draw which share of alerts had arrived after how long, quiet and under load."""
    figure, axes = _canvas(f"{name}: SOS → alert, from when the SOS was due")
    for values, colour, label in ((quiet.alert_ms, _GREY, "quiet"), (load.alert_ms, _RED, "load")):
        at = _steps(sorted(values))
        shares = [number / len(values) for number, _ in at]
        axes.step([each for _, each in at], shares, where="post", color=colour, label=f"{label} ({len(values)} alerts)")
    axes.set(xlabel="milliseconds", ylabel="share of alerts that have arrived", ylim=(0, 1.01), xscale="log")
    axes.legend(loc="lower right")
    _save(figure, path)


def draw_seconds(path: Path, run: Run, seconds: Sequence[Second], groups: Sequence[str]) -> None:
    """Draw a run second by second: what was asked above, the processors that were busy below."""
    figure, (above, below) = _two(f"{run.shape.name}: {run.shape.what}")
    at = [each.second for each in seconds]
    if run.shape.sos_per_s:
        above.plot(at, [each.alert_p50_ms for each in seconds], ".", color=_BLUE, label="p50 of the second")
        above.plot(at, [each.alert_p99_ms for each in seconds], ".", color=_RED, label="p99 of the second")
        above.set(ylabel="SOS → alert, ms", ylim=(0, None))
    else:
        above.plot(at, [each.positions for each in seconds], color=_BLUE, label="positions sent")
        above.set(ylabel="a second", ylim=(0, None))
    above.axvspan(run.shape.load_from_s, run.shape.load_from_s + run.shape.seconds, color=_GREY, alpha=0.15)
    above.legend(loc="upper left")
    for group, colour in zip(groups, (_RED, _BLUE, _GREY, _GREEN), strict=False):
        below.plot(at, [each.busy.get(group, 0.0) for each in seconds], color=colour, label=group)
    below.set(xlabel="seconds", ylabel="processors busy", ylim=(0, None))
    below.legend(loc="upper left")
    _save(figure, path)


def draw_stampede(path: Path, found: Stampede, bare_s: float) -> None:
    """Draw how many phones were back when, and how late the first alert of each SOS meanwhile was."""
    figure, (above, below) = _two(f"stampede: {found.phones:,} lines lost at once")
    back = _steps([(each - found.dropped_ns) / _S for each in found.back_ns])
    above.step(
        [0.0, *(at_s for _, at_s in back)], [0, *(number for number, _ in back)],
        where="post", color=_BLUE, label="phones back",
    )  # fmt: skip
    above.axvline(bare_s, color=_GREY, linestyle="--", label="all back at a bare server")
    above.set(ylabel="phones", ylim=(0, None))
    above.legend(loc="lower right")
    first: dict[str, float] = {}
    due_s: dict[str, float] = {}
    for sample in found.samples:
        known = first.get(sample.incident_id, sample.from_scheduled_ms)
        first[sample.incident_id] = min(known, sample.from_scheduled_ms)
        due_s[sample.incident_id] = (sample.scheduled_ns - found.dropped_ns) / _S
    below.plot([due_s[each] for each in first], list(first.values()), ".", color=_RED)
    below.set(xlabel="seconds since the lines went", ylabel="SOS → first alert, ms", yscale="log")
    _save(figure, path)


def draw_workers(path: Path, workers: Sequence[int], rows: Sequence[tuple[str, Sequence[float]]]) -> None:
    """Draw what more workers bring: for each row its figures over those of one worker."""
    figure, axes = _canvas("what more workers bring, against one")
    for (label, values), colour in zip(rows, (_RED, _BLUE, _GREEN, _GREY), strict=False):
        axes.plot(workers, [value / values[0] for value in values], "o-", color=colour, label=label)
    axes.plot(workers, [each / workers[0] for each in workers], ":", color=_GREY, label="as many times as workers")
    axes.set(xlabel="workers", ylabel="times one worker's", xticks=list(workers), ylim=(0, None))
    axes.legend(loc="upper left")
    _save(figure, path)


def _steps(ordered: Sequence[float]) -> list[tuple[int, float]]:
    """Answer how many values there are up to some of them: no more than a picture can show, the last among them."""
    every = max(1, len(ordered) // _MOST_STEPS)
    numbers = range(every, len(ordered) + 1, every)
    steps = [(number, ordered[number - 1]) for number in numbers]
    return [*steps, (len(ordered), ordered[-1])] if ordered else []


def _canvas(title: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(visible=True, alpha=0.25)
    return figure, axes


def _two(title: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import

    figure = Figure(figsize=(_SIZE[0], _SIZE[1] * 1.3), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    axes[0].set_title(title, loc="left", fontsize=11)
    for each in axes:
        each.grid(visible=True, alpha=0.25)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    from matplotlib import rc_context  # noqa: PLC0415 - an extra, and slow to import

    path.parent.mkdir(parents=True, exist_ok=True)
    # Text stays text, and without a date and random ids the same figures draw the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "loadtests"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
