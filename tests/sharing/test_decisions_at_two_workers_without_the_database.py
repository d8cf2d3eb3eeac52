"""What is decided on something that only another worker's journal holds leaves no hole in the rows."""

import asyncio
from datetime import timedelta
from pathlib import Path

from dispatch.engine.openings import new_incident_id
from dispatch.rescue.commands import SetCpr
from dispatch.rescue.decide import decide
from dispatch.rescue.scene import Candidate
from dispatch.rescue.vocabulary import IncidentId
from dispatch.sharing.envelope import ToldDecision
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, running_workers
from tests.stoppable_database import StoppableDatabase


def _told(worker: ServiceInProcess, incident_id: IncidentId, *, is_written: bool) -> ToldDecision:
    """A decision of a worker that nobody else has heard of yet."""
    service = worker.service
    live = service.engine.live.place_for(incident_id)
    now = service.clock.now() + timedelta(milliseconds=1)
    scene = service.engine.surveyor.bare_scene(now)
    decision = decide(live.present, SetCpr(in_progress=True), scene, by="caller")
    return ToldDecision(incident_id, decision.events, is_written)


async def test_a_decision_on_an_unwritten_one_is_written_together_with_it(workers: Workers) -> None:
    one, _ = workers.each
    opened = await one.sos()
    incident_id = IncidentId(opened["incident_id"])
    sharing = one.service.sharing
    assert sharing is not None
    # Of a worker that has died since: nobody else can write it down.
    sharing.following.take(_told(one, incident_id, is_written=False), sender="0-died")
    assert one.service.engine.live.place_for(incident_id).is_unsure
    await one.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")

    async def is_written() -> bool:
        return incident_id not in one.service.recording.unwritten

    await until(is_written)
    await _is_one_story(workers, incident_id)


async def test_memory_that_is_ahead_of_the_rows_decides_anew_instead_of_leaving_a_hole(workers: Workers) -> None:
    one, _ = workers.each
    opened = await one.sos()
    incident_id = IncidentId(opened["incident_id"])
    sharing = one.service.sharing
    assert sharing is not None
    # Said to be written, and lost with the server that had it.
    sharing.following.take(_told(one, incident_id, is_written=True), sender="0-died")
    await one.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")
    await _is_one_story(workers, incident_id)


async def test_an_sos_that_two_workers_took_is_kept_as_two_though_only_its_first_decision_tells_its_request_id(
    workers: Workers,
) -> None:
    one, _ = workers.each
    opened = await one.sos()
    taken = one.service.engine.live.place_for(IncidentId(opened["incident_id"]))
    sharing = one.service.sharing
    assert sharing is not None
    assert taken.opening is not None
    # Tapped again at a worker that was cut off, and has died since.
    twin = new_incident_id()
    told = ToldDecision(twin, tuple(taken.events), is_written=False, opening=taken.opening)
    sharing.following.take(told, sender="0-died")
    await one.call("POST", f"/v1/incidents/{twin}/close", role="operator")

    async def is_written() -> bool:
        return twin not in one.service.recording.unwritten

    await until(is_written)
    await _is_one_story(workers, twin)
    assert (await one.incident(opened["incident_id"]))["state"] != "closed"


async def _is_one_story(workers: Workers, incident_id: IncidentId) -> None:
    for worker in workers.each:
        incident = await worker.incident(incident_id)
        assert incident["state"] == "closed"
        assert [line["number"] for line in incident["timeline"]] == list(range(1, incident["version"] + 1))


async def test_two_that_ask_the_same_people_as_the_database_freezes_do_not_both_tell_them(
    stoppable: StoppableDatabase, redis_server: RedisServer, clock: MovableClock, tmp_path: Path
) -> None:
    async with running_workers(2, redis_server, stoppable.url, clock, tmp_path) as workers:
        one, two = workers.each
        async with (
            one.on_duty("r1", beside(WULIN, north_m=100)) as r1,
            two.on_duty("r2", beside(WULIN, north_m=120)) as r2,
        ):

            async def both_know_both() -> bool:
                return all(len(_nearest(each)) == 2 for each in workers.each)

            await until(both_know_both)
            with stoppable.frozen():
                # Each plans both, before either knows that the other does, or that nothing keeps them from it.
                opened = await asyncio.gather(one.sos(), two.sos(beside(WULIN, north_m=60)))
                assert [each["alerted"] for each in opened] == [1, 1]
                ours, theirs = await r1.next("alert"), await r2.next("alert")
                assert [ours["incident_id"], theirs["incident_id"]] == [each["incident_id"] for each in opened]
                for phone in (r1, r2):
                    await phone.settled()
                    assert [each["type"] for each in phone.heard].count("alert") == 1


def _nearest(worker: ServiceInProcess) -> tuple[Candidate, ...]:
    surveyor = worker.service.engine.surveyor
    return surveyor.roster.candidates(WULIN, now=worker.service.clock.now(), policy=surveyor.policy)
