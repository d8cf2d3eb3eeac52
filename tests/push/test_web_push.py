"""A phone without a socket is woken through its browser's push service."""

import json
import ssl
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import pytest

from tests.people import until
from tests.push.conftest import OpenDesk, Waking, attempts_are, count_is, has_error, heard_by, holds, states_are
from tests.push.receiving import Answer, Device, Listener, listening, own_certificate


async def test_an_alert_reaches_the_device_and_only_the_device_can_read_it(
    waking: Waking, push_service: Listener
) -> None:
    device = Device()
    await waking.subscribe("r1", push_service.origin, device)
    wake = waking.alert("r1")
    await waking.wake([wake])
    heard = await heard_by(push_service)
    message = await waking.opened(heard, device, push_service.origin)
    assert message["type"] == "alert"
    assert message["alert"] == json.loads(wake.body)
    assert message["title"] == "急救警报：请做心肺复苏"
    assert message["text"] == "约 350 米外有人需要急救。请前往做心肺复苏。"
    assert message["receipt"]
    assert heard.headers["urgency"] == "high"
    assert heard.headers["ttl"] == "140", "20 s to answer and two minutes for late answers"
    assert heard.headers["topic"] == wake.alert_id.replace("-", "")
    assert wake.alert_id not in heard.body.decode("latin-1")


async def test_the_words_are_in_the_responders_own_language(waking: Waking, push_service: Listener) -> None:
    device = Device()
    await waking.add_responder("r2", language="en")
    await waking.subscribe("r2", push_service.origin, device)
    aed = {"name": "West Lake Library"}
    await waking.wake([waking.alert("r2", role="aed", aed=aed, drill=True, distance_m=1250)])
    message = await waking.opened(await heard_by(push_service), device, push_service.origin)
    assert message["title"] == "DRILL: Emergency: fetch an AED"
    assert "about 1.2 km away" in message["text"]
    assert "(West Lake Library)" in message["text"]


async def test_all_devices_of_one_person_are_woken(waking: Waking, push_service: Listener) -> None:
    devices = [Device(), Device()]
    for number, device in enumerate(devices):
        await waking.subscribe("r1", push_service.origin, device, f"/{number}")
    await waking.wake([waking.alert("r1")])
    heard = sorted([await heard_by(push_service), await heard_by(push_service)], key=lambda each: each.path)
    for each, device in zip(heard, devices, strict=True):
        assert (await waking.opened(each, device, push_service.origin))["type"] == "alert"


async def test_one_alert_is_pushed_once_to_each_device(waking: Waking, push_service: Listener) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    wake = waking.alert("r1")
    for _ in range(3):
        await waking.wake([wake])
    await heard_by(push_service)
    await until(lambda: states_are(waking, ["sent"]))
    assert len(push_service.heard) == 1


