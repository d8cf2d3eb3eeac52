"""What every HTTP request passes: size, time taken, headers of the answer. Plain ASGI, so sockets pass untouched."""

import time
from collections.abc import Iterable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch.clock import Clock
from dispatch.metrics import HTTP_SECONDS
from dispatch.problems import TooLarge, problem_response
from dispatch.storage.database import only_looking


class BodyLimit:
    """Refuses bodies larger than the service takes, whether they say so beforehand or not.

    `most_for` has the paths that take more, or, after a `*`, what such paths end in.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, most_for: dict[str, int]) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._most_for = most_for
        self._endings = {path[1:]: most for path, most in most_for.items() if path.startswith("*")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_of(scope["path"])
        said = dict(scope["headers"]).get(b"content-length", b"")
        if said.isdigit() and int(said) > most:
            await problem_response(_too_large(most))(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            # Over the limit the application sees its client leave; what it says to that is replaced below.
            return {"type": "http.disconnect"} if taken > most else message

        answered = False

        async def replaced(message: Message) -> None:
            nonlocal answered
            if taken <= most:
                await send(message)
            elif not answered:
                answered = True
                await problem_response(_too_large(most))(scope, receive, send)

        try:
            await self._app(scope, counted, replaced)
        except ClientDisconnect:
            if taken <= most:
                raise
        if taken > most and not answered:
            await problem_response(_too_large(most))(scope, receive, send)

    def _most_of(self, path: str) -> int:
        for ending, most in self._endings.items():
            if path.endswith(ending):
                return most
        return self._most_for.get(path, self._most_bytes)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body may have {most} bytes at the most.")


class Timing:
    """Times every request under its route's pattern."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how long it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # A path that belongs to no route is one label, whatever people try.
            route = getattr(scope.get("route"), "path", "none")
            HTTP_SECONDS.labels(scope["method"], route, str(status)).observe(time.perf_counter() - started)


class Lookers:
    """Marks who only wants to see something: a crowd of them must leave the database to those who act."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        before = only_looking.set(True)
        try:
            await self._app(scope, receive, send)
        finally:
            only_looking.reset(before)


class AnswerHeaders:
    """Adds the same headers to every answer, and `Dispatch-Time`: the service's clock in UTC, to the millisecond.

    `Date` has whole seconds, and the server keeps it for a second or two: a page that goes by it may date what somebody
    saw at a device before the fault that they have seen to.
    """

    def __init__(self, app: ASGIApp, headers: Iterable[tuple[str, str]], clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        docs = scope["path"] in {"/docs", "/redoc"}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and not docs:
                now = self._clock.now().isoformat(timespec="milliseconds").encode()
                message["headers"] = [*message.get("headers", ()), *self._headers, (b"dispatch-time", now)]
            await send(message)

        await self._app(scope, receive, with_headers)
