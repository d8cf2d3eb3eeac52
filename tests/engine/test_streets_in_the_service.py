"""What the routing engine says reaches the plan of an SOS; one that is not there costs nothing but its knowledge."""

import asyncio
import contextlib
import math
import time
from collections.abc import Sequence
from pathlib import Path

from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import ResponderId
from dispatch.storage.database import Database
from geo.place import Place
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests


class River:
    """Knows that whoever is north of the patient has no way there."""

    def __init__(self) -> None:
        self.asked: list[set[ResponderId]] = []

    async def aclose(self) -> None:
        """Nothing to let go of."""

    async def travel_times(
        self, patient: Place, candidates: Sequence[Candidate], aeds: Sequence[AedOption]
    ) -> StreetTimes | None:
        del aeds
        self.asked.append({each.responder_id for each in candidates})
        cut_off = {each.responder_id for each in candidates if each.place.latitude > patient.latitude}
        return StreetTimes(direct_s=dict.fromkeys(cut_off, math.inf))


async def test_who_is_beyond_the_river_is_not_asked(service: ServiceInProcess) -> None:
    river = River()
    service.service.engine.surveyor.router = river
    async with (
        service.on_duty("beyond", beside(WULIN, north_m=60)),
        service.on_duty("here", beside(WULIN, north_m=-200)) as here,
    ):
        opened = await service.sos()
        await here.answer(await here.next("alert"), "accept")
        await here.next("assignment")
        incident = await service.incident(opened["incident_id"])
    assert [each["responder_id"] for each in incident["alerts"]] == ["here"]
    assert river.asked[0] == {"beyond", "here"}
    # And again when somebody accepts: where those under way are now is part of the question.
    assert "here" in river.asked[1]


async def test_a_routing_engine_that_is_not_there_does_not_keep_an_sos_waiting(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    # Nothing listens on the discard port.
    settings = settings_for_tests(tmp_path).model_copy(update={"routing_url": "http://127.0.0.1:9"})
    async with (
        run_in_process(settings, postgis_url, clock) as service,
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
    ):
        started = time.monotonic()
        assert (await service.sos())["alerted"] == 1
        await r1.next("alert")
        assert time.monotonic() - started < 5


class Slow(River):
    """Takes its time, so that several SOS are looked at before any is decided."""

    async def travel_times(
        self, patient: Place, candidates: Sequence[Candidate], aeds: Sequence[AedOption]
    ) -> StreetTimes | None:
        del patient, candidates, aeds
        await asyncio.sleep(0.1)
        return None


async def test_many_sos_at_once_share_people_out_while_the_router_thinks(service: ServiceInProcess) -> None:
    service.service.engine.surveyor.router = Slow()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(25):
            await stack.enter_async_context(service.on_duty(f"r{number:02}", beside(WULIN, north_m=15 * number)))
        opened = await asyncio.gather(*(service.sos(beside(WULIN, east_m=80 * number)) for number in range(8)))
        incidents = [await service.incident(each["incident_id"]) for each in opened]
    asked = [alert["responder_id"] for each in incidents for alert in each["alerts"]]
    assert len(asked) == len(set(asked)) == 25


async def test_what_was_known_of_the_streets_stands_when_the_router_falls_silent(service: ServiceInProcess) -> None:
    surveyor = service.service.engine.surveyor
    surveyor.router = River()
    scene = surveyor.scene_at(WULIN, now=service.clock.now())
    known = await surveyor.with_streets(scene, WULIN)
    surveyor.router = Slow()
    assert (await surveyor.with_streets(scene, WULIN)).streets is known.streets
    assert (await surveyor.with_streets(scene, beside(WULIN, north_m=500))).streets is None
