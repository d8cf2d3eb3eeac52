"""Searching devices, and the office's list of them, through the service."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.people import WULIN, ServiceInProcess, beside, problem_of


async def search(service: ServiceInProcess, q: str, **more: Any) -> list[str]:
    answer = await service.call("GET", "/v1/aeds/search", params={"q": q, **more})
    return [each["name"] for each in answer["aeds"]]


async def test_pieces_of_name_and_address_find_a_device(service: ServiceInProcess) -> None:
    await service.add_aed(WULIN, name="浙江图书馆", address="曙光路 73 号", place_detail="一楼服务台")
    await service.add_aed(beside(WULIN, north_m=900), name="黄龙体育中心", address="曙光路 1 号")
    assert await search(service, "图书") == ["浙江图书馆"]
    assert await search(service, "曙光 服务台") == ["浙江图书馆"]
    assert set(await search(service, "曙光路")) == {"浙江图书馆", "黄龙体育中心"}
    assert await search(service, "博物馆") == []
    assert await search(service, "   ") == []


async def test_what_is_typed_without_a_space_is_found_in_name_and_address(service: ServiceInProcess) -> None:
    await service.add_aed(WULIN, name="浙江图书馆", address="西湖区曙光路 73 号", place_detail="一楼 服务台")
    await service.add_aed(beside(WULIN, north_m=900), name="图书馆", address="上城区 1 号")
    assert await search(service, "曙光路73号") == ["浙江图书馆"]
    assert await search(service, "一楼服务台") == ["浙江图书馆"]
    # A district and a name, as people type them: nobody parts words in Chinese.
    assert await search(service, "西湖区图书馆") == ["浙江图书馆"]
    assert await search(service, "西湖区博物馆") == []
    assert await search(service, "%") == []
    assert await search(service, "图_馆") == []


async def test_too_many_at_once_are_asked_to_come_again(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.add_aed(WULIN, name="图书馆")
    monkeypatch.setattr("dispatch.aeds.searching.search._MOST_WAITING", 0)
    problem = await service.refused("GET", "/v1/aeds/search?q=图书馆", 503)
    assert problem["code"] == "busy"


async def test_where_somebody_carries_one_is_not_looked_up(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(WULIN, name="巡逻车", is_mobile=True)
    assert await search(service, "巡逻车") == ["巡逻车"]
    await service.call("PATCH", f"/v1/aeds/{aed_id}", role="admin", json={"carried_by": "driver"})
    assert await search(service, "巡逻车") == []
    await service.call("PATCH", f"/v1/aeds/{aed_id}", role="admin", json={"carried_by": None})
    assert await search(service, "巡逻车") == ["巡逻车"]


async def test_names_come_first_and_then_the_nearest(service: ServiceInProcess) -> None:
    far = beside(WULIN, north_m=5000)
    await service.add_aed(far, name="图书馆东馆")
    await service.add_aed(WULIN, name="社区中心", address="图书馆路 3 号")
    await service.add_aed(beside(WULIN, north_m=200), name="大学图书馆")
    found = await search(service, "图书馆", latitude=WULIN.latitude, longitude=WULIN.longitude)
    assert found == ["图书馆东馆", "大学图书馆", "社区中心"]


async def test_what_changes_is_found_as_it_is(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(WULIN, name="老图书馆")
    await service.call("PATCH", f"/v1/aeds/{aed_id}", role="admin", json={"name": "新博物馆"})
    assert await search(service, "图书馆") == []
    assert await search(service, "博物馆") == ["新博物馆"]
    await service.call("DELETE", f"/v1/aeds/{aed_id}", role="admin")
    assert await search(service, "博物馆") == []


async def test_it_says_that_there_are_more(service: ServiceInProcess) -> None:
    for number in range(4):
        await service.add_aed(WULIN, name=f"地铁站 {number}")
    answer = await service.call("GET", "/v1/aeds/search", params={"q": "地铁", "limit": 3})
    assert (len(answer["aeds"]), answer["more"]) == (3, True)
    assert answer["aeds"][0]["distance_m"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=" + "x" * 101, "q"),
        ("q=a%00b", "q"),
        ("q=a&limit=0", "limit"),
        ("q=a&latitude=91&longitude=0", "latitude"),
        ("q=a&latitude=30", "longitude"),
    ],
)
async def test_what_is_wrong_with_a_search_is_named(service: ServiceInProcess, query: str, field: str) -> None:
    problem = await service.refused("GET", f"/v1/aeds/search?{query}", 422)
    assert [each["field"] for each in problem["errors"]] == [field]


async def devices(service: ServiceInProcess, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await service.call("GET", "/v1/registry/devices", role="admin", params=asked)
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    return [each["name"] for each in answer["devices"]]


async def test_the_office_pages_through_its_devices(service: ServiceInProcess) -> None:
    expected = [f"点位 {number:02}" for number in range(7)]
    for name in reversed(expected):
        await service.add_aed(WULIN, name=name)
    first = await devices(service, limit=3)
    second = await devices(service, limit=3, after=first["after"])
    third = await devices(service, limit=3, after=second["after"])
    assert names(first) + names(second) + names(third) == expected
    assert third["after"] is None
    assert first["counts"] == {"unverified": 7}


async def test_the_office_narrows_its_list_down(service: ServiceInProcess) -> None:
    today = service.clock.now().date()
    city = await service.call("POST", "/v1/owners", role="admin", json={"level": "city", "name": "杭州"})
    venue = await service.call(
        "POST", "/v1/owners", role="admin", json={"level": "venue", "name": "图书馆", "parent_id": city["id"]}
    )
    theirs = await service.add_aed(WULIN, name="甲", owner_id=venue["id"], custodian="wang", serial_number="SN-100%")
    soon = (today + timedelta(days=400)).isoformat()
    await service.add_aed(WULIN, name="乙", battery_expires_on=soon)
    await service.call("POST", f"/v1/aeds/{theirs}/reports", role="admin", json={"kind": "fault", "code": "broken"})
    assert names(await devices(service, owner_id=city["id"])) == ["甲"]
    assert names(await devices(service, custodian="wang")) == ["甲"]
    assert names(await devices(service, readiness="out_of_service")) == ["甲"]
    assert names(await devices(service, q="100%")) == ["甲"]
    assert names(await devices(service, q="10_%")) == []
    assert names(await devices(service, q="sn-100% 甲")) == ["甲"]
    assert names(await devices(service, q="sn-100% 乙")) == []
    assert names(await devices(service, has_orders=True)) == ["甲"]
    assert names(await devices(service, has_orders=False)) == ["乙"]
    assert names(await devices(service, sort="expires")) == ["乙", "甲"]
    (line,) = (await devices(service, custodian="wang"))["devices"]
    assert (line["owner_name"], line["open_orders"]) == ("图书馆", 1)
    assert "损坏" in line["why"]["zh"]
    # Which states there are is told whichever is looked at.
    assert (await devices(service, readiness="ready"))["counts"] == {"out_of_service": 1, "unverified": 1}


async def test_a_city_stands_for_its_districts(service: ServiceInProcess) -> None:
    await service.add_aed(WULIN, name="甲")
    # As it will be once the outlines are there.
    async with service.service.database.statement() as connection:
        await connection.execute(text("update aeds set district_code = '330105'"))
    assert names(await devices(service, district="330100")) == ["甲"]
    assert names(await devices(service, district="330000")) == ["甲"]
    assert names(await devices(service, district="330200")) == []
    assert names(await devices(service, district="330105")) == ["甲"]
    assert names(await devices(service, district="330110")) == []


async def test_only_the_office_lists(service: ServiceInProcess) -> None:
    async with service.client("custodian", "wang") as custodian:
        problem_of(await custodian.get("/v1/registry/devices"), 403)
    async with service.client("admin") as admin:
        wrong = problem_of(await admin.get("/v1/registry/devices?after=nonsense"), 422)
    assert [each["field"] for each in wrong["errors"]] == ["after"]
