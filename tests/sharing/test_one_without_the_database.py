"""One of two workers alone has lost PostgreSQL: the other writes for both, and neither callers nor runners notice."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from dispatch.encoding import to_json_text
from tests.conftest import empty_tables
from tests.cuttable_database import CuttableDatabase
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, sharing_of


class CutWorkers(Workers):
    """Two, of which the second has a way of its own to the database."""

    def __init__(self, each: list[ServiceInProcess], way: CuttableDatabase) -> None:
        super().__init__(each)
        self.way = way

    async def both_know_who_is_near(self, count: int) -> None:
        """Both would ask so many people."""

        async def know() -> bool:
            return all(len(_nearest(each)) == count for each in self.each)

        await until(know)

    async def second_has_lost_it(self) -> None:
        """Have the second find out that its way is cut, and the first hear of it."""
        one, two = self.each
        assert not await two.service.database.answers()

        async def is_heard() -> bool:
            return two.service.availability.is_away and not sharing_of(one).colleagues.has_database(
                sharing_of(two).worker
            )

        # Whatever it does by itself runs into it.
        await until(is_heard)


def _nearest(worker: ServiceInProcess) -> tuple[Any, ...]:
    surveyor = worker.service.engine.surveyor
    return surveyor.roster.candidates(WULIN, now=worker.service.clock.now(), policy=surveyor.policy)


@pytest.fixture
async def apart(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[CutWorkers]:
    """Two workers over empty tables, both well."""
    empty_tables(postgis_url)
    first = settings_for_tests(tmp_path / "first", redis_url=redis_server.url)
    second = settings_for_tests(tmp_path / "second", redis_url=redis_server.url)
    async with (
        CuttableDatabase(postgis_url) as way,
        run_in_process(first, postgis_url, clock) as one,
        run_in_process(second, way.url, clock) as two,
    ):
        workers = CutWorkers([one, two], way)
        await workers.know_each_other()
        yield workers


async def test_an_sos_there_is_written_by_the_other_and_asks_whoever_is_near(apart: CutWorkers) -> None:
    one, two = apart.each
    async with one.on_duty("r1", beside(WULIN, north_m=90)) as r1, two.on_duty("r2", beside(WULIN, north_m=80)) as r2:
        await apart.both_know_who_is_near(2)
        request_id = str(uuid4())
        with apart.way.cut():
            # The first to find out: it waits for the database until its time to answer is over.
            opened = await two.sos(request_id=request_id)
            assert (opened["degraded"], opened["alerted"]) == (False, 2)
            for phone in (r1, r2):
                alert = await phone.next("alert")
                assert alert["incident_id"] == opened["incident_id"]
                # Numbers are the database's: it is written.
                assert alert["seq"] > 0
            assert not two.service.recording.unwritten
            assert (await one.incident(opened["incident_id"]))["state"] == "alerting"
            for each in apart.each:
                # The caller's phone tries again.
                assert (await each.sos(request_id=request_id))["incident_id"] == opened["incident_id"]
    assert not two.service.recording.unwritten


async def test_what_is_said_there_is_carried_out_by_the_other(apart: CutWorkers) -> None:
    _, two = apart.each
    async with two.on_duty("r2", beside(WULIN, north_m=80)) as r2:
        await apart.both_know_who_is_near(1)
        opened = await two.sos()
        alert = await r2.next("alert")
        with apart.way.cut():
            await apart.second_has_lost_it()
            await r2.answer(alert, "accept")
            assignment = await r2.next("assignment")
            assert assignment["seq"] > alert["seq"]
            await r2.progress(alert, "en_route")

            async def is_under_way() -> bool:
                return (await apart.each[0].alert_states(opened["incident_id"]))["r2"] == "en_route"

            await until(is_under_way)
        assert not two.service.recording.unwritten


async def test_who_has_an_alert_there_is_known_to_have_it(apart: CutWorkers) -> None:
    one, two = apart.each
    async with two.on_duty("r2", beside(WULIN, north_m=80)) as r2:
        await apart.both_know_who_is_near(1)
        with apart.way.cut():
            await apart.second_has_lost_it()
            opened = await one.sos()
            # Its phone acknowledges by itself.
            await r2.next("alert")

            async def is_received() -> bool:
                return (await one.alert_states(opened["incident_id"]))["r2"] == "received"

            await until(is_received)


async def test_where_the_other_does_not_answer_the_sos_is_taken_where_it_was_tapped(apart: CutWorkers) -> None:
    one, two = apart.each
    async with two.on_duty("r2", beside(WULIN, north_m=80)) as r2:
        await apart.both_know_who_is_near(1)
        errands = sharing_of(one)._deciding._on_behalf.errands
        with apart.way.cut(), patch.object(errands, "hear", lambda *_of, **_how: None):
            await apart.second_has_lost_it()
            opened = await two.sos()
            assert (opened["degraded"], opened["alerted"]) == (True, 1)
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]

        async def is_written() -> bool:
            return not two.service.recording.unwritten and not two.service.availability.is_away

        await until(is_written)
    assert (await one.incident(opened["incident_id"]))["incident_id"] == opened["incident_id"]


async def test_who_cannot_write_either_takes_no_sos_of_another(apart: CutWorkers) -> None:
    one, two = apart.each
    async with two.on_duty("r2", beside(WULIN, north_m=80)):
        await apart.both_know_who_is_near(1)
        taken: list[str] = []

        async def not_answering() -> bool:
            taken.append("asked")
            return False

        with apart.way.cut(), patch.object(one.service.database, "answers", not_answering):
            await apart.second_has_lost_it()
            opened = await two.sos()
        assert opened["degraded"] is True
        assert taken == ["asked"]


async def test_what_is_heard_there_does_not_wait_for_what_only_the_rows_tell(apart: CutWorkers) -> None:
    two = apart.each[1]
    async with two.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        with apart.way.cut():
            await apart.second_has_lost_it()
            stand_down = {"type": "stand_down", "alert_id": str(uuid4()), "reason": "incident_closed"}
            # Those before it were written and got lost on their way here.
            sharing_of(two)._tell_here("responder:r1", 1_000, to_json_text(stand_down))
            told = await r1.next("stand_down", within_s=1)
        assert told["alert_id"] == stand_down["alert_id"]
        assert "seq" not in told
