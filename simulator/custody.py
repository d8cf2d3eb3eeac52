"""Who owns the city's AEDs and who looks after them: a tree of owners, custodians, and what they do in a day."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from geo.distance import distance_m
from geo.place import Place
from simulator.service import RefusedError, Service

# The custodian whom a visitor plays: the simulated ones leave these devices alone.
VISITOR: Final = "keeper"

# How often a simulated custodian looks at what is to be done, in seconds of the wall clock.
_LOOK_EVERY_S: Final = 30.0
_ORDERS_AT_ONCE: Final = 20

_NEW_PADS_DAYS: Final = 730
_NEW_BATTERY_DAYS: Final = 1460


@dataclass(frozen=True, slots=True)
class OwnerOffice:
    """One Red Cross office, under the one before it that is a level higher. `district_code`: GB/T 2260.

    A district's is roughly around `centre`.
    """

    level: str
    name: str
    district_code: str
    centre: Place | None = None


OFFICES: Final[tuple[OwnerOffice, ...]] = (
    OwnerOffice("province", "浙江省红十字会", "330000"),
    OwnerOffice("city", "杭州市红十字会", "330100"),
    OwnerOffice("district", "上城区红十字会", "330102", Place(30.252, 120.185)),
    OwnerOffice("district", "拱墅区红十字会", "330105", Place(30.319, 120.15)),
    OwnerOffice("district", "西湖区红十字会", "330106", Place(30.266, 120.105)),
    OwnerOffice("district", "滨江区红十字会", "330108", Place(30.197, 120.205)),
)
_LEVELS: Final = ("province", "city", "district")

_NAMES: Final = ("陈晓东", "林雅琴", "王建国", "赵敏", "周立", "吴秀英")

_MAKERS: Final = (("迈瑞", "BeneHeart C1A"), ("飞利浦", "HS1"), ("卓尔", "AED Plus"), ("久心", "iAED-S1"))


class Custody:
    """Owners and custodians as the service knows them."""

    def __init__(self, service: Service, rng: Random, *, today: date) -> None:
        self._service = service
        self._rng = rng
        self._today = today
        self._districts: list[tuple[Place, str]] = []
        self._subjects = [VISITOR, *(f"sim-keeper-{number}" for number in range(1, len(_NAMES)))]
        self.inspections = 0

    async def settle_in(self) -> None:
        """Enter every owner and custodian that the service does not have yet."""
        _, told = await self._service.call("GET", "/v1/owners")
        known = {each["name"]: str(each["id"]) for each in told["owners"]}
        above: dict[str, str] = {}
        for office in OFFICES:
            owner_id = known.get(office.name) or await self._enter(office, above)
            above[office.level] = owner_id
            if office.centre is not None:
                self._districts.append((office.centre, owner_id))
        for number, (subject, name) in enumerate(zip(self._subjects, _NAMES, strict=True)):
            body = {
                "name": name,
                "owner_id": self._districts[number % len(self._districts)][1],
                "certificate": {
                    "number": f"ZJ-KEEPER-{number:03d}",
                    "expires_on": (self._today + timedelta(days=400)).isoformat(),
                },
            }
            await self._service.call("PUT", f"/v1/custodians/{subject}", body=body)

    async def _enter(self, office: OwnerOffice, above: dict[str, str]) -> str:
        rank = _LEVELS.index(office.level)
        body: dict[str, object] = {"level": office.level, "name": office.name, "district_code": office.district_code}
        if rank:
            body["parent_id"] = above[_LEVELS[rank - 1]]
        _, made = await self._service.call("POST", "/v1/owners", body=body)
        return str(made["id"])

    def facts_of(self, source_ref: str, place: Place) -> dict[str, object]:
        """Who owns one device and looks after it, who made it and until when its parts last: the same for the same one.

        One in ten has parts that expire within weeks, as in every register.
        """
        rng = Random(f"custody {source_ref}")
        maker, model = rng.choice(_MAKERS)
        soon = rng.random() < 0.1  # noqa: PLR2004 - one in ten
        pads = rng.randrange(3, 40) if soon else rng.randrange(100, _NEW_PADS_DAYS)
        facts: dict[str, object] = {
            "maker": maker,
            "model": model,
            "serial_number": f"SIM{rng.randrange(10**8):08d}",
            "manufactured_on": (self._today - timedelta(days=rng.randrange(200, 2500))).isoformat(),
            "pads_expire_on": (self._today + timedelta(days=pads)).isoformat(),
            "battery_expires_on": (self._today + timedelta(days=rng.randrange(120, _NEW_BATTERY_DAYS))).isoformat(),
            "custodian": rng.choices(self._subjects, [1, 2, 2, 2, 2, 2])[0],
        }
        if self._districts:
            facts["owner_id"] = min(self._districts, key=lambda each: distance_m(each[0], place))[1]
        return facts

    async def look_after_forever(self) -> None:
        """Let every simulated custodian see to what is to be done, some of it each time."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for subject in self._subjects:
                if subject != VISITOR:
                    await self._look_after(subject)

    async def _look_after(self, subject: str) -> None:
        params = {"assignee": subject, "limit": _ORDERS_AT_ONCE}
        _, told = await self._service.call("GET", "/v1/work-orders", params=params)
        orders: Sequence[dict[str, Any]] = told["orders"]
        if not orders:
            return
        order = self._rng.choice(orders)
        # What hangs on the wall now, after a visit with new parts in the bag.
        body = {
            "kind": "inspection",
            "outcome": "ok",
            "pads_expire_on": (self._today + timedelta(days=_NEW_PADS_DAYS)).isoformat(),
            "battery_expires_on": (self._today + timedelta(days=_NEW_BATTERY_DAYS)).isoformat(),
        }
        try:
            token = await self._service.token("custodian", subject)
            await self._service.report_aed(str(order["aed_id"]), body, token=token)
        except RefusedError:
            # It has another custodian by now, or is gone.
            return
        self.inspections += 1
