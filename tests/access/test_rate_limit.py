"""So many SOS a minute from one address; more are told to wait, or to call."""

from pathlib import Path

import pytest
from starlette.requests import Request

from dispatch.access.limits import RateLimit, UnawaitedLimit, address_of
from dispatch.storage.database import Database
from tests.people import MovableClock, run_in_process, settings_for_tests


async def test_one_too_many_is_told_when_to_come_back(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database  # empty tables is all that is wanted of it
    async with run_in_process(settings_for_tests(tmp_path, sos_per_minute=3), postgis_url, clock) as service:
        for _ in range(3):
            await service.sos()
        async with service.client() as phone:
            answer = await phone.post("/v1/sos", json={"request_id": "x", "location": {}})
            assert answer.status_code in {422, 429}
            location = {"latitude": 30.0, "longitude": 120.0}
            body = {"request_id": "6a0ae7d5-8c0c-4a52-9e05-7c0ad7f1a6f4", "location": location}
            answer = await phone.post("/v1/sos", json=body)
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/problem+json"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert "emergency number" in answer.json()["detail"]
        # Everything else still answers.
        assert (await service.call("GET", "/health/live"))["status"] == "live"


async def test_addresses_are_counted_apart() -> None:
    limit = RateLimit("test", 2)
    assert [await limit.take("a") for _ in range(2)] == [0, 0]
    assert await limit.take("a") > 0
    assert await limit.take("b") == 0


def test_who_must_not_wait_is_counted_too() -> None:
    limit = UnawaitedLimit("test", 2)
    assert [limit.take("a") for _ in range(2)] == [0, 0]
    assert 0 < limit.take("a") <= 30
    assert limit.take("b") == 0


def _from(host: str) -> Request:
    return Request({"type": "http", "headers": [], "client": (host, 1234)})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
    ],
)
def test_an_ipv6_household_is_one_address_and_every_ipv4_client_its_own(one: str, other: str, same: bool) -> None:
    assert (address_of(_from(one)) == address_of(_from(other))) is same


def test_a_client_without_a_readable_address_is_counted_all_the_same() -> None:
    assert address_of(_from("testclient")) == "testclient"
    assert address_of(Request({"type": "http", "headers": [], "client": None})) == "unknown"
