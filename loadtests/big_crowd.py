"""A city of responders for a bench: their places, their tokens, and the process that plays their phones."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from random import Random
from typing import Any, Final, cast
from urllib.parse import urlsplit

from geo.place import Place
from loadtests.crowd import CENTRE, CrowdMember, Provisioner, around
from loadtests.processes import RunningService
from simulator.movement import offset

# Far enough from everything that other parts of a bench measure.
CITY: Final = offset(CENTRE, north_m=-90_000.0, east_m=0.0)
CITY_WITHIN_M: Final = 6_000.0
# Not that of any site: AEDs are known by it.
_SEED: Final = 100_000
_HANG_UP_WITHIN_S: Final = 20.0


def city_places(count: int, *, seed: int) -> Iterator[Place]:
    """Answer `count` random places of the city."""
    rng = Random(f"big crowd {seed}")
    return (around(CITY, CITY_WITHIN_M, rng) for _ in range(count))


def city_aeds(service: RunningService, count: int) -> None:
    """Make `count` AEDs in the city."""
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        provisioner.aeds(count, within_m=CITY_WITHIN_M, seed=_SEED, centre=CITY)
    finally:
        provisioner.close()


def with_tokens(service: RunningService, people: Sequence[tuple[str, Place]]) -> list[CrowdMember]:
    """Have a token made for each of these responders."""
    parts = urlsplit(service.url)
    line = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    headers = {"Authorization": f"Bearer {service.admin_token}", "Content-Type": "application/json"}
    members = []
    try:
        for responder_id, place in people:
            asked = {"role": "responder", "subject": responder_id, "minutes": 600}
            line.request("POST", "/v1/tokens", json.dumps(asked), headers)
            answer = line.getresponse()
            told = json.loads(answer.read())
            if answer.status != 201:  # noqa: PLR2004 - created
                raise ConnectionError(f"no token for {responder_id}: {told}")
            members.append(CrowdMember(responder_id, str(told["token"]), place))
    finally:
        line.close()
    return members


class BigCrowd:
    """Connected phones in a process of their own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def move(self, per_s: float) -> dict[str, Any]:
        """From now on so many positions a second; answers what has been sent so far and how late a burst was."""
        return self._ordered(f"positions {per_s}")

    def rest(self) -> dict[str, Any]:
        """No positions from now on."""
        return self._ordered("quiet")

    def _ordered(self, order: str) -> dict[str, Any]:
        _tell(self._process, f"{order}\n")
        return cast("dict[str, Any]", json.loads(_heard(self._process)))


@contextmanager
def connected(service: RunningService, members: Sequence[CrowdMember]) -> Iterator[BigCrowd]:
    """Have all of `members` connected while the block runs. Raises ConnectionError when they cannot be."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-m", "loadtests.crowd_process", "--url", service.url, "--members", str(len(members))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for member in members:
            place = {"latitude": member.place.latitude, "longitude": member.place.longitude}
            _tell(process, json.dumps({"id": member.id, "token": member.token, **place}) + "\n", flush=False)
        _tell(process, "")
        if _heard(process).strip() != "connected":
            raise ConnectionError("the crowd could not be connected")
        yield BigCrowd(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_HANG_UP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tell(process: "subprocess.Popen[str]", line: str, *, flush: bool = True) -> None:
    if process.stdin is None:
        raise ConnectionError("the crowd hears nothing")
    process.stdin.write(line)
    if flush:
        process.stdin.flush()


def _heard(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    if not line:
        raise ConnectionError("the crowd's process has ended; what it said is above")
    return line
