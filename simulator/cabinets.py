"""The city's AEDs: where they hang, when their doors are open, and what they report about themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from geo.place import Place
from simulator.custody import Custody
from simulator.hangzhou import CENTRE
from simulator.movement import scatter
from simulator.people import happens, moved, some_landmark
from simulator.service import RefusedError, Service

SOURCE: Final = "simulator"


@dataclass(frozen=True, slots=True)
class Site:
    """A kind of place that has an AED: how often, where inside, how it is reached, and its usual hours."""

    name: str
    name_zh: str
    share: float
    access: str
    hours: tuple[str | None, ...]
    place_detail: str
    floor: int | None = 1


# Hours in OpenStreetMap's opening_hours syntax; None where nobody wrote them down, common in every registry.
SITES: Final[tuple[Site, ...]] = (
    Site("metro station", "地铁站", 0.22, "public", ("Mo-Su 05:45-23:15",), "站厅客服中心旁", -1),
    Site("shopping mall", "商场", 0.14, "public", ("Mo-Su 10:00-22:00", "Mo-Su 09:30-21:30"), "一楼服务台"),
    Site(
        "office tower",
        "写字楼",
        0.14,
        "ask",
        ("Mo-Fr 08:00-19:00", "Mo-Fr 08:30-18:00; Sa 09:00-12:00"),
        "大堂前台",
    ),
    Site("street cabinet", "街头自助柜", 0.13, "public", ("24/7",), "路口东北角", None),
    Site("community clinic", "社区卫生服务站", 0.10, "ask", ("Mo-Su 08:00-17:00",), "预检台"),
    Site("university gate", "高校校门", 0.07, "public", ("24/7",), "门卫室"),
    Site("sports hall", "体育馆", 0.06, "public", ("Mo-Su 06:30-21:30",), "入口左侧"),
    Site("hotel", "酒店", 0.06, "ask", ("24/7",), "前台"),
    Site("school", "学校", 0.04, "private", ("Mo-Fr 07:00-18:00; PH off",), "门卫室"),
    Site("housing estate", "小区", 0.04, "code", ("24/7", None), "物业岗亭"),
)

# How often a connected box says that it is alive, in seconds of the wall clock.
HEARTBEAT_EVERY_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Cabinet:
    """One AED of the city, the same for the same seed.

    `connected` boxes report about themselves; the others are inspected by people.
    """

    source_ref: str
    name: str
    site: Site
    place: Place
    opening_hours: str | None
    connected: bool
    faulty: bool

    def body(self, custody: Mapping[str, object]) -> dict[str, object]:
        """Answer the body of `POST /v1/aeds`; `custody` says who owns it and looks after it."""
        body: dict[str, object] = {
            "name": self.name,
            "location": {
                "latitude": self.place.latitude,
                "longitude": self.place.longitude,
                "datum": "wgs84",
            },
            "place_detail": self.site.place_detail,
            "indoor": self.site.floor is not None,
            "access": self.site.access,
            "source": SOURCE,
            "source_ref": self.source_ref,
        }
        if self.site.floor is not None:
            body["floor"] = self.site.floor
        if self.opening_hours is not None:
            body["opening_hours"] = self.opening_hours
        body["is_connected"] = body["has_self_test"] = self.connected
        return body | dict(custody)


def equip(count: int, *, seed: int, centre: Place = CENTRE) -> list[Cabinet]:
    """Hang `count` AEDs over the city; the first n are the same whatever the count."""
    rng = Random(f"cabinets {seed}")
    return [_cabinet(number, seed, rng, centre) for number in range(1, count + 1)]


def _cabinet(number: int, seed: int, rng: Random, centre: Place) -> Cabinet:
    quarter, landmark = some_landmark(rng)
    site = rng.choices(SITES, [each.share for each in SITES])[0]
    return Cabinet(
        source_ref=f"sim-{seed}-{number:04d}",
        name=f"{landmark.name_zh}{site.name_zh} {number} 号 · {landmark.name}, {site.name}",
        site=site,
        place=scatter(moved(landmark.place, centre), quarter.spread_m * 0.8, rng),
        opening_hours=rng.choice(site.hours),
        connected=happens(0.8, rng),
        # A few are out of order the whole time; field surveys find more, but those a box can sense are few.
        faulty=happens(0.03, rng),
    )


class Registry:
    """The cabinets as the service knows them, reporting about themselves."""

    def __init__(self, service: Service, cabinets: Sequence[Cabinet], custody: Custody, rng: Random) -> None:
        self._service = service
        self._custody = custody
        self._cabinets = cabinets
        self._rng = rng
        self._ids: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self.reports = 0

    async def hang(self) -> None:
        """Create every cabinet that the service does not have yet, and let each say or be told how it is."""
        await self._custody.settle_in()
        known = await self._service.aeds_by_name([each.place for each in self._cabinets])
        async with asyncio.TaskGroup() as group:
            for cabinet in self._cabinets:
                group.create_task(self._hang_one(cabinet, known.get(cabinet.name)))

    async def report_forever(self) -> None:
        """Let every connected box report about once per `HEARTBEAT_EVERY_S`, spread evenly over the time."""
        connected = [each for each in self._cabinets if each.connected]
        if not connected:
            return
        self._rng.shuffle(connected)
        while True:
            for cabinet in connected:
                await asyncio.sleep(HEARTBEAT_EVERY_S / len(connected))
                await self._report(cabinet, "self_test" if happens(0.1, self._rng) else "heartbeat")

    async def _hang_one(self, cabinet: Cabinet, aed_id: str | None) -> None:
        custody = self._custody.facts_of(cabinet.source_ref, cabinet.place)
        aed_id = aed_id or await self._service.create_aed(cabinet.body(custody))
        if aed_id is not None:
            self._ids[cabinet.source_ref] = aed_id
            await self._report(cabinet, "self_test" if cabinet.connected else "inspection")

    async def _report(self, cabinet: Cabinet, kind: str) -> None:
        aed_id = self._ids.get(cabinet.source_ref)
        if aed_id is None:
            # Somebody changed it since an earlier run: it is theirs now.
            return
        body: dict[str, object] = {"kind": kind}
        if kind != "heartbeat":
            body["outcome"] = "failed" if cabinet.faulty else "ok"
        token = None
        if kind != "inspection":
            token = self._tokens.get(aed_id) or await self._service.token("device", aed_id)
            self._tokens[aed_id] = token
        try:
            await self._service.report_aed(aed_id, body, token=token)
        except RefusedError as error:
            # A token that a rebuilt service no longer knows is fetched anew the next time round.
            if error.status not in (401, 403, 404):
                raise
            self._tokens.pop(aed_id, None)
            return
        self.reports += 1
