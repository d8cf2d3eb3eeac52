"""What a load balancer is told: a service without its database dispatches, and one that is not ready does not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from psycopg import errors

from dispatch.health import router
from dispatch.storage.availability import Availability
from dispatch.storage.database import Database
from tests.people import MovableClock


@pytest.fixture
def app(database: Database) -> FastAPI:
    """As much of the service as health asks about."""
    app = FastAPI()
    app.include_router(router)
    app.state.database, app.state.redis = database, None
    app.state.availability = Availability(MovableClock(datetime(2026, 6, 17, 4, 0, tzinfo=UTC)))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        yield client


async def test_a_service_with_all_its_parts_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "database": True, "redis": None, "since": None, "why": None},
    )


async def test_without_its_database_it_is_degraded_and_says_since_when_and_why(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.state.availability.note_failure(errors.DiskFull())
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "degraded", "database": False, "redis": None, "since": "2026-06-17T04:00:00Z", "why": "disk_full"},
    )
    app.state.availability.note_success()
    assert (await client.get("/health/ready")).json()["status"] == "ready"


async def test_a_database_that_nobody_has_missed_yet_is_said_to_be_away_too(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.state.database = Database("postgresql://127.0.0.1:1/nowhere")
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (200, "degraded", False)
    await app.state.database.close()


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_service_that_cannot_dispatch_is_not_ready(
    app: FastAPI, client: httpx.AsyncClient, is_away: bool
) -> None:
    app.state.is_dispatching = False
    if is_away:
        app.state.availability.note_failure(errors.AdminShutdown())
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert (await client.get("/health/live")).json() == {"status": "live"}
