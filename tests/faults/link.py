"""A network namespace with a machine's worth of cables into it, each of which can be cut: how a worker stands apart.

Needs root, iproute2 and a kernel that lets us; `why_not` says what is missing. Addresses are from the network that is
kept for trials (198.18.0.0/15, RFC 2544), one pair for each cable; nothing leads out of this machine.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

_TRIALS: Final = IPv4Address("198.18.0.0")
_PAIRS: Final = 2**15
_PREFIX: Final = "faults-"
CABLES: Final = ("clients", "redis", "database")


class Link:
    """A namespace of this process, and a cable into it for the clients, for Redis and for PostgreSQL."""

    def __init__(self) -> None:
        self.namespace = f"{_PREFIX}{os.getpid()}"

    @property
    def inside(self) -> list[str]:
        """What a command has to begin with to run in there."""
        return [_ip(), "netns", "exec", self.namespace]

    def outer(self, cable: str) -> str:
        """The address of a cable's end on this side."""
        return str(self._pair(cable) + 1)

    def inner(self, cable: str) -> str:
        """The address of its end in the namespace."""
        return str(self._pair(cable) + 2)

    def make(self) -> None:
        """Make it. Raises `CalledProcessError` where that may not be."""
        _clear_left_over()
        _run("netns", "add", self.namespace)
        _run("-n", self.namespace, "link", "set", "lo", "up")
        for cable in CABLES:
            here, there = self._names(cable)
            _run("link", "add", here, "type", "veth", "peer", "name", there, "netns", self.namespace)
            _run("addr", "add", f"{self.outer(cable)}/30", "dev", here)
            _run("-n", self.namespace, "addr", "add", f"{self.inner(cable)}/30", "dev", there)
            _run("link", "set", here, "up")
            _run("-n", self.namespace, "link", "set", there, "up")

    def cut(self, *cables: str) -> None:
        """Cut cables: nothing comes through, and nobody is told so."""
        for cable in cables:
            _run("link", "set", self._names(cable)[0], "down")

    def mend(self, *cables: str) -> None:
        """Have them whole again."""
        for cable in cables:
            _run("link", "set", self._names(cable)[0], "up")

    def remove(self) -> None:
        """Take all of it away; its cables go with it."""
        _remove(self.namespace, [self._names(cable)[0] for cable in CABLES])

    def _pair(self, cable: str) -> IPv4Address:
        return _TRIALS + 4 * ((os.getpid() * len(CABLES) + CABLES.index(cable)) % _PAIRS)

    def _names(self, cable: str) -> tuple[str, str]:
        # The kernel allows fifteen characters.
        return f"flt{os.getpid()}{cable[0]}h", f"flt{os.getpid()}{cable[0]}n"


@contextlib.contextmanager
def standing_apart() -> Iterator[Link]:
    """A link that is gone when the block is left, however."""
    link = Link()
    try:
        link.make()
        yield link
    finally:
        link.remove()


@cache
def why_not() -> str | None:
    """Why there can be no namespace here; None where there can."""
    if shutil.which("ip") is None:
        return "no `ip` (iproute2)"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        with standing_apart():
            return None
    except subprocess.CalledProcessError as error:
        return f"no network namespace can be made: {error.stderr.decode(errors='replace').strip()}"


def _clear_left_over() -> None:
    """What a process that was killed amid its tests has left."""
    for line in _run("netns", "list").splitlines():
        name = line.split()[0]
        owner = name.removeprefix(_PREFIX)
        if name.startswith(_PREFIX) and owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            _remove(name, [])


def _remove(namespace: str, cables: list[str]) -> None:
    # A namespace lives on while a process is in it; its cables are taken away by themselves.
    for each in cables:
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("link", "del", each)
    with contextlib.suppress(subprocess.CalledProcessError):
        _run("netns", "del", namespace)


def _ip() -> str:
    program = shutil.which("ip")
    assert program is not None, "no `ip`: see `why_not`"
    return program


def _run(*words: str) -> str:
    ran = subprocess.run([_ip(), *words], check=True, capture_output=True, timeout=10)
    return ran.stdout.decode()
