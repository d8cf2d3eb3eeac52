"""What becomes of an alert reaches the phone that was woken for it, in order and once, and nobody else."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

from dispatch.push.vocabulary import Kind, Wake
from tests.people import until
from tests.push.conftest import (
    PHONE,
    Json,
    OpenDesk,
    Waking,
    attempts_are,
    count_is,
    heard_by,
    states_are,
)
from tests.push.phones import HOOK_SECRET
from tests.push.receiving import Answer, Device, Listener

MAILBOX = "responder:r1"


async def _called(waking: Waking, service: Listener) -> tuple[Device, Wake]:
    """A device that an offer has reached."""
    device = Device()
    await waking.subscribe("r1", service.origin, device)
    offer = waking.alert("r1")
    await waking.wake([offer])
    assert (await waking.opened(await heard_by(service), device, service.origin))["type"] == "alert"
    await until(lambda: states_are(waking, ["sent"]))
    return device, offer


async def _next(waking: Waking, service: Listener, device: Device) -> Json:
    return await waking.opened(await heard_by(service), device, service.origin)


async def _message(waking: Waking) -> None:
    """A message that waits for the phone's session, made in this instant."""
    await waking.sql(
        "insert into messages (recipient, seq, body, created_at)"
        " select :mailbox, 1 + count(*), '{}', :at from messages",
        mailbox=MAILBOX,
        at=waking.clock.now(),
    )


async def test_a_stand_down_takes_the_place_of_the_alert(waking: Waking, push_service: Listener) -> None:
    device, offer = await _called(waking, push_service)
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True, body={"reason": "closed"})])
    message = await _next(waking, push_service, device)
    assert message["type"] == "stand_down"
    assert message["alert_id"] == offer.alert_id, "what the notification goes by"
    assert (message["title"], message["text"]) == ("解除：无需前往", "事件已结束，感谢您。")
    assert message["stand_down"]["reason"] == "closed"
    first, second = push_service.heard
    assert first.headers["topic"] == second.headers["topic"], "a push service that holds the alert drops it"
    assert second.headers["ttl"] == "900"


async def test_who_never_heard_of_it_is_not_told_to_stop(
    waking: Waking, push_service: Listener, open_desk: OpenDesk, gateway: Listener
) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.word(Kind.STAND_DOWN, waking.alert("r1"), 4, only_told=True)])
    assert await waking.jobs() == []
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as with_hook:
        await with_hook.add_responder("r2", phone=PHONE)
        await with_hook.wake([with_hook.word(Kind.STAND_DOWN, with_hook.alert("r2"), 4, only_told=True)])
        assert await with_hook.jobs() == []


async def test_an_offer_that_has_not_left_goes_with_its_stand_down(waking: Waking, push_service: Listener) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    waking.push.desk._is_draining = True
    offer = waking.alert("r1")
    await waking.wake([offer])
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True)])
    assert await waking.jobs() == []
    assert push_service.heard == []


async def test_an_offer_that_may_have_arrived_is_stood_down_and_not_tried_again(
    waking: Waking, push_service: Listener
) -> None:
    device = Device()
    await waking.subscribe("r1", push_service.origin, device)
    push_service.answers.append(Answer(500))
    offer = waking.alert("r1")
    await waking.wake([offer])
    await heard_by(push_service)
    await until(lambda: attempts_are(waking, 1))
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True)])
    assert (await _next(waking, push_service, device))["type"] == "stand_down"
    await waking.pass_time(seconds=60)
    await until(lambda: states_are(waking, ["sent"]))
    assert len(push_service.heard) == 2


async def test_a_stand_down_waits_for_the_offer_that_is_under_way(waking: Waking, push_service: Listener) -> None:
    device = Device()
    await waking.subscribe("r1", push_service.origin, device)
    push_service.answers.append(Answer(503, hang_s=5))
    offer = waking.alert("r1")
    await waking.wake([offer])
    await heard_by(push_service)
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True)])
    # Longer than the desk takes to look again.
    await asyncio.sleep(0.6)
    assert len(push_service.heard) == 1
    push_service.released.set()
    assert (await _next(waking, push_service, device))["type"] == "stand_down"
    await waking.pass_time(seconds=60)
    await until(lambda: states_are(waking, ["sent"]))
    assert len(push_service.heard) == 2, "the offer is not tried again after it"


async def test_each_assignment_is_pushed_once(waking: Waking, push_service: Listener) -> None:
    device, offer = await _called(waking, push_service)
    for version, name in ((3, "南门"), (5, "北门")):
        word = waking.word(
            Kind.ASSIGNMENT, offer, version, body={"role": "aed", "aed": {"name": name}, "changed": True}
        )
        for _ in range(3):
            await waking.wake([word])
        message = await _next(waking, push_service, device)
        assert message["title"] == "任务变更"
        assert f"取 AED（{name}）" in message["text"]
        await until(lambda: count_is(waking, "push_jobs where state = 'queued'", 0))
    assert len(push_service.heard) == 3


