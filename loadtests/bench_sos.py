"""How long from the SOS to the last of its alerts, against a bare server: `python -m loadtests.bench_sos`.

Both servers run at the same time on loopback and take turns, so that whatever else the machine does falls on
both alike. All the while 5,000 more phones are connected to the service, and to it alone, and tell it 2,000 positions
a second from a process of their own; what each of them costs in memory is measured first, while they say nothing, and
what a no takes to be replaced afterwards (`bench_replacing`). Then the service starts anew three times: for a storm of
SOS (`bench_storm`), to be killed (`bench_replacing`), and with 100,000 responders on duty in the province, for the
share of the time that matching takes. Writes `build/bench/sos.json`.
"""

import argparse
import asyncio
import math
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvloop

from geo.place import Place
from loadtests.bench_amid import Amid, amid_lines, amid_phones
from loadtests.bench_sides import BareSide, BenchError, ServiceSide, Side, Site
from loadtests.bench_sites import RESPONDERS, provision_sites
from loadtests.big_crowd import city_aeds, city_places
from loadtests.crowd_process import MOST_POSITIONS_PER_S
from loadtests.figures import Figures, figures, publish, ratios
from loadtests.loopback import free_port, require_loopback
from loadtests.processes import (
    RunningService,
    ServerFailedError,
    data_folder,
    ended_by_signals,
    running,
    running_service_in,
)
from loadtests.service_database import commit_floor_ms, database_in, forget_alerts, province_places, put_on_duty
from loadtests.sos_steps import StepTimes, shares, since, step_times

_WARM_UP: Final = 20
_ROUNDS_AT_A_SITE: Final = 20
# What a server still has to do after a round (acknowledgements, for one) must not fall into the next time.
_SETTLE_S: Final = 0.02
_KEEP_ALIVE_ROUNDS: Final = 50
# The second part only asks for means of the service's own steps.
_CROWDED_ROUNDS: Final = 100
_MOST_ON_DUTY: Final = 500_000
_MOST_CONNECTED: Final = 20_000
_CITY_AEDS: Final = 200


async def take_turns(
    service: Side, bare: Side, *, rounds: int, settle_s: float = _SETTLE_S
) -> tuple[list[float], list[float]]:
    """Measure both sides in turn, `rounds` times each, and answer the milliseconds of either.

    Who goes first changes with every pair: what one leaves behind falls on both alike.
    """
    service_ms: list[float] = []
    bare_ms: list[float] = []
    for number in range(rounds):
        if isinstance(service, ServiceSide) and isinstance(bare, BareSide):
            # How many alerts there are is the plan's to say: the yardstick sends what the service sent last.
            await bare.send_from_now_on(service.alert_texts)
        turns: list[tuple[Side, list[float]]] = [(service, service_ms), (bare, bare_ms)]
        for side, taken in turns if number % 2 == 0 else reversed(turns):
            await asyncio.sleep(settle_s)
            taken.append(await side.measure())
        if number % _KEEP_ALIVE_ROUNDS == _KEEP_ALIVE_ROUNDS - 1 and isinstance(service, ServiceSide):
            await service.keep_alive()
    return service_ms, bare_ms


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of both servers, the service's own times of its steps, and how many alerts an SOS sent."""

    service_ms: Sequence[float]
    bare_ms: Sequence[float]
    steps: StepTimes
    alerts: float
    sites: int


@dataclass(frozen=True, slots=True)
class Crowded:
    """What was measured with the whole province on duty."""

    responders: int
    service_ms: Sequence[float]
    steps: StepTimes


async def bench(
    service_url: str,
    bare_url: str,
    sites: Sequence[Site],
    operator_token: str,
    *,
    rounds: int,
    warm_up: int,
) -> Measured:
    """Connect everybody to both servers, warm both up, and measure."""
    service = ServiceSide(require_loopback(service_url), operator_token)
    bare = BareSide(require_loopback(bare_url))
    try:
        await service.connect(sites)
        await service.measure()
        # The yardstick sends what the service has just sent, byte for byte.
        await bare.connect([member for site in sites for member in site.members], service.alert_texts)
        await take_turns(service, bare, rounds=warm_up)
        before, sent_before = step_times(service_url), service.alerts_sent
        service_ms, bare_ms = await take_turns(service, bare, rounds=rounds)
        steps = since(before, step_times(service_url))
        return Measured(service_ms, bare_ms, steps, (service.alerts_sent - sent_before) / rounds, len(sites))
    finally:
        service.close()
        bare.close()


