"""A year of a province's devices in virtual time, against the rules, the orders and the probability.

    python -m tests.aed_year --devices 100000 --seed 7 --out build/bench/aed_year.json

Prints the seed, by which the same year is seen again, and answers 1 when anything was not as it must be: a fault
noticed after its policy's deadline, two open orders for one cause, an order that is missing or that nothing asks for
any more, a state other than a recomputation from scratch gives, a moment to look again that was missed, or beliefs
that miss the truth by more than 0.03 or tell devices apart no better than one belief for all of them would.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.aed_year.drawing import drawn
from tests.aed_year.lives import Lived, live
from tests.aed_year.tally import MUST_BE_ZERO

_OUT: Final = Path("build/bench/aed_year.json")
_MOST_CALIBRATION_ERROR: Final = 0.03
# So few do not work that one belief for all is well calibrated, and worth nothing: what is believed has to tell them
# apart. In runs with fewer looks than these the rates of all owners are learned from too few devices for that.
_LEAST_SKILL: Final = 0.01
_ENOUGH_LOOKS: Final = 250_000
_WORSE: Final = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Live through it, write the figures down, and answer 1 when anything was not as it must be."""
    options = _options(arguments)
    seed = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    print(f"aed_year: seed {seed}", flush=True)
    began = time.monotonic(), time.process_time()
    lived = live(options.devices, seed, progress=_progress(options.devices))
    figures = _figures(lived) | {
        "seed": seed,
        "took_s": round(time.monotonic() - began[0], 1),
        "core_s": round(time.process_time() - began[1], 1),
    }
    if options.worse_devices:
        worse = live(options.worse_devices, seed + 1, worse=_WORSE, progress=_progress(options.worse_devices))
        figures["worse"] = _figures(worse) | {"times": _WORSE}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=2) + "\n")
    if options.picture is not None:
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        options.picture.write_text(drawn(figures), encoding="utf-8")
    wrong = [*_wrong(figures), *(f"worse world: {each}" for each in _wrong(figures.get("worse", {})))]
    print("\n".join([_table(figures), *wrong, *figures["complaints"], f"seed {seed}"]))
    return 1 if wrong else 0


def _figures(lived: Lived) -> dict[str, Any]:
    at_last = lived.population[-1]
    return lived.tally.as_dict() | {
        "learned_from_devices": lived.learned_from,
        "learned": {
            "device_failures_a_year": round(at_last.device.per_day * 365, 4),
            "place_failures_a_year": round(at_last.place.per_day * 365, 4),
            "first_fit": round(at_last.first_fit, 4),
            "doubt_true": round(at_last.doubt_true, 4),
            "silent_unfit": round(at_last.silent_unfit, 4),
        },
    }


def _wrong(figures: dict[str, Any]) -> list[str]:
    found = [f"{name}: {figures[name]}" for name in MUST_BE_ZERO if figures.get(name)]
    if figures.get("calibration_error", 0.0) > _MOST_CALIBRATION_ERROR:
        found.append(f"calibration_error: {figures['calibration_error']}")
    looks = sum(figures.get("looks_by_state", {}).values())
    if looks >= _ENOUGH_LOOKS and figures["skill"] < _LEAST_SKILL:
        found.append(f"skill: {figures['skill']}")
    return found


def _table(figures: dict[str, Any]) -> str:
    names = [name for name, value in figures.items() if isinstance(value, int | float)]
    lines = [f"{name:>22} {figures[name]:>14,}" for name in names]
    if "worse" in figures:
        lines.append(f"{'worse world':>22} {figures['worse']['calibration_error']:>14,} calibration_error")
    return "\n".join(lines)


def _progress(devices: int) -> Callable[[int], None]:
    step = max(1, devices // 20)
    said = [0]

    def tell(done: int) -> None:
        if done - said[0] >= step:
            said[0] = done
            print(f"  {done:,} of {devices:,} devices", flush=True)

    return tell


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="to see the year again")
    parser.add_argument("--worse-devices", type=int, default=10_000, help="in a world twice as bad; 0: none")
    parser.add_argument("--out", type=Path, default=_OUT)
    parser.add_argument("--picture", type=Path, default=None, help="where the reliability diagram goes, as SVG")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
