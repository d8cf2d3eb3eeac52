"""On duty, certified today, a fresh fix, near enough, free: everybody else is left in peace."""

from datetime import UTC, datetime

from tests.people import WULIN, ServiceInProcess, beside

NEARBY = beside(WULIN, north_m=100)


async def test_an_expired_certificate_is_never_alerted(service: ServiceInProcess) -> None:
    await service.add_responder("expired", expires_on="2026-06-16")
    async with service.socket("responder", "expired") as expired, service.on_duty("valid", NEARBY) as valid:
        await expired.say(type="duty", on_duty=True)
        await expired.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude)
        await expired.settled()
        assert (await service.sos())["alerted"] == 1
        await valid.next("alert")
        await expired.settled()
        assert expired.all("alert") == []


async def test_a_certificate_is_good_to_the_end_of_its_last_day_where_the_service_runs(
    service: ServiceInProcess,
) -> None:
    await service.add_responder("r1", expires_on="2026-06-17")
    async with service.socket("responder", "r1") as r1:
        await r1.say(type="duty", on_duty=True)
        # 23:59 on the 17th in Hangzhou is 15:59 UTC.
        service.clock.move(hours=11, minutes=59)
        await r1.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude)
        await r1.settled()
        opened = await service.sos()
        assert opened["alerted"] == 1
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
        service.clock.move(minutes=2)
        assert service.clock.now() == datetime(2026, 6, 17, 16, 1, tzinfo=UTC)
        assert (await service.sos())["alerted"] == 0
    profile = await service.call("GET", "/v1/responders/r1", role="operator")
    assert profile["certificate"]["valid"] is False


async def test_a_stale_fix_is_never_alerted(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY) as r1:
        service.clock.move(minutes=10, seconds=1)
        opened = await service.sos()
        assert opened["alerted"] == 0
        assert opened["nobody_reached"] is True
        # One fresh fix later they are, without waiting for the next look.
        await r1.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude)
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]


async def test_a_fix_that_was_old_when_it_came_counts_from_when_it_was_so(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as r1:
        await r1.say(type="duty", on_duty=True)
        at = "2026-06-17T03:45:00Z"
        await r1.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude, at=at)
        await r1.settled()
        assert (await service.sos())["alerted"] == 0


async def test_off_duty_is_never_alerted(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEARBY) as r1:
        await r1.say(type="duty", on_duty=False)
        await r1.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude)
        await r1.settled()
        opened = await service.sos()
        assert opened["alerted"] == 0
        assert r1.all("alert") == []
        # Back on duty they are looked out for, and asked at once.
        await r1.say(type="duty", on_duty=True)
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]


async def test_without_any_fix_nobody_is_alerted(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as r1:
        await r1.say(type="duty", on_duty=True)
        await r1.settled()
        assert (await service.sos())["alerted"] == 0


async def test_farther_than_three_kilometres_is_not_asked(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("far", beside(WULIN, north_m=3050), mode="car"),
        service.on_duty("near", beside(WULIN, north_m=2950), mode="car"),
    ):
        opened = await service.sos()
    alerts = (await service.incident(opened["incident_id"]))["alerts"]
    assert [each["responder_id"] for each in alerts] == ["near"]


async def test_a_fix_in_the_maps_of_china_is_where_the_responder_really_is(service: ServiceInProcess) -> None:
    # The same corner in GCJ-02 lies half a kilometre away on a WGS-84 map.
    async with service.on_duty("r1", NEARBY) as r1:
        await r1.say(type="position", latitude=30.27171, longitude=120.15978, datum="gcj02", accuracy_m=5)
        await r1.settled()
    fix = (await service.call("GET", "/v1/responders/r1", role="operator"))["location"]
    assert fix["datum"] == "wgs84"
    assert abs(fix["latitude"] - WULIN.latitude) < 0.0005
    assert abs(fix["longitude"] - WULIN.longitude) < 0.0005


async def test_with_nobody_there_the_caller_is_told_and_the_console_sees(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console:
        opened = await service.sos()
        assert (opened["alerted"], opened["state"]) == (0, "open")
        seen = await console.next("incident")
        assert (seen["incident_id"], seen["alerts"]) == (opened["incident_id"], [])
        assert [line["kind"] for line in seen["timeline"]] == ["opened", "planned"]
        assert seen["timeline"][1]["data"]["alerts"] == 0


async def test_when_the_last_one_declines_the_console_sees_that_nobody_is_left(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console, service.on_duty("r1", NEARBY) as r1:
        await service.sos()
        await r1.answer(await r1.next("alert"), "decline")
        seen = await console.next("incident", where=lambda m: m["alerts"] and m["alerts"][0]["state"] == "declined")
        # Their phone's acknowledgement may be written after their answer, and so end the timeline.
        planned = [line for line in seen["timeline"] if line["kind"] == "planned"][-1]
        declined = next(line for line in seen["timeline"] if line["kind"] == "declined")
        assert planned["number"] > declined["number"]
        assert planned["data"]["alerts"] == 0
