"""A worker has another carry out what it was asked, and whoever asked hears what came of it as if it were done here."""

from typing import Any

import pytest

from dispatch.problems import NotFound
from dispatch.rescue.commands import Accept, Close, Moved, Refused, Widen
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from dispatch.sharing.on_behalf import OnBehalf
from tests.people import WULIN, beside
from tests.sharing.conftest import Workers, sharing_of


class Asking:
    """The first of two workers, asking the second."""

    def __init__(self, workers: Workers) -> None:
        one, self.other = workers.each
        self.on_behalf: OnBehalf = sharing_of(one)._deciding._on_behalf
        self.worker = sharing_of(self.other).worker

    async def command(self, incident_id: str, command: Any) -> bool:
        return await self.on_behalf.command(self.worker, IncidentId(incident_id), command, "operator:ann")


async def test_what_another_has_done_is_done(workers: Workers) -> None:
    asking, opened = Asking(workers), await workers.sos()
    assert await asking.command(opened["incident_id"], Close("over"))
    for each in workers.each:
        incident = await each.incident(opened["incident_id"])
        assert incident["state"] == "closed"
        assert incident["timeline"][-1]["by"] == "operator:ann"


async def test_a_refusal_there_is_a_refusal_here(workers: Workers) -> None:
    asking, opened = Asking(workers), await workers.sos()
    await workers.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    with pytest.raises(Refused) as refused:
        await asking.command(opened["incident_id"], Widen())
    assert refused.value.code == "incident_ended"


async def test_where_an_alert_goes_on_is_told(workers: Workers) -> None:
    asking = Asking(workers)
    async with asking.other.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        first = await asking.other.sos()
        alert = await r1.next("alert")
        second = await asking.other.sos(beside(WULIN, north_m=20))
        path = f"/v1/incidents/{first['incident_id']}/merge"
        await asking.other.call("POST", path, role="operator", json={"into": second["incident_id"]})
        with pytest.raises(Moved) as moved:
            await asking.command(first["incident_id"], Accept(AlertId(alert["alert_id"]), ResponderId("r1")))
    assert moved.value.incident_id == second["incident_id"]
    assert moved.value.alert_id in (await asking.other.service.engine.incident(moved.value.incident_id)).present.alerts


@pytest.mark.parametrize("fault", [NotFound("there is none"), RuntimeError("a fault")])
async def test_what_another_cannot_do_is_to_be_done_here(
    workers: Workers, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, opened = Asking(workers), await workers.sos()

    async def fails(*_of: object, **_how: object) -> None:
        raise fault

    monkeypatch.setattr(asking.other.service.engine, "command_here", fails)
    assert not await asking.command(opened["incident_id"], Close("over"))


async def test_an_errand_of_a_later_version_is_not_carried_out(workers: Workers) -> None:
    asking = Asking(workers)
    outcome = await asking.on_behalf._carry_out({"incident_id": "i1", "by": "x", "command": "DoSomethingNew"})
    assert outcome == {"done": False}
