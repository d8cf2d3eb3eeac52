"""The calls of the contract: who may, and what is said about a body that is wrong."""

from typing import Any
from uuid import uuid4

import pytest

from dispatch.push.encryption import device_key
from tests.people import problem_of, until
from tests.push.conftest import OpenDesk, Waking
from tests.push.receiving import Device, b64

SUBSCRIPTION = "/v1/responders/me/push-subscription"
ENDPOINT = "https://push.example/capability"
LETTER = "0e7f4f2e-52ad-4a5e-9e3c-0f2f3f7d9a55"
Json = dict[str, Any]


def _given(**more: Any) -> Json:
    return {"endpoint": ENDPOINT, "keys": Device().keys} | more


async def test_the_key_to_subscribe_with_is_anybodys_to_read(waking: Waking) -> None:
    answer = await waking.call("GET", "/v1/push/key")
    assert answer.status_code == 200
    assert device_key(answer.json()["public_key"]).curve.name == "secp256r1"


async def test_the_same_subscription_again_changes_nothing(waking: Waking) -> None:
    given = _given(expirationTime=None)
    for _ in range(3):
        answer = await waking.call("PUT", SUBSCRIPTION, role="responder", subject="r1", json=given)
        assert answer.status_code == 204
        await waking.sql("update push_subscriptions set proven_at = coalesce(proven_at, now())")
    (row,) = await waking.sql("select * from push_subscriptions")
    assert row.proven_at is not None
    assert row.service == "https://push.example"


async def test_new_keys_or_a_new_owner_begin_unproven(waking: Waking) -> None:
    await waking.add_responder("r2")
    for subject in ("r1", "r1", "r2"):
        await waking.call("PUT", SUBSCRIPTION, role="responder", subject=subject, json=_given())
        (row,) = await waking.sql("select * from push_subscriptions")
        assert (row.responder_id, row.proven_at) == (subject, None)
        await waking.sql("update push_subscriptions set proven_at = now()")

    async def it_is_not_theirs() -> bool:
        return not waking.push.channels.has_channel("r1")

    # Whose phone it was is heard of by a notification.
    await until(it_is_not_theirs)
    assert waking.push.channels.has_channel("r2")


async def test_of_many_devices_the_newest_are_kept(waking: Waking) -> None:
    for number in range(8):
        waking.clock.move(seconds=1)
        given = _given(endpoint=f"{ENDPOINT}/{number}")
        await waking.call("PUT", SUBSCRIPTION, role="responder", subject="r1", json=given)
    rows = await waking.sql("select endpoint from push_subscriptions order by created_at")
    assert [row.endpoint[-1] for row in rows] == ["3", "4", "5", "6", "7"]


async def test_a_device_gives_its_subscription_up(waking: Waking) -> None:
    await waking.call("PUT", SUBSCRIPTION, role="responder", subject="r1", json=_given())
    for subject, left in (("r2", 1), ("r1", 0), ("r1", 0)):
        answer = await waking.call(
            "DELETE", SUBSCRIPTION, role="responder", subject=subject, json={"endpoint": ENDPOINT}
        )
        assert answer.status_code == 204
        assert len(await waking.sql("select id from push_subscriptions")) == left
    assert not waking.push.channels.has_channel("r1")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "endpoint"),
        ({"endpoint": ENDPOINT}, "keys"),
        (_given(endpoint=""), "endpoint"),
        (_given(endpoint=7), "endpoint"),
        (_given(endpoint="https://push.example/\x00"), "endpoint"),
        (_given(endpoint="https://push.example/中"), "endpoint"),
        (_given(endpoint="https://push.example/" + "x" * 3000), "endpoint"),
        (_given(endpoint="http://push.example/"), "endpoint"),
        (_given(endpoint="https://169.254.169.254/"), "endpoint"),
        (_given(keys=[]), "keys"),
        (_given(keys={"p256dh": "AAAA", "auth": b64(b"x" * 16)}), "keys.p256dh"),
        (_given(keys={**Device().keys, "auth": "AAAA"}), "keys.auth"),
        (_given(keys={**Device().keys, "auth": "\x00"}), "keys.auth"),
        (_given(keys={"p256dh": Device().keys["p256dh"]}), "keys.auth"),
        (_given(keys={**Device().keys, "p256dh": "x" * 200}), "keys.p256dh"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused_with_its_field(
    open_desk: OpenDesk, given: Json, field: str
) -> None:
    async with open_desk(allow_private=False) as waking:
        await waking.add_responder("r1")
        answer = await waking.call("PUT", SUBSCRIPTION, role="responder", subject="r1", json=given)
        problem = problem_of(answer, 422)
        assert problem["errors"][0]["field"] == field
        assert await waking.sql("select id from push_subscriptions") == []


@pytest.mark.parametrize("given", [{}, {"receipt": ""}, {"receipt": 7}, {"receipt": "x" * 3000}, {"receipt": "no"}])
async def test_a_receipt_that_is_none_is_refused(waking: Waking, given: Json) -> None:
    problem = problem_of(await waking.call("POST", "/v1/push/receipts", json=given), 422)
    assert problem["errors"][0]["field"] == "receipt"


async def test_broken_json_is_told_apart(waking: Waking) -> None:
    answer = await waking.call(
        "PUT", SUBSCRIPTION, role="responder", subject="r1", content=b"{", headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == "invalid_json"


@pytest.mark.parametrize("limit", ["0", "501", "x"])
async def test_a_limit_that_cannot_be_is_refused(waking: Waking, limit: str) -> None:
    answer = await waking.call("GET", f"/v1/dead-letters?limit={limit}", role="operator")
    assert problem_of(answer, 422)["errors"][0]["field"] == "limit"


@pytest.mark.parametrize(
    ("method", "path", "wrong_role"),
    [
        ("PUT", SUBSCRIPTION, "operator"),
        ("DELETE", SUBSCRIPTION, "admin"),
        ("POST", "/v1/responders/me/test-alert", "caller"),
        ("GET", "/v1/dead-letters", "responder"),
        ("POST", f"/v1/dead-letters/{LETTER}/retry", "custodian"),
        ("DELETE", f"/v1/dead-letters/{LETTER}", "device"),
    ],
)
async def test_who_may_not_is_told_so(waking: Waking, method: str, path: str, wrong_role: str) -> None:
    body = None if method in {"GET", "POST"} else _given()
    problem_of(await waking.call(method, path, json=body), 401)
    subject = str(uuid4())
    problem_of(await waking.call(method, path, role=wrong_role, subject=subject, json=body), 403)


@pytest.mark.parametrize(("method", "path"), [("PUT", SUBSCRIPTION), ("POST", "/v1/responders/me/test-alert")])
async def test_somebody_unknown_has_no_phone_to_wake(waking: Waking, method: str, path: str) -> None:
    body = _given() if method == "PUT" else None
    problem_of(await waking.call(method, path, role="responder", subject="stranger", json=body), 404)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_letter_is_named_by_a_uuid(waking: Waking, method: str) -> None:
    path = "/v1/dead-letters/seven" + ("/retry" if method == "POST" else "")
    answer = await waking.call(method, path, role="operator")
    assert problem_of(answer, 422)["errors"][0]["field"] == "letter_id"
