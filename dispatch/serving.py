"""Runs the service: settings in, a listening socket out, everything ended in order."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dispatch.admission import Admission
from dispatch.app import create_app
from dispatch.logs import configure_logs
from dispatch.push.vapid import NoVapidKey
from dispatch.push.webhook import BadHook
from dispatch.realtime.stream_protocol import StreamProtocol
from dispatch.settings import Settings
from dispatch.siblings import Siblings, doors_for
from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.migrate import migrate
from dispatch.supervising import supervise
from dispatch.tidying import set_collector

# Long enough for a close frame to leave, short enough for a restart.
_GRACE_S = 3
_MAX_FRAME_BYTES = 64 * 1024


class CannotServe(Exception):
    """The service cannot start; the message says why and what to do."""


class Companion:
    """What is told when the service listens and before it stops."""

    def begin(self) -> None:
        """The service listens."""

    def end(self) -> None:
        """The service is about to stop, and still answers."""


class _Server(uvicorn.Server):
    """A server that sends its sockets away with a come-back before it closes them."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, listening: socket.socket, companion: "Companion") -> None:
        super().__init__(config)
        self._app = app
        self._companion = companion
        self._admission = Admission(listening, self._protocol)

    def _protocol(self) -> asyncio.Protocol:
        return HttpToolsProtocol(self.config, self.server_state, self.lifespan.state)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Everything that is read now stays: to look through it again and again doubles what a start takes.
        gc.disable()
        try:
            await super().startup(sockets)
        finally:
            gc.enable()
        if self.started:
            self._admission.open()
            set_collector()
            self._companion.begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Still serving: what lives on the service may say goodbye first.
        await asyncio.to_thread(self._companion.end)
        await self._admission.close()
        self._app.state.service.hub.close_all()
        await super().shutdown(sockets)


@contextlib.contextmanager
def database_for(settings: Settings) -> Iterator[str]:
    """The URL of a migrated database: the configured one, or the private one, attached to or run for this block."""
    if settings.database_url is not None:
        # A list is taken in over a session of its own.
        url = settings.database_direct_url or settings.database_url
        migrate(url)
        yield url
        return
    cluster = PrivateCluster(settings.data_dir)
    url, owned = cluster.attach_or_start()
    try:
        migrate(url)
        yield url
    finally:
        if owned:
            cluster.stop()


# Some sixty alerts.
_SEND_BUFFER_BYTES = 64 * 1024


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens where the settings say. Raises `CannotServe` when that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # What the system holds for one slow reader: left to itself it takes megabytes before anybody notices.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        other = "--port" if error.errno == errno.EADDRINUSE else "--host"
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}; choose another with {other}") from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address of a listening socket, for people and programs on this machine."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def serve(settings: Settings, listening: socket.socket, companion: Companion) -> None:
    """Serve in this process until told to stop by SIGINT or SIGTERM.

    Raises `CannotServe` and what the private database raises.
    """
    with _database_to_serve(settings) as (url, cluster):
        # It is for whoever runs the database to start it again when it dies.
        _serve_here(settings, url, listening, companion, revive=cluster.start if cluster else None)


def serve_supervised(settings: Settings, listening: socket.socket, companion: Companion) -> None:
    """Serve from a worker process, another one whenever it dies, until told to stop. Raises as `serve` does."""
    with _database_to_serve(settings) as (url, cluster), doors_for(settings.workers) as doors:

        def work(number: int) -> None:
            # One of them says that the service listens; the port is the same for all.
            said = companion if number == 0 else Companion()
            siblings = Siblings(doors, number) if settings.workers > 1 else None
            _serve_here(settings, url, listening, said, revive=None, siblings=siblings)

        def keep_database() -> None:
            if cluster is not None and cluster.has_died():
                cluster.start()

        works = [partial(work, number) for number in range(settings.workers)]
        supervise(*works, meanwhile=keep_database, refusal=CannotServe)


@contextlib.contextmanager
def _database_to_serve(settings: Settings) -> Iterator[tuple[str, PrivateCluster | None]]:
    """The migrated database to serve from, and its cluster where it is our own, which is stopped at the end."""
    if settings.workers > 1 and settings.redis_url is None:
        raise CannotServe("several workers tell each other what is live through Redis: set DISPATCH_REDIS_URL")
    configure_logs(settings)
    # The server raises its signal anew when it has stopped: that must not end the process before the database has.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _leave)
    # One process owns its data folder; the command line's own uses attach to what runs there.
    cluster = PrivateCluster(settings.data_dir) if settings.database_url is None else None
    try:
        url = settings.database_url if cluster is None else cluster.start()
        if url is None:
            raise CannotServe("there is no database")
        migrate(url if settings.database_direct_url is None or cluster is not None else settings.database_direct_url)
        yield url, cluster
    finally:
        if cluster is not None:
            cluster.stop()


def _serve_here(
    settings: Settings,
    url: str,
    listening: socket.socket,
    companion: Companion,
    *,
    revive: Callable[[], object] | None,
    siblings: Siblings | None = None,
) -> None:
    try:
        app = create_app(settings, url)
    except (BadHook, NoVapidKey) as error:
        raise CannotServe(str(error)) from error
    app.state.service.upkeep.revive = revive
    app.state.siblings = siblings
    server = _Server(_config(app, settings), app, listening, companion)
    # A closed terminal stops the service as SIGTERM does, unless it was started to outlive it (nohup).
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, server.handle_exit)
    server.run(sockets=[siblings.door()] if siblings else [])
    if not server.started:
        raise CannotServe("the service did not start; the log above says why")


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=HttpToolsProtocol,
        ws=StreamProtocol,
        ws_max_size=_MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        # The service's own heartbeats notice who is gone; these notice a network that swallows packets.
        ws_ping_interval=20.0,
        ws_ping_timeout=30.0,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        timeout_graceful_shutdown=_GRACE_S,
    )


class Announcement(Companion):
    """Says where the service listens, on the terminal."""

    def __init__(self, address: str) -> None:
        self._address = address

    def begin(self) -> None:
        """One line that programs may wait for."""
        sys.stdout.write(f"listening on {self._address}\n")
        sys.stdout.flush()
