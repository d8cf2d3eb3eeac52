"""The reliability diagram, as SVG: what was believed of devices against how often they worked.

python -m tests.aed_year.drawing build/bench/aed_year.json docs/pictures/reliability.svg
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_SIDE: Final = 420
_LEFT, _TOP, _BELOW, _RIGHT = 62, 54, 78, 20
_WIDTH: Final = _LEFT + _SIDE + _RIGHT
_HEIGHT: Final = _TOP + _SIDE + _BELOW
# Far above the diagonal, where no points are.
_LEGEND_X, _LEGEND_Y = 0.03, 0.93
_STEPS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_COLOURS: Final = ("#0b6e4f", "#c05621")


def drawn(figures: Mapping[str, Any]) -> str:
    """The picture of a year's figures, and of the year in which everything went wrong more often."""
    rows = [("calibration error", figures)]
    worse = figures.get("worse")
    if worse:
        rows.append((f"everything {worse['times']:g} x as bad", worse))
    marks = [_series(row["reliability"], colour) for (_, row), colour in zip(rows, _COLOURS, strict=False)]
    legend = [
        _text(
            _x(_LEGEND_X),
            _y(_LEGEND_Y) + 18 * number,
            f"● {name}: {row['calibration_error']:.3f}",
            colour,
        )
        for number, ((name, row), colour) in enumerate(zip(rows, _COLOURS, strict=False))
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="12">'
    )
    upwards = (
        f'<text x="18" y="{_TOP + _SIDE / 2}" fill="#111111" text-anchor="middle" '
        f'transform="rotate(-90 18 {_TOP + _SIDE / 2})">share that worked</text>'
    )
    return "\n".join(
        [
            head,
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            _text(_LEFT, 24, f"Will it work? {figures['devices']:,} simulated devices, one year", "#111111", size=15),
            _text(_LEFT, 42, f"seed {figures['seed']}; area of a circle: number of looks", "#555555"),
            *_grid(),
            *marks,
            *legend,
            _text(_LEFT + _SIDE / 2, _HEIGHT - 30, "believed probability", "#111111", anchor="middle"),
            upwards,
            "</svg>",
            "",
        ]
    )


def _x(value: float) -> float:
    return round(_LEFT + value * _SIDE, 1)


def _y(value: float) -> float:
    return round(_TOP + (1 - value) * _SIDE, 1)


def _grid() -> list[str]:
    lines = []
    for step in _STEPS:
        lines += [
            f'<path d="M{_x(step)} {_y(0)}V{_y(1)}M{_x(0)} {_y(step)}H{_x(1)}" stroke="#dddddd" fill="none"/>',
            _text(_x(step), _y(0) + 18, f"{step:.1f}", "#555555", anchor="middle"),
            _text(_x(0) - 8, _y(step) + 4, f"{step:.1f}", "#555555", anchor="end"),
        ]
    return [*lines, f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#888888" stroke-dasharray="5 4"/>']


def _series(bins: Sequence[Mapping[str, float]], colour: str) -> str:
    if not bins:
        return ""
    path = "M" + "L".join(f"{_x(each['believed'])} {_y(each['worked'])}" for each in bins)
    most = max(each["looks"] for each in bins)
    circles = [
        f'<circle cx="{_x(each["believed"])}" cy="{_y(each["worked"])}" '
        f'r="{max(1.5, 14 * math.sqrt(each["looks"] / most)):.1f}" fill="{colour}" fill-opacity="0.55"/>'
        for each in bins
    ]
    return "\n".join([f'<path d="{path}" stroke="{colour}" fill="none" stroke-opacity="0.6"/>', *circles])


def _text(x: float, y: float, text: str, colour: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" font-size="{size}">{text}</text>'


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(drawn(json.loads(Path(sys.argv[1]).read_text())), encoding="utf-8")
