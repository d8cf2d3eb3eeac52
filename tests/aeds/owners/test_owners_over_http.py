"""Owners as the office enters and changes them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.owners import repository
from dispatch.aeds.owners.schemas import OwnerChange, OwnersOut
from dispatch.aeds.owners.tree import Owner
from tests.aeds.work_orders.office import Office, running
from tests.people import until


async def test_a_tree_is_entered_and_listed_from_the_top(office: Office) -> None:
    chain = await office.chain()
    answer = await office.call("GET", "/v1/owners")
    assert OwnersOut.model_validate(answer).model_dump(mode="json") == answer
    listed = answer["owners"]
    assert [each["id"] for each in listed] == [each["id"] for each in chain]
    assert listed[0]["parent_id"] is None
    assert (await office.call("GET", f"/v1/owners/{chain[3]['id']}"))["name"] == "武林银泰"


async def test_the_order_of_levels_is_kept_and_said_with_names(office: Office) -> None:
    province, city, _district, _venue = await office.chain()
    body = {"level": "city", "name": "宁波市", "parent_id": city["id"]}
    problem = await office.refused("POST", "/v1/owners", 422, json=body)
    assert problem["fields"] == ["level"]
    assert "杭州市红十字会" in problem["detail"]
    problem = await office.refused("PATCH", f"/v1/owners/{city['id']}", 422, json={"level": "venue"})
    assert problem["fields"] == ["level"]
    assert "拱墅区红十字会" in problem["detail"]
    problem = await office.refused("PATCH", f"/v1/owners/{province['id']}", 422, json={"parent_id": city["id"]})
    assert problem["fields"] == ["parent_id"]
    assert "浙江省红十字会" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"level": "planet"}, "level"),
        ({"name": " "}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"parent_id": str(uuid4())}, "parent_id"),
        ({"parent_id": "x"}, "parent_id"),
        ({"district_code": "33"}, "district_code"),
        ({"phone": "call me"}, "phone"),
        ({"policy": {"heartbeat_overdue": 5}}, "policy.heartbeat_overdue"),
        ({"policy": {"fence_m": -1}}, "policy.fence_m"),
        ({"policy": {"fence_m": "wide"}}, "policy.fence_m"),
        ({"policy": {"due_within_s": {"rust": 5}}}, "policy.due_within_s.rust"),
        ({"policy": {"escalate_after_s": [3, 2, 1]}}, "policy.escalate_after_s"),
        ({"policy": {"battery_flat_percent": 90}}, "policy.battery_flat_percent"),
        ({"policy": []}, "policy"),
        ({"policy": {"fence_m": 10**400}}, "policy"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_is_named(office: Office, body: dict[str, object], field: str) -> None:
    problem = await office.refused("POST", "/v1/owners", 422, json={"level": "venue", "name": "银泰"} | body)
    assert problem["fields"] == [field]


async def test_a_policy_that_is_no_text_is_refused_by_its_field(office: Office) -> None:
    """Half a character, which JSON can tell and nobody can write."""
    body = rb'{"level": "venue", "name": "x", "policy": {"\ud800": 1}}'
    headers = {"Content-Type": "application/json"}
    problem = await office.refused("POST", "/v1/owners", 422, content=body, headers=headers)
    assert problem["fields"] == ["policy"]


async def test_two_of_one_name_in_one_place_are_refused(office: Office) -> None:
    await office.owner("city", "杭州市")
    problem = await office.refused("POST", "/v1/owners", 409, json={"level": "city", "name": "杭州 市"})
    assert problem["code"] == "name_taken"


async def test_two_that_are_entered_at_once_wait_for_each_other(office: Office) -> None:
    other = Office(office.database, office.clock)
    answers = await asyncio.gather(
        *(each.ask("POST", "/v1/owners", json={"level": "city", "name": "杭州市"}) for each in (office, other))
    )
    assert sorted(each.status_code for each in answers) == [201, 409]


async def test_two_moves_at_once_cannot_make_a_circle(office: Office) -> None:
    one, two = await office.owner("city", "一"), await office.owner("district", "二")
    other = Office(office.database, office.clock)
    await other.owners.load()
    answers = await asyncio.gather(
        office.ask("PATCH", f"/v1/owners/{one['id']}", json={"parent_id": two["id"], "level": "venue"}),
        other.ask("PATCH", f"/v1/owners/{two['id']}", json={"parent_id": one["id"]}),
    )
    assert sorted(each.status_code for each in answers) == [200, 422]


async def test_a_policy_that_spoils_one_below_is_refused_with_its_name(office: Office) -> None:
    _province, city, _district, venue = await office.chain()
    path = f"/v1/owners/{venue['id']}"
    await office.call("PATCH", path, json={"policy": {"battery_low_percent": 10}})
    body = {"policy": {"battery_flat_percent": 15}}
    problem = await office.refused("PATCH", f"/v1/owners/{city['id']}", 422, json=body)
    assert problem["fields"] == ["policy.battery_flat_percent"]
    assert "武林银泰" in problem["detail"]


async def test_the_effective_policy_says_where_each_value_comes_from(office: Office) -> None:
    province, _city, _district, venue = await office.chain()
    await office.call("PATCH", f"/v1/owners/{province['id']}", json={"policy": {"fence_m": 60}})
    values = (await office.call("GET", f"/v1/owners/{venue['id']}/policy"))["values"]
    found = {each["name"]: each for each in values}
    assert found["fence_m"]["value"] == 60
    assert found["fence_m"]["from"] == {"owner_id": province["id"], "name": "浙江省红十字会", "level": "province"}
    assert found["battery_low_percent"]["from"] is None
    assert found["due_within_s.fault"]["value"] > 0


async def test_a_changed_policy_has_the_devices_below_judged_anew(office: Office) -> None:
    province, _city, _district, venue = await office.chain()
    aed_id = await office.aed(owner=venue, is_connected=True)
    elsewhere = await office.aed(is_connected=True)
    for each in (aed_id, elsewhere):
        await office.report(each, ReportKind.HEARTBEAT, by=f"device:{each}")
    await office.pass_time(hours=2)
    assert await office.open_orders() == []
    await office.call("PATCH", f"/v1/owners/{province['id']}", json={"policy": {"heartbeat_overdue_s": 3600}})
    await office.heard()
    (order,) = await office.open_orders()
    assert (order["aed_id"], order["cause"]) == (str(aed_id), "silent")
    await office.call("PATCH", f"/v1/owners/{province['id']}", json={"policy": {}})
    await office.heard()
    assert await office.open_orders() == []


async def test_what_changes_nothing_for_devices_has_nothing_judged(office: Office) -> None:
    *_, venue = await office.chain()
    await office.aed(owner=venue)
    before = await office.rows("select look_again_at from aed_health")
    await office.call("PATCH", f"/v1/owners/{venue['id']}", json={"phone": "0571-87654321", "name": "银泰百货"})
    assert await office.rows("select look_again_at from aed_health") == before


async def test_an_owner_on_whom_something_hangs_stays(office: Office) -> None:
    _province, city, district, venue = await office.chain()
    aed_id = await office.aed(owner=venue)
    await office.custodian("li", owner_id=venue["id"])
    problem = await office.refused("DELETE", f"/v1/owners/{venue['id']}", 409)
    assert problem["code"] == "not_empty"
    assert "1 devices" in problem["detail"]
    assert "1 custodians" in problem["detail"]
    await office.refused("DELETE", f"/v1/owners/{city['id']}", 409)
    await office.remove(aed_id)
    await office.custodian("li")
    await office.call("DELETE", f"/v1/owners/{venue['id']}")
    await office.refused("GET", f"/v1/owners/{venue['id']}", 404)
    ((kept,),) = await office.rows("select owner_id from aeds where id = :id", id=aed_id)
    assert str(kept) == district["id"], "what hung there once counts one level above"


async def test_of_two_who_read_the_tree_at_once_the_older_does_not_come_last(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first to read is held up until the second, which knows more, would have been done."""
    city = await office.owner("city", "杭州市")
    has_read, goes_on = asyncio.Event(), asyncio.Event()
    reads = repository.all_owners

    async def slowly(connection: AsyncConnection) -> list[Owner]:
        owners = await reads(connection)
        if not has_read.is_set():
            has_read.set()
            await goes_on.wait()
        return owners

    monkeypatch.setattr(repository, "all_owners", slowly)
    older = asyncio.create_task(office.owners.load())
    await has_read.wait()
    async with office.database.transaction() as connection:
        (owner,) = await reads(connection)
        await repository.put(connection, replace(owner, policy={"fence_m": 33}))
    newer = asyncio.create_task(office.owners.load())
    await asyncio.wait([newer], timeout=0.5)
    goes_on.set()
    await asyncio.gather(older, newer)
    assert office.owners.one(UUID(city["id"])).policy == {"fence_m": 33}


