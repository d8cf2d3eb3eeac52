"""The console's map: whole at first, then what changes; only what is looked at."""

import asyncio
from collections.abc import Callable

from geo.bounding_box import BoundingBox
from geo.place import Place
from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside

NEARBY = beside(WULIN, north_m=100)


async def _change(service: ServiceInProcess, console: SocketClient, where: Callable[[Message], bool]) -> Message:
    """The next picture of changes that tells of this one."""
    await service.service.pictures.tick()
    return await console.next("picture", where=lambda m: not m["full"] and where(m))


async def test_the_first_picture_is_whole(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY, mode="bike"):
        opened = await service.sos()
        async with service.socket("operator", "ann") as console:
            picture = await console.next("picture")
    assert picture["full"] is True
    assert "seq" not in picture
    assert [each["incident_id"] for each in picture["incidents"]] == [opened["incident_id"]]
    assert picture["incidents"][0]["timeline"] == []
    (dot,) = picture["responders"]
    assert (dot["id"], dot["name"], dot["mode"], dot["state"]) == ("r1", "救护员 r1", "bike", "offered")
    assert (dot["latitude"], dot["longitude"]) == (round(NEARBY.latitude, 6), round(NEARBY.longitude, 6))
    assert picture["gone"] == []
    assert picture["counts"] == {
        "on_duty": 1,
        "connected": 1,
        "open_incidents": 1,
        "aeds": 0,
        "aeds_usable": 0,
        "degraded": False,
        "overdue": 0,
        "dead_letters": 0,
        "webhooks_disabled": 0,
        "apart": False,
    }


async def test_then_only_what_changes_is_told(service: ServiceInProcess) -> None:
    async with service.on_duty("still", beside(WULIN, north_m=900)), service.on_duty("moving", NEARBY) as moving:
        await service.service.pictures.tick()
        async with service.socket("operator", "ann") as console:
            await console.next("picture")
            place = beside(WULIN, north_m=130)
            await moving.say(type="position", latitude=place.latitude, longitude=place.longitude)
            await moving.settled()
            picture = await _change(service, console, lambda m: bool(m["responders"]))
            seen = [(dot["id"], dot["latitude"]) for dot in picture["responders"]]
            assert seen == [("moving", round(place.latitude, 6))]
            await moving.say(type="duty", on_duty=False)
            await moving.settled()
            picture = await _change(service, console, lambda m: bool(m["gone"]))
            assert (picture["responders"], picture["gone"]) == ([], ["moving"])


async def test_a_responders_state_follows_the_incident(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY) as r1, service.socket("operator", "ann") as console:
        assert (await console.next("picture"))["responders"][0]["state"] == "free"

        async def shown_as(state: str) -> None:
            await _change(service, console, lambda m: [dot["state"] for dot in m["responders"]] == [state])

        opened = await service.sos()
        alert = await r1.next("alert")
        await shown_as("offered")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await shown_as("engaged")
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await shown_as("free")


async def test_a_console_is_told_only_of_what_it_watches(service: ServiceInProcess) -> None:
    box = [WULIN.longitude - 0.01, WULIN.latitude - 0.01, WULIN.longitude + 0.01, WULIN.latitude + 0.01]
    far_away = beside(WULIN, north_m=20_000)
    async with (
        service.on_duty("here", NEARBY) as here,
        service.on_duty("there", far_away) as there,
        service.socket("operator", "ann") as console,
    ):
        assert {dot["id"] for dot in (await console.next("picture"))["responders"]} == {"here", "there"}
        await console.say(type="watch", bbox=box, zoom=14)
        picture = await console.next("picture", where=lambda m: m["full"])
        assert [dot["id"] for dot in picture["responders"]] == ["here"]
        # The counts still tell of all.
        assert picture["counts"]["on_duty"] == 2
        # Who walks out of the picture is gone; who walks in is there.
        await here.say(type="position", latitude=far_away.latitude, longitude=far_away.longitude)
        await here.settled()
        await _change(service, console, lambda m: m["gone"] == ["here"])
        await there.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude)
        await there.settled()
        await _change(service, console, lambda m: [dot["id"] for dot in m["responders"]] == ["there"])


async def test_a_box_across_the_antimeridian_is_watched_on_both_sides(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("east", Place(-17.0, 179.9)),
        service.on_duty("west", Place(-17.0, -179.9)),
        service.on_duty("elsewhere", Place(-17.0, 0.0)),
        service.socket("operator", "ann") as console,
    ):
        await console.next("picture")
        await console.say(type="watch", bbox=[179, -18, -179, -16])
        picture = await console.next("picture", where=lambda m: m["full"])
    assert {dot["id"] for dot in picture["responders"]} == {"east", "west"}


async def test_picture_and_messages_together_are_what_a_fresh_picture_says(service: ServiceInProcess) -> None:
    # Everything a console was told, put together, equals what a console sees that comes later.
    async with (
        service.socket("operator", "ann") as console,
        service.on_duty("r1", NEARBY) as r1,
        service.on_duty("r2", beside(WULIN, north_m=200)) as r2,
    ):
        await console.next("picture")
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        await r2.answer(await r2.next("alert"), "decline")
        await r2.settled()
        second = await service.sos(beside(WULIN, north_m=600))
        await service.call(
            "POST", f"/v1/incidents/{first['incident_id']}/ambulance", role="operator", json={"eta_s": 300}
        )
        await service.service.engine.feed.flush()
        async with service.socket("operator", "ben") as late:
            fresh = {each["incident_id"]: each for each in (await late.next("picture"))["incidents"]}
        await console.next("incident", where=lambda m: m["ambulance"]["eta_s"] == 300)
        await console.settled()
        told: dict[str, dict[str, object]] = {}
        for message in console.all("incident"):
            told[message["incident_id"]] = {k: v for k, v in message.items() if k not in {"seq", "type", "timeline"}}
    assert fresh.keys() == {first["incident_id"], second["incident_id"]}
    for incident_id, shown in fresh.items():
        latest = told[incident_id]
        if shown["version"] == latest["version"]:
            assert latest == {name: value for name, value in shown.items() if name != "timeline"}


async def test_only_operators_are_shown_pictures(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY) as r1:
        opened = await service.sos()
        async with service.socket("caller", opened["incident_id"]) as caller:
            await service.service.pictures.tick()
            await r1.settled()
            await caller.settled()
            assert r1.all("picture") == caller.all("picture") == []


async def test_what_was_drawn_before_a_whole_picture_is_not_told_after_it(service: ServiceInProcess) -> None:
    pictures = service.service.pictures
    async with service.on_duty("r1", NEARBY) as r1, service.socket("operator", "ann") as console:
        await console.next("picture")
        place = beside(WULIN, north_m=130)
        await r1.say(type="position", latitude=place.latitude, longitude=place.longitude)
        await r1.settled()
        drawing = asyncio.ensure_future(pictures.tick())
        # Drawn, and not told yet.
        await asyncio.sleep(0)
        assert not drawing.done()
        (session,) = service.service.hub.operators()
        session.watching = BoundingBox(west=100.0, south=10.0, east=101.0, north=11.0)
        pictures.show_full(session)
        await drawing
        whole = await console.next("picture", where=lambda m: m["full"])
        after = await console.next("picture", where=lambda m: not m["full"])
    assert whole["responders"] == after["responders"] == []
