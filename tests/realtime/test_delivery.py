"""Messages are rows until acknowledged: nothing is lost, nothing comes twice, nothing out of turn."""

import asyncio
from pathlib import Path

from dispatch.storage.database import Database
from tests.people import (
    WULIN,
    Message,
    MovableClock,
    ServiceInProcess,
    SocketClient,
    beside,
    run_in_process,
    settings_for_tests,
)

NEARBY = beside(WULIN, north_m=100)


async def _acknowledged(console: SocketClient) -> None:
    """Until the incident knows that the device has its alert."""
    await console.next("incident", where=lambda m: any(line["kind"] == "received" for line in m["timeline"]))


async def test_what_was_acknowledged_is_not_sent_again(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console:
        async with service.on_duty("r1", NEARBY) as r1:
            opened = await service.sos()
            first = await r1.next("alert")
            await _acknowledged(console)
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
        async with service.socket("responder", "r1") as r1:
            assert r1.welcome["seq"] == first["seq"]
            assert (await r1.next("stand_down"))["seq"] == first["seq"] + 1
            await r1.settled()
            assert r1.all("alert") == []


async def test_what_was_not_acknowledged_is_sent_again_on_every_connection(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY):
        pass
    opened = await service.sos()
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
    for _ in range(3):
        async with service.socket("responder", "r1", acknowledges=False) as r1:
            assert (r1.welcome["resumed"], r1.welcome["seq"]) == (False, 0)
            assert (await r1.next("alert"))["seq"] == 1
            assert (await r1.next("stand_down"))["seq"] == 2


async def test_an_acknowledgement_holds_for_everything_before_it(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console:
        async with service.on_duty("r1", NEARBY):
            pass
        opened = await service.sos()
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
        third = await service.sos()
        async with service.socket("responder", "r1", acknowledges=False) as r1:
            assert (await r1.next("alert", where=lambda m: m["seq"] == 3))["incident_id"] == third["incident_id"]
            await r1.say(type="ack", seq=3)
            await _acknowledged(console)
        async with service.socket("responder", "r1", acknowledges=False) as r1:
            assert r1.welcome["seq"] == 3
            await r1.settled()
            assert [m["seq"] for m in r1.heard if "seq" in m] == [3]


async def test_an_acknowledgement_of_what_never_came_spares_what_comes_later(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY) as r1:
        await r1.say(type="ack", seq=1_000_000)
        await r1.settled()
    await service.service.acknowledgements.flush()
    await service.sos()
    async with service.socket("responder", "r1") as r1:
        assert (await r1.next("alert"))["seq"] == 1


async def test_a_resume_from_ahead_of_everything_is_told_that_it_did_not_resume(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY) as r1:
        await service.sos()
        await r1.next("alert")
        ahead = {**r1.resume_point, "seq": 99}
    async with service.socket("responder", "r1", resume=ahead) as r1:
        assert r1.welcome["resumed"] is False


async def test_a_resume_from_before_what_another_device_acknowledged_is_told_to_reload(
    service: ServiceInProcess,
) -> None:
    async with service.socket("operator", "ann") as console:
        async with (
            service.on_duty("r1", NEARBY) as phone,
            service.socket("responder", "r1", acknowledges=False) as watch,
        ):
            before: Message = {"epoch": watch.welcome["epoch"], "seq": watch.welcome["seq"]}
            await service.sos()
            await phone.next("alert")
            await _acknowledged(console)
        async with service.socket("responder", "r1", resume=before) as watch:
            assert watch.welcome["resumed"] is False
            assert watch.welcome["seq"] == 1


async def test_messages_that_come_while_a_session_begins_are_neither_lost_nor_doubled(
    service: ServiceInProcess,
) -> None:
    async with service.on_duty("r1", NEARBY):
        pass

    async def busy() -> None:
        for _ in range(5):
            opened = await service.sos()
            await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")

    working = asyncio.create_task(busy())
    heard: list[Message] = []
    while not working.done():
        async with service.socket("responder", "r1", acknowledges=False) as r1:
            await r1.settled()
            numbers = [m["seq"] for m in r1.heard if "seq" in m]
            assert numbers == list(range(r1.welcome["seq"], r1.welcome["seq"] + len(numbers)))
            heard = r1.heard
    await working
    assert heard
    async with service.socket("responder", "r1", acknowledges=False) as r1:
        await r1.next("stand_down", where=lambda m: m["seq"] == 10)
        assert [m["seq"] for m in r1.heard if "seq" in m] == list(range(11))


async def test_a_console_resumes_with_what_it_missed(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console:
        await service.sos()
        await console.next("incident")
        resume = {"epoch": console.welcome["epoch"], "seq": console.last_seq}
    async with service.socket("operator", "ben") as ben:
        # Not where the first one was: it would be told of once more, as the likely duplicate of this one.
        missed = await service.sos(beside(WULIN, north_m=500))
        await ben.next("incident")
    async with service.socket("operator", "ann", resume=resume) as console:
        assert (console.welcome["resumed"], console.welcome["seq"]) == (True, resume["seq"])
        assert (await console.next("incident"))["incident_id"] == missed["incident_id"]
    async with service.socket("operator", "ann") as console:
        # Without a resume it begins at the end, and reads the picture.
        assert console.welcome["seq"] == resume["seq"] + 1
        assert len((await console.next("picture"))["incidents"]) == 2


async def test_a_phone_that_was_away_for_long_gets_all_that_waited(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    # The queue for a slow reader is short; what waited in the mailbox is no slowness of the phone.
    del database
    async with run_in_process(settings_for_tests(tmp_path, session_queue=8), postgis_url, clock) as service:
        async with service.on_duty("r1", NEARBY):
            pass
        for _ in range(15):
            opened = await service.sos()
            await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
        async with service.socket("responder", "r1") as r1:
            await r1.next("stand_down", where=lambda m: m["seq"] == 30)
            assert len(r1.all("alert")) == 15
            await r1.settled()
        async with service.socket("operator", "ann", resume={"epoch": "?", "seq": 0}) as console:
            epoch = console.welcome["epoch"]
        async with service.socket("operator", "ann", resume={"epoch": epoch, "seq": 0}) as console:
            assert console.welcome["resumed"] is True
            await console.settled()
            assert len(console.all("incident")) >= 15
