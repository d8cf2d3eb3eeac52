"""People and services for tests: a clock to move, a service to run, clients that speak the socket's protocol."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import uvicorn
import websockets
from pydantic import SecretStr

from dispatch.access.tokens import Identity, Role, TokenIssuer, secret_of
from dispatch.app import create_app
from dispatch.realtime.stream_protocol import StreamProtocol
from dispatch.rescue.policy import Policy
from dispatch.service import Service
from dispatch.settings import Settings
from geo.place import Place

# Noon in Hangzhou on a Wednesday: shops are open, it is day.
NOON = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
WULIN = Place(30.2741, 120.1551)

Message = dict[str, Any]


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        """What time it is for the service."""
        return self._now

    def from_wall(self, at: datetime) -> datetime:
        """Phones go by the same clock."""
        return at

    def move(self, **by: float) -> None:
        """Let time pass: `move(seconds=20)`."""
        self._now += timedelta(**by)


@dataclass
class LiveService:
    """A running service as others see it: an address, and tokens for it."""

    url: str
    data_dir: Path
    pid: int = 0
    admin: httpx.Client = field(init=False)

    @property
    def tokens(self) -> TokenIssuer:
        """Makes tokens with the secret in the data folder."""
        return TokenIssuer(secret_of(self.data_dir))

    def token(self, role: str, subject: str, *, minutes: float = 60) -> str:
        """A token as `dispatch token` makes them."""
        identity = Identity(Role(role), subject)
        return self.tokens.issue(identity, issued_at=datetime.now(UTC), lifetime=timedelta(minutes=minutes))

    def client(self, role: str | None = None, subject: str = "tests") -> httpx.Client:
        """An HTTP client with a token of that role, or none."""
        headers = {"Authorization": f"Bearer {self.token(role, subject)}"} if role else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)


@dataclass
class ServiceInProcess:
    """The service in this process on a loopback port."""

    url: str
    service: Service
    clock: MovableClock

    def token(self, role: str, subject: str) -> str:
        """A token that never runs out before the test does; tokens go by the real time."""
        identity = Identity(Role(role), subject)
        return self.service.tokens.issue(identity, issued_at=datetime.now(UTC), lifetime=timedelta(hours=1))

    def client(self, role: str | None = None, subject: str = "tests") -> httpx.AsyncClient:
        """An HTTP client with a token of that role, or none."""
        headers = {"Authorization": f"Bearer {self.token(role, subject)}"} if role else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)

    async def call(
        self, method: str, path: str, *, role: str | None = None, subject: str = "tests", **more: Any
    ) -> Any:
        """One call; the JSON of its answer, which must be a success."""
        async with self.client(role, subject) as client:
            answer = await client.request(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def refused(
        self, method: str, path: str, status: int, *, role: str | None = None, subject: str = "tests", **more: Any
    ) -> Message:
        """One call that must be refused with that status; the problem (RFC 9457) that it is answered with."""
        async with self.client(role, subject) as client:
            return problem_of(await client.request(method, path, **more), status)

    async def incident(self, incident_id: str) -> Message:
        """An incident as the operator sees it."""
        seen: Message = await self.call("GET", f"/v1/incidents/{incident_id}", role="operator")
        return seen

    async def alert_states(self, incident_id: str) -> dict[str, str]:
        """The state of each responder's last alert in an incident."""
        return {each["responder_id"]: each["state"] for each in (await self.incident(incident_id))["alerts"]}

    async def timeline_kinds(self, incident_id: str) -> list[str]:
        """What has happened in an incident, in order."""
        return [line["kind"] for line in (await self.incident(incident_id))["timeline"]]

    async def sos(self, place: Place = WULIN, **more: Any) -> Message:
        """Tap SOS."""
        body = {"request_id": str(uuid4()), "location": {"latitude": place.latitude, "longitude": place.longitude}}
        answer: Message = await self.call("POST", "/v1/sos", json=body | more)
        return answer

    async def add_responder(self, responder_id: str, *, expires_on: str = "2027-12-31", mode: str = "walk") -> None:
        """Take in a first-aider."""
        await self.call(
            "POST",
            "/v1/responders",
            role="admin",
            json={
                "id": responder_id,
                "name": f"救护员 {responder_id}",
                "phone": "13800000000",
                "certificate": {"number": f"ZJ-{responder_id}", "expires_on": expires_on},
                "mode": mode,
            },
        )

    async def add_aed(self, place: Place, **more: Any) -> str:
        """Register an AED that is always open."""
        body = {
            "name": "社区服务中心",
            "location": {"latitude": place.latitude, "longitude": place.longitude},
            "access": "public",
            "opening_hours": "24/7",
        }
        aed: Message = await self.call("POST", "/v1/aeds", role="admin", json=body | more)
        return str(aed["id"])

    @contextlib.asynccontextmanager
    async def on_duty(self, responder_id: str, place: Place, *, mode: str = "walk") -> AsyncIterator["SocketClient"]:
        """A first-aider, taken in, connected, on duty and at `place`."""
        await self.add_responder(responder_id, mode=mode)
        async with self.socket("responder", responder_id) as client:
            await client.say(type="duty", on_duty=True)
            await client.say(type="position", latitude=place.latitude, longitude=place.longitude, accuracy_m=10)
            await client.settled()
            yield client

    def socket(
        self, role: str, subject: str, *, resume: Message | None = None, acknowledges: bool = True
    ) -> "SocketClient":
        """A socket client with a token of that role."""
        return SocketClient(self.url, self.token(role, subject), resume=resume, acknowledges=acknowledges)

    async def time_passes(self, **by: float) -> None:
        """Move the clock and let everything that is due by then happen."""
        self.clock.move(**by)
        await self.service.due_times.act()
        await self.service.engine.feed.flush()


