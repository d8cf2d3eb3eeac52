"""What the moments of a run come to: latencies of the quiet part and of the load, and the ratios that are judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from loadtests.alert_clock import AlertSample, join
from loadtests.figures import percentile
from loadtests.moments import Call, Moments, Tap
from loadtests.shapes import Shape

_S: Final = 1e9
_MS: Final = 1e6
_LOOKUPS: Final = ("/v1/aeds/tiles", "/v1/aeds/nearest", "/v1/aeds/search")
_DUTY: Final = "duty to on duty"
_CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run; latencies in milliseconds, from when something was due (alerts also from the first byte)."""

    alert_ms: list[float]
    alert_from_sent_ms: list[float]
    answer_ms: list[float]
    late_ms: list[float]
    calls_ms: dict[str, list[float]]

    def of(self, *names: str) -> list[float]:
        """Answer the latencies of these calls together."""
        return [each for name in names for each in self.calls_ms.get(name, [])]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything noted in a run of a shape that began at `begin_ns`."""

    shape: Shape
    begin_ns: int
    moments: Moments
    samples: Sequence[AlertSample]
    missing: int

    def seconds(self, at_ns: int) -> float:
        """Answer the seconds since it began."""
        return (at_ns - self.begin_ns) / _S

    def part(self, name: str) -> Part:
        """Answer what was due in the part of that name: `quiet` or `load`."""

        def within(at_ns: int) -> bool:
            return self.shape.part(self.seconds(at_ns)) == name

        taps = [each for each in self.moments.taps if within(each.scheduled_ns)]
        calls = [each for each in self.moments.calls if within(each.scheduled_ns)]
        samples = [each for each in self.samples if within(each.scheduled_ns)]
        by_name: dict[str, list[float]] = {}
        for call in calls:
            by_name.setdefault(call.name, []).append((call.answered_ns - call.scheduled_ns) / _MS)
        return Part(
            alert_ms=[each.from_scheduled_ms for each in samples],
            alert_from_sent_ms=[each.from_sent_ms for each in samples],
            answer_ms=[(tap.answered_ns - tap.scheduled_ns) / _MS for tap in taps],
            late_ms=[(tap.sent_ns - tap.scheduled_ns) / _MS for tap in taps],
            calls_ms=by_name,
        )

    @property
    def positions_sent(self) -> int:
        """How many positions left in all."""
        return sum(each.count for each in self.moments.counted)


def run_of(shape: Shape, begin_ns: int, moments: Moments) -> Run:
    """Join what was noted."""
    joined = join(moments.taps, moments.arrivals)
    return Run(shape, begin_ns, moments, joined.samples, joined.missing)


def figures_of(run: Run) -> dict[str, float | None]:
    """Answer what thresholds ask about, by name; None where there is nothing to tell it from."""
    quiet, load = run.part("quiet"), run.part("load")
    moments = run.moments
    return {
        "sos_failed": _count(moments.taps, lambda tap: tap.status != _CREATED) + _unsent_sos(run),
        "alerts_missing": run.missing,
        "messages_lost": sum(each.lost for each in moments.accounts) if moments.accounts else None,
        "sessions_cut": sum(each.cut_off for each in moments.accounts) if moments.accounts else None,
        "alert_p50_ratio": _ratio(load.alert_ms, quiet.alert_ms, 0.5),
        "alert_p99_ratio": _ratio(load.alert_ms, quiet.alert_ms, 0.99),
        "answer_p99_ratio": _ratio(load.answer_ms, quiet.answer_ms, 0.99),
        "calls_failed": _count(moments.calls, lambda call: not call.is_ok),
        "lookup_p99_ratio": _ratio(load.of(*_LOOKUPS), quiet.of(*_LOOKUPS), 0.99),
        "duty_p99_ratio": _ratio(load.of(_DUTY), quiet.of(_DUTY), 0.99),
        "late_share": _ratio_of(_at(load.late_ms, 0.99), _at(load.alert_ms, 0.99)),
        "pong_p99_ratio": _ratio(load.of("ping to pong"), quiet.of("ping to pong"), 0.99),
        "positions_unsent": _unsent_positions(run),
    }


def _unsent_sos(run: Run) -> int:
    return max(0, len(run.shape.taps_s()) - len(run.moments.taps))


def _unsent_positions(run: Run) -> float | None:
    asked = run.shape.positions_per_s * run.shape.seconds
    if not asked:
        return None
    sent = sum(each.count for each in run.moments.counted if run.shape.part(run.seconds(each.at_ns)) == "load")
    # The second in which the load begins is not wholly its own.
    return max(0.0, 1.0 - sent / asked - 1.0 / run.shape.seconds)


def _count(moments: Sequence[Tap] | Sequence[Call], is_wrong: Callable[..., bool]) -> int:
    return sum(1 for each in moments if is_wrong(each))


def _ratio(load: Sequence[float], quiet: Sequence[float], share: float) -> float | None:
    return _ratio_of(_at(load, share), _at(quiet, share))


def _ratio_of(value: float | None, yardstick: float | None) -> float | None:
    return None if value is None or not yardstick else value / yardstick


def _at(values: Sequence[float], share: float) -> float | None:
    return percentile(values, share) if values else None