async def test_a_message_too_long_for_a_push_is_shortened_to_what_wakes(waking: Waking, push_service: Listener) -> None:
    device = Device()
    await waking.subscribe("r1", push_service.origin, device)
    await waking.wake([waking.alert("r1", aed={"name": "A", "place_detail": "长" * 3000})])
    message = await waking.opened(await heard_by(push_service), device, push_service.origin)
    assert message["shortened"]
    assert message["alert"]["role"] == "cpr"
    assert "aed" not in message["alert"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_forgotten(waking: Waking, push_service: Listener, status: int) -> None:
    push_service.default = Answer(status)
    await waking.subscribe("r1", push_service.origin, Device())
    assert waking.push.channels.has_channel("r1")
    await waking.wake([waking.alert("r1")])
    await heard_by(push_service)
    await until(lambda: count_is(waking, "push_subscriptions", 0))
    assert await waking.jobs() == [], "nobody is left to send it to"
    await until(lambda: holds(not waking.push.channels.has_channel("r1")))


async def test_a_push_service_in_trouble_is_tried_again_with_growing_pauses(
    waking: Waking, push_service: Listener
) -> None:
    push_service.answers.extend([Answer(500), Answer(503), Answer(502)])
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    for attempt in range(1, 4):
        await heard_by(push_service)
        await until(partial(attempts_are, waking, attempt))
        (job,) = await waking.jobs()
        pause_s = (job.next_attempt_at - waking.clock.now()).total_seconds()
        assert 0.5 * 0.5 * 2 ** (attempt - 1) <= pause_s <= 1.5 * 0.5 * 2 ** (attempt - 1)
        await waking.pass_time(seconds=pause_s)
    await heard_by(push_service)
    await until(lambda: states_are(waking, ["sent"]))
    topics = {each.headers["topic"] for each in push_service.heard}
    assert len(topics) == 1, "what may have come already is put in its own place"


@pytest.mark.parametrize("as_date", [False, True])
async def test_who_asks_for_time_is_given_it(waking: Waking, push_service: Listener, *, as_date: bool) -> None:
    wanted = format_datetime(waking.clock.now() + timedelta(seconds=30), usegmt=True) if as_date else "30"
    push_service.answers.append(Answer(429, {"Retry-After": wanted}))
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await heard_by(push_service)
    await until(lambda: attempts_are(waking, 1))
    (job,) = await waking.jobs()
    assert (job.next_attempt_at - waking.clock.now()).total_seconds() == 30
    await waking.pass_time(seconds=30)
    await heard_by(push_service)


async def test_who_asks_for_more_time_than_the_alert_has_makes_a_dead_letter(
    waking: Waking, push_service: Listener
) -> None:
    push_service.answers.append(Answer(429, {"Retry-After": "600"}))
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await until(lambda: states_are(waking, ["dead"]))
    (job,) = await waking.jobs()
    assert job.last_error == "429; the next attempt would be too late to be of use"


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_what_is_refused_for_good_is_a_dead_letter_at_once(
    waking: Waking, push_service: Listener, status: int
) -> None:
    push_service.default = Answer(status, body=b"no\x00\x1b[31m thanks")
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await until(lambda: states_are(waking, ["dead"]))
    (job,) = await waking.jobs()
    assert job.last_error == f"{status} no [31m thanks"
    assert job.attempts == 1
    (subscription,) = await waking.sql("select last_error from push_subscriptions")
    assert subscription.last_error == job.last_error


async def test_an_alert_nobody_waits_for_any_more_is_not_sent(waking: Waking, push_service: Listener) -> None:
    push_service.default = Answer(503)
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await heard_by(push_service)
    await until(lambda: attempts_are(waking, 1))
    push_service.default = Answer(201)
    await waking.pass_time(seconds=141)
    await until(lambda: states_are(waking, ["dead"]))
    (job,) = await waking.jobs()
    assert job.last_error == "503; too late to be of use"
    assert len(push_service.heard) == 1


async def test_an_alert_that_is_taken_back_is_not_pushed_any_more(waking: Waking, push_service: Listener) -> None:
    push_service.default = Answer(503)
    await waking.subscribe("r1", push_service.origin, Device())
    wake = waking.alert("r1")
    await waking.wake([wake])
    await heard_by(push_service)
    await until(lambda: attempts_are(waking, 1))
    await waking.push.desk.withdraw([wake.alert_id])
    assert await waking.jobs() == []


async def test_a_clock_that_goes_back_an_hour_holds_nothing_up(waking: Waking, push_service: Listener) -> None:
    push_service.answers.append(Answer(503))
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await heard_by(push_service)
    await until(lambda: attempts_are(waking, 1))
    await waking.pass_time(hours=-1)
    await heard_by(push_service)
    await until(lambda: states_are(waking, ["sent"]))


async def test_a_push_service_over_tls_is_who_it_says_or_is_not_told(open_desk: OpenDesk, tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path / "service.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with listening(server) as service:
        async with open_desk(tls=trusting) as waking:
            device = Device()
            await waking.add_responder("r1")
            await waking.subscribe("r1", service.origin, device)
            await waking.wake([waking.alert("r1")])
            assert await waking.opened(await heard_by(service), device, service.origin)
            await until(lambda: states_are(waking, ["sent"]))
        async with open_desk() as waking:
            await waking.wake([waking.alert("r1")])
            await until(lambda: has_error(waking, "CERTIFICATE_VERIFY_FAILED"))
        assert len(service.heard) == 1


async def test_a_device_that_unsubscribes_takes_along_what_is_queued_for_it(
    waking: Waking, push_service: Listener
) -> None:
    push_service.default = Answer(503)
    endpoint = await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await until(lambda: attempts_are(waking, 1))
    path = "/v1/responders/me/push-subscription"
    await waking.call("DELETE", path, role="responder", subject="r1", json={"endpoint": endpoint})
    assert await waking.jobs() == []


async def test_a_job_whose_device_is_gone_by_the_time_it_is_taken_is_forgotten(
    waking: Waking, push_service: Listener
) -> None:
    push_service.default = Answer(503)
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await until(lambda: attempts_are(waking, 1))
    # Written in the moment in which the device unsubscribed: no key holds the two together.
    await waking.sql("delete from push_subscriptions")
    await waking.pass_time(seconds=5)
    await until(lambda: count_is(waking, "push_jobs", 0))
    assert len(push_service.heard) == 1
