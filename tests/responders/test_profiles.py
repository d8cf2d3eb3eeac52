"""First-aiders over HTTP: taken in, read, changed; who may, and what is refused."""

from typing import Any

from tests.people import ServiceInProcess

CERTIFICATE = {"number": "ZJ-1", "expires_on": "2027-12-31"}
NEW = {"id": "r1", "name": "王小明", "certificate": CERTIFICATE}


async def test_a_new_one_starts_off_duty_without_a_place(service: ServiceInProcess) -> None:
    made = await service.call("POST", "/v1/responders", role="admin", json={**NEW, "phone": "+86 138-0000-0000"})
    assert made == {
        "id": "r1",
        "name": "王小明",
        "phone": "+86 138-0000-0000",
        "certificate": {**CERTIFICATE, "valid": True},
        "mode": "walk",
        "language": "zh",
        "on_duty": False,
        "location": None,
        "fix_at": None,
        "created_at": "2026-06-17T04:00:00Z",
    }
    assert await service.call("GET", "/v1/responders/r1", role="operator") == made


async def test_without_an_id_one_is_made(service: ServiceInProcess) -> None:
    new = {name: value for name, value in NEW.items() if name != "id"}
    ids = {(await service.call("POST", "/v1/responders", role="admin", json=new))["id"] for _ in range(2)}
    assert len(ids) == 2


async def test_an_id_is_given_once(service: ServiceInProcess) -> None:
    await service.call("POST", "/v1/responders", role="admin", json=NEW)
    problem = await service.refused("POST", "/v1/responders", 409, role="admin", json={**NEW, "name": "other"})
    assert problem["code"] == "id_taken"
    assert (await service.call("GET", "/v1/responders/r1", role="admin"))["name"] == "王小明"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": "a b"}, "id"),
    ({"id": "x" * 65}, "id"),
    ({"id": ""}, "id"),
    ({"name": ""}, "name"),
    ({"name": "   "}, "name"),
    ({"name": "x" * 81}, "name"),
    ({"name": "a\u0000b"}, "name"),
    ({"phone": "call me"}, "phone"),
    ({"certificate": None}, "certificate"),
    ({"certificate": {"number": "1"}}, "certificate.expires_on"),
    ({"certificate": {"number": "", "expires_on": "2027-01-01"}}, "certificate.number"),
    ({"certificate": {"number": "1", "expires_on": "soon"}}, "certificate.expires_on"),
    ({"certificate": {"number": "1", "expires_on": "2027-02-30"}}, "certificate.expires_on"),
    ({"mode": "rocket"}, "mode"),
    ({"language": "fr"}, "language"),
    ({"on_duty": True}, "on_duty"),
]


async def test_what_is_no_responder_is_refused_by_name(service: ServiceInProcess) -> None:
    for changed, field in BAD:
        problem = await service.refused("POST", "/v1/responders", 422, role="admin", json={**NEW, **changed})
        assert field in [each["field"] for each in problem["errors"]], changed
    await service.refused("GET", "/v1/responders/r1", 404, role="admin")


async def test_who_may_do_what(service: ServiceInProcess) -> None:
    await service.call("POST", "/v1/responders", role="admin", json=NEW)
    mine, path = {"role": "responder", "subject": "r1"}, "/v1/responders/r1"
    assert (await service.call("GET", path, **mine))["id"] == "r1"
    changed = await service.call("PATCH", path, **mine, json={"phone": "119", "mode": "ebike", "language": "en"})
    assert (changed["phone"], changed["mode"], changed["language"]) == ("119", "ebike", "en")
    for foreign in ({"name": "x"}, {"certificate": CERTIFICATE}, {"phone": "119", "name": "x"}):
        await service.refused("PATCH", path, 403, **mine, json=foreign)
    for role, subject in (("responder", "r2"), ("caller", "r1"), ("custodian", "r1"), ("device", "r1")):
        await service.refused("GET", path, 403, role=role, subject=subject)
        await service.refused("PATCH", path, 403, role=role, subject=subject, json={"phone": "119"})
    await service.refused("PATCH", path, 403, role="operator", json={"phone": "119"})
    await service.refused("POST", "/v1/responders", 403, role="operator", json=NEW)
    await service.refused("GET", "/v1/responders/me", 403, role="operator")
    await service.refused("GET", "/v1/responders/me", 404, role="responder", subject="nobody")
    await service.refused(
        "PUT", "/v1/responders/me/duty", 404, role="responder", subject="nobody", json={"on_duty": True}
    )


async def test_what_is_left_out_stays_and_null_clears_only_the_phone(service: ServiceInProcess) -> None:
    await service.call("POST", "/v1/responders", role="admin", json={**NEW, "phone": "119"})
    path = "/v1/responders/r1"
    changed = await service.call("PATCH", path, role="admin", json={"name": "王大明"})
    assert (changed["name"], changed["phone"]) == ("王大明", "119")
    assert (await service.call("PATCH", path, role="admin", json={"phone": None}))["phone"] is None
    for field in ("name", "mode", "language", "certificate"):
        problem = await service.refused("PATCH", path, 422, role="admin", json={field: None})
        assert [each["field"] for each in problem["errors"]] == [field]
    assert (await service.call("PATCH", path, role="admin", json={}))["name"] == "王大明"


async def test_duty_is_yes_or_no(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    wrong: list[object] = [{}, {"on_duty": "yes"}, {"on_duty": 1}, {"on_duty": True, "mode": "rocket"}, []]
    for body in wrong:
        await service.refused("PUT", "/v1/responders/me/duty", 422, role="responder", subject="r1", json=body)


async def test_a_renewed_certificate_counts_at_once(service: ServiceInProcess) -> None:
    await service.add_responder("r1", expires_on="2026-06-16")
    assert (await service.call("GET", "/v1/responders/r1", role="admin"))["certificate"]["valid"] is False
    renewed = {"number": "ZJ-2", "expires_on": "2028-06-16"}
    changed = await service.call("PATCH", "/v1/responders/r1", role="admin", json={"certificate": renewed})
    assert changed["certificate"] == {**renewed, "valid": True}
