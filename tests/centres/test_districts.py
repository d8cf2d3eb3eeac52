"""Where a patient is decides which centre hears of it, once the outlines of districts are known."""

import json

from sqlalchemy import text

from tests.centres.conftest import feed, has_all, webhook
from tests.people import WULIN, ServiceInProcess, beside
from tests.push.receiving import Listener


async def test_a_webhook_hears_of_its_own_districts(service: ServiceInProcess, receiver: Listener) -> None:
    async with service.service.database.statement() as connection:
        columns = await connection.execute(
            text("select column_name from information_schema.columns where table_name = 'districts'")
        )
        assert {"code", "level", "outline", "name"} <= {row.column_name for row in columns}
        await connection.execute(
            text(
                "insert into districts (code, level, name, outline) values ('330105', 'district', '拱墅区',"
                " ST_Multi(ST_MakeEnvelope(120.1, 30.2, 120.2, 30.3, 4326)))"
            )
        )
    own = await webhook(service, receiver, "/own", districts=["3301"])
    other = await webhook(service, receiver, "/other", districts=["3302", "330106"])
    inside, outside = await service.sos(), await service.sos(beside(WULIN, north_m=8000))
    await service.call("POST", f"/v1/incidents/{inside['incident_id']}/close", role="operator")
    for each in (own, other):
        await has_all(service, each)
    told = [(each.path, json.loads(each.body)) for each in receiver.heard]
    assert [(path, each["type"], each["district_code"]) for path, each in told] == [
        ("/own", "incident.opened", "330105"),
        ("/own", "incident.closed", "330105"),
    ]
    asked = await feed(service, districts="33")
    assert {each["incident_id"] for each in asked["events"]} == {inside["incident_id"]}
    everything = await feed(service)
    assert outside["incident_id"] in {each["incident_id"] for each in everything["events"]}


async def test_the_feed_is_read_part_by_part(service: ServiceInProcess) -> None:
    opened = [await service.sos(beside(WULIN, north_m=200 * number)) for number in range(5)]
    for each in opened:
        await service.call("POST", f"/v1/incidents/{each['incident_id']}/close", role="operator")
    everything = (await feed(service))["events"]
    assert len(everything) == 10
    part = await feed(service, limit=4)
    had = part["events"]
    while part["more"]:
        part = await feed(service, limit=4, after=part["next"])
        had += part["events"]
    assert had == everything
    assert await feed(service, after=part["next"]) == {"events": [], "next": part["next"], "more": False, "oldest": 1}
    closed = await feed(service, types="incident.closed", after=everything[0]["cursor"])
    assert {each["type"] for each in closed["events"]} == {"incident.closed"}
    # What was passed over is not looked at again.
    assert (await feed(service, types="aed.collected"))["next"] == everything[-1]["cursor"]
    located = (await feed(service, datum="gcj02", limit=1))["events"][0]["data"]["incident"]["location"]
    assert located["datum"] == "gcj02"
    assert located["latitude"] != everything[0]["data"]["incident"]["location"]["latitude"]
    problem = await service.refused("GET", "/v1/centres/events?datum=moon", 422, role="operator")
    assert problem["errors"][0]["field"] == "datum"
