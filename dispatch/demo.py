"""`dispatch demo`: the service with a city that lives in it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from socket import socket

from dispatch.access.tokens import Identity, Role, TokenIssuer, secret_of
from dispatch.serving import CannotServe, Companion, address_of, bound_socket, serve
from dispatch.settings import Settings

_TOKEN_LIFETIME = timedelta(days=7)
_STOP_WITHIN_S = 10

# The first-aider whom the visitor plays, on the responder page.
VISITOR = "visitor"

# The custodian whom they play, on the custodian page; `simulator.custody` gives them devices.
KEEPER = "keeper"

# Ten times as fast as life: a rescue takes a minute, so that a visitor sees one to its end.
_CITY = ("--speed", "10", "--sos-every-s", "25", "--visitor", VISITOR)


class _City(Companion):
    """The simulated city, a process of its own that uses the service as anybody would."""

    def __init__(self, address: str, tokens: TokenIssuer, options: Sequence[str]) -> None:
        self._address = address
        self._tokens = tokens
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Say where to look, and let people live."""
        _say_where(self._address, self._tokens)
        admin = _token(self._tokens, Role.ADMIN, "demo")
        command = [sys.executable, "-m", "simulator", "city", "--url", self._address, *_CITY, *self._options]
        self._process = subprocess.Popen(  # noqa: S603 - our own program with our own words
            command, stdin=subprocess.DEVNULL, env={**os.environ, "DISPATCH_ADMIN_TOKEN": admin}
        )

    def end(self) -> None:
        """End the city and wait until it is gone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run_demo(settings: Settings, city_options: Sequence[str]) -> None:
    """Serve, start the city as a process of its own, print where to look. Ends both together."""
    listening = _socket_near(settings)
    tokens = TokenIssuer(settings.secret.get_secret_value() if settings.secret else secret_of(settings.data_dir))
    city = _City(address_of(listening), tokens, city_options)
    try:
        serve(settings, listening, city)
    finally:
        city.end()


def _socket_near(settings: Settings) -> socket:
    """The configured port, or the next free one when somebody else has it: a demo should just run."""
    for port in range(settings.port, settings.port + 20):
        try:
            return bound_socket(settings.host, port)
        except CannotServe:
            if port == 0:
                raise
    raise CannotServe(f"ports {settings.port} to {settings.port + 19} are all taken; choose another with --port")


def _token(tokens: TokenIssuer, role: Role, subject: str) -> str:
    return tokens.issue(Identity(role, subject), issued_at=datetime.now(UTC), lifetime=_TOKEN_LIFETIME)


def _say_where(address: str, tokens: TokenIssuer) -> None:
    lines = (
        "",
        f"  caller      {address}/",
        f"  responder   {address}/responder#token={_token(tokens, Role.RESPONDER, VISITOR)}",
        f"  console     {address}/console#token={_token(tokens, Role.OPERATOR, 'demo')}",
        f"  AED map     {address}/map",
        f"  custodian   {address}/custodian#token={_token(tokens, Role.CUSTODIAN, KEEPER)}",
        f"  office      {address}/office#token={_token(tokens, Role.ADMIN, 'demo')}",
        f"  API         {address}/docs",
        "",
        "  Ctrl-C ends it. Everything in it is practice.",
        "",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
