"""Two calls for one emergency: the operator makes them one, and both callers go on being told."""

import pytest

from tests.people import WULIN, ServiceInProcess, beside


async def test_whoever_was_coming_to_one_comes_for_both(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1, service.socket("operator", "ann") as console:
        first = await service.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await r1.progress(alert, "en_route")
        second = await service.sos(beside(WULIN, north_m=20))
        shown = await console.next(
            "incident", where=lambda m: m["incident_id"] == first["incident_id"] and m["likely_duplicates"]
        )
        assert shown["likely_duplicates"] == [second["incident_id"]]
        async with (
            service.socket("caller", first["incident_id"]) as first_caller,
            service.socket("caller", second["incident_id"]) as second_caller,
        ):
            path = f"/v1/incidents/{first['incident_id']}/merge"
            merged = await service.call("POST", path, role="operator", json={"into": second["incident_id"]})
            assert merged["incident_id"] == second["incident_id"]
            assert merged["merged"] == [first["incident_id"]]
            assert merged["state"] == "responding"
            assert merged["likely_duplicates"] == []
            assert (await r1.next("stand_down", where=lambda m: m["reason"] == "merged"))["alert_id"] == alert[
                "alert_id"
            ]
            again = await r1.next("assignment", where=lambda m: m["incident_id"] == second["incident_id"])
            assert again["state"] == "en_route"
            # What they say under the old alert is understood.
            await r1.progress(alert, "on_scene")
            for caller, incident_id in ((first_caller, first["incident_id"]), (second_caller, second["incident_id"])):
                told = await caller.next("incident", where=lambda m: m["state"] == "on_scene")
                assert told["incident_id"] == incident_id
    old = await service.incident(first["incident_id"])
    assert (old["state"], old["end_reason"], old["merged_into"]) == ("cancelled", "duplicate", second["incident_id"])


async def test_a_merged_caller_speaks_of_the_incident_that_goes_on(service: ServiceInProcess) -> None:
    first, second = await service.sos(), await service.sos(beside(WULIN, north_m=20))
    await service.call(
        "POST", f"/v1/incidents/{first['incident_id']}/merge", role="operator", json={"into": second["incident_id"]}
    )
    mine = {"role": "caller", "subject": first["incident_id"]}
    said = await service.call("POST", f"/v1/incidents/{first['incident_id']}/cpr", json={"in_progress": True}, **mine)
    assert (said["incident_id"], said["cpr_in_progress"]) == (first["incident_id"], True)
    assert said["merged_into"] == second["incident_id"]
    assert (await service.incident(second["incident_id"]))["cpr_in_progress"] is True
    refusal = await service.refused("POST", f"/v1/incidents/{first['incident_id']}/cancel", 409, json={}, **mine)
    assert refusal["code"] == "merged"
    assert (await service.incident(second["incident_id"]))["state"] == "open"


async def test_an_unanswered_offer_goes_on_under_the_other_incident(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        first = await service.sos()
        old = await r1.next("alert")
        second = await service.sos(beside(WULIN, north_m=20))
        await service.call(
            "POST", f"/v1/incidents/{first['incident_id']}/merge", role="operator", json={"into": second["incident_id"]}
        )
        new = await r1.next("alert", where=lambda m: m["incident_id"] == second["incident_id"])
        await r1.answer(old, "accept")
        assert (await r1.next("assignment"))["alert_id"] == new["alert_id"]


@pytest.mark.parametrize("which", ["itself", "ended", "unknown"])
async def test_what_cannot_be_merged_is_refused_and_nothing_changes(service: ServiceInProcess, which: str) -> None:
    first, second = await service.sos(), await service.sos(beside(WULIN, north_m=20))
    into = {"itself": first["incident_id"], "ended": second["incident_id"], "unknown": first["token"][:8]}[which]
    if which == "ended":
        await service.call("POST", f"/v1/incidents/{second['incident_id']}/close", role="operator")
    status, code = {"itself": (409, "same_incident"), "ended": (409, "incident_ended"), "unknown": (422, "invalid")}[
        which
    ]
    path = f"/v1/incidents/{first['incident_id']}/merge"
    refusal = await service.refused("POST", path, status, role="operator", json={"into": into})
    assert refusal["code"] == code
    assert (await service.incident(first["incident_id"]))["state"] == "open"


async def test_only_operators_merge(service: ServiceInProcess) -> None:
    first, second = await service.sos(), await service.sos(beside(WULIN, north_m=20))
    path = f"/v1/incidents/{first['incident_id']}/merge"
    await service.refused(
        "POST", path, 403, role="caller", subject=first["incident_id"], json={"into": second["incident_id"]}
    )


async def test_a_merger_outlives_a_restart(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        second = await service.sos(beside(WULIN, north_m=20))
        path = f"/v1/incidents/{first['incident_id']}/merge"
        merged = await service.call("POST", path, role="operator", json={"into": second["incident_id"]})
        live = service.service.engine.live
        for known in list(live.loaded()):
            live.drop(known.incident_id)
        again = await service.incident(second["incident_id"])
        del merged["timeline"], again["timeline"]
        assert again["alerts"] == merged["alerts"]
        assert again["merged"] == [first["incident_id"]]


async def test_a_merge_searches_no_farther_than_an_sos(service: ServiceInProcess) -> None:
    reach_m = service.service.engine.surveyor.policy.reach_m
    async with service.on_duty("r1", beside(WULIN, north_m=1.3 * reach_m), mode="car"):
        first, second = await service.sos(), await service.sos(beside(WULIN, north_m=20))
        path = f"/v1/incidents/{first['incident_id']}/merge"
        await service.call("POST", path, role="operator", json={"into": second["incident_id"]})
        assert await service.alert_states(second["incident_id"]) == {}
