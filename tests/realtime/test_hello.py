"""The client speaks first, and says who it is; otherwise it is sent away with the code that says why."""

from datetime import timedelta
from uuid import uuid4

import pytest

from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.realtime import endpoint
from dispatch.realtime.close_codes import CloseCode
from tests.people import NOON, Message, ServiceInProcess
from tests.realtime.frames import talk

ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "",
        "[]",
        '"hello"',
        b"\x00\x01",
        '{"type": "ping"}',
        '{"type": "position", "latitude": 30, "longitude": 120}',
        '{"type": "hello"}',
        '{"type": "hello", "token": 7}',
        '{"type": "hello", "token": "x", "resume": 17}',
        '{"type": "hello", "token": "x", "resume": {"epoch": "e", "seq": -1}}',
        '{"type": "HELLO", "token": "x"}',
    ],
    ids=repr,
)
async def test_a_first_message_that_is_no_hello_closes(service: ServiceInProcess, frame: str | bytes) -> None:
    heard = await talk(service.url, frame)
    assert heard.close_code == CloseCode.BAD_HELLO
    assert heard.close_reason == "bad_hello"
    (error,) = heard.heard
    assert (error["type"], error["code"], error["of"]) == ("error", "bad_hello", "hello")
    assert error["detail"]


async def test_a_token_that_is_not_believed_closes(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    foreign = TokenIssuer("another secret of thirty-two letters")
    expired = service.service.tokens.issue(
        Identity(Role.RESPONDER, "r1"), issued_at=NOON.replace(year=2001), lifetime=ONE_DAY
    )
    tokens = {
        "garbage": "garbage",
        "empty": "",
        "expired": expired,
        "foreign": foreign.issue(Identity(Role.RESPONDER, "r1"), issued_at=NOON, lifetime=ONE_DAY),
        "an unknown responder": service.token("responder", "nobody"),
        "an unknown incident": service.token("caller", str(uuid4())),
        "a caller of no incident": service.token("caller", "not a uuid"),
        "a role without a stream": service.token("custodian", "c1"),
        "a device": service.token("device", str(uuid4())),
    }
    for name, token in tokens.items():
        heard = await talk(service.url, {"type": "hello", "token": token})
        assert heard.close_code == CloseCode.BAD_TOKEN, name
        assert [(error["code"], error["field"]) for error in heard.heard] == [("bad_token", "token")], name


async def test_who_says_nothing_is_closed(service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "HELLO_WITHIN_S", 0.05)
    heard = await talk(service.url)
    assert heard.close_code == CloseCode.NO_HELLO


async def test_the_welcome_tells_who_one_is_and_where_the_session_begins(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as client:
        welcome: Message = client.welcome
        assert welcome["epoch"]
        assert (welcome["seq"], welcome["resumed"], welcome["heartbeat_s"]) == (0, False, 25)
        assert (welcome["role"], welcome["subject"]) == ("responder", "r1")
        assert await client.next("duty") == {"type": "duty", "on_duty": False, "mode": "walk"}
    async with service.socket("operator", "ann") as console:
        assert (console.welcome["role"], console.welcome["subject"]) == ("operator", "ann")
        assert console.heard.index(await console.next("picture")) == 1
    async with service.socket("admin", "root") as console:
        assert (await console.next("picture"))["full"] is True


async def test_a_caller_in_other_letters_is_the_same_caller(service: ServiceInProcess) -> None:
    opened = await service.sos()
    async with service.socket("caller", opened["incident_id"].upper()) as caller:
        assert caller.welcome["subject"] == opened["incident_id"]
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        assert (await caller.next("incident"))["state"] == "closed"


async def test_a_second_hello_is_told_so_and_changes_nothing(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    await service.add_responder("r2")
    async with service.socket("responder", "r1") as client:
        await client.say(type="hello", token=service.token("responder", "r2"))
        error = await client.next("error")
        assert (error["code"], error["of"]) == ("second_hello", "hello")
        await client.say(type="duty", on_duty=True)
        await client.settled()
    for responder_id, on_duty in (("r1", True), ("r2", False)):
        profile = await service.call("GET", f"/v1/responders/{responder_id}", role="operator")
        assert profile["on_duty"] is on_duty
