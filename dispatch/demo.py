"""`dispatch demo`: the service with a city that lives in it."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from socket import socket

from dispatch.access.tokens import Identity, Role, TokenIssuer, secret_of
from dispatch.serving import CannotServe, address_of, bound_socket, serve
from dispatch.settings import Settings

_TOKEN_LIFETIME = timedelta(days=7)
_STOP_WITHIN_S = 5

# A first-aider of the simulated city whose phone a visitor may look over the shoulder of... is nobody's but the
# visitor's own: this one is theirs.
VISITOR = "visitor"


def run_demo(settings: Settings, city_options: Sequence[str]) -> None:
    """Serve, start the city as a process of its own, print where to look. Ends both together."""
    listening = _socket_near(settings)
    address = address_of(listening)
    tokens = TokenIssuer(settings.secret.get_secret_value() if settings.secret else secret_of(settings.data_dir))
    city: list[subprocess.Popen[bytes]] = []

    def start_city() -> None:
        _say_where(address, tokens)
        admin = _token(tokens, Role.ADMIN, "demo")
        city.append(
            subprocess.Popen(  # noqa: S603 - our own program with our own words
                [
                    *(sys.executable, "-m", "simulator", "city", "--url", address, "--admin-token", admin),
                    *("--visitor", VISITOR, *city_options),
                ],
                stdin=subprocess.DEVNULL,
            )
        )

    try:
        serve(settings, listening, on_listening=start_city)
    finally:
        for process in city:
            process.terminate()
            try:
                process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


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
        f"  API         {address}/docs",
        "",
        "  Ctrl-C ends it. Everything in it is practice.",
        "",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
