"""The city's owners and custodians, against a running service."""

from datetime import timedelta
from random import Random

from simulator.cabinets import Registry, equip
from simulator.custody import OFFICES, VISITOR, Custody
from simulator.hangzhou import CENTRE
from simulator.service import Service
from tests.people import ServiceInProcess


async def test_owners_and_custodians_are_entered_once_and_devices_are_theirs(service: ServiceInProcess) -> None:
    city = Service(service.url, service.token("admin", "city"))
    today = service.clock.now().date()
    try:
        for custody in (Custody(city, Random(1), today=today), Custody(city, Random(1), today=today)):
            await Registry(city, equip(12, seed=3), custody, Random(1)).hang()
        owners = (await service.call("GET", "/v1/owners", role="admin"))["owners"]
        assert sorted(each["name"] for each in owners) == sorted(each.name for each in OFFICES)
        aed = await service.call("GET", "/v1/registry/devices", role="admin")
        assert len(aed["devices"]) == 12
        assert {each["owner_id"] for each in aed["devices"]} <= {each["id"] for each in owners}
        again = Custody(city, Random(2), today=today)
        await again.settle_in()
        assert again.facts_of("sim-3-0001", CENTRE) == custody.facts_of("sim-3-0001", CENTRE)
    finally:
        await city.close()


async def test_custodians_see_to_what_is_to_be_done_but_for_the_visitors_devices(service: ServiceInProcess) -> None:
    city = Service(service.url, service.token("admin", "city"))
    today = service.clock.now().date()
    custody = Custody(city, Random(1), today=today)
    try:
        await custody.settle_in()
        for keeper in (VISITOR, "sim-keeper-1"):
            await service.call(
                "POST",
                "/v1/aeds",
                role="admin",
                json={
                    "name": keeper,
                    "location": {"latitude": 30.27, "longitude": 120.15},
                    "custodian": keeper,
                    "pads_expire_on": (today + timedelta(days=5)).isoformat(),
                },
            )
        orders = (await service.call("GET", "/v1/work-orders", role="admin"))["orders"]
        assert {each["assignee"] for each in orders} == {VISITOR, "sim-keeper-1"}
        while custody.inspections < 1:
            await custody._look_after("sim-keeper-1")
        orders = (await service.call("GET", "/v1/work-orders", role="admin"))["orders"]
        assert "pads_expiry" not in {each["cause"] for each in orders if each["assignee"] == "sim-keeper-1"}
        assert "pads_expiry" in {each["cause"] for each in orders if each["assignee"] == VISITOR}
    finally:
        await city.close()
