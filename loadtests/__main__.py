"""A short headless load test on a service of its own: `python -m loadtests`."""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from loadtests.crowd import Provisioner
from loadtests.loopback import NotLoopbackError, require_loopback
from loadtests.processes import (
    RunningService,
    ServerFailedError,
    ended_by_signals,
    running_service,
)
from loadtests.scenario import VARIABLE, Scenario

_LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
_RESPONDERS_WITHIN_M: Final = 2_500.0
_MEASURED: Final = "SOS to alert"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load test; answers the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with ended_by_signals():
            if options.url:
                require_loopback(options.url)
                return _load(RunningService(options.url, options.admin_token, pid=0), options)
            with running_service() as service:
                return _load(service, options)
    except (ServerFailedError, NotLoopbackError) as error:
        print(f"load: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("load: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a service that runs already, on loopback; without it one is started")
    parser.add_argument("--admin-token", default="", help="token of the role admin for --url")
    parser.add_argument("--seconds", type=int, default=30, help="how long (default 30)")
    parser.add_argument("--responders", type=int, default=200, help="first-aiders with a socket (default 200)")
    parser.add_argument("--aeds", type=int, default=40, help="AEDs around them (default 40)")
    parser.add_argument("--callers", type=int, default=10, help="callers who take turns (default 10)")
    parser.add_argument("--operators", type=int, default=2, help="operators who watch (default 2)")
    parser.add_argument("--sos-per-s", type=float, default=5.0, help="SOS a second, all callers together (default 5)")
    parser.add_argument("--out", type=Path, default=Path("build/load/sos"), help="first part of the CSV files' names")
    return parser


def _load(service: RunningService, options: argparse.Namespace) -> int:
    print(f"making {options.responders} responders and {options.aeds} AEDs on {service.url}", flush=True)
    scenario = _provision(service, options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="loadtests-") as folder:
        path = Path(folder) / "scenario.json"
        scenario.write(path)
        users = len(scenario.members) + len(scenario.operator_tokens) + scenario.callers
        code = _locust(service.url, path, users=users, seconds=options.seconds, out=options.out)
    _tidy(service)
    measured = _row(options.out.with_name(f"{options.out.name}_stats.csv"), _MEASURED)
    if measured is None or int(measured["Request Count"]) == 0:
        print("load: not a single alert was measured", file=sys.stderr)
        return 1
    print(f"written to {options.out}_*.csv; {_MEASURED} is what a first-aider waits for")
    return code


def _provision(service: RunningService, options: argparse.Namespace) -> Scenario:
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        provisioner.aeds(options.aeds, within_m=_RESPONDERS_WITHIN_M, seed=2)
        return Scenario(
            members=provisioner.responders(options.responders, within_m=_RESPONDERS_WITHIN_M, seed=2),
            operator_tokens=[provisioner.token("operator", f"load-{number}") for number in range(options.operators)],
            callers=options.callers,
            sos_per_s=options.sos_per_s,
        )
    finally:
        provisioner.close()


def _tidy(service: RunningService) -> None:
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        provisioner.cancel_open()
    finally:
        provisioner.close()


def _locust(url: str, scenario: Path, *, users: int, seconds: int, out: Path) -> int:
    # A process of its own: Locust patches the whole interpreter for gevent as it is imported. The figures
    # begin once everybody is connected: a crowd of handshakes is not what is measured.
    command = [
        sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary", "--host", url,
        "--users", str(users), "--spawn-rate", "50", "--run-time", f"{seconds}s", "--stop-timeout", "3",
        "--reset-stats", "--csv", str(out), "--loglevel", "WARNING",
    ]  # fmt: skip
    locust = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        command, env={**os.environ, VARIABLE: str(scenario)}
    )
    try:
        return locust.wait()
    except BaseException:
        locust.terminate()
        locust.wait()
        raise


def _row(path: Path, name: str) -> dict[str, str] | None:
    with path.open(newline="") as file:
        return next((row for row in csv.DictReader(file) if row["Name"] == name), None)


if __name__ == "__main__":
    sys.exit(main())
