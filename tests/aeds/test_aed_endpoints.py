"""The registry as clients see it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.aeds.conftest import Registry
from tests.people import NOON

Headers = Callable[..., dict[str, str]]

LAKE = {"latitude": 30.2501, "longitude": 120.1502}


def body(**other: Any) -> dict[str, Any]:
    return {"name": "断桥", "location": LAKE, "access": "public", "opening_hours": "24/7"} | other


async def made(client: httpx.AsyncClient, token: Headers, **other: Any) -> dict[str, Any]:
    answer = await client.post("/v1/aeds", json=body(**other), headers=token("admin"))
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def nearest(client: httpx.AsyncClient, **other: Any) -> list[str]:
    answer = await client.get("/v1/aeds/nearest", params=LAKE | other)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["aeds"]]


def faults(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [each["field"] for each in answer.json()["errors"]]


async def test_an_aed_is_created_read_changed_and_removed(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token, floor=2, battery_expires_on="2029-01-31")
    assert aed["readiness"] == "unverified"
    assert aed["readiness_reasons"] == ["no_evidence_yet"]
    assert aed["location"] == LAKE | {"datum": "wgs84"}
    assert aed["usable_now"] is True
    path = f"/v1/aeds/{aed['id']}"
    assert (await client.get(path)).json() == aed
    changed = await client.patch(path, json={"phone": "0571-87654321", "floor": None}, headers=token("admin"))
    assert changed.json()["phone"] == "0571-87654321"
    assert changed.json()["floor"] is None
    assert changed.json()["name"] == "断桥"
    assert (await client.delete(path, headers=token("admin"))).status_code == 204
    assert (await client.delete(path, headers=token("admin"))).status_code == 204
    assert (await client.get(path)).json()["readiness"] == "removed"
    assert await nearest(client) == []
    assert (await client.patch(path, json={"floor": 1}, headers=token("admin"))).status_code == 409


async def test_nearest_names_usable_aeds_only_and_in_order(client: httpx.AsyncClient, token: Headers) -> None:
    for number in (3, 1, 2):
        there = {"latitude": LAKE["latitude"] + number / 1000, "longitude": LAKE["longitude"]}
        await made(client, token, name=f"open {number}", location=there)
    await made(client, token, name="private", access="private")
    await made(client, token, name="nobody knows", access="unknown")
    await made(client, token, name="hours unknown", opening_hours=None)
    await made(client, token, name="closed at noon", opening_hours="18:00-22:00")
    await made(client, token, name="expired", pads_expire_on="2026-06-16")
    assert await nearest(client) == ["open 1", "open 2", "open 3"]
    assert await nearest(client, limit=1) == ["open 1"]
    assert "closed at noon" in await nearest(client, at="2026-06-17T19:00:00+08:00")


async def test_the_answer_is_in_the_datum_of_the_question(client: httpx.AsyncClient, token: Headers) -> None:
    await made(client, token)
    as_gcj = (await client.get("/v1/aeds/nearest", params=LAKE | {"datum": "gcj02"})).json()["aeds"][0]
    assert as_gcj["location"]["datum"] == "gcj02"
    # What is asked in GCJ-02 lies half a kilometre from the same numbers in WGS-84.
    assert 400 < as_gcj["distance_m"] < 700
    assert as_gcj["walk_s"] == round(as_gcj["distance_m"] * 1.3 / 1.4)
    there = {name: as_gcj["location"][name] for name in ("latitude", "longitude", "datum")}
    assert (await client.get("/v1/aeds/nearest", params=there)).json()["aeds"][0]["distance_m"] < 1


async def test_a_box_is_geojson_and_says_when_there_is_more(client: httpx.AsyncClient, token: Headers) -> None:
    for number in range(3):
        await made(client, token, name=f"{number}", opening_hours=None)
    await made(client, token, name="far", location={"latitude": 31.0, "longitude": 121.0})
    answer = (await client.get("/v1/aeds", params={"bbox": "120,30,120.5,30.5"})).json()
    assert answer["type"] == "FeatureCollection"
    assert {each["properties"]["name"] for each in answer["features"]} == {"0", "1", "2"}
    assert answer["features"][0]["geometry"] == {"type": "Point", "coordinates": [120.1502, 30.2501]}
    assert answer["features"][0]["properties"]["usable_now"] is False
    assert answer["truncated"] is False
    fewer = (await client.get("/v1/aeds", params={"bbox": "120,30,120.5,30.5", "limit": 2})).json()
    assert (len(fewer["features"]), fewer["truncated"]) == (2, True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"longitude": 120}, "latitude"),
        ({"latitude": "NaN", "longitude": 120}, "latitude"),
        ({"latitude": "north", "longitude": 120}, "latitude"),
        ({"latitude": 120.15, "longitude": 30.25}, "latitude"),
        ({"latitude": 30, "longitude": 181}, "longitude"),
        (LAKE | {"datum": "tokyo"}, "datum"),
        (LAKE | {"limit": 0}, "limit"),
        (LAKE | {"limit": 1000}, "limit"),
        (LAKE | {"at": "yesterday"}, "at"),
        (LAKE | {"at": "2026-06-17T12:00:00"}, "at"),
        (LAKE | {"at": "0001-01-01T00:00:00+14:00"}, "at"),
    ],
)
async def test_a_bad_question_is_refused_by_field(client: httpx.AsyncClient, query: dict[str, Any], field: str) -> None:
    answer = await client.get("/v1/aeds/nearest", params=query)
    assert answer.status_code == 422
    assert faults(answer) == [field]


async def test_swapped_coordinates_are_called_so(client: httpx.AsyncClient, token: Headers) -> None:
    turned = {"latitude": 120.15, "longitude": 30.25}
    assert "swapped" in (await client.get("/v1/aeds/nearest", params=turned)).json()["detail"]
    answer = await client.post("/v1/aeds", json=body(location=turned), headers=token("admin"))
    assert answer.status_code == 422
    assert faults(answer) == ["location.latitude"]


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "120,31,121,30", "30,120,31,121", "nan,1,2,3", ""])
async def test_a_bad_box_is_refused(client: httpx.AsyncClient, box: str) -> None:
    answer = await client.get("/v1/aeds", params={"bbox": box})
    assert answer.status_code == 422
    assert faults(answer) == ["bbox"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"opening_hours": "nine to five"}, "opening_hours"),
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"location": None}, "location"),
        ({"access": "maybe"}, "access"),
        ({"pads_expire_on": "9999-12-31"}, "pads_expire_on"),
        ({"pads_expire_on": "1900-01-01"}, "pads_expire_on"),
        ({"floor": 1.5}, "floor"),
        ({"readiness": "ready"}, "readiness"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_bad_field_is_named(
    client: httpx.AsyncClient, token: Headers, wrong: dict[str, Any], field: str
) -> None:
    answer = await client.post("/v1/aeds", json=body(**wrong), headers=token("admin"))
    assert answer.status_code == 422
    assert faults(answer) == [field]
    aed = await made(client, token)
    answer = await client.patch(f"/v1/aeds/{aed['id']}", json=wrong, headers=token("admin"))
    assert answer.status_code == 422
    assert faults(answer) == [field]


async def test_small_faults_in_hours_are_put_right(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token, opening_hours="Mo-Sa 09:00-21:00; SU off")
    assert aed["opening_hours"] == "Mo-Sa 09:00-21:00; Su closed"
    assert aed["next_change_at"] == "2026-06-17T13:00:00Z"


async def test_unknown_ids_are_not_found(client: httpx.AsyncClient, token: Headers) -> None:
    for method, tail, json in (
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/reports", {"kind": "fault"}),
    ):
        answer = await client.request(method, f"/v1/aeds/{uuid4()}{tail}", json=json, headers=token("admin"))
        assert answer.status_code == 404
    assert (await client.get("/v1/aeds/not-an-id")).status_code == 422


async def test_a_custodian_writes_only_their_own(client: httpx.AsyncClient, token: Headers) -> None:
    wang, li = token("custodian", "wang"), token("custodian", "li")
    mine = (await client.post("/v1/aeds", json=body(), headers=wang)).json()
    assert mine["custodian"] == "wang"
    path = f"/v1/aeds/{mine['id']}"
    assert (await client.patch(path, json={"floor": 3}, headers=wang)).status_code == 200
    assert (await client.patch(path, json={"floor": 3}, headers=li)).status_code == 403
    assert (await client.patch(path, json={"custodian": "li"}, headers=wang)).status_code == 403
    assert (await client.post("/v1/aeds", json=body(custodian="li"), headers=wang)).status_code == 403
    assert (await client.delete(path, headers=li)).status_code == 403
    assert (await client.delete(path, headers=wang)).status_code == 204


async def test_writing_takes_a_token_of_the_right_role(client: httpx.AsyncClient, token: Headers) -> None:
    assert (await client.post("/v1/aeds", json=body())).status_code == 401
    assert (await client.post("/v1/aeds", json=body(), headers=token("operator"))).status_code == 403
    assert (await client.post("/v1/aeds/import", files={"file": b"x"}, headers=token("custodian"))).status_code == 403


async def test_two_aeds_cannot_share_a_reference(client: httpx.AsyncClient, token: Headers) -> None:
    await made(client, token, source="city", source_ref="7")
    answer = await client.post("/v1/aeds", json=body(source="city", source_ref="7"), headers=token("admin"))
    assert answer.status_code == 409
    other = await made(client, token, source="city", source_ref="8")
    path = f"/v1/aeds/{other['id']}"
    assert (await client.patch(path, json={"source_ref": "7"}, headers=token("admin"))).status_code == 409


async def test_every_change_is_told(client: httpx.AsyncClient, token: Headers, registry: Registry) -> None:
    aed = await made(client, token)
    await client.patch(f"/v1/aeds/{aed['id']}", json={"floor": 3}, headers=token("admin"))
    await client.delete(f"/v1/aeds/{aed['id']}", headers=token("admin"))
    told = [(each.floor, each.removed) for changed in registry.changes for each in changed]
    assert told == [(None, False), (3, False), (3, True)]


async def test_a_list_is_imported_with_a_report(client: httpx.AsyncClient, token: Headers) -> None:
    data = "名称,地址,经度,纬度,开放时间\n少年宫,环城西路1号,120.15,30.26,全天\n无名,某处,,,\n".encode("gb18030")
    answer = await client.post(
        "/v1/aeds/import", files={"file": ("hangzhou.csv", data)}, data={"dry_run": "true"}, headers=token("admin")
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["dry_run"] is True
    assert await nearest(client) == []
    answer = await client.post(
        "/v1/aeds/import", files={"file": ("hangzhou.csv", data)}, data={"datum": "gcj02"}, headers=token("admin")
    )
    report = answer.json()
    assert (report["source"], report["taken"], report["created"], report["datum"]) == ("hangzhou", 1, 1, "gcj02")
    assert report["left_out"] == [
        {"line": 3, "row": 2, "reason": "the coordinate is missing", "field": "纬度", "value": ""}
    ]
    assert await nearest(client) == ["少年宫"]


@pytest.mark.parametrize("data", [b"", b"   \n", b"{", b"[]", b'{"a": 1}', b"just a text", b"\xff\xfe", b"[1, 2]"])
async def test_what_is_no_list_is_refused(client: httpx.AsyncClient, token: Headers, data: bytes) -> None:
    answer = await client.post("/v1/aeds/import", files={"file": ("x.csv", data)}, headers=token("admin"))
    assert answer.status_code == 422
    assert faults(answer) == ["file"]


async def test_an_import_names_its_bad_options(client: httpx.AsyncClient, token: Headers) -> None:
    file = {"file": ("x.csv", b"name,lat,lon\na,30,120\n")}
    answer = await client.post("/v1/aeds/import", files=file, data={"datum": "moon"}, headers=token("admin"))
    assert (answer.status_code, faults(answer)) == (422, ["datum"])
    answer = await client.post("/v1/aeds/import", data={"datum": "wgs84"}, headers=token("admin"))
    assert (answer.status_code, faults(answer)) == (422, ["file"])


async def test_a_file_over_the_limit_is_refused(client: httpx.AsyncClient, token: Headers) -> None:
    answer = await client.post("/v1/aeds/import", files={"file": b"x" * 200_001}, headers=token("admin"))
    assert answer.status_code == 413


async def test_public_faults_are_limited_by_address(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token)
    path = f"/v1/aeds/{aed['id']}/reports"
    statuses = [(await client.post(path, json={"kind": "fault"})).status_code for _ in range(4)]
    assert statuses == [201, 201, 201, 429]
    assert (await client.post(path, json={"kind": "fault"}, headers=token("admin"))).status_code == 201


async def test_who_may_report_what(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token, custodian="wang")
    path, beat = f"/v1/aeds/{aed['id']}/reports", {"kind": "heartbeat"}
    assert (await client.post(path, json=beat)).status_code == 401
    assert (await client.post(path, json=beat, headers=token("device", str(uuid4())))).status_code == 403
    assert (await client.post(path, json=beat, headers=token("custodian", "li"))).status_code == 403
    answer = await client.post(path, json=beat, headers=token("device", aed["id"]))
    assert answer.status_code == 201
    assert answer.json()["readiness"] == "ready"
    assert (await client.post(path, json=beat, headers=token("custodian", "wang"))).status_code == 201


@pytest.mark.parametrize(
    ("report", "field"),
    [
        ({"kind": "self_test"}, "outcome"),
        ({"kind": "door"}, "open"),
        ({"kind": "location"}, "location"),
        ({"kind": "location", "location": {"latitude": 120.1, "longitude": 30.2}}, "location.latitude"),
        ({"kind": "heartbeat", "outcome": "ok"}, "outcome"),
        ({"kind": "heartbeat", "battery_percent": 101}, "battery_percent"),
        ({"kind": "dance"}, "kind"),
        ({}, "kind"),
        ({"kind": "used", "at": "2026-06-17T04:06:00Z"}, "at"),
        ({"kind": "fault", "code": "Not A Code"}, "code"),
        ({"kind": "fault", "report_id": "7"}, "report_id"),
    ],
)
async def test_a_bad_report_is_refused_by_field(
    client: httpx.AsyncClient, token: Headers, report: dict[str, Any], field: str
) -> None:
    aed = await made(client, token)
    answer = await client.post(f"/v1/aeds/{aed['id']}/reports", json=report, headers=token("admin"))
    assert (answer.status_code, faults(answer)) == (422, [field])


async def test_the_same_report_twice_is_taken_once(client: httpx.AsyncClient, token: Headers) -> None:
    one, other = await made(client, token), await made(client, token)
    report = {"kind": "inspection", "outcome": "ok", "report_id": str(uuid4()), "at": NOON.isoformat()}
    path = f"/v1/aeds/{one['id']}/reports"
    first = await client.post(path, json=report, headers=token("admin"))
    again = await client.post(path, json=report, headers=token("admin"))
    assert (first.status_code, again.json()) == (201, first.json())
    answer = await client.post(f"/v1/aeds/{other['id']}/reports", json=report, headers=token("admin"))
    assert answer.status_code == 409


async def test_where_somebody_carries_one_is_told_to_those_who_dispatch_alone(
    client: httpx.AsyncClient, token: Headers
) -> None:
    aed = await made(client, token, is_mobile=True, carried_by="driver")
    path, box = f"/v1/aeds/{aed['id']}", {"bbox": "119,29,121,31"}
    for stranger in ({}, token("caller", str(uuid4()))):
        told = (await client.get(path, headers=stranger)).json()
        assert (told["location"], told["fix_at"], told["carried_by"], told["usable_now"]) == (None, None, None, False)
        assert (await client.get("/v1/aeds", params=box, headers=stranger)).json()["features"] == []
    for staff in (token("operator"), token("admin"), token("responder")):
        assert (await client.get(path, headers=staff)).json()["location"] == aed["location"]
        assert len((await client.get("/v1/aeds", params=box, headers=staff)).json()["features"]) == 1
    await client.patch(path, json={"carried_by": None}, headers=token("admin"))
    assert (await client.get(path)).json()["location"] == aed["location"]
    assert len((await client.get("/v1/aeds", params=box)).json()["features"]) == 1
