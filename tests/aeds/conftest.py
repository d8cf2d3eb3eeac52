"""The registry against a real PostGIS, and a small application around its router."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from dispatch.access.limits import RateLimit
from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.endpoints import router
from dispatch.aeds.intake.endpoints import router as intake_router
from dispatch.aeds.placing.endpoints import router as placing_router
from dispatch.aeds.placing.service import PlacingDesk
from dispatch.aeds.record import Aed
from dispatch.aeds.service import AedService
from dispatch.problems import install_problem_handlers
from dispatch.settings import Settings
from dispatch.storage.database import Database
from tests.people import MovableClock

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "aed"


@dataclass
class Registry:
    """A service and what it told its listener."""

    service: AedService
    directory: AedDirectory
    database: Database
    clock: MovableClock
    changes: list[list[Aed]] = field(default_factory=list)


@pytest.fixture
def registry(database: Database, clock: MovableClock) -> Registry:
    changes: list[list[Aed]] = []
    directory = AedDirectory("Asia/Shanghai")
    service = AedService(database, directory, clock, changes.append)
    return Registry(service, directory, database, clock, changes)


@pytest.fixture
def issuer() -> TokenIssuer:
    return TokenIssuer("a secret of more than thirty-two characters")


@pytest.fixture
def token(issuer: TokenIssuer) -> Callable[..., dict[str, str]]:
    def headers(role: str, subject: str = "somebody") -> dict[str, str]:
        made = issuer.issue(Identity(Role(role), subject), issued_at=datetime.now(UTC), lifetime=timedelta(hours=1))
        return {"Authorization": f"Bearer {made}"}

    return headers


@pytest.fixture
def app(registry: Registry, issuer: TokenIssuer) -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)
    for each in (intake_router, placing_router, router):
        app.include_router(each)
    app.state.aeds = registry.service
    app.state.placing = PlacingDesk(registry.database, registry.clock, registry.service)
    app.state.tokens = issuer
    app.state.settings = Settings.model_validate({"max_import_bytes": 200_000})
    app.state.report_limit = RateLimit("report", 3)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aeds") as client:
        yield client


@pytest.fixture(scope="session")
def real_lists() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real lists are not here")
    return SHARED
