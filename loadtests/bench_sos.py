"""How long from the SOS to the last of 20 alerts, against a bare server: `python -m loadtests.bench_sos`.

Both servers run at the same time on loopback and take turns, so that whatever else the machine does falls on
both alike. Writes `build/bench/sos.json`.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvloop

from loadtests.bench_sides import BareSide, BenchError, ServiceSide, Side
from loadtests.crowd import CrowdMember, Provisioner
from loadtests.figures import Figures, figures, ratios
from loadtests.loopback import free_port, require_loopback
from loadtests.processes import ServerFailedError, ended_by_signals, running, running_service

ALERTS: Final = 20
RESPONDERS: Final = 60
_WARM_UP: Final = 20
_RESPONDERS_WITHIN_M: Final = 900.0
_AEDS: Final = 12
# What a server still has to do after a round (acknowledgements, for one) must not fall into the next time.
_SETTLE_S: Final = 0.02
_KEEP_ALIVE_ROUNDS: Final = 50


async def take_turns(
    service: Side, bare: Side, *, rounds: int, alerts: int, settle_s: float = _SETTLE_S
) -> tuple[list[float], list[float]]:
    """Measure both sides in turn, `rounds` times each, and answer the milliseconds of either.

    Who goes first changes with every pair: what one leaves behind falls on both alike.
    """
    service_ms: list[float] = []
    bare_ms: list[float] = []
    for number in range(rounds):
        turns: list[tuple[Side, list[float]]] = [(service, service_ms), (bare, bare_ms)]
        for side, taken in turns if number % 2 == 0 else reversed(turns):
            await asyncio.sleep(settle_s)
            taken.append(await side.measure(alerts))
        if number % _KEEP_ALIVE_ROUNDS == _KEEP_ALIVE_ROUNDS - 1 and isinstance(service, ServiceSide):
            service.keep_alive()
    return service_ms, bare_ms


async def bench(
    service_url: str,
    bare_url: str,
    members: Sequence[CrowdMember],
    operator_token: str,
    *,
    rounds: int,
    warm_up: int,
) -> tuple[list[float], list[float]]:
    """Connect everybody to both servers, warm both up, and measure."""
    service = ServiceSide(require_loopback(service_url), operator_token)
    bare = BareSide(require_loopback(bare_url))
    try:
        await service.connect(members)
        await service.measure(ALERTS)
        # The yardstick sends what the service has just sent, byte for byte.
        await bare.connect(members, service.alert_texts)
        await take_turns(service, bare, rounds=warm_up, alerts=ALERTS)
        return await take_turns(service, bare, rounds=rounds, alerts=ALERTS)
    finally:
        service.close()
        bare.close()


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


def report(service: Figures, bare: Figures, *, rounds: int) -> dict[str, Any]:
    """Answer what is written down."""
    return {
        "name": "sos",
        "what": f"milliseconds from sending the SOS to the last of {ALERTS} alerts received",
        **ratios(service, bare),
        "service_ms": service.as_dict(),
        "bare_ms": bare.as_dict(),
        "rounds": rounds,
        "responders": RESPONDERS,
        "alerts": ALERTS,
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def table(written: dict[str, Any]) -> str:
    """Answer the figures as a person reads them."""
    who = f"{written['alerts']} alerts, {written['responders']} responders connected"
    lines = [
        f"SOS to the last of {who}, {written['rounds']} rounds each, in turn",
        f"{'':10}{'p50':>10}{'p90':>10}{'p99':>10}",
    ]
    for name, key in (("service", "service_ms"), ("bare", "bare_ms")):
        values = written[key]
        lines.append(f"{name:10}" + "".join(f"{values[each]:>7.2f} ms" for each in ("p50", "p90", "p99")))
    lines.append(f"{'ratio':10}" + "".join(f"{written[f'ratio_{each}']:>10.2f}" for each in ("p50", "p90", "p99")))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=250, help="rounds on each server (default 250)")
    parser.add_argument("--warm-up", type=int, default=_WARM_UP, help="rounds on each that do not count")
    parser.add_argument("--out", type=Path, default=Path("build/bench/sos.json"), help="where the figures go")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.warm_up < 0:
        parser.error("--rounds must be at least 1 and --warm-up at least 0")
    try:
        with ended_by_signals():
            written = _run(options.rounds, options.warm_up)
    except (BenchError, ServerFailedError, ConnectionError, TimeoutError) as error:
        print(f"bench: {str(error) or 'the server did not answer in time'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    print(table(written))
    print(f"written to {options.out}")
    return 0


def _run(rounds: int, warm_up: int) -> dict[str, Any]:
    port = free_port()
    bare_url = f"http://127.0.0.1:{port}"
    with (
        tempfile.TemporaryDirectory(prefix="bench-sos-") as folder,
        running_service() as service,
        running(
            [sys.executable, "-m", "loadtests.bare_server", "--port", str(port)],
            ready_url=f"{bare_url}/health/ready",
            log=Path(folder) / "bare.log",
            env={},
        ),
    ):
        provisioner = Provisioner(service.url, service.admin_token)
        try:
            members = provisioner.responders(RESPONDERS, within_m=_RESPONDERS_WITHIN_M, seed=1)
            provisioner.aeds(_AEDS, within_m=_RESPONDERS_WITHIN_M, seed=1)
            operator_token = provisioner.token("operator", "bench")
        finally:
            provisioner.close()
        service_ms, bare_ms = uvloop.run(
            bench(service.url, bare_url, members, operator_token, rounds=rounds, warm_up=warm_up)
        )
    return report(figures(service_ms), figures(bare_ms), rounds=rounds)


if __name__ == "__main__":
    sys.exit(main())