async def bench_crowded(
    service_url: str, sites: Sequence[Site], operator_token: str, *, rounds: int, warm_up: int
) -> tuple[list[float], StepTimes]:
    """Measure the service alone, whose roster is full, and its own times of its steps."""
    service = ServiceSide(require_loopback(service_url), operator_token)
    try:
        await service.connect(sites)
        await _alone(service, warm_up)
        before = step_times(service_url)
        service_ms = await _alone(service, rounds)
        return service_ms, since(before, step_times(service_url))
    finally:
        service.close()


async def _alone(service: ServiceSide, rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        await asyncio.sleep(_SETTLE_S)
        taken.append(await service.measure())
    return taken


def machine() -> dict[str, Any]:
    """Answer what the figures were taken on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "system": platform.platform(),
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def report(
    measured: Measured, commit_floor: Figures, crowded: Crowded | None = None, amid: Amid | None = None
) -> dict[str, Any]:
    """Answer what is written down."""
    service, bare = figures(measured.service_ms), figures(measured.bare_ms)
    written = {
        "name": "sos",
        "what": "milliseconds from sending the SOS to the last of its alerts received",
        **ratios(service, bare),
        **shares(measured.steps),
        "service_ms": service.as_dict(),
        "bare_ms": bare.as_dict(),
        # No part of the ratio: what one row, written durably, takes on this disk with the same pauses.
        "commit_floor_ms": commit_floor.as_dict(),
        "steps_ms": measured.steps.as_dict(),
        "rounds": len(measured.service_ms),
        "responders": RESPONDERS * measured.sites,
        "sites": measured.sites,
        "alerts": round(measured.alerts, 1),
    }
    if amid is not None:
        written |= amid.as_dict()
    if crowded is not None:
        crowded_service = figures(crowded.service_ms)
        written |= {
            "matching_share": round(crowded.steps.matching_ms / crowded_service.mean, 3),
            "matching": {
                "responders": crowded.responders,
                "rounds": len(crowded.service_ms),
                "service_ms": crowded_service.as_dict(),
                "steps_ms": crowded.steps.as_dict(),
            },
        }
    return written | {"machine": machine(), "at": datetime.now(UTC).isoformat(timespec="seconds")}


def table(written: dict[str, Any]) -> str:
    """Answer the figures as a person reads them."""
    who = (
        f"{written['alerts']:g} alerts (mean), {written['responders']} responders connected at {written['sites']} sites"
    )
    lines = [
        f"SOS to the last of {who}, {written['rounds']} rounds each, in turn",
        f"{'':10}{'p50':>10}{'p90':>10}{'p99':>10}",
    ]
    for name, key in (("service", "service_ms"), ("bare", "bare_ms"), ("one row", "commit_floor_ms")):
        values = written[key]
        lines.append(f"{name:10}" + "".join(f"{values[each]:>7.2f} ms" for each in ("p50", "p90", "p99")))
    lines.append(f"{'ratio':10}" + "".join(f"{written[f'ratio_{each}']:>10.2f}" for each in ("p50", "p90", "p99")))
    lines.append("('one row' is the least that anything durable takes on this disk; it is no part of the ratio)")
    lines.append(f"steps, mean: {_steps(written['steps_ms'])}")
    lines.append(f"the plan takes {written['plan_share']:.2f} of what committing and delivering its alerts takes")
    if "connected" in written:
        lines += amid_lines(written)
    if "matching" in written:
        matching = written["matching"]
        on_duty, p50_ms = matching["responders"], matching["service_ms"]["p50"]
        lines.append(f"with {on_duty:,} on duty: p50 {p50_ms:.2f} ms; steps, mean: {_steps(matching['steps_ms'])}")
        lines.append(f"matching (survey and plan) is {written['matching_share']:.2f} of SOS to the last alert")
    return "\n".join(lines)


def _steps(steps_ms: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f} ms" for name, value in steps_ms.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=250, help="rounds on each server (default 250)")
    parser.add_argument("--warm-up", type=int, default=_WARM_UP, help="rounds on each that do not count")
    parser.add_argument(
        "--on-duty", type=int, default=100_000, help="responders of the last part (default 100000; 0: without it)"
    )
    parser.add_argument(
        "--connected", type=int, default=5_000, help="phones connected besides (default 5000; 0: no storm either)"
    )
    parser.add_argument("--positions", type=int, default=2_000, help="positions a second that they tell (default 2000)")
    parser.add_argument("--out", type=Path, default=Path("build/bench/sos.json"), help="where the figures go")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.warm_up < 0 or not 0 <= options.on_duty <= _MOST_ON_DUTY:
        parser.error(f"--rounds must be at least 1, --warm-up at least 0 and --on-duty 0 to {_MOST_ON_DUTY}")
    if not 0 <= options.connected <= _MOST_CONNECTED or not 0 <= options.positions <= MOST_POSITIONS_PER_S:
        parser.error(f"--connected must be 0 to {_MOST_CONNECTED}, --positions 0 to {MOST_POSITIONS_PER_S}")
    try:
        with ended_by_signals():
            written = _run(options)
    except (BenchError, ServerFailedError, ConnectionError, TimeoutError) as error:
        print(f"bench: {str(error) or 'the server did not answer in time'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    publish(written, options.out, table(written))
    return 0


def _run(options: argparse.Namespace) -> dict[str, Any]:
    rounds, warm_up = options.rounds, options.warm_up
    with data_folder() as data_dir:
        people: list[tuple[str, Place]] = []
        with running_service_in(data_dir) as service:
            sites, operator_token = provision_sites(service, _sites_for(warm_up + rounds + 1))
            if options.connected:
                city_aeds(service, _CITY_AEDS)
                with database_in(data_dir) as connection:
                    people = put_on_duty(connection, "city", city_places(options.connected, seed=1))
        with running_service_in(data_dir) as service:
            with amid_phones(service, people, options.positions) as phones:
                measured = _measured(service, sites, operator_token, rounds=rounds, warm_up=warm_up)
                if phones is not None:
                    phones.bench_declines(sites, operator_token)
            with database_in(data_dir) as connection:
                floor_ms = commit_floor_ms(connection, settle_s=_SETTLE_S)
                forget_alerts(connection)
        amid = None if phones is None else phones.bench_the_rest(data_dir, sites[0], operator_token)
        crowded = _crowded(data_dir, sites, operator_token, options) if options.on_duty else None
    return report(measured, figures(floor_ms), crowded, amid)


def _measured(
    service: RunningService, sites: Sequence[Site], operator_token: str, *, rounds: int, warm_up: int
) -> Measured:
    port = free_port()
    bare_url = f"http://127.0.0.1:{port}"
    with (
        tempfile.TemporaryDirectory(prefix="dispatch-bare-") as folder,
        running(
            [sys.executable, "-m", "loadtests.bare_server", "--port", str(port)],
            ready_url=f"{bare_url}/health/ready",
            log=Path(folder) / "bare.log",
            env={},
        ),
    ):
        return uvloop.run(bench(service.url, bare_url, sites, operator_token, rounds=rounds, warm_up=warm_up))


def _crowded(data_dir: Path, sites: Sequence[Site], operator_token: str, options: argparse.Namespace) -> Crowded:
    rounds = min(options.rounds, _CROWDED_ROUNDS)
    with running_service_in(data_dir), database_in(data_dir) as connection:
        centres = [site.centre for site in sites]
        put_on_duty(connection, "province", province_places(options.on_duty, away_from=centres))
        forget_alerts(connection)
    with running_service_in(data_dir) as service:
        taken_ms, steps = uvloop.run(
            bench_crowded(
                service.url,
                sites[: _sites_for(options.warm_up + rounds)],
                operator_token,
                rounds=rounds,
                warm_up=options.warm_up,
            )
        )
    return Crowded(options.on_duty, taken_ms, steps)


def _sites_for(rounds: int) -> int:
    return math.ceil(rounds / _ROUNDS_AT_A_SITE)


if __name__ == "__main__":
    sys.exit(main())
