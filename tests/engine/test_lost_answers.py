"""The database has written a decision down and the connection breaks before it says so: nobody is left untold."""

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from dispatch.storage.database import Database
from dispatch.storage.direct import Row
from dispatch.storage.prepared import Prepared
from tests.people import WULIN, ServiceInProcess, beside


def lose_answer_of(name: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next statement of that name is carried out, and its answer lost."""
    run = database.run
    lost: list[str] = []

    async def without_answer(statement: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        rows = await run(statement, parameters)
        if statement.name.decode() == name and not lost:
            lost.append(name)
            raise psycopg.OperationalError("the server closed the connection")
        return rows

    monkeypatch.setattr(database, "run", without_answer)


async def test_an_sos_whose_commit_was_not_heard_of_is_alerted_all_the_same(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.socket("operator", "ann") as console,
    ):
        lose_answer_of("open", service.service.database, monkeypatch)
        opened = await service.sos()
        assert opened["alerted"] == 1
        alert = await r1.next("alert")
        assert alert["incident_id"] == opened["incident_id"]
        await console.next("incident", where=lambda m: m["incident_id"] == opened["incident_id"])
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        # It may come again, with a number after one without: phones apply it once, by its alert_id.
        assert {each["alert_id"] for each in r1.all("alert")} == {alert["alert_id"]}
    incidents = await service.call("GET", "/v1/incidents?status=all", role="operator")
    assert len(incidents["incidents"]) == 1


async def test_a_yes_whose_commit_was_not_heard_of_gets_its_assignment(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.settled()
        # The acknowledgement of the alert is a decision of its own: it must not be the one that is lost.
        await service.service.acknowledgements.flush()
        lose_answer_of("continue", service.service.database, monkeypatch)
        await r1.answer(alert, "accept")
        assert (await r1.next("assignment"))["alert_id"] == alert["alert_id"]
        incident = await service.incident(opened["incident_id"])
    assert incident["state"] == "responding"
