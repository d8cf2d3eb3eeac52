"""A device says "I have it" with what was in the message; that proves the channel, and is heard once."""

import json
from datetime import timedelta

import jwt
import pytest

from dispatch.access.tokens import BadToken, TokenIssuer
from dispatch.push.receipts import BadReceipt, ReceiptIssuer
from dispatch.push.vocabulary import Channel
from tests.people import NOON, until
from tests.push.conftest import PHONE, SECRET, OpenDesk, Waking, attempts_are, heard_by, states_are
from tests.push.phones import HOOK_SECRET
from tests.push.receiving import Answer, Device, Listener


async def _pushed(waking: Waking, service: Listener, responder_id: str = "r1") -> tuple[str, str]:
    """Push an alert; its id and the receipt that the device found in it."""
    device = Device()
    await waking.subscribe(responder_id, service.origin, device)
    wake = waking.alert(responder_id)
    await waking.wake([wake])
    message = await waking.opened(await heard_by(service), device, service.origin)
    return wake.alert_id, message["receipt"]


async def _give(waking: Waking, receipt: str, status: int = 204) -> None:
    answer = await waking.call("POST", "/v1/push/receipts", json={"receipt": receipt})
    assert answer.status_code == status, answer.text


async def test_a_receipt_is_the_alerts_acknowledgement_and_proves_the_device(
    waking: Waking, push_service: Listener
) -> None:
    alert_id, receipt = await _pushed(waking, push_service)
    assert not waking.push.channels.has_proven_channel("r1", waking.clock.now())
    waking.clock.move(seconds=3)
    await _give(waking, receipt)
    (received,) = waking.received
    assert (received.responder_id, received.alert_id, received.channel) == ("r1", alert_id, Channel.WEB_PUSH)
    assert received.incident_id
    assert waking.push.channels.has_proven_channel("r1", waking.clock.now())
    (shown,) = waking.push.channels.channels_of("r1", waking.clock.now())
    assert shown == {"channel": "web_push", "proven": True, "proven_at": waking.clock.now(), "devices": 1}


async def test_repeating_a_receipt_changes_nothing(waking: Waking, push_service: Listener) -> None:
    _, receipt = await _pushed(waking, push_service)
    await _give(waking, receipt)
    (before,) = await waking.jobs()
    waking.clock.move(seconds=60)
    await _give(waking, receipt)
    await _give(waking, receipt)
    assert len(waking.received) == 1
    (after,) = await waking.jobs()
    assert after.received_at == before.received_at


async def test_a_proof_is_worth_thirty_days(waking: Waking, push_service: Listener) -> None:
    _, receipt = await _pushed(waking, push_service)
    await _give(waking, receipt)
    waking.clock.move(days=29, hours=23)
    assert waking.push.channels.has_proven_channel("r1", waking.clock.now())
    waking.clock.move(hours=1)
    assert not waking.push.channels.has_proven_channel("r1", waking.clock.now())


async def test_who_was_not_listened_to_is_listened_to_again(waking: Waking, push_service: Listener) -> None:
    alert_id, receipt = await _pushed(waking, push_service)
    heard = []

    async def failing_once(received: object) -> None:
        heard.append(received)
        if len(heard) == 1:
            raise ConnectionError

    waking.push.arrivals.on_received = failing_once
    with pytest.raises(ConnectionError):
        await waking.push.arrivals.receipt(receipt)
    await waking.push.arrivals.receipt(receipt)
    await waking.push.arrivals.receipt(receipt)
    assert len(heard) == 2
    assert alert_id


async def test_what_has_arrived_is_not_sent_again_whatever_the_push_service_said(
    waking: Waking, push_service: Listener
) -> None:
    # It delivered, and then could not say so.
    push_service.default = Answer(500)
    _, receipt = await _pushed(waking, push_service)
    await until(lambda: attempts_are(waking, 1))
    await _give(waking, receipt)
    await waking.pass_time(seconds=60)
    await until(lambda: states_are(waking, ["sent"]))
    assert len(push_service.heard) == 1