async def test_the_newest_word_is_the_one_that_is_sent(waking: Waking, push_service: Listener) -> None:
    device, offer = await _called(waking, push_service)
    waking.push.desk._is_draining = True
    await waking.wake([waking.word(Kind.ASSIGNMENT, offer, 3)])
    await waking.wake([waking.word(Kind.NUDGE, offer, 4)])
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 5)])
    waking.push.desk._is_draining = False
    waking.push.desk.poke()
    assert (await _next(waking, push_service, device))["type"] == "stand_down"
    await until(lambda: states_are(waking, ["sent", "sent"]))
    assert len(push_service.heard) == 2


async def test_what_the_socket_acknowledges_within_ten_seconds_is_not_pushed(
    waking: Waking, push_service: Listener
) -> None:
    _, offer = await _called(waking, push_service)
    await _message(waking)
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, after_s=10, mailbox=MAILBOX)])
    await waking.pass_time(seconds=5)
    await waking.sql("delete from messages")
    await waking.pass_time(seconds=5)
    await until(lambda: states_are(waking, ["sent"]))
    assert len(push_service.heard) == 1


async def test_what_the_socket_does_not_acknowledge_is_pushed(waking: Waking, push_service: Listener) -> None:
    device, offer = await _called(waking, push_service)
    await _message(waking)
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, after_s=10, mailbox=MAILBOX)])
    await waking.pass_time(seconds=9)
    await asyncio.sleep(0.3)
    assert len(push_service.heard) == 1
    await waking.pass_time(seconds=1)
    assert (await _next(waking, push_service, device))["type"] == "stand_down"


async def test_a_late_yes_overtakes_the_word_that_it_is_too_late(waking: Waking, push_service: Listener) -> None:
    device, offer = await _called(waking, push_service)
    expired = waking.word(Kind.STAND_DOWN, offer, 4, after_s=140, only_told=True)
    await waking.wake([expired])
    await waking.pass_time(seconds=60)
    await waking.wake([waking.word(Kind.ASSIGNMENT, offer, 5)])
    assert (await _next(waking, push_service, device))["type"] == "assignment"
    await waking.pass_time(seconds=100)
    await until(lambda: states_are(waking, ["sent", "sent"]))
    assert len(push_service.heard) == 2


async def test_an_offer_is_tried_until_it_is_too_late_though_its_end_is_known(
    waking: Waking, push_service: Listener
) -> None:
    device = Device()
    await waking.subscribe("r1", push_service.origin, device)
    push_service.answers.append(Answer(503))
    offer = waking.alert("r1")
    await waking.wake([offer])
    await heard_by(push_service)
    await until(lambda: attempts_are(waking, 1))
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, after_s=140, only_told=True)])
    await waking.pass_time(seconds=30)
    assert (await _next(waking, push_service, device))["type"] == "alert"
    await waking.pass_time(seconds=110)
    assert (await _next(waking, push_service, device))["type"] == "stand_down"


async def test_the_gateway_tells_whom_it_has_called(open_desk: OpenDesk, gateway: Listener) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1", phone=PHONE, language="en")
        offer = waking.alert("r1")
        await waking.wake([offer])
        await heard_by(gateway)
        await until(lambda: states_are(waking, ["sent"]))
        await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True, body={"drill": True})])
        body = json.loads((await heard_by(gateway)).body)
        assert body["type"] == "responder.stand_down"
        assert body["data"]["title"] == "DRILL: Stand down: no need to go"
        assert body["data"]["text"] == "The incident is over. Thank you."
        assert body["data"]["stand_down"]["alert_id"] == body["data"]["alert_id"] == offer.alert_id
        await waking.wake([waking.word(Kind.STAND_DOWN, offer, 5, by_hook=False)])
        assert await count_is(waking, "push_jobs", 2)


async def test_a_receipt_for_it_proves_the_way_and_is_no_word_to_the_incident(
    waking: Waking, push_service: Listener
) -> None:
    device, offer = await _called(waking, push_service)
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True)])
    receipt = (await _next(waking, push_service, device))["receipt"]
    for _ in range(2):
        answer = await waking.call("POST", "/v1/push/receipts", json={"receipt": receipt})
        assert answer.status_code == 204
    assert waking.received == []
    assert waking.push.channels.has_proven_channel("r1", waking.clock.now())


async def test_what_cannot_be_sent_is_a_dead_letter_that_says_what_it_was(
    waking: Waking, push_service: Listener
) -> None:
    _, offer = await _called(waking, push_service)
    push_service.default = Answer(403)
    await waking.wake([waking.word(Kind.STAND_DOWN, offer, 4, only_told=True)])
    await until(lambda: count_is(waking, "push_jobs where state = 'dead'", 1))
    (letter,) = (await waking.call("GET", "/v1/dead-letters", role="operator")).json()["dead_letters"]
    assert (letter["kind"], letter["alert_id"]) == ("stand_down", offer.alert_id)


async def test_what_would_be_too_late_from_the_start_is_no_dead_letter(waking: Waking, push_service: Listener) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    now = waking.clock.now()
    offer = waking.alert("r1")
    late = waking.word(Kind.NUDGE, offer, 4, after_s=10)
    await waking.wake([replace(offer, useful_until=now), replace(late, useful_until=now + timedelta(seconds=10))])
    assert await waking.jobs() == []
    await waking.wake([replace(late, useful_until=now + timedelta(seconds=11))])
    assert len(await waking.jobs()) == 1
