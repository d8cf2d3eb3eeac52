"""Load on a service of its own, in one of several shapes: `python -m loadtests --shape storm`.

Prints latencies and a table of what is promised and what was kept; the exit code is 0 only when all of it was. Writes
samples, calls and seconds as CSV, the verdicts as JSON, and pictures.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from loadtests.bench_sos import machine
from loadtests.bench_storm import TIRELESS
from loadtests.big_crowd import CITY, CITY_WITHIN_M, city_aeds, city_places, with_tokens
from loadtests.crowd import CrowdMember, Provisioner
from loadtests.file_limit import TooFewFilesError, allow_sockets
from loadtests.load_run import Place, play
from loadtests.locust_run import LoadError
from loadtests.loopback import NotLoopbackError, require_loopback
from loadtests.processes import (
    RunningService,
    ServerFailedError,
    data_folder,
    ended_by_signals,
    running_service_in,
)
from loadtests.service_database import database_in, put_on_duty
from loadtests.shapes import MOST_POSITIONS_PER_S, MOST_RESPONDERS, MOST_SECONDS, MOST_SOS_PER_S, SHAPES, Shape, scaled
from loadtests.stampede_run import play_stampede

_BROKEN: Final = 1
_NOT_PLAYED: Final = 2
_INTERRUPTED: Final = 130
_ALL: Final = "all"
_MOST_PROCESSES: Final = 16
_STAMPEDE_AEDS: Final = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a shape; answers the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names = list(SHAPES) if options.shape == _ALL else [options.shape]
    shapes = [_shape(parser, options, name) for name in names]
    try:
        with ended_by_signals():
            if options.url:
                require_loopback(options.url)
            are_kept = [_play(shape, options) for shape in shapes]
            return 0 if all(are_kept) else _BROKEN
    except (ServerFailedError, NotLoopbackError, LoadError, TooFewFilesError, OSError, httpx.HTTPError) as error:
        print(f"load: {error}", file=sys.stderr)
        return _NOT_PLAYED
    except KeyboardInterrupt:
        print("load: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _play(shape: Shape, options: argparse.Namespace) -> bool:
    allow_sockets(shape.responders)
    return _stampede(shape, options) if shape.name == "stampede" else _locust(shape, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = "; ".join(f"{shape.name}: {shape.what}" for shape in SHAPES.values())
    parser.add_argument("--shape", choices=[*SHAPES, _ALL], default="storm", help=f"{names}; all: one after the other")
    parser.add_argument("--processes", type=int, default=1, help="Locust processes that share the users (default 1)")
    parser.add_argument("--responders", type=int, help="other than the shape's")
    parser.add_argument("--seconds", type=float, help="how long the load lasts, other than the shape's")
    parser.add_argument("--quiet-seconds", type=float, help="how long the quiet part before it lasts (default 15)")
    parser.add_argument("--sos-per-s", type=float, help="SOS a second, all callers together")
    parser.add_argument("--positions-per-s", type=float, help="positions a second, all phones together")
    parser.add_argument("--url", help="a service that runs already, on loopback; without it one is started")
    parser.add_argument("--admin-token", default="", help="token of the role admin for --url")
    parser.add_argument("--out", type=Path, default=Path("build/load"), help="folder of CSV and JSON")
    parser.add_argument("--pictures", type=Path, help="folder of the pictures (default: that of --out)")
    return parser


def _shape(parser: argparse.ArgumentParser, options: argparse.Namespace, name: str) -> Shape:
    shape = scaled(
        SHAPES[name],
        responders=options.responders,
        seconds=options.seconds,
        quiet_s=options.quiet_seconds,
        sos_per_s=options.sos_per_s,
        positions_per_s=options.positions_per_s,
    )
    bounds = (
        ("--responders", shape.responders, 1, MOST_RESPONDERS),
        ("--seconds", shape.seconds, 0, MOST_SECONDS),
        ("--quiet-seconds", shape.quiet_s, 1, MOST_SECONDS),
        ("--sos-per-s", shape.sos_per_s, 0, MOST_SOS_PER_S),
        ("--positions-per-s", shape.positions_per_s, 0, MOST_POSITIONS_PER_S),
        ("--processes", options.processes, 1, _MOST_PROCESSES),
    )
    for option, value, least, most in bounds:
        if not least <= value <= most:
            parser.error(f"{option} must be {least} to {most:g}")
    return shape


def _place(options: argparse.Namespace) -> Place:
    return Place(options.out, options.pictures or options.out)


def _told(shape: Shape, options: argparse.Namespace) -> dict[str, Any]:
    return {"machine": machine(), "processes": options.processes, "responders": shape.responders}


def _locust(shape: Shape, options: argparse.Namespace) -> bool:
    with _service(options) as (service, data_dir):
        told = _told(shape, options)
        return play(service, shape, _place(options), processes=options.processes, data_dir=data_dir, told=told)


def _stampede(shape: Shape, options: argparse.Namespace) -> bool:
    place, told = _place(options), _told(shape, options)
    if options.url:
        service = RunningService(options.url, options.admin_token, pid=0)
        members = _made(service, shape.responders)
        return _played(service, members, shape, place, told)
    with data_folder() as data_dir:
        with running_service_in(data_dir) as service, database_in(data_dir) as connection:
            city_aeds(service, _STAMPEDE_AEDS)
            # Thousands of people are written down faster than the contract could take them.
            people = put_on_duty(connection, "city", city_places(shape.responders, seed=1))
        with running_service_in(data_dir, policy_file=_tireless(data_dir)) as service:
            return _played(service, with_tokens(service, people), shape, place, told)


def _played(
    service: RunningService, members: Sequence[CrowdMember], shape: Shape, place: Place, told: dict[str, Any]
) -> bool:
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        operator_token = provisioner.token("operator", "stampede")
    finally:
        provisioner.close()
    return play_stampede([service.url], members, operator_token, place, sos_per_s=shape.sos_per_s, told=told)


def _made(service: RunningService, count: int) -> list[CrowdMember]:
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        members = provisioner.responders(count, within_m=CITY_WITHIN_M, seed=1, centre=CITY)
        provisioner.on_duty(members)
        return members
    finally:
        provisioner.close()


@contextmanager
def _service(options: argparse.Namespace) -> Iterator[tuple[RunningService, Path | None]]:
    if options.url:
        yield RunningService(options.url, options.admin_token, pid=0), None
        return
    with data_folder() as data_dir, running_service_in(data_dir, policy_file=_tireless(data_dir)) as service:
        yield service, data_dir


def _tireless(data_dir: Path) -> Path:
    # A day's alerts come in a minute: by the usual policy people would soon be spared, and the load would fade.
    path = data_dir.with_name("load-policy.json")
    path.write_text(json.dumps(TIRELESS))
    return path


if __name__ == "__main__":
    sys.exit(main())