async def test_a_receipt_through_the_gateway_proves_the_number_that_was_told(
    open_desk: OpenDesk, gateway: Listener
) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1", phone=PHONE)
        await waking.wake([waking.alert("r1")])
        receipt = json.loads((await heard_by(gateway)).body)["data"]["receipt"]
        now = waking.clock.now()
        assert waking.push.channels.channels_of("r1", now) == [
            {"channel": "webhook", "proven": False, "proven_at": None}
        ]
        await _give(waking, receipt)
        assert waking.received[0].channel is Channel.WEBHOOK
        assert waking.push.channels.has_proven_channel("r1", now)
        waking.phones["r1"] = "13900000000"
        assert not waking.push.channels.has_proven_channel("r1", now), "another number proves nothing"


async def test_other_processes_hear_of_a_proof(open_desk: OpenDesk, push_service: Listener) -> None:
    async with open_desk() as first, open_desk() as second:
        await first.add_responder("r1")
        _, receipt = await _pushed(first, push_service)
        await _give(first, receipt)

        async def known() -> bool:
            return second.push.channels.has_proven_channel("r1", second.clock.now())

        await until(known)


async def test_a_receipt_of_a_device_that_is_forgotten_meanwhile_proves_nothing(
    waking: Waking, push_service: Listener
) -> None:
    _, receipt = await _pushed(waking, push_service)
    await waking.sql("delete from push_subscriptions")
    await _give(waking, receipt)
    assert len(waking.received) == 1, "the alert is there all the same"
    assert not waking.push.channels.has_proven_channel("r1", waking.clock.now())


async def test_a_receipt_for_what_nobody_remembers_is_taken_and_means_nothing(
    waking: Waking, push_service: Listener
) -> None:
    _, receipt = await _pushed(waking, push_service)
    await until(lambda: states_are(waking, ["sent"]))
    await waking.sql("delete from push_jobs")
    await _give(waking, receipt)
    assert waking.received == []


def test_receipts_and_tokens_do_not_pass_for_each_other() -> None:
    receipts, tokens = ReceiptIssuer(SECRET), TokenIssuer(SECRET)
    receipt = receipts.issue(job_id="0e7f4f2e-52ad-4a5e-9e3c-000000000000", responder_id="r1", created_at=NOON)
    with pytest.raises(BadToken):
        tokens.read(receipt)
    claims = {"iss": "dispatch", "sub": "r1", "role": "responder", "exp": NOON + timedelta(days=3650)}
    with pytest.raises(BadReceipt):
        receipts.read(jwt.encode(claims, SECRET, algorithm="HS256"), NOON)


@pytest.mark.parametrize(
    "more",
    [
        {"jti": "not a uuid"},
        {"jti": 7},
        {"aud": "somebody else"},
        {"iss": "somebody else"},
        {"exp": NOON - timedelta(seconds=1)},
        {"exp": "soon"},
        {"exp": None},
        {"sub": None},
    ],
)
def test_a_receipt_that_says_nonsense_is_refused(more: dict[str, object]) -> None:
    good = {
        "iss": "dispatch",
        "aud": "push-receipt",
        "sub": "r1",
        "jti": "0e7f4f2e-52ad-4a5e-9e3c-000000000000",
        "exp": NOON + timedelta(days=1),
    }
    receipts = ReceiptIssuer(SECRET)
    assert receipts.read(jwt.encode(good, SECRET, algorithm="HS256"), NOON).responder_id == "r1"
    claims = {name: value for name, value in (good | more).items() if value is not None}
    with pytest.raises(BadReceipt):
        receipts.read(jwt.encode(claims, SECRET, algorithm="HS256"), NOON)
    with pytest.raises(BadReceipt):
        receipts.read(jwt.encode(good, "another secret of thirty-two bytes", algorithm="HS256"), NOON)
    with pytest.raises(BadReceipt):
        receipts.read(jwt.encode(good, "", algorithm="none"), NOON)
