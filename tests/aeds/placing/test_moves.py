"""A device is hung elsewhere: where it was is kept, and what it told of its position before counts no more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.aeds.conftest import Registry
from tests.aeds.test_aed_endpoints import faults, made, nearest
from tests.people import NOON

Headers = Callable[..., dict[str, str]]

STATION = {"latitude": 30.2901, "longitude": 120.2102}


async def history(client: httpx.AsyncClient, token: Headers, aed_id: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/aeds/{aed_id}/history", params=query, headers=token("admin"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_device_that_is_moved_keeps_its_past(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token, address="湖边1号", floor=1)
    assert (await history(client, token, aed["id"]))["placements"] == []
    registry.clock.move(days=3)
    where = {"location": STATION, "name": "车站", "access": "public", "opening_hours": "24/7"}
    moved = await client.post(f"/v1/aeds/{aed['id']}/move", json=where, headers=token("admin"))
    assert moved.status_code == 200, moved.text
    after = moved.json()
    assert (after["name"], after["address"], after["floor"]) == ("车站", None, None)
    assert after["site_id"] != aed["site_id"]
    assert await nearest(client, **STATION) == ["车站"]
    first, second = (await history(client, token, aed["id"]))["placements"]
    assert (first["number"], first["site_id"], first["moved_by"]) == (1, aed["site_id"], "registered")
    assert (first["since"], first["until"]) == ("2026-06-17T04:00:00Z", "2026-06-20T04:00:00Z")
    assert (first["facts"]["address"], first["facts"]["name"], first["facts"]["floor"]) == ("湖边1号", "断桥", 1)
    assert (second["number"], second["site_id"], second["until"]) == (2, after["site_id"], None)
    assert second["moved_by"] == "admin:somebody"
    kinds = [each["kind"] for each in (await history(client, token, aed["id"]))["events"]]
    assert kinds[-3:] == ["moved", "readiness", "registered"]


async def test_hours_and_access_of_a_new_place_are_not_known_until_somebody_says_them(
    client: httpx.AsyncClient, token: Headers
) -> None:
    aed = await made(client, token)
    moved = (await client.post(f"/v1/aeds/{aed['id']}/move", json={"location": STATION}, headers=token("admin"))).json()
    assert (moved["opening_hours"], moved["access"], moved["usable_now"]) == (None, "unknown", False)


async def test_a_device_takes_the_site_of_another_one(client: httpx.AsyncClient, token: Headers) -> None:
    old = await made(client, token, name="车站", location=STATION, address="站前路", custodian="li")
    new = await made(client, token, name="库房", access="private", custodian="wang")
    path = f"/v1/aeds/{new['id']}/move"
    after = (
        await client.post(path, json={"site_of": old["id"], "floor": 2}, headers=token("custodian", "wang"))
    ).json()
    assert (after["name"], after["address"], after["floor"], after["access"]) == ("车站", "站前路", 2, "public")
    assert (after["site_id"], after["location"]) == (old["site_id"], old["location"])
    assert after["custodian"] == "wang"
    again = await client.post(path, json={"site_of": old["id"]}, headers=token("admin"))
    assert again.status_code == 200
    assert len((await history(client, token, new["id"]))["placements"]) == 2


async def test_what_it_told_of_its_position_before_counts_no_more(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token)
    registry.clock.move(hours=1)
    report = {"kind": "location", "location": {"latitude": 30.2501, "longitude": 120.1502}}
    await client.post(f"/v1/aeds/{aed['id']}/reports", json=report, headers=token("device", aed["id"]))
    registry.clock.move(hours=1)
    moved = await client.post(f"/v1/aeds/{aed['id']}/move", json={"location": STATION}, headers=token("admin"))
    assert "moved" not in moved.json()["readiness_reasons"]
    registry.clock.move(hours=1)
    # Back in its old place, by its own word.
    again = await client.post(f"/v1/aeds/{aed['id']}/reports", json=report, headers=token("device", aed["id"]))
    assert again.json()["readiness_reasons"] == ["moved"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "body"),
        ({"location": STATION, "site_of": str(uuid4())}, "body"),
        ({"site_of": str(uuid4())}, "site_of"),
        ({"location": {"latitude": 120.2, "longitude": 30.2}}, "location.latitude"),
        ({"location": STATION, "opening_hours": "always"}, "opening_hours"),
        ({"location": STATION, "owner_id": str(uuid4())}, "owner_id"),
        ({"location": STATION, "at": (NOON + timedelta(hours=1)).isoformat()}, "at"),
        ({"location": STATION, "surprise": 1}, "surprise"),
    ],
)
async def test_a_move_that_cannot_be_is_refused_by_field(
    client: httpx.AsyncClient, token: Headers, wrong: dict[str, Any], field: str
) -> None:
    aed = await made(client, token)
    answer = await client.post(f"/v1/aeds/{aed['id']}/move", json=wrong, headers=token("admin"))
    assert (answer.status_code, faults(answer)) == (422, [field])
    assert (await history(client, token, aed["id"]))["placements"] == []


async def test_who_may_move_and_who_may_look_back(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token, custodian="wang")
    gone = await made(client, token)
    await client.delete(f"/v1/aeds/{gone['id']}", headers=token("admin"))
    taxi = await made(client, token, is_mobile=True)
    path, where = f"/v1/aeds/{aed['id']}/move", {"location": STATION}
    assert (await client.post(path, json=where)).status_code == 401
    assert (await client.post(path, json=where, headers=token("custodian", "li"))).status_code == 403
    given_away = await client.post(path, json=where | {"custodian": "li"}, headers=token("custodian", "wang"))
    assert given_away.status_code == 403
    for each, code in ((gone, "removed"), (taxi, "mobile")):
        answer = await client.post(f"/v1/aeds/{each['id']}/move", json=where, headers=token("admin"))
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    look = f"/v1/aeds/{aed['id']}/history"
    statuses = [
        (await client.get(look, headers=headers)).status_code
        for headers in (
            {},
            token("device", aed["id"]),
            token("custodian", "li"),
            token("custodian", "wang"),
            token("operator"),
        )
    ]
    assert statuses == [401, 403, 403, 200, 200]


async def test_a_long_history_comes_in_pages(client: httpx.AsyncClient, token: Headers, registry: Registry) -> None:
    aed = await made(client, token)
    for number in range(5):
        registry.clock.move(minutes=1)
        report = {"kind": "fault", "code": f"e{number}"}
        await client.post(f"/v1/aeds/{aed['id']}/reports", json=report, headers=token("device", aed["id"]))
    codes, events, query = [], [], {"limit": 2}
    while True:
        page = await history(client, token, aed["id"], **query)
        codes += [each["data"]["code"] for each in page["reports"]]
        events += [each["id"] for each in page["events"]]
        if not page["more_events"] and not page["more_reports"]:
            break
        query = {"limit": 2, "before_event": page["events"][-1]["id"]} if page["events"] else {"limit": 2}
        if page["reports"]:
            query["before"] = page["reports"][-1]["at"]
    assert codes == ["e4", "e3", "e2", "e1", "e0"]
    assert events == sorted(events, reverse=True)
    assert len(events) == len(set(events)) == 7


async def test_reports_of_one_instant_are_on_no_page_twice_and_on_one_each(
    client: httpx.AsyncClient, token: Headers
) -> None:
    aed = await made(client, token)
    reports = [{"kind": "fault", "code": f"e{number}", "at": NOON.isoformat()} for number in range(5)]
    path = f"/v1/aeds/{aed['id']}/reports/batch"
    await client.post(path, json={"reports": reports}, headers=token("device", aed["id"]))
    codes: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await history(client, token, aed["id"], **query)
        codes += [each["data"]["code"] for each in page["reports"]]
        if not page["more_reports"]:
            break
        last = page["reports"][-1]
        query |= {"before": last["at"], "before_report": last["report_id"]}
    assert sorted(codes) == [f"e{number}" for number in range(5)]
