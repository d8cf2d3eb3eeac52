"""The guard that keeps load off anything but this machine."""

import ipaddress
import socket
from urllib.parse import urlsplit


class NotLoopbackError(ValueError):
    """An address that is not this machine's own; load is never sent there."""


def require_loopback(url: str) -> str:
    """Answer `url` unchanged, or raise NotLoopbackError when its host is not certainly a loopback address.

    A name other than `localhost` is refused without being looked up: what it means may change between the
    check and the first request.
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return url
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise NotLoopbackError(f"{url!r} does not name a loopback address; load tests stay on this machine") from error
    if not address.is_loopback:
        raise NotLoopbackError(f"{host} is not a loopback address; load tests stay on this machine")
    return url


def free_port() -> int:
    """Answer a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
