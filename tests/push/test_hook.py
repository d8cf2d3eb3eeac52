"""The hook: whoever runs the service connects a gateway for SMS, voice or a vendor's push with it."""

import json
from functools import partial

import pytest

from dispatch.push.webhook import BadHook, hook_signer
from tests.people import NOON, until
from tests.push.conftest import (
    PHONE,
    OpenDesk,
    Waking,
    attempts_are,
    count_is,
    heard_by,
    states_are,
)
from tests.push.phones import HOOK_SECRET
from tests.push.receiving import Answer, Device, Listener, checked_hook


async def test_the_gateway_is_told_whom_to_wake_with_a_signature(open_desk: OpenDesk, gateway: Listener) -> None:
    async with open_desk(webhook_url=f"{gateway.origin}/hook?for=sms", webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1", phone=PHONE)
        wake = waking.alert("r1")
        await waking.wake([wake])
        heard = await heard_by(gateway)
        body = checked_hook(heard, HOOK_SECRET, waking.wall)
        assert heard.path == "/hook?for=sms"
        assert body["type"] == "responder.alert"
        data = body["data"]
        assert (data["responder_id"], data["phone"], data["language"]) == ("r1", PHONE, "zh")
        assert data["alert_id"] == data["alert"]["alert_id"] == wake.alert_id
        assert data["title"] == "急救警报：请做心肺复苏"
        assert "location" not in data["alert"]
        await until(lambda: states_are(waking, ["sent"]))


async def test_a_gateway_that_fails_is_tried_again_under_the_same_id_and_the_time_of_the_try(
    open_desk: OpenDesk, gateway: Listener
) -> None:
    # 404: a gateway that is being deployed knows its address again a moment later.
    gateway.answers.extend([Answer(500), Answer(404), Answer(503, {"Retry-After": "7"}), Answer(204)])
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1", phone=PHONE)
        await waking.wake([waking.alert("r1")])
        bodies, pauses_s = [], []
        for attempt in range(1, 4):
            bodies.append(checked_hook(await heard_by(gateway), HOOK_SECRET, waking.wall))
            await until(partial(attempts_are, waking, attempt))
            (job,) = await waking.jobs()
            pauses_s.append((job.next_attempt_at - waking.clock.now()).total_seconds())
            # Receivers refuse what was signed minutes ago.
            waking.wall.move(minutes=6)
            await waking.pass_time(seconds=pauses_s[-1])
        bodies.append(checked_hook(await heard_by(gateway), HOOK_SECRET, waking.wall))
        await until(lambda: states_are(waking, ["sent"]))
        (job,) = await waking.jobs()
    assert {each.headers["webhook-id"] for each in gateway.heard} == {str(job.id)}
    assert len({each.headers["webhook-timestamp"] for each in gateway.heard}) == 4
    assert all(body == bodies[0] for body in bodies), "told the same each time"
    assert pauses_s[2] == 7
    assert 0.5 * 0.5 <= pauses_s[0] <= 1.5 * 0.5


async def test_a_gateway_that_stays_away_makes_a_dead_letter_by_age(open_desk: OpenDesk, gateway: Listener) -> None:
    gateway.default = Answer(500)
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1", phone=PHONE)
        await waking.wake([waking.alert("r1")])
        for attempts in range(1, 30):
            await until(partial(_was_tried, waking, attempts))
            (job,) = await waking.jobs()
            if job.state == "dead":
                break
            # The longest pause is 20 s and half as much again.
            await waking.pass_time(seconds=30)
        else:
            pytest.fail("it never gave up")
        assert job.last_error.startswith("500")
        assert job.last_error.endswith("too late to be of use")
        assert job.attempts == 5, "at 0, 30, 60, 90 and 120 s of 140"


async def _was_tried(waking: Waking, attempts: int) -> bool:
    (job,) = await waking.jobs()
    return job.taken_by is None and (job.attempts >= attempts or job.state == "dead")


async def test_who_has_told_no_number_is_not_told_of_to_the_gateway(open_desk: OpenDesk, gateway: Listener) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1")
        await waking.wake([waking.alert("r1")])
        assert await waking.jobs() == []
        assert not waking.push.channels.has_channel("r1")


async def test_every_channel_is_used_for_one_alert(
    open_desk: OpenDesk, gateway: Listener, push_service: Listener
) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        device = Device()
        await waking.add_responder("r1", phone=PHONE)
        await waking.subscribe("r1", push_service.origin, device)
        wake = waking.alert("r1")
        for _ in range(2):
            await waking.wake([wake])
        pushed = await waking.opened(await heard_by(push_service), device, push_service.origin)
        hooked = json.loads((await heard_by(gateway)).body)["data"]
        assert pushed["alert"] == hooked["alert"]
        assert pushed["receipt"] != hooked["receipt"]
        await until(lambda: states_are(waking, ["sent", "sent"]))


async def test_a_push_service_that_hangs_does_not_hold_up_the_gateway(
    open_desk: OpenDesk, gateway: Listener, push_service: Listener
) -> None:
    push_service.default = Answer(hang_s=30)
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        for number in range(150):
            await waking.sql(
                "insert into responders (id, name, certificate_number, certificate_expires_on, mode, language,"
                " created_at) values (:id, :id, 'ZJ', '2030-01-01', 'walk', 'zh', now())",
                id=f"slow{number}",
            )
            await waking.sql(
                "insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at)"
                " values (gen_random_uuid(), :id, :endpoint, :service, :p256dh, :auth, now())",
                id=f"slow{number}",
                endpoint=f"{push_service.origin}/{number}",
                service=push_service.origin,
                **Device().keys,
            )
        await waking.add_responder("r1", phone=PHONE)
        await waking.wake([waking.alert(f"slow{number}") for number in range(150)])
        await until(lambda: _has_heard(push_service, 60))
        await waking.wake([waking.alert("r1")])
        assert (await heard_by(gateway, 2)).path
        under_way = await waking.sql("select id from push_jobs where taken_by is not null and channel = 'web_push'")
        assert len(under_way) < 100, "one service does not get every place"
        push_service.released.set()


async def _has_heard(listener: Listener, count: int) -> bool:
    return len(listener.heard) >= count


async def test_a_hook_that_is_taken_away_leaves_dead_letters(open_desk: OpenDesk, gateway: Listener) -> None:
    gateway.default = Answer(503)
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1", phone=PHONE)
        await waking.wake([waking.alert("r1")])
        await until(lambda: attempts_are(waking, 1))
    async with open_desk() as without:
        await without.pass_time(seconds=5)
        await until(lambda: states_are(without, ["dead"]))
        assert await count_is(without, "push_jobs", 1)


@pytest.mark.parametrize(
    ("url", "secret", "problem"),
    [
        ("https://sms.example", None, "needs a webhook_secret"),
        ("https://sms.example", "whsec_c2hvcnQ=", "24 bytes or more"),
        ("https://sms.example", "whsec_!", "must be whsec_ and base64|24 bytes or more"),
        ("ftp://sms.example", HOOK_SECRET, "must begin with http"),
        ("sms.example/hook", HOOK_SECRET, "must begin with http"),
    ],
)
async def test_a_hook_that_cannot_work_is_refused_at_the_start(
    open_desk: OpenDesk, url: str, secret: str | None, problem: str
) -> None:
    with pytest.raises(BadHook, match=problem):
        async with open_desk(webhook_url=url, webhook_secret=secret):
            pass


def test_a_secret_is_taken_with_and_without_its_prefix() -> None:
    signed = [
        hook_signer(secret).sign("id", NOON, "{}") for secret in (HOOK_SECRET, HOOK_SECRET.removeprefix("whsec_"))
    ]
    assert signed[0] == signed[1]
