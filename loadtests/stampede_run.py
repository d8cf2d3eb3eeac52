"""The stampede played against a service of our own: measured, judged, written down and drawn."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any, Final

import uvloop

from loadtests.bare_yardstick import bare_server
from loadtests.big_crowd import CITY, CITY_WITHIN_M
from loadtests.crowd import CrowdMember
from loadtests.figures import percentile
from loadtests.load_run import Place
from loadtests.plots import can_draw, draw_stampede
from loadtests.report import print_verdicts, write_samples, write_verdicts
from loadtests.stampede import Stampede, bare_stampede, stampede
from loadtests.thresholds import judged

_S: Final = 1e9
_MS: Final = 1e6
_CREATED: Final = 201
# An SOS whose alerts are still on their way when the lines go tells of the stampede, not of the quiet before it.
_BEFORE_NS: Final = round(0.5 * _S)


def play_stampede(
    urls: Sequence[str],
    members: Sequence[CrowdMember],
    operator_token: str,
    place: Place,
    *,
    sos_per_s: float,
    told: Mapping[str, Any],
) -> bool:
    """Play the stampede; answer whether all its thresholds were kept."""
    with bare_server() as bare:
        bare_s = uvloop.run(bare_stampede(bare.url, members))
    print(f"stampede: {len(members)} lines; a bare server has them back in {bare_s:.2f} s", flush=True)
    found = uvloop.run(
        stampede(urls, members, operator_token, centre=CITY, within_m=CITY_WITHIN_M, sos_per_s=sos_per_s)
    )
    figures = figures_of_stampede(found, bare_s)
    verdicts = judged("stampede", figures)
    place.out.mkdir(parents=True, exist_ok=True)
    write_samples(place.out / "stampede_alerts.csv", found.samples, found.dropped_ns)
    with (place.out / "stampede_back.csv").open("w", newline="") as file:
        rows = [(number + 1, round((at_ns - found.dropped_ns) / _S, 6)) for number, at_ns in enumerate(found.back_ns)]
        csv.writer(file).writerows([("phones_back", "seconds"), *rows])
    write_verdicts(place.out / "stampede.json", verdicts, {"shape": "stampede", "figures": figures, **told})
    if can_draw():
        draw_stampede(place.pictures / "stampede.svg", found, bare_s)
    print(stampede_lines(found, bare_s))
    return print_verdicts(verdicts)


def figures_of_stampede(found: Stampede, bare_s: float) -> dict[str, float | None]:
    """Answer what is judged and written down, by name."""
    before = [tap for tap in found.taps if tap.scheduled_ns < found.dropped_ns - _BEFORE_NS]
    quiet_ms, amid_ms = found.first_alert_ms(before), found.first_alert_ms(found.amid)
    waited_ms = found.first_alert_since_back_ms(found.amid)
    answered_ms = [(tap.answered_ns - tap.scheduled_ns) / _MS for tap in found.amid]
    return {
        "stampede_s": round(found.stampede_s, 3),
        "bare_s": round(bare_s, 3),
        "bare_ratio": found.stampede_s / bare_s,
        "away": found.away,
        "reloaded": found.reloaded,
        "resumed": found.resumed,
        "lost": found.lost,
        "numbered": found.numbers,
        "repeated": found.repeated,
        "attempts": found.attempts,
        "alerts_missing": found.missing,
        "sos_failed": sum(1 for tap in found.taps if tap.status != _CREATED),
        "sos_amid": len(found.amid),
        "amid_unalerted": len(found.amid) - len(amid_ms),
        "before_p50_ms": _at(quiet_ms, 0.5),
        "amid_p50_ms": _at(amid_ms, 0.5),
        "amid_worst_ms": _at(amid_ms, 1.0),
        "amid_p50_ratio": percentile(amid_ms, 0.5) / percentile(quiet_ms, 0.5) if amid_ms and quiet_ms else None,
        "amid_answer_worst_ms": _at(answered_ms, 1.0),
        "amid_answer_share": _share_of_it(answered_ms, found),
        "amid_worst_share": _share_of_it(amid_ms, found),
        "amid_since_back_share": _share_of_it(waited_ms, found),
    }


def stampede_lines(found: Stampede, bare_s: float) -> str:
    """Answer what came of a stampede, as people read it."""
    figures = figures_of_stampede(found, bare_s)

    def told(name: str) -> str:
        value = figures[name]
        return "?" if value is None else f"{value:.1f}"

    return (
        f"{found.phones:,} lines lost at once: all back in {found.stampede_s:.2f} s ({found.away} never),"
        f" a bare server {bare_s:.2f} s\n"
        f"{found.resumed:,} resumed, {found.reloaded} did not; {found.numbers:,} messages numbered, {found.lost} lost,"
        f" {found.repeated} told twice\n"
        f"{len(found.amid)} SOS meanwhile: first alert p50 {told('amid_p50_ms')} ms, worst {told('amid_worst_ms')} ms"
        f" (before: p50 {told('before_p50_ms')} ms), worst answer {told('amid_answer_worst_ms')} ms"
    )


def _share_of_it(values_ms: Sequence[float], found: Stampede) -> float | None:
    return max(values_ms) / 1000.0 / found.stampede_s if values_ms and found.stampede_s else None


def _at(values: Sequence[float], share: float) -> float | None:
    return percentile(values, share) if values else None
