"""What a centre's system says wrongly is refused by its field; what is not its own it neither sees nor moves."""

from typing import Any
from uuid import uuid4

import pytest

from dispatch.access.limits import UnawaitedLimit
from tests.centres.conftest import a_case, feed, open_case
from tests.people import ServiceInProcess

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"case_number": ""}, "case_number"),
    ({"case_number": "12/34"}, "case_number"),
    ({"case_number": ".."}, "case_number"),
    ({"case_number": "x" * 65}, "case_number"),
    ({"case_number": 7}, "case_number"),
    ({"request_id": "again"}, "request_id"),
    ({"centre": "杭州"}, "centre"),
    ({"location": {"latitude": 120.1, "longitude": 30.2}}, "location.latitude"),
    ({"location": {"latitude": 30.2, "longitude": 120.1, "datum": "venus"}}, "location.datum"),
    ({"ambulance": {"unit": "3"}}, "ambulance"),
    ({"ambulance": {"eta_s": -1}}, "ambulance.eta_s"),
    ({"ambulance": {"eta_s": 1, "at": "2026-06-17T12:00:00"}}, "ambulance.at"),
    ({"ambulance": {"eta_s": 1, "at": "2027-06-17T12:00:00Z"}}, "ambulance.at"),
    ({"ambulance": {"arrives_at": "2027-06-17T12:00:00Z"}}, "ambulance.arrives_at"),
    ({"opened_at": "2026-06-17T05:00:00Z"}, "opened_at"),
    ({"collapsed_at": "2026-06-15T04:00:00Z"}, "collapsed_at"),
    ({"drill": "no"}, "drill"),
    ({"caller": {"phone": "none of your business"}}, "caller.phone"),
    ({"cpr": True}, "cpr"),
]


async def test_a_bad_field_is_named(service: ServiceInProcess) -> None:
    for wrong, field in WRONG:
        problem = await service.refused(
            "POST", "/v1/incidents", 422, role="centre", subject="hz120", json={**a_case(), **wrong}
        )
        assert field in [each["field"] for each in problem["errors"]], (wrong, problem)
    assert (await feed(service))["events"] == []


async def test_an_operator_has_to_say_whose_case_it_is(service: ServiceInProcess) -> None:
    problem = await service.refused("POST", "/v1/incidents", 422, role="operator", json=a_case())
    assert problem["errors"][0]["field"] == "centre"
    opened = await service.call("POST", "/v1/incidents", role="operator", json=a_case(centre="hz120"))
    assert opened["centre"] == "hz120"
    # It is the centre's own case, also when its system tells it too.
    assert (await open_case(service))["incident_id"] == opened["incident_id"]


async def test_who_is_no_centre_opens_no_case(service: ServiceInProcess) -> None:
    for role in (None, "caller", "responder", "custodian", "device"):
        status = 401 if role is None else 403
        subject = str(uuid4())
        await service.refused("POST", "/v1/incidents", status, role=role, subject=subject, json=a_case())
        await service.refused("GET", "/v1/centres/events", status, role=role, subject=subject)
        await service.refused("GET", f"/v1/incidents/{uuid4()}/cap", status, role=role, subject=subject)


async def test_another_centres_case_is_neither_seen_nor_moved(service: ServiceInProcess) -> None:
    opened = await open_case(service, centre="hz120")
    own = await open_case(service, "2026-5", centre="nb120", location={"latitude": 29.87, "longitude": 121.55})
    other: dict[str, Any] = {"role": "centre", "subject": "nb120"}
    case, ambulance = "/v1/centres/hz120/cases/2026-000123", {"eta_s": 60}
    await service.refused("GET", case, 403, **other)
    await service.refused("PUT", f"{case}/ambulance", 403, json=ambulance, **other)
    await service.refused("POST", f"{case}/merge", 403, json={"into": own["incident_id"]}, **other)
    await service.refused("POST", "/v1/incidents", 403, json=a_case(centre="hz120"), **other)
    incident = opened["incident_id"]
    await service.refused("GET", f"/v1/incidents/{incident}/cap", 404, **other)
    await service.refused("PUT", f"/v1/centres/nb120/incidents/{incident}/ambulance", 404, json=ambulance, **other)
    await service.refused("PUT", f"/v1/centres/hz120/incidents/{incident}/ambulance", 403, json=ambulance, **other)
    await service.refused("POST", "/v1/centres/nb120/cases/2026-5/merge", 404, json={"into": incident}, **other)
    sos = await service.sos()
    told = await feed(service, role="centre", subject="nb120")
    assert {each["incident_id"] for each in told["events"]} == {own["incident_id"], sos["incident_id"]}
    # What is only for operators stays so.
    await service.refused("GET", "/v1/incidents", 403, **other)
    await service.refused("POST", f"/v1/incidents/{sos['incident_id']}/close", 403, **other)
    await service.refused("GET", "/v1/centres/webhooks", 403, **other)


async def test_a_case_that_nobody_told_is_not_found(service: ServiceInProcess) -> None:
    await service.refused("GET", "/v1/centres/hz120/cases/2026-1", 404, role="centre", subject="hz120")


async def test_a_centre_that_tells_too_many_cases_is_asked_to_wait(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_limit: UnawaitedLimit, _who: str) -> float:
        return 12.0

    monkeypatch.setattr(UnawaitedLimit, "take", none_left)
    problem = await service.refused("POST", "/v1/incidents", 429, role="centre", subject="hz120", json=a_case())
    assert problem["code"] == "too_many_requests"


async def test_a_centres_token_names_a_centre(service: ServiceInProcess) -> None:
    for subject in ("杭州", "a b", "", "x" * 65, "a/b"):
        await service.refused("POST", "/v1/tokens", 422, role="admin", json={"role": "centre", "subject": subject})


async def test_a_centre_has_no_socket(service: ServiceInProcess) -> None:
    token = await service.call("POST", "/v1/tokens", role="admin", json={"role": "centre", "subject": "hz120"})
    assert token["role"] == "centre"
    with pytest.raises(AssertionError, match="3500"):
        async with service.socket("centre", "hz120"):
            pass
