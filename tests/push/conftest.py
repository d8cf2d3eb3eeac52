"""A push desk over the real database, and somebody to wake."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.by_itself import ended
from dispatch.encoding import to_json_text
from dispatch.problems import install_problem_handlers
from dispatch.push import endpoints, job_queue
from dispatch.push.service import Push, PushSettings
from dispatch.push.vocabulary import WORD_USEFUL_FOR, Kind, Measured, Received, Wake, useful_until_of
from dispatch.storage.database import Database
from tests.conftest import empty_tables
from tests.people import MovableClock, ServiceInProcess, run_in_process
from tests.push.phones import settings_with_a_hook
from tests.push.receiving import Device, Heard, Listener, listening, vapid_claims

SECRET = "a secret for the tests of this run only"
PHONE = "13800000000"

Json = dict[str, Any]


@dataclass
class Waking:
    """A push desk at work, the HTTP door around it, and what it told the rest of the service.

    `wall` is the time that others go by; it is not the service's.
    """

    push: Push
    database: Database
    clock: MovableClock
    wall: MovableClock
    app: FastAPI
    phones: dict[str, str | None] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    tested: list[Measured] = field(default_factory=list)

    async def add_responder(self, responder_id: str, *, language: str = "zh", phone: str | None = None) -> None:
        self.phones[responder_id] = phone
        await self.sql(
            "insert into responders (id, name, phone, certificate_number, certificate_expires_on, mode, language,"
            " created_at) values (:id, :id, :phone, 'ZJ', '2030-01-01', 'walk', :language, now())",
            id=responder_id,
            phone=phone,
            language=language,
        )

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.statement() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def jobs(self) -> list[Any]:
        return await self.sql("select * from push_jobs order by created_at, channel")

    def token(self, role: str, subject: str) -> str:
        issuer = TokenIssuer(SECRET)
        return issuer.issue(Identity(Role(role), subject), issued_at=datetime.now(UTC), lifetime=timedelta(hours=1))

    async def call(
        self, method: str, path: str, *, role: str | None = None, subject: str = "ann", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(role, subject)}"} if role else {}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as client:
            return await client.request(method, path, **more)

    async def subscribe(self, responder_id: str, origin: str, device: Device, path: str = "") -> str:
        endpoint = f"{origin}{path or f'/push/{uuid4().hex}'}"
        answer = await self.call(
            "PUT",
            "/v1/responders/me/push-subscription",
            role="responder",
            subject=responder_id,
            json={"endpoint": endpoint, "expirationTime": None, "keys": device.keys},
        )
        assert answer.status_code == 204, answer.text
        return endpoint

    async def wake(self, wakes: Sequence[Wake]) -> None:
        """Queue these and have the desk look, as whoever decides does."""
        by_hook = self.push.channels.has_hook
        await job_queue.enqueue(self.database, wakes, by_hook=by_hook, at=self.clock.now())
        self.push.desk.poke()

    def alert(self, responder_id: str, **more: Any) -> Wake:
        alert_id, respond_by = str(uuid4()), self.clock.now() + timedelta(seconds=20)
        message = {
            "type": "alert",
            "alert_id": alert_id,
            "incident_id": str(uuid4()),
            "role": "cpr",
            "kind": "cardiac_arrest",
            "drill": False,
            "respond_by": respond_by,
            "distance_m": 350,
            "eta_s": 240,
        }
        return Wake(
            responder_id=responder_id,
            alert_id=alert_id,
            body=to_json_text(message | more),
            useful_until=useful_until_of(respond_by),
        )

    def word(self, kind: Kind, offer: Wake, version: int, **more: Any) -> Wake:
        """Something that is said of an offer later on."""
        said = {"type": kind, "alert_id": offer.alert_id, "incident_id": str(uuid4()), "drill": False, "role": "cpr"}
        said |= {"text": {"zh": "事件已结束，感谢您。", "en": "The incident is over. Thank you."}}
        return Wake(
            responder_id=offer.responder_id,
            alert_id=offer.alert_id,
            kind=kind,
            version=version,
            body=to_json_text(said | more.pop("body", {})),
            useful_until=self.clock.now() + WORD_USEFUL_FOR,
            **more,
        )

    async def opened(self, heard: Heard, device: Device, origin: str) -> Json:
        """What the device reads, after the push service has checked who sends."""
        claims = vapid_claims(heard.headers["authorization"], self.push.public_key)
        assert claims["aud"] == origin
        assert claims["sub"] == "mailto:duty@example.org"
        left_s = claims["exp"] - self.clock.now().timestamp()
        assert 0 < left_s <= 24 * 3600
        assert heard.headers["content-encoding"] == "aes128gcm"
        read: Json = json.loads(device.decrypt(heard.body))
        return read

    async def pass_time(self, **by: float) -> None:
        """Move the clock, and have the desk look."""
        self.clock.move(**by)
        self.push.desk.poke()


async def heard_by(listener: Listener, within_s: float = 10) -> Heard:
    """The next request of a listener."""
    return await asyncio.to_thread(listener.next, within_s)


async def states_are(waking: Waking, states: list[str]) -> bool:
    return [job.state for job in await waking.jobs()] == states


async def attempts_are(waking: Waking, attempts: int) -> bool:
    return [(job.attempts, job.taken_by) for job in await waking.jobs()] == [(attempts, None)]


async def has_error(waking: Waking, words: str) -> bool:
    return any(words in (job.last_error or "") for job in await waking.jobs())


async def count_is(waking: Waking, table: str, count: int) -> bool:
    ((found,),) = await waking.sql(f"select count(*) from {table}")  # noqa: S608 - a test's own word
    return bool(found == count)


async def holds(value: object) -> bool:
    return bool(value)


OpenDesk = Callable[..., contextlib.AbstractAsyncContextManager[Waking]]


@pytest.fixture
def open_desk(database: Database, clock: MovableClock, tmp_path: Path) -> OpenDesk:
    """Opens a desk of its own; several share the database and the key."""

    @contextlib.asynccontextmanager
    async def open_one(**more: Any) -> AsyncIterator[Waking]:
        tls = more.pop("tls", None)
        phones: dict[str, str | None] = {}
        given: Json = {"data_dir": tmp_path, "secret": SECRET, "vapid_subject": "mailto:duty@example.org"}
        settings = PushSettings(**given | {"allow_private": True} | more)
        own = Database(database.url)
        # Set wrong by hours: whoever takes the wrong one of the two is found out.
        wall = MovableClock(clock.now() + timedelta(hours=5))
        push = Push(
            settings,
            own,
            clock,
            phone_of=phones.get,
            name_of=lambda each: f"救护员 {each}",
            tls=tls,
            wall_clock=wall,
        )
        app = FastAPI()
        install_problem_handlers(app)
        app.include_router(endpoints.router)
        app.state.push, app.state.tokens, app.state.clock = push, TokenIssuer(SECRET), clock
        waking = Waking(push, own, clock, wall, app, phones)

        async def note(received: Received) -> None:
            waking.received.append(received)

        push.arrivals.on_received = note
        push.arrivals.on_tested = waking.tested.append
        await push.load()
        running = [asyncio.create_task(each()) for each in push.works]
        try:
            yield waking
        finally:
            await push.drain()
            await ended(running)
            await push.close()
            await own.close()

    return open_one


@pytest.fixture
async def waking(open_desk: OpenDesk) -> AsyncIterator[Waking]:
    """A desk without a hook, with one first-aider."""
    async with open_desk() as desk:
        await desk.add_responder("r1")
        yield desk


@pytest.fixture
def push_service() -> Iterator[Listener]:
    """A push service on loopback."""
    with listening() as listener:
        yield listener


@pytest.fixture
def gateway() -> Iterator[Listener]:
    """A gateway that the hook calls."""
    with listening() as listener:
        listener.default.status = 200
        yield listener


@pytest.fixture
async def service(
    postgis_url: str, clock: MovableClock, tmp_path: Path, gateway: Listener
) -> AsyncIterator[ServiceInProcess]:
    """The whole service with a hook, which takes push services on loopback."""
    empty_tables(postgis_url)
    async with run_in_process(settings_with_a_hook(tmp_path, gateway), postgis_url, clock) as running:
        yield running
