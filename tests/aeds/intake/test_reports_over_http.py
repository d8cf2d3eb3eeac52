"""Reports as devices, gateways and people send them: what is taken, what is refused and by which field."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest

from dispatch.aeds.intake.zeal import MOST_DEVICES_A_DAY
from tests.aeds.conftest import Registry
from tests.aeds.test_aed_endpoints import faults, made
from tests.people import NOON

Headers = Callable[..., dict[str, str]]


async def test_a_device_reports_and_hears_what_follows(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token)
    path, device = f"/v1/aeds/{aed['id']}/reports", token("device", aed["id"])
    beat = {"kind": "heartbeat", "battery_percent": 92, "temperature_c": 21.5, "signal_dbm": -71, "pads_ok": True}
    answer = await client.post(path, json=beat, headers=device)
    assert answer.status_code == 201
    assert answer.json()["readiness"] == "ready"
    failed = {"kind": "self_test", "outcome": "fail", "codes": ["e03", "e07"]}
    after = (await client.post(path, json=failed, headers=device)).json()
    assert (after["readiness"], after["readiness_reasons"]) == ("out_of_service", ["self_test_failed_e03"])
    assert (await client.get(f"/v1/aeds/{aed['id']}")).json()["is_connected"] is True


async def test_a_clock_that_is_fast_outranks_nobody(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token)
    path = f"/v1/aeds/{aed['id']}/reports"
    four_minutes_on = (registry.clock.now() + timedelta(minutes=4)).isoformat()
    ahead = {"kind": "inspection", "outcome": "ok", "at": four_minutes_on, "report_id": str(uuid4())}
    assert (await client.post(path, json=ahead, headers=token("admin"))).json()["readiness"] == "ready"
    registry.clock.move(seconds=1)
    after = await client.post(path, json={"kind": "fault"}, headers=token("responder", "r1"))
    assert after.json()["readiness"] == "out_of_service"
    registry.clock.move(seconds=1)
    again = await client.post(path, json=ahead, headers=token("admin"))
    assert (again.status_code, again.json()["readiness"]) == (201, "out_of_service")


async def test_the_same_report_again_changes_nothing(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token)
    path, device = f"/v1/aeds/{aed['id']}/reports", token("device", aed["id"])
    said = {"kind": "fault", "code": "e1", "report_id": str(uuid4())}
    first = (await client.post(path, json=said, headers=device)).json()
    registry.clock.move(seconds=1)
    await client.post(path, json={"kind": "inspection", "outcome": "ok"}, headers=token("admin"))
    again = await client.post(path, json=said, headers=device)
    assert again.status_code == 201
    assert (first["readiness"], again.json()["readiness"]) == ("out_of_service", "ready")
    history = (await client.get(f"/v1/aeds/{aed['id']}/history", headers=token("admin"))).json()
    assert sorted(each["kind"] for each in history["reports"]) == ["fault", "inspection"]
    other = await client.post(path, json=said | {"code": "e2"}, headers=device)
    assert other.status_code == 409
    assert (other.json()["code"], faults(other)) == ("report_id_used", ["report_id"])


async def test_a_report_without_an_id_is_known_by_its_time_and_content(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token)
    path, device = f"/v1/aeds/{aed['id']}/reports", token("device", aed["id"])
    said = {"kind": "door", "open": True, "at": "2026-06-17T03:00:00Z"}
    first = (await client.post(path, json=said, headers=device)).json()
    again = (await client.post(path, json=said, headers=device)).json()
    assert again["report_id"] == first["report_id"]
    registry.clock.move(seconds=1)
    unsaid = [(await client.post(path, json={"kind": "heartbeat"}, headers=device)).json() for _ in range(2)]
    assert unsaid[0]["report_id"] != unsaid[1]["report_id"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "heartbeat", "outcome": "ok"}, "outcome"),
        ({"kind": "self_test"}, "outcome"),
        ({"kind": "self_test", "outcome": "perhaps"}, "outcome"),
        ({"kind": "door"}, "open"),
        ({"kind": "location"}, "location"),
        ({"kind": "location", "location": {"latitude": 120.15, "longitude": 30.25}}, "location.latitude"),
        ({"kind": "inspection"}, "outcome"),
        ({"kind": "inspection", "outcome": "ok", "photos": ["http://plain.example/1.jpg"]}, "photos.0"),
        ({"kind": "inspection", "outcome": "ok", "photos": ["https://a.example/1.jpg"] * 21}, "photos"),
        ({"kind": "inspection", "outcome": "ok", "items": [{"item": "pads_adult"}]}, "items.0.ok"),
        ({"kind": "inspection", "outcome": "ok", "battery_expires_on": "9999-12-31"}, "battery_expires_on"),
        ({"kind": "heartbeat", "battery_expires_on": "2027-01-31"}, "battery_expires_on"),
        ({"kind": "heartbeat", "battery_percent": 101}, "battery_percent"),
        ({"kind": "heartbeat", "signal_dbm": 300}, "signal_dbm"),
        ({"kind": "heartbeat", "at": "2026-06-17T04:06:00Z"}, "at"),
        ({"kind": "heartbeat", "at": "1900-01-01T00:00:00Z"}, "at"),
        ({"kind": "heartbeat", "at": "2026-06-17T04:00:00"}, "at"),
        ({"kind": "heartbeat", "report_id": "seven"}, "report_id"),
        ({"kind": "fault", "code": "NOT A CODE"}, "code"),
        ({"kind": "used", "incident_id": "x"}, "incident_id"),
        ({"kind": "song"}, "kind"),
        ({"kind": "heartbeat", "surprise": 1}, "surprise"),
        ({}, "kind"),
    ],
)
async def test_what_does_not_belong_is_refused_by_field(
    client: httpx.AsyncClient, token: Headers, wrong: dict[str, Any], field: str
) -> None:
    aed = await made(client, token)
    device = token("device", aed["id"])
    answer = await client.post(f"/v1/aeds/{aed['id']}/reports", json=wrong, headers=device)
    assert (answer.status_code, faults(answer)) == (422, [field])
    batch = await client.post(f"/v1/aeds/{aed['id']}/reports/batch", json={"reports": [wrong]}, headers=device)
    (result,) = batch.json()["results"]
    assert (result["status"], [each["field"] for each in result["errors"]]) == ("refused", [field])


async def test_one_bad_report_keeps_no_other_out_of_a_batch(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token)
    twice = str(uuid4())
    reports: list[Any] = [
        {"kind": "heartbeat", "battery_percent": 50, "at": "2026-06-17T01:00:00Z", "report_id": twice},
        {"kind": "heartbeat", "battery_percent": 200},
        "not even an object",
        {"kind": "used", "at": "2026-06-16T01:00:00Z"},
        {"kind": "heartbeat", "battery_percent": 50, "at": "2026-06-17T01:00:00Z", "report_id": twice},
        {"kind": "heartbeat", "battery_percent": 51, "at": "2026-06-17T01:00:00Z", "report_id": twice},
        {"kind": "self_test", "outcome": "ok", "at": "2026-06-17T02:00:00Z"},
    ]
    path = f"/v1/aeds/{aed['id']}/reports/batch"
    answer = await client.post(path, json={"reports": reports}, headers=token("device", aed["id"]))
    assert answer.status_code == 200
    said = answer.json()
    assert (said["taken"], said["repeated"], said["refused"]) == (3, 1, 3)
    statuses = [each["status"] for each in said["results"]]
    assert statuses == ["taken", "refused", "refused", "taken", "repeated", "refused", "taken"]
    assert [each.get("code") for each in said["results"] if each["status"] == "refused"] == [
        "invalid",
        "invalid",
        "report_id_used",
    ]
    assert [each.readiness_reasons for each in registry.directory] == [("used_not_checked",)]


async def test_a_gateway_reports_for_many_devices_and_hears_of_each(client: httpx.AsyncClient, token: Headers) -> None:
    aeds = [await made(client, token, name=f"{number}") for number in range(3)]
    gone = await made(client, token, name="gone")
    await client.delete(f"/v1/aeds/{gone['id']}", headers=token("admin"))
    reports: list[dict[str, Any]] = [{"aed_id": each["id"], "kind": "heartbeat"} for each in aeds]
    reports += [
        {"aed_id": str(uuid4()), "kind": "heartbeat"},
        {"kind": "heartbeat"},
        {"aed_id": "x", "kind": "heartbeat"},
        {"aed_id": gone["id"], "kind": "heartbeat"},
    ]
    answer = await client.post(
        "/v1/aeds/reports", json={"reports": reports}, headers=token("device", "gateway:heartmaker")
    )
    results = answer.json()["results"]
    assert [each["status"] for each in results] == ["taken"] * 3 + ["refused"] * 4
    assert [each["readiness"] for each in results[:3]] == ["ready"] * 3
    assert [each["code"] for each in results[3:]] == ["not_found", "invalid", "invalid", "removed"]
    assert [[one["field"] for one in each["errors"]] for each in results[3:]] == [[], ["aed_id"], ["aed_id"], []]


@pytest.mark.parametrize(
    "wrong",
    [
        {f"x{number}": 0 for number in range(30_000)},
        {"kind": "location", "location": {f"x{number}": 0 for number in range(30_000)}},
        {"kind": "inspection", "outcome": "ok", "items": [{f"x{number}": 0 for number in range(30_000)}]},
    ],
)
async def test_what_is_overgrown_is_refused_without_naming_every_leaf(
    client: httpx.AsyncClient, token: Headers, wrong: dict[str, Any]
) -> None:
    aed = await made(client, token)
    reports = [wrong, {"kind": "heartbeat"}]
    answer = await client.post(
        f"/v1/aeds/{aed['id']}/reports/batch", json={"reports": reports}, headers=token("device", aed["id"])
    )
    refused, taken = answer.json()["results"]
    assert (refused["status"], [each["field"] for each in refused["errors"]]) == ("refused", ["kind"])
    assert taken["status"] == "taken"
    assert len(answer.content) < 1000


@pytest.mark.parametrize(
    "wrong", ['"\\ud800": 1', '"note": "a\\ud800b"', '"note": "a\\u0000b"', '"note": ' + 900 * "[" + 900 * "]"]
)
async def test_text_that_is_none_keeps_no_other_out_of_a_batch(
    client: httpx.AsyncClient, token: Headers, wrong: str
) -> None:
    aed = await made(client, token)
    body = f'{{"reports": [{{"kind": "fault", {wrong}}}, {{"kind": "heartbeat"}}]}}'
    device = token("device", aed["id"]) | {"Content-Type": "application/json"}
    answer = await client.post(f"/v1/aeds/{aed['id']}/reports/batch", content=body, headers=device)
    assert answer.status_code == 200, answer.text
    assert [each["status"] for each in answer.json()["results"]] == ["refused", "taken"]


async def test_what_is_nested_without_end_is_no_json(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token)
    device = token("device", aed["id"]) | {"Content-Type": "application/json"}
    for path in (f"/v1/aeds/{aed['id']}/reports", f"/v1/aeds/{aed['id']}/reports/batch", "/v1/aeds/reports"):
        answer = await client.post(path, content="[" * 20_000 + "]" * 20_000, headers=device)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("reports", [[], [{"kind": "heartbeat"}] * 1001, None])
async def test_a_batch_has_a_size(client: httpx.AsyncClient, token: Headers, reports: Any) -> None:
    answer = await client.post("/v1/aeds/reports", json={"reports": reports}, headers=token("admin"))
    assert (answer.status_code, faults(answer)) == (422, ["reports"])


async def test_who_may_report_what(client: httpx.AsyncClient, token: Headers, registry: Registry) -> None:
    aed, other = await made(client, token, custodian="wang"), await made(client, token)
    path = f"/v1/aeds/{aed['id']}/reports"

    async def status(kind: str, **headers: str) -> int:
        said = {"kind": kind} if kind != "inspection" else {"kind": kind, "outcome": "ok"}
        return (await client.post(path, json=said, headers=headers)).status_code

    assert await status("heartbeat") == 401
    assert await status("heartbeat", **token("device", other["id"])) == 403
    assert await status("heartbeat", **token("device", aed["id"])) == 201
    assert await status("heartbeat", **token("device", "gateway:any")) == 201
    assert await status("inspection", **token("custodian", "li")) == 403
    assert await status("inspection", **token("custodian", "wang")) == 201
    assert await status("inspection", **token("responder", "zhang")) == 403
    assert await status("inspection", **token("admin")) == 201
    registry.service.reports.stands_in = lambda subject, custodian, _at: (subject, custodian) == ("li", "wang")
    assert await status("inspection", **token("custodian", "li")) == 201
    batch = {"reports": [{"kind": "fault"}]}
    assert (await client.post(f"{path}/batch", json=batch)).status_code == 401
    refused = (await client.post(f"{path}/batch", json=batch, headers=token("device", other["id"]))).json()
    assert refused["results"][0]["code"] == "forbidden"


async def test_a_first_aider_takes_a_device_out_and_the_public_only_doubts_it(
    client: httpx.AsyncClient, token: Headers
) -> None:
    aed = await made(client, token)
    path = f"/v1/aeds/{aed['id']}/reports"
    await client.post(
        path, json={"kind": "inspection", "outcome": "ok", "at": "2026-06-17T01:00:00Z"}, headers=token("admin")
    )
    doubted = (await client.post(path, json={"kind": "fault", "code": "missing"})).json()
    assert (doubted["readiness"], doubted["readiness_reasons"]) == ("unverified", ["fault_said_by_public"])
    out = await client.post(path, json={"kind": "fault", "code": "missing"}, headers=token("responder", "zhang"))
    assert out.json()["readiness"] == "out_of_service"


async def test_the_public_is_limited_by_address_and_each_device_by_the_day(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    aed = await made(client, token)
    path = f"/v1/aeds/{aed['id']}/reports"
    said = {"kind": "fault", "code": "locked"}
    statuses = [(await client.post(path, json=said)).status_code for _ in range(4)]
    assert statuses == [201, 201, 201, 429]
    # A caller's token is anybody's for one tap.
    assert (await client.post(path, json=said, headers=token("caller", str(uuid4())))).status_code == 429
    # Whoever shows another one is not limited by address, and speaks for the public all the same.
    caller = token("custodian", "of another device")
    for _ in range(7):
        registry.clock.move(minutes=1)
        assert (await client.post(path, json=said, headers=caller)).status_code == 201
    refused = await client.post(path, json=said, headers=caller)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
    registry.clock.move(days=1)
    assert (await client.post(path, json=said, headers=caller)).status_code == 201
    old = said | {"at": (registry.clock.now() - timedelta(days=2)).isoformat()}
    answer = await client.post(path, json=old, headers=caller)
    assert (answer.status_code, faults(answer)) == (422, ["at"])


async def test_an_inspection_is_kept_whole(client: httpx.AsyncClient, token: Headers) -> None:
    aed = await made(client, token)
    said = {
        "kind": "inspection",
        "outcome": "ok",
        "items": [{"item": "pads_adult", "ok": True}, {"item": "sign", "ok": False, "note": "褪色"}],
        "photos": ["https://pictures.example/1.jpg"],
        "battery_fitted_on": "2026-06-17",
        "battery_expires_on": "2030-06-30",
        "pads_fitted_on": "2026-06-17",
        "pads_expire_on": "2028-06-30",
        "pads_child_expire_on": "2027-12-31",
    }
    after = (await client.post(f"/v1/aeds/{aed['id']}/reports", json=said, headers=token("admin"))).json()
    assert (after["readiness"], after["readiness_reasons"]) == ("degraded", ["inspection_found_sign"])
    record = (await client.get(f"/v1/aeds/{aed['id']}")).json()
    assert {name: record[name] for name in said if name.endswith("_on")} == {
        name: value for name, value in said.items() if name.endswith("_on")
    }
    history = (await client.get(f"/v1/aeds/{aed['id']}/history", headers=token("admin"))).json()
    kept = history["reports"][0]["data"]
    assert kept == {name: value for name, value in said.items() if name != "kind"}
    assert NOON.isoformat().replace("+00:00", "Z") == history["reports"][0]["at"]


async def test_bad_news_from_a_clock_hours_ahead_are_of_now(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    """A cabinet that calls its local time UTC is eight hours ahead in China: its fault is there all the same."""
    aed = await made(client, token)
    path, device = f"/v1/aeds/{aed['id']}/reports", token("device", aed["id"])
    await client.post(path, json={"kind": "heartbeat"}, headers=device)
    registry.clock.move(seconds=1)
    ahead = (registry.clock.now() + timedelta(hours=8)).isoformat()
    for good in ({"kind": "heartbeat"}, {"kind": "self_test", "outcome": "ok"}, {"kind": "door", "open": False}):
        assert faults(await client.post(path, json=good | {"at": ahead}, headers=device)) == ["at"]
    bad = {"kind": "self_test", "outcome": "failed", "code": "e1", "at": ahead}
    assert (await client.post(path, json=bad, headers=device)).json()["readiness"] == "out_of_service"
    registry.clock.move(minutes=10)
    await client.post(path, json={"kind": "self_test", "outcome": "ok"}, headers=device)
    registry.clock.move(minutes=10)
    # The same once more, of a device that heard no answer: it is known.
    assert (await client.post(path, json=bad, headers=device)).json()["readiness"] == "ready"
    history = (await client.get(f"/v1/aeds/{aed['id']}/history", headers=token("admin"))).json()
    assert len([each for each in history["reports"] if each["kind"] == "self_test"]) == 2


async def test_what_a_fast_clock_dates_ahead_is_not_put_in_the_order_of_the_list(
    client: httpx.AsyncClient, token: Headers, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    aed = await made(client, token)
    path, device = f"/v1/aeds/{aed['id']}/reports/batch", token("device", aed["id"])
    now = registry.clock.now()
    later, sooner = ((now + timedelta(minutes=minutes)).isoformat() for minutes in (4, 3))
    reports = [
        {"kind": "self_test", "outcome": "failed", "code": "e1", "at": later},
        {"kind": "self_test", "outcome": "ok", "at": sooner},
    ]
    ticks = count()
    monkeypatch.setattr(registry.clock, "now", lambda: now + timedelta(microseconds=next(ticks)))
    answer = await client.post(path, json={"reports": reports}, headers=device)
    assert [each["status"] for each in answer.json()["results"]] == ["taken", "taken"]
    assert (await client.get(f"/v1/aeds/{aed['id']}")).json()["readiness"] == "out_of_service"


async def test_one_first_aider_does_not_empty_a_town(
    client: httpx.AsyncClient, token: Headers, registry: Registry
) -> None:
    several = [await made(client, token) for _ in range(MOST_DEVICES_A_DAY + 1)]

    async def told(aed: dict[str, Any], who: str) -> str:
        path = f"/v1/aeds/{aed['id']}/reports"
        await client.post(path, json={"kind": "inspection", "outcome": "ok"}, headers=token("admin"))
        registry.clock.move(seconds=1)
        answer = await client.post(path, json={"kind": "fault"}, headers=token("responder", who))
        return str(answer.json()["readiness"])

    last = several.pop()
    assert {await told(aed, "zealous") for aed in several} == {"out_of_service"}
    # Of those that they have told of they may tell again; further ones are somebody's word from the street.
    assert await told(several[0], "zealous") == "out_of_service"
    assert await told(last, "zealous") == "unverified"
    assert await told(last, "another") == "out_of_service"
    registry.clock.move(days=1)
    assert await told(last, "zealous") == "out_of_service"
