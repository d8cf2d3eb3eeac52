"""Webhooks as an administrator keeps them: whom they may tell, their secrets, and how long a worker has one."""

import base64
import json
import os
from pathlib import Path
from uuid import uuid4

from dispatch.centres import webhook_rows
from tests.centres.conftest import has_all, open_case, webhook
from tests.people import ServiceInProcess, run_in_process, settings_for_tests
from tests.push.receiving import Listener


async def test_who_may_be_told_is_checked(service: ServiceInProcess) -> None:
    short = base64.b64encode(os.urandom(16)).decode()
    for wrong, field in (
        ({"url": "ftp://cad.example/hook"}, "url"),
        ({"url": "http://cad.example/hook"}, "url"),
        ({"url": "https://user:password@cad.example/hook"}, "url"),
        ({"url": "https://cad.example/hook", "secret": "secret"}, "secret"),
        ({"url": "https://cad.example/hook", "secret": f"whsec_{short}"}, "secret"),
        ({"url": "https://cad.example/hook", "types": ["incident.exploded"]}, "types.0"),
        ({"url": "https://cad.example/hook", "districts": ["Hangzhou"]}, "districts.0"),
        ({"url": "https://cad.example/hook", "after": -1}, "after"),
        ({"url": "https://cad.example/hook", "drills": "maybe"}, "drills"),
        ({"url": "https://cad.example/hook", "centre": "杭州"}, "centre"),
    ):
        problem = await service.refused("POST", "/v1/centres/webhooks", 422, role="admin", json=wrong)
        assert problem["errors"][0]["field"] == field
    cap = {"url": "https://cad.example/hook", "format": "cap", "datum": "gcj02"}
    assert "WGS-84" in (await service.refused("POST", "/v1/centres/webhooks", 422, role="admin", json=cap))["detail"]
    for role in ("operator", "centre"):
        await service.refused("POST", "/v1/centres/webhooks", 403, role=role, json=cap)
    nowhere = f"/v1/centres/webhooks/{uuid4()}"
    await service.refused("GET", nowhere, 404, role="admin")
    await service.refused("PATCH", nowhere, 404, role="admin", json={"state": "paused"})
    await service.refused("DELETE", nowhere, 404, role="admin")
    await service.refused("POST", f"{nowhere}/replay", 404, role="admin", json={"after": 0})


async def test_secrets_are_shown_once_and_a_webhook_can_be_changed_and_removed(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver)
    listed = await service.call("GET", "/v1/centres/webhooks", role="admin")
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in str(listed)
    path = f"/v1/centres/webhooks/{made['id']}"
    changed = await service.call(
        "PATCH", path, role="admin", json={"types": ["aed.collected"], "districts": ["3301"], "drills": "without"}
    )
    assert (changed["types"], changed["districts"], changed["drills"]) == (["aed.collected"], ["3301"], "without")
    problem = await service.refused("PATCH", path, 422, role="admin", json={"format": "cap", "datum": "gcj02"})
    assert problem["errors"][0]["field"] == "datum"
    await service.call("DELETE", path, role="admin")
    assert (await service.call("GET", "/v1/centres/webhooks", role="admin"))["webhooks"] == []


async def test_private_networks_are_called_only_where_settings_name_them(
    postgis_url: str, service: ServiceInProcess, tmp_path: Path, receiver: Listener
) -> None:
    inside = {"url": receiver.origin.replace("localhost", "127.0.0.1") + "/hook", "drills": "with"}
    for networks, status in (("", 422), ("10.0.0.0/8", 422), ("10.0.0.0/8,127.0.0.0/8", 201)):
        settings = settings_for_tests(tmp_path / str(status), centre_networks=networks)
        async with run_in_process(settings, postgis_url, service.clock) as careful, careful.client("admin") as admin:
            answer = await admin.post("/v1/centres/webhooks", json=inside)
            assert answer.status_code == status
            if status == 201:
                await open_case(careful)
                await has_all(careful, answer.json())
    assert [json.loads(each.body)["type"] for each in receiver.heard] == ["incident.opened"]


async def test_a_lease_outlives_an_attempt() -> None:
    # Longer than the eight seconds of an attempt and the five until it is said again that the worker is at it.
    assert webhook_rows.LEASE_S > 8 + 5
