"""Custodians as the office and they themselves see them; devices that are handed over and back by themselves."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.custodians import repository
from dispatch.aeds.custodians.record import Absence
from tests.aeds.work_orders.office import Office, running
from tests.people import until

HOUR = 3600


async def test_an_absence_hands_the_orders_over_and_back_by_itself(office: Office) -> None:
    for each in ("li", "wang"):
        await office.custodian(each)
    aed_id = await office.aed(custodian="li")
    await office.break_down(aed_id)
    planned = await office.away("li", "wang", in_s=HOUR, for_s=5 * HOUR)
    assert (planned["seen_to_by"], planned["substitute_name"]) == ("wang", "机长 wang")
    await office.heard()
    assert (await office.the_order())["assignee"] == "li"

    await office.pass_time(hours=1)
    assert (await office.the_order())["assignee"] == "wang"
    shown = await office.call("GET", "/v1/custodians/li")
    assert (shown["away"], shown["seen_to_by"]) == (True, "wang")
    second = await office.aed(custodian="li")
    await office.break_down(second)
    assert {each["assignee"] for each in await office.open_orders()} == {"wang"}

    await office.pass_time(hours=5)
    assert {each["assignee"] for each in await office.open_orders()} == {"li"}
    (turned,) = await office.rows("select handed_over_at, handed_back_at from custodian_absences")
    assert timedelta(hours=5) <= turned.handed_back_at - turned.handed_over_at < timedelta(hours=5, seconds=10)
    told = await office.rows("select recipient, why from work_order_notices order by recipient, why")
    assert {(row.recipient, row.why) for row in told} == {
        ("custodian:li", "handed"),
        ("custodian:wang", "handed"),
        ("custodian:wang", "opened"),
    }


async def test_who_comes_back_sooner_has_everything_again(office: Office) -> None:
    for each in ("li", "wang"):
        await office.custodian(each)
    await office.break_down(await office.aed(custodian="li"))
    planned = await office.away("li", "wang", in_s=0, for_s=50 * HOUR)
    await office.heard()
    assert (await office.the_order())["assignee"] == "wang"
    path = f"/v1/custodians/me/absences/{planned['id']}"
    await office.refused("DELETE", path, 404, role="custodian", subject="wang")
    await office.call("DELETE", path, role="custodian", subject="li")
    await office.heard()
    assert (await office.the_order())["assignee"] == "li"
    await office.refused("DELETE", path, 409, role="custodian", subject="li")


async def test_an_absence_that_has_not_begun_is_forgotten(office: Office) -> None:
    await office.custodian("li")
    planned = await office.away("li", None, in_s=HOUR, for_s=HOUR)
    await office.call("DELETE", f"/v1/custodians/li/absences/{planned['id']}")
    assert await office.call("GET", "/v1/custodians/li/absences") == []
    await office.refused("DELETE", f"/v1/custodians/li/absences/{planned['id']}", 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"until_at": "2026-06-17T04:00:00Z"}, "until_at"),
        ({"until_at": "2026-06-18"}, "until_at"),
        ({"until_at": "2028-06-17T04:00:00Z"}, "until_at"),
        ({"from_at": "2026-05-17T04:00:00Z"}, "from_at"),
        ({"from_at": "2029-06-17T04:00:00Z", "until_at": "2029-06-18T04:00:00Z"}, "from_at"),
        ({"from_at": "1900-01-01T00:00:00Z"}, "from_at"),
        ({"from_at": "9999-12-31T00:00:00Z"}, "from_at"),
        ({"from_at": None}, "from_at"),
        ({"substitute": "li"}, "substitute"),
        ({"substitute": "nobody"}, "substitute"),
        ({"substitute": "old"}, "substitute"),
        ({"substitute": "a\x00"}, "substitute"),
        ({"why": "sun"}, "why"),
    ],
)
async def test_an_absence_that_cannot_be_is_refused_by_its_field(
    office: Office, change: dict[str, object], field: str
) -> None:
    await office.custodian("li")
    await office.custodian("old", expires_on="2020-01-01")
    body = {"from_at": "2026-06-17T04:00:00Z", "until_at": "2026-06-18T04:00:00Z", "substitute": None} | change
    problem = await office.refused("POST", "/v1/custodians/me/absences", 422, role="custodian", subject="li", json=body)
    assert problem["fields"] == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"phone": "x"}, "phone"),
        ({"language": "fr"}, "language"),
        ({"owner_id": str(uuid4())}, "owner_id"),
        ({"certificate": {"number": "1"}}, "certificate.expires_on"),
        ({"certificate": {"number": "1", "expires_on": "never"}}, "certificate.expires_on"),
    ],
)
async def test_a_custodian_who_cannot_be_is_refused_by_the_field(
    office: Office, change: dict[str, object], field: str
) -> None:
    problem = await office.refused("PUT", "/v1/custodians/li", 422, json={"name": "李"} | change)
    assert problem["fields"] == [field]


async def test_a_certificate_until_the_end_of_all_days_is_taken(office: Office) -> None:
    assert (await office.custodian("li", expires_on="9999-12-31"))["certificate"]["valid"]
    await office.break_down(await office.aed(custodian="li"))
    assert (await office.the_order())["assignee"] == "li"


async def test_my_page_has_my_devices_and_those_i_stand_in_for(office: Office) -> None:
    for each in ("li", "wang"):
        await office.custodian(each)
    mine = await office.aed("我的", custodian="wang")
    hers = await office.aed("她的", custodian="li")
    await office.aed("别人的", custodian="zhao")
    await office.break_down(hers)
    me = await office.call("GET", "/v1/custodians/me", role="custodian", subject="wang")
    assert [each["id"] for each in me["devices"]] == [str(mine)]
    assert me["orders"] == []
    await office.away("li", "wang", in_s=0, for_s=HOUR)
    await office.heard()
    me = await office.call("GET", "/v1/custodians/me", role="custodian", subject="wang")
    assert {(each["id"], each["custodian"]) for each in me["devices"]} == {(str(mine), "wang"), (str(hers), "li")}
    assert me["standing_in_for"] == ["li"]
    assert [(each["aed_id"], each["assignee"]) for each in me["orders"]] == [(str(hers), "wang")]
    (broken,) = [each for each in me["devices"] if each["id"] == str(hers)]
    assert broken["readiness"] == "out_of_service"
    assert broken["why"]["zh"].startswith("停用")
    assert [each["custodian"] for each in me["absences"]] == ["li"]


async def test_somebody_whom_the_office_has_not_entered_sees_their_devices_all_the_same(office: Office) -> None:
    aed_id = await office.aed(custodian="new")
    await office.break_down(aed_id)
    me = await office.call("GET", "/v1/custodians/me", role="custodian", subject="new")
    assert me["custodian"] is None
    assert [each["id"] for each in me["devices"]] == [str(aed_id)]
    assert [each["assignee"] for each in me["orders"]] == [None]
    body = {"from_at": "2026-06-17T04:00:00Z", "until_at": "2026-06-18T04:00:00Z"}
    await office.refused("POST", "/v1/custodians/me/absences", 404, role="custodian", subject="new", json=body)


async def test_a_substitute_may_report_on_the_devices_during_the_absence(office: Office) -> None:
    for each in ("li", "wang"):
        await office.custodian(each)
    await office.away("li", "wang", in_s=HOUR, for_s=HOUR)
    now = office.clock.now()
    assert not office.custodians.may_act_for("wang", "li", now)
    assert office.custodians.may_act_for("wang", "li", now + timedelta(hours=1))
    assert not office.custodians.may_act_for("wang", "li", now + timedelta(hours=2))


async def test_custodians_are_listed_in_pages(office: Office) -> None:
    *_, district, venue = await office.chain()
    for number in range(5):
        await office.custodian(f"c{number}", owner_id=venue["id"] if number % 2 else None)
    first = await office.call("GET", "/v1/custodians", params={"limit": 3})
    assert [each["subject"] for each in first["custodians"]] == ["c0", "c1", "c2"]
    second = await office.call("GET", "/v1/custodians", params={"limit": 3, "after": first["next"]})
    assert [each["subject"] for each in second["custodians"]] == ["c3", "c4"]
    assert second["next"] is None
    below = await office.call("GET", "/v1/custodians", params={"owner": district["id"]})
    assert [each["subject"] for each in below["custodians"]] == ["c1", "c3"]
    problem = await office.refused("GET", "/v1/custodians", 422, params={"owner": str(uuid4())})
    assert problem["fields"] == ["owner"]


async def test_nobody_sees_or_changes_what_is_another_ones(office: Office) -> None:
    await office.custodian("li")
    await office.refused("GET", "/v1/custodians/li", 403, role="custodian", subject="wang")
    await office.refused("GET", "/v1/custodians/li/absences", 403, role="custodian", subject="wang")
    await office.refused("PUT", "/v1/custodians/li", 403, role="custodian", subject="li", json={"name": "李"})
    await office.refused("GET", "/v1/custodians", 403, role="custodian", subject="li")
    await office.refused("GET", "/v1/custodians/me", 403, role="admin")
    await office.refused("PUT", "/v1/custodians/me", 422, json={"name": "李"})
    await office.call("GET", "/v1/custodians/li", role="custodian", subject="li")


async def test_two_workers_turn_an_absence_once(office: Office) -> None:
    other = Office(office.database, office.clock)
    for each in ("li", "wang"):
        await office.custodian(each)
    await office.away("li", "wang", in_s=HOUR, for_s=HOUR)
    await other.custodians.load()
    office.clock.move(hours=1)
    turned = await asyncio.gather(office.turns.act(), other.turns.act())
    assert sorted(turned, key=len) == [set(), {"li"}]


async def test_an_absence_that_nobody_noticed_is_over_all_the_same(office: Office) -> None:
    """The service was stopped for all of it."""
    for each in ("li", "wang"):
        await office.custodian(each)
    await office.break_down(await office.aed(custodian="li"))
    await office.away("li", "wang", in_s=HOUR, for_s=HOUR)
    await office.pass_time(hours=3)
    assert (await office.the_order())["assignee"] == "li"
    ((back,),) = await office.rows("select handed_back_at from custodian_absences")
    assert back is not None


async def test_a_process_that_was_cut_off_hands_over_what_it_missed(office: Office) -> None:
    other = Office(office.database, office.clock)
    for each in ("li", "wang"):
        await office.custodian(each)
    await other.custodians.load()
    await office.aed(custodian="li")
    await office.away("li", "wang", in_s=0, for_s=HOUR)
    later = office.clock.now() + timedelta(days=9)
    await office.rows("update aed_health set look_again_at = :at returning aed_id", at=later)
    async with running(other.custodians.follow()):
        now = office.clock.now()
        await until(lambda: office.rows("select from aed_health where look_again_at <= :now", now=now))
    assert other.custodians.may_act_for("wang", "li", now)


async def test_of_two_who_read_the_custodians_at_once_the_older_does_not_come_last(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first to read is held up until the second, which knows more, would have been done."""
    await office.custodian("li")
    has_read, goes_on = asyncio.Event(), asyncio.Event()
    reads = repository.absences_after

    async def slowly(connection: AsyncConnection, moment: datetime) -> list[Absence]:
        absences = await reads(connection, moment)
        if not has_read.is_set():
            has_read.set()
            await goes_on.wait()
        return absences

    monkeypatch.setattr(repository, "absences_after", slowly)
    older = asyncio.create_task(office.custodians.load())
    await has_read.wait()
    now = office.clock.now()
    away = Absence(
        id=uuid4(), custodian="li", from_at=now, until_at=now + timedelta(days=1), substitute=None, created_at=now
    )
    async with office.database.transaction() as connection:
        await repository.add_absence(connection, away)
    newer = asyncio.create_task(office.custodians.load())
    await asyncio.wait([newer], timeout=0.5)
    goes_on.set()
    await asyncio.gather(older, newer)
    assert office.custodians.register.absence_of("li", now) == away
