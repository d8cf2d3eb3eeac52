"""What benches measured: percentiles, ratios of two servers' latencies, and the file that they are written to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """What a series of latencies comes to, in milliseconds."""

    p50: float
    p90: float
    p99: float
    mean: float
    least: float
    most: float

    def as_dict(self) -> dict[str, float]:
        """Answer the figures by name, rounded to a microsecond."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def percentile(values: Sequence[float], share: float) -> float:
    """Answer the value that `share` (0 to 1) of `values` do not exceed, linear between neighbours.

    Hyndman and Fan's definition 7 (The American Statistician, 1996), as NumPy's default.
    Raises ValueError when empty.
    """
    if not values:
        raise ValueError("no values have no percentile")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def figures(values_ms: Sequence[float]) -> Figures:
    """Sum up latencies in milliseconds. Raises ValueError when there are none."""
    return Figures(
        p50=percentile(values_ms, 0.50),
        p90=percentile(values_ms, 0.90),
        p99=percentile(values_ms, 0.99),
        mean=fmean(values_ms),
        least=min(values_ms),
        most=max(values_ms),
    )


def ratios(ours: Figures, theirs: Figures) -> dict[str, float]:
    """Answer how many times as long ours takes as theirs, at each percentile."""
    return {
        "ratio_p50": round(ours.p50 / theirs.p50, 3),
        "ratio_p90": round(ours.p90 / theirs.p90, 3),
        "ratio_p99": round(ours.p99 / theirs.p99, 3),
    }


def publish(written: Mapping[str, Any], out: Path, table: str) -> None:
    """Write a bench's figures down as JSON and show them as people read them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    print(table)
    print(f"written to {out}")
