"""What could not be sent is shown to operators, who try again or see to it themselves."""

from uuid import uuid4

from tests.people import until
from tests.push.conftest import Waking, heard_by, states_are
from tests.push.receiving import Answer, Device, Listener


async def test_a_dead_letter_says_whom_and_why(waking: Waking, push_service: Listener) -> None:
    wake = await _dead_letter(waking, push_service)
    (letter,) = (await waking.call("GET", "/v1/dead-letters", role="operator")).json()["dead_letters"]
    assert letter["responder_id"] == "r1"
    assert letter["responder_name"] == "救护员 r1"
    assert letter["channel"] == "web_push"
    assert letter["alert_id"] == wake
    assert letter["incident_id"]
    assert letter["error"] == "403 key mismatch"
    assert letter["attempts"] == 1
    assert letter["service"] == push_service.origin


async def test_an_operator_tries_again_once_the_fault_is_put_right(waking: Waking, push_service: Listener) -> None:
    await _dead_letter(waking, push_service)
    push_service.default = Answer(201)
    (letter,) = (await waking.call("GET", "/v1/dead-letters", role="operator")).json()["dead_letters"]
    answer = await waking.call("POST", f"/v1/dead-letters/{letter['id']}/retry", role="operator")
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    await heard_by(push_service)
    await until(lambda: states_are(waking, ["sent"]))
    again = await waking.call("POST", f"/v1/dead-letters/{letter['id']}/retry", role="operator")
    assert again.status_code == 404


async def test_nobody_is_woken_for_an_alert_that_is_over(waking: Waking, push_service: Listener) -> None:
    await _dead_letter(waking, push_service)
    waking.clock.move(seconds=141)
    (letter,) = (await waking.call("GET", "/v1/dead-letters", role="operator")).json()["dead_letters"]
    answer = await waking.call("POST", f"/v1/dead-letters/{letter['id']}/retry", role="operator")
    assert answer.status_code == 409
    assert answer.json()["code"] == "too_late"


async def test_what_somebody_has_seen_to_leaves_the_list(waking: Waking, push_service: Listener) -> None:
    await _dead_letter(waking, push_service)
    (letter,) = (await waking.call("GET", "/v1/dead-letters", role="operator")).json()["dead_letters"]
    path = f"/v1/dead-letters/{letter['id']}"
    assert (await waking.call("DELETE", path, role="operator")).status_code == 204
    assert (await waking.call("DELETE", path, role="operator")).status_code == 404
    assert (await waking.call("GET", "/v1/dead-letters", role="operator")).json() == {"dead_letters": []}


async def test_what_is_not_dead_is_not_to_be_deleted(waking: Waking, push_service: Listener) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    await waking.wake([waking.alert("r1")])
    await until(lambda: states_are(waking, ["sent"]))
    (job,) = await waking.jobs()
    assert (await waking.call("DELETE", f"/v1/dead-letters/{job.id}", role="operator")).status_code == 404
    assert (await waking.call("POST", f"/v1/dead-letters/{uuid4()}/retry", role="operator")).status_code == 404


async def _dead_letter(waking: Waking, service: Listener) -> str:
    service.default = Answer(403, body=b"key mismatch")
    await waking.subscribe("r1", service.origin, Device())
    wake = waking.alert("r1")
    await waking.wake([wake])
    await heard_by(service)
    await until(lambda: states_are(waking, ["dead"]))
    return wake.alert_id
