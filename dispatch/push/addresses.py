"""Where a push may go: a subscription's endpoint is named by a client, and must not lead into our own network."""

import asyncio
import socket
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

_LONGEST_ENDPOINT = 2048
_LAST_PORT = 65535

# Where networks of IPv6 alone show the addresses of IPv4 (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")

# A name server that hangs holds a thread; the service's other threads must not wait behind it.
_LOOKUPS_AT_ONCE = 16


class BadEndpoint(ValueError):
    """An endpoint that cannot be taken; the message says what it must be."""


class Blocked(Exception):
    """A name that leads nowhere we may go."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A push resource: `url` in its plain spelling, `service` the origin that it belongs to."""

    url: str
    service: str


Networks = Collection[IPv4Network | IPv6Network]


def endpoint_of(text: str, *, allow_private: bool, networks: Networks = ()) -> Endpoint:
    """The endpoint that a client names. Raises `BadEndpoint`.

    HTTPS only. With `allow_private` also addresses of private networks, and plain HTTP on this machine. Addresses of
    `networks` are taken, by plain HTTP too.
    """
    if len(text) > _LONGEST_ENDPOINT:
        raise BadEndpoint(f"must have {_LONGEST_ENDPOINT} characters at the most")
    try:
        url = httpx.URL(text)
        port = url.port
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise BadEndpoint("must be an https address") from error
    if not url.host or url.scheme not in {"http", "https"} or not 0 < (port or 1) <= _LAST_PORT:
        raise BadEndpoint("must be an https address")
    is_named = _is_in(url.host, networks)
    if url.scheme == "http" and not (is_named or (allow_private and _is_this_machine(url.host))):
        raise BadEndpoint("must be an https address, not plain http")
    if url.userinfo or url.fragment:
        raise BadEndpoint("must have no user name and no fragment")
    if not (allow_private or is_named or _may_be_public(url.host)):
        raise BadEndpoint("must be on the internet, not in a private network")
    host = url.raw_host.decode("ascii")
    shown = f"[{host}]" if ":" in host else host
    service = f"{url.scheme}://{shown}" + ("" if port is None else f":{port}")
    return Endpoint(str(url.copy_with(fragment=None)), service)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet's, also where it is wrapped into another one."""
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _is_in(host: str, networks: Networks) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in each for each in networks)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _may_be_public(host: str) -> bool:
    try:
        return is_public(ip_address(host))
    except ValueError:
        # What a name leads to is looked at when it is called: it may lead elsewhere by then.
        return host.rstrip(".") != "localhost" and not host.rstrip(".").endswith(".localhost")


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Looks a name up once, and connects to just the address that was looked at."""

    def __init__(self, *, allow_private: bool, networks: Networks = ()) -> None:
        self._allow_private = allow_private
        self._networks = networks
        self._inner = httpcore.AnyIOBackend()
        self._lookups = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="push-lookup")

    def close(self) -> None:
        """Let go of the threads; a lookup that hangs is left alone."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to an address that we may go to. Raises `Blocked`, `httpcore.ConnectError`."""
        error: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._lookups, look_up)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host}: {error}") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        allowed = [each for each in addresses if self._may_go_to(each.partition("%")[0])]
        if addresses and not allowed:
            raise Blocked(f"{host} leads into a private network")
        return allowed

    def _may_go_to(self, address: str) -> bool:
        return self._allow_private or is_public(ip_address(address)) or _is_in(address, self._networks)