class SocketClient:
    """Speaks the protocol over a real socket, acknowledges, and keeps everything it was told."""

    def __init__(self, url: str, token: str, *, resume: Message | None = None, acknowledges: bool = True) -> None:
        self._url = url.replace("http", "ws", 1) + "/v1/stream"
        self._hello: Message = {"type": "hello", "token": token}
        if resume is not None:
            self._hello["resume"] = resume
        self.acknowledges = acknowledges
        self.welcome: Message = {}
        self.heard: list[Message] = []
        self.close_code: int | None = None
        self._unread: list[Message] = []
        self._news = asyncio.Condition()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._socket = await self._stack.enter_async_context(websockets.connect(self._url))
        await self._socket.send(json.dumps(self._hello))
        self._reader = asyncio.create_task(self._read())
        try:
            self.welcome = await self.next("welcome")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._stack.aclose()

    @property
    def last_seq(self) -> int:
        """The highest number heard, or what the welcome named when nothing was."""
        return max((message["seq"] for message in self.heard if "seq" in message), default=0)

    @property
    def resume_point(self) -> Message:
        """From where to go on after a break."""
        return {"epoch": self.welcome["epoch"], "seq": self.last_seq}

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self._socket.send(json.dumps(message))

    async def say_raw(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        await self._socket.send(frame)

    async def settled(self) -> None:
        """Everything said so far has been dealt with: messages of one session are taken in order."""
        await self.say(type="ping")
        await self.next("pong")

    async def next(
        self, kind: str, *, within_s: float = 10, where: Callable[[Message], bool] = lambda _: True
    ) -> Message:
        """The next unread message of that kind (others stay unread)."""

        def found() -> Message | None:
            return next((each for each in self._unread if each["type"] == kind and where(each)), None)

        async with self._news:
            try:
                async with asyncio.timeout(within_s):
                    while (message := found()) is None:
                        if self.close_code is not None:
                            raise AssertionError(f"closed with {self.close_code} while waiting for {kind!r}")
                        await self._news.wait()
            except TimeoutError:
                kinds = [each["type"] for each in self._unread]
                raise AssertionError(f"no {kind!r} within {within_s} s; unread are {kinds}") from None
            self._unread.remove(message)
            return message

    async def closed(self, within_s: float = 10) -> int:
        """The code with which the service closes the socket."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    def all(self, kind: str) -> list[Message]:
        """Everything heard of that kind."""
        return [message for message in self.heard if message["type"] == kind]

    async def answer(self, alert: Message, answer: str) -> None:
        """Accept or decline."""
        await self.say(type="answer", alert_id=alert["alert_id"], answer=answer)

    async def progress(self, alert: Message, stage: str) -> None:
        """Say how far."""
        await self.say(type="progress", alert_id=alert["alert_id"], stage=stage)

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                message = json.loads(frame)
                async with self._news:
                    self.heard.append(message)
                    self._unread.append(message)
                    self._news.notify_all()
                if self.acknowledges and "seq" in message and message["type"] != "welcome":
                    await self.say(type="ack", seq=message["seq"])
        except websockets.ConnectionClosed:
            pass
        finally:
            async with self._news:
                self.close_code = self._socket.close_code or 1006
                self._news.notify_all()


async def until(is_so: Callable[[], Awaitable[object]], *, within_s: float = 10) -> None:
    """Ask again and again until it is so. Raises `TimeoutError` when it is not within that time."""
    async with asyncio.timeout(within_s):
        while not await is_so():  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.02)


def problem_of(answer: httpx.Response, status: int) -> Message:
    """The problem (RFC 9457) of an answer that must be a refusal with that status."""
    assert answer.status_code == status, f"{answer.request.url}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Message = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "status", "detail", "code", "errors"} == problem.keys()
    return problem


def settings_for_tests(data_dir: Path, **more: Any) -> Settings:
    """Settings of a service under test, with a secret of its own."""
    return Settings(data_dir=data_dir, secret=SecretStr("a secret for the tests of this run only"), **more)


@contextlib.asynccontextmanager
async def run_in_process(
    settings: Settings, database_url: str, clock: MovableClock, policy: Policy | None = None
) -> AsyncIterator[ServiceInProcess]:
    """The service in this process's loop, on a free loopback port."""
    app = create_app(settings, database_url, clock=clock, policy=policy)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            # As `dispatch serve` has them.
            ws=StreamProtocol,
            ws_max_size=64 * 1024,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(_served(server))
    async with asyncio.timeout(20):
        while not server.started:
            if serving.done():
                serving.result()
                raise RuntimeError("the service did not start")
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield ServiceInProcess(f"http://127.0.0.1:{port}", app.state.service, clock)
    finally:
        app.state.service.hub.close_all()
        server.should_exit = True
        await serving


async def _served(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit as exited:
        # Left alone, it would end the whole test run without a word of what went wrong.
        raise RuntimeError("the service did not start; its log says why") from exited


def beside(place: Place, *, north_m: float = 0.0, east_m: float = 0.0) -> Place:
    """A place so many metres away; good enough within a city."""
    return Place(place.latitude + north_m / 111_195, place.longitude + east_m / (111_195 * 0.8637))
