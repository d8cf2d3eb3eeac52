"""Connections are used again: a handshake for every alert would be most of its way."""

import asyncio
from functools import partial

from tests.people import until
from tests.push.conftest import Waking, heard_by, states_are
from tests.push.receiving import Answer, Device, Listener


async def test_one_message_after_another_goes_over_one_connection(waking: Waking, push_service: Listener) -> None:
    push_service.default = Answer(201, body=b"thank you")
    await waking.subscribe("r1", push_service.origin, Device())
    for count in range(1, 11):
        await waking.wake([waking.alert("r1")])
        await heard_by(push_service)
        await until(partial(states_are, waking, ["sent"] * count))
    assert len({each.client_port for each in push_service.heard}) == 1


async def test_a_connection_that_the_service_has_closed_costs_no_message_its_attempt(
    waking: Waking, push_service: Listener
) -> None:
    push_service.default = Answer(201, hang_up=True)
    await waking.subscribe("r1", push_service.origin, Device())
    for _ in range(5):
        await waking.wake([waking.alert("r1")])
        await heard_by(push_service)
        await asyncio.sleep(0.05)
    await until(lambda: states_are(waking, ["sent"] * 5))
    assert [job.attempts for job in await waking.jobs()] == [1] * 5
    assert len({each.client_port for each in push_service.heard}) == 5
