"""A push is as durable as its alert: both are written by one statement, or neither is."""

from collections.abc import Sequence
from uuid import uuid4

import psycopg
import pytest

from dispatch.push.job_queue import push_parameters
from dispatch.push.statements import NEW_PUSH_JOBS, NEW_PUSH_JOBS_TYPES
from dispatch.push.vocabulary import Wake
from dispatch.storage.prepared import Prepared
from tests.people import until
from tests.push.conftest import PHONE, OpenDesk, Waking, count_is, heard_by, states_are
from tests.push.phones import HOOK_SECRET
from tests.push.receiving import Device, Listener

MADE_WITH_AN_ALERT = Prepared(
    "made_with_an_alert",
    f"""
with alert as (
    insert into alerts (id, incident_id, responder_id, role, state, active, wave, eta_s, offered_at)
    values (:alert_id, :alert_id, 'r1', 'cpr', 'offered', true, 1, 60, :at)
),
{NEW_PUSH_JOBS}
select 1
""",  # noqa: S608 - put together from constants
    NEW_PUSH_JOBS_TYPES | {"alert_id": "uuid", "at": "timestamptz"},
)


async def _alert(waking: Waking, wakes: Sequence[Wake]) -> None:
    parameters = push_parameters(wakes, by_hook=waking.push.desk.has_hook)
    parameters |= {"alert_id": str(uuid4()), "at": waking.clock.now()}
    await waking.database.run(MADE_WITH_AN_ALERT, parameters)
    waking.push.desk.poke()


async def test_what_the_alerts_own_statement_queues_is_sent(
    open_desk: OpenDesk, push_service: Listener, gateway: Listener
) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        device = Device()
        await waking.add_responder("r1", phone=PHONE)
        await waking.subscribe("r1", push_service.origin, device)
        await _alert(waking, [waking.alert("r1"), waking.alert("nobody")])
        assert (await waking.opened(await heard_by(push_service), device, push_service.origin))["alert"]
        assert (await heard_by(gateway)).headers["webhook-id"]
        await until(lambda: states_are(waking, ["sent", "sent"]))


async def test_an_alert_that_is_not_made_is_not_pushed(waking: Waking, push_service: Listener) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    await _alert(waking, [])
    with pytest.raises(psycopg.errors.UniqueViolation):
        await _alert(waking, [waking.alert("r1")])
    assert await count_is(waking, "push_jobs", 0)