async def test_an_owner_that_gets_a_device_this_very_moment_stays(office: Office) -> None:
    venue = await office.owner("venue", "武林银泰")
    aed_id = await office.aed()
    async with office.database.transaction() as connection:
        await connection.execute(
            text("update aeds set owner_id = :owner_id where id = :id"), {"owner_id": UUID(venue["id"]), "id": aed_id}
        )
        removing = asyncio.create_task(office.ask("DELETE", f"/v1/owners/{venue['id']}"))
        await asyncio.wait([removing], timeout=0.5)
    answer = await removing
    assert (answer.status_code, answer.json()["code"]) == (409, "not_empty")


async def test_other_processes_hear_of_it(office: Office) -> None:
    other = Office(office.database, office.clock)

    async def knows(policies: list[dict[str, object]]) -> bool:
        return [each.policy for each in other.owners.tree.all()] == policies

    async with running(other.owners.follow()):
        city = await office.owner("city", "杭州市")
        await until(lambda: knows([{}]))
        await office.call("PATCH", f"/v1/owners/{city['id']}", json={"policy": {"fence_m": 33}})
        await until(lambda: knows([{"fence_m": 33}]))


async def test_a_process_that_was_cut_off_has_devices_judged_by_what_it_missed(office: Office) -> None:
    city = await office.owner("city", "杭州市")
    await office.aed(owner=city)
    other = Office(office.database, office.clock)
    await other.owners.load()
    await office.call("PATCH", f"/v1/owners/{city['id']}", json={"policy": {"fence_m": 33}})
    # Looked at meanwhile, by somebody who had not heard of it either.
    later = office.clock.now() + timedelta(days=9)
    await office.rows("update aed_health set look_again_at = :at returning aed_id", at=later)
    async with running(other.owners.follow()):
        now = office.clock.now()
        await until(lambda: office.rows("select from aed_health where look_again_at <= :now", now=now))


async def test_a_crash_between_a_change_and_its_devices_is_made_good_at_the_next_start(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = await office.owner("city", "杭州市")
    await office.aed(owner=city)
    office.clock.move(minutes=5)

    async def dies(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("dispatch.aeds.owners.service.look_again_at_owners", dies)
        with pytest.raises(ZeroDivisionError):
            await office.owners.change(UUID(city["id"]), OwnerChange(policy={"fence_m": 33}))
    restarted = Office(office.database, office.clock)
    await restarted.owners.load()
    async with running(restarted.owners.follow()):
        now = office.clock.now()
        await until(lambda: office.rows("select from aed_health where look_again_at <= :now", now=now))


async def test_only_the_office_changes_owners(office: Office) -> None:
    body = {"level": "city", "name": "杭州市"}
    await office.refused("POST", "/v1/owners", 401, role=None, json=body)
    await office.refused("POST", "/v1/owners", 403, role="custodian", json=body)
    await office.call("GET", "/v1/owners", role="custodian")
