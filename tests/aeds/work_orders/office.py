"""Everything behind the registry that the office sees, over a real PostGIS: owners, custodians, orders, figures."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Row, text

from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.aeds.custodians import endpoints as custodian_endpoints
from dispatch.aeds.custodians.myself import Myself
from dispatch.aeds.custodians.service import Custodians
from dispatch.aeds.custodians.turning import AbsenceTurns
from dispatch.aeds.due.looking import DueLooks
from dispatch.aeds.figures import endpoints as figure_endpoints
from dispatch.aeds.figures.service import Figures
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.owners import endpoints as owner_endpoints
from dispatch.aeds.owners.service import Owners
from dispatch.aeds.record import Access, Aed
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.settling import Judging, Settlement, Settling
from dispatch.aeds.work_orders import endpoints as order_endpoints
from dispatch.aeds.work_orders.assigning import Assigner
from dispatch.aeds.work_orders.service import WorkOrders
from dispatch.aeds.work_orders.telling import Telling
from dispatch.problems import install_problem_handlers
from dispatch.storage.database import Database
from geo.place import Place
from tests.people import WULIN, MovableClock

Json = dict[str, Any]

SHANGHAI = ZoneInfo("Asia/Shanghai")
_SECRET = "a secret of more than thirty-two characters"


@dataclass
class Office:
    """The parts of one process, and what its telling put into the queue of pushes."""

    database: Database
    clock: MovableClock
    has_hook: bool = True
    queued: int = 0
    settlements: list[Settlement] = field(default_factory=list)
    owners: Owners = field(init=False)
    custodians: Custodians = field(init=False)

    def __post_init__(self) -> None:
        self.owners = Owners(self.database, self.clock)
        self.custodians = Custodians(self.database, self.clock, SHANGHAI)
        tree, register = self.owners.tree, self.custodians.register
        assigner = Assigner(tree, register)
        self.settling = Settling(Judging(policy_of=tree.policy_of, assignment_of=assigner.of_aed))
        self.due = DueLooks(self.database, self.clock, self.settling, self.settlements.append)
        self.orders = WorkOrders(self.database, self.clock, tree, register)
        self.turns = AbsenceTurns(self.database, self.clock, self.custodians)
        self.figures = Figures(self.database, self.clock, tree, SHANGHAI)
        self.telling = Telling(
            self.database,
            self.clock,
            tree,
            register,
            SHANGHAI,
            has_hook=self.has_hook,
            on_queued=self._note_queued,
        )
        self.app = FastAPI()
        install_problem_handlers(self.app)
        for router in (
            owner_endpoints.router,
            custodian_endpoints.router,
            order_endpoints.router,
            figure_endpoints.router,
        ):
            self.app.include_router(router)
        state = self.app.state
        state.tokens, state.clock = TokenIssuer(_SECRET), self.clock
        state.owners, state.custodians, state.work_orders = self.owners, self.custodians, self.orders
        state.figures = self.figures
        state.custodian_pages = Myself(
            self.database, self.clock, self.custodians, self.orders, lambda _subject, _now: []
        )

    def _note_queued(self) -> None:
        self.queued += 1

    async def ask(
        self, method: str, path: str, *, role: str | None = "admin", subject: str = "office", **more: Any
    ) -> httpx.Response:
        """One call over HTTP, as that role."""
        headers = {}
        if role is not None:
            identity = Identity(Role(role), subject)
            token = self.app.state.tokens.issue(identity, issued_at=datetime.now(UTC), lifetime=timedelta(hours=1))
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://office", headers=headers) as client:
            return await client.request(method, path, **more)

    async def call(self, method: str, path: str, **more: Any) -> Any:
        """One call that succeeds; the JSON of its answer."""
        answer = await self.ask(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, status: int, **more: Any) -> Json:
        """One call that is refused with that status; the problem, with the fields at fault under `fields`."""
        answer = await self.ask(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        problem: Json = answer.json()
        return problem | {"fields": [each["field"] for each in problem["errors"]]}

    async def owner(self, level: str, name: str, parent: Json | None = None, **more: Any) -> Json:
        """Enter an owner."""
        body = {"level": level, "name": name, "parent_id": parent["id"] if parent else None} | more
        entered: Json = await self.call("POST", "/v1/owners", json=body)
        return entered

    async def chain(self, **of_venue: Any) -> list[Json]:
        """A province, a city, a district and a venue."""
        found: list[Json] = []
        for level, name in (
            ("province", "浙江省红十字会"),
            ("city", "杭州市红十字会"),
            ("district", "拱墅区红十字会"),
            ("venue", "武林银泰"),
        ):
            more = {"phone": f"0571-{len(found)}"} | (of_venue if level == "venue" else {})
            found.append(await self.owner(level, name, found[-1] if found else None, **more))
        return found

    async def custodian(self, subject: str, *, expires_on: str | None = "2027-12-31", **more: Any) -> Json:
        """Enter a custodian, with a certificate unless `expires_on` is None."""
        certificate = None if expires_on is None else {"number": f"ZJ-{subject}", "expires_on": expires_on}
        body = {"name": f"机长 {subject}", "certificate": certificate} | more
        entered: Json = await self.call("PUT", f"/v1/custodians/{subject}", json=body)
        return entered

    async def away(self, subject: str, substitute: str | None, *, in_s: float, for_s: float) -> Json:
        """Plan an absence that begins `in_s` from now."""
        begins = self.clock.now() + timedelta(seconds=in_s)
        body = {
            "from_at": begins.isoformat(),
            "until_at": (begins + timedelta(seconds=for_s)).isoformat(),
            "substitute": substitute,
        }
        planned: Json = await self.call(
            "POST", "/v1/custodians/me/absences", role="custodian", subject=subject, json=body
        )
        return planned

    async def aed(
        self, name: str = "社区服务中心", place: Place = WULIN, *, owner: Json | None = None, **more: Any
    ) -> UUID:
        """Enter an AED that was inspected today, and is in order for years."""
        now = self.clock.now()
        aed = Aed(
            id=uuid4(),
            name=name,
            place=place,
            access=Access.PUBLIC,
            opening_hours="24/7",
            owner_id=UUID(owner["id"]) if owner else None,
            battery_expires_on=date(2030, 1, 1),
            pads_expire_on=date(2030, 1, 1),
            readiness_at=now,
            created_at=now,
            updated_at=now,
            **more,
        )
        async with self.database.transaction() as connection:
            await self.settling.settle(connection, [], now=now, why=Because("admin:office", Occasion.EDIT), new=[aed])
        await self.report(aed.id, ReportKind.INSPECTION, outcome="ok")
        return aed.id

    async def report(
        self, aed_id: UUID, kind: ReportKind, *, by: str = "admin:office", at: datetime | None = None, **data: Any
    ) -> None:
        """Something is said about an AED, a second after whatever was said last; it was so `at` that moment."""
        self.clock.move(seconds=1)
        now = self.clock.now()
        report = StoredReport(uuid4(), aed_id, kind, at or now, now, by, data)
        async with self.database.transaction() as connection:
            await self.settling.settle(
                connection, [aed_id], now=now, why=Because(by, Occasion.REPORT), reports=[report]
            )

    async def edit(self, aed_id: UUID, **fields: Any) -> None:
        """Somebody enters fields by hand."""
        async with self.database.transaction() as connection:
            await self.settling.settle(
                connection,
                [],
                now=self.clock.now(),
                why=Because("admin:office", Occasion.EDIT),
                changes={aed_id: fields},
            )

    async def break_down(self, aed_id: UUID) -> None:
        """A fault is found."""
        await self.report(aed_id, ReportKind.FAULT, code="broken")

    async def repair(self, aed_id: UUID) -> None:
        """Somebody has put it right, and looked at it."""
        await self.report(aed_id, ReportKind.INSPECTION, outcome="ok")

    async def remove(self, aed_id: UUID) -> None:
        """Take an AED out of use for good."""
        why = Because("admin:office", Occasion.EDIT)
        async with self.database.transaction() as connection:
            await self.settling.settle(connection, [], now=self.clock.now(), why=why, removed=[aed_id])

    async def pass_time(self, **by: float) -> None:
        """Move the clock, and do what has come due."""
        self.clock.move(**by)
        await self.look()

    async def look(self) -> None:
        """Do what is due now."""
        await self.turns.act()
        while await self.due.act():
            pass

    async def heard(self) -> None:
        """Let the second pass after which changes of owners and custodians are acted upon."""
        await self.pass_time(seconds=1.5)

    async def open_orders(self, **filters: Any) -> list[Json]:
        """The open orders as the office sees them."""
        found: list[Json] = (await self.call("GET", "/v1/work-orders", params=filters))["orders"]
        return found

    async def the_order(self) -> Json:
        """The one open order."""
        (order,) = await self.open_orders()
        return order

    async def rows(self, statement: str, **parameters: Any) -> list[Row[Any]]:
        """Ask the database itself."""
        async with self.database.statement() as connection:
            return list(await connection.execute(text(statement), parameters))


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Something that goes on by itself, for as long as the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def office(database: Database, clock: MovableClock) -> Office:
    """An office with nobody in it yet."""
    return Office(database, clock)
