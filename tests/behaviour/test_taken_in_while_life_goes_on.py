"""While what was decided is taken in, people go on deciding: nobody is given up by mistake, nor asked twice at once."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dispatch.engine.taking_in import TakingIn
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from tests.people import WULIN, ServiceInProcess, beside
from tests.stoppable_database import StoppableDatabase, is_back

HERE = beside(WULIN, north_m=100)
NEAR = beside(WULIN, north_m=500)

_SOMEBODY_ELSES_ALERT = """
    with opened as (
        insert into incidents (id, request_id, opened_at, location, drill, state, version, receipt)
        values (gen_random_uuid(), gen_random_uuid(), now(), 'SRID=4326;POINT(120.2 30.3)', false, 'alerting', 2, '{}')
        returning id)
    insert into alerts (id, incident_id, responder_id, role, state, active, wave, eta_s, offered_at)
    select gen_random_uuid(), id, 'r1', 'cpr', 'offered', true, 1, 60, now() from opened
"""


def _just_before(monkeypatch: pytest.MonkeyPatch, incident_id: str, happens: Callable[[], Awaitable[Any]]) -> None:
    """Have something happen when it is the turn of that incident to be taken in, after the order was settled."""
    taken_in = TakingIn._try
    done: list[IncidentId] = []

    async def later(self: TakingIn, each: IncidentId) -> bool:
        if each == incident_id and not done:
            done.append(each)
            await happens()
        return await taken_in(self, each)

    monkeypatch.setattr(TakingIn, "_try", later)


async def test_who_is_free_of_an_incident_not_taken_in_yet_stays_with_the_next(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        await stoppable.stops()
        second = await service.sos(NEAR)

        async def r1_changes_over() -> None:
            # The row of the first incident still binds them: it is not even known that it is to be taken in again.
            await service.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
            alert = await r1.next("alert", where=lambda m: m["incident_id"] == second["incident_id"])
            await r1.answer(alert, "accept")
            await r1.next("assignment", where=lambda m: m["incident_id"] == second["incident_id"])

        _just_before(monkeypatch, second["incident_id"], r1_changes_over)
        await stoppable.comes_back()
        await is_back(service)
        after = await service.incident(second["incident_id"])
    assert (after["state"], [each["state"] for each in after["alerts"]]) == ("responding", ["accepted"])
    assert stoppable.sql("select incident_id::text, state from alerts where active") == [
        (second["incident_id"], "accepted")
    ]


async def test_who_turns_out_to_be_asked_by_another_service_is_told_before_they_can_be_asked_again(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        await stoppable.stops()
        opened = await service.sos()
        alert = await r1.next("alert")

        async def another_service_asks() -> None:
            stoppable.sql(_SOMEBODY_ELSES_ALERT)

        _just_before(monkeypatch, opened["incident_id"], another_service_asks)
        told: list[dict[str, Any]] = []
        tell = service.service.hub.tell

        def noting(recipient: str, message: dict[str, Any]) -> None:
            told.append(message | {"bound": service.service.roster.engagement_of(ResponderId("r1")) is not None})
            tell(recipient, message)

        monkeypatch.setattr(service.service.hub, "tell", noting)
        await stoppable.comes_back()
        await is_back(service)
        await r1.next("stand_down", where=lambda m: m["alert_id"] == alert["alert_id"] and "seq" in m)
    stand_downs = [each for each in told if each["type"] == "stand_down" and each["alert_id"] == alert["alert_id"]]
    assert [each["bound"] for each in stand_downs] == [True]
