"""A province full of devices, written straight into the tables: for measuring, and for tests of many."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from dispatch.aeds.hours_area import area_of
from geo.place import Place

# Cities of Zhejiang, and what share of the people lives there, roughly.
CITIES = (
    (30.27, 120.15, 20),
    (29.87, 121.55, 15),
    (28.00, 120.70, 15),
    (30.00, 120.58, 9),
    (30.75, 120.75, 9),
    (29.08, 119.65, 11),
    (28.66, 121.42, 10),
    (30.89, 120.09, 5),
    (28.94, 118.87, 4),
    (28.45, 119.92, 4),
    (29.99, 122.21, 2),
)
_COLUMNS = (
    *("id", "name", "location", "address", "place_detail", "indoor", "access", "opening_hours", "area"),
    *("battery_expires_on", "pads_expire_on", "readiness", "readiness_reasons", "readiness_at"),
    *("source", "source_ref", "created_at", "updated_at"),
)
_KINDS = ("社区服务中心", "地铁站", "体育馆", "商场", "学校", "医院门诊楼", "图书馆", "银行网点", "公园", "写字楼")


def fill(url: str, count: int, seed: int = 1) -> None:
    """Write so many devices: where people are, with some 2,000 different opening hours."""
    draw = random.Random(seed)
    columns = ", ".join(_COLUMNS)
    with (
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"copy aeds ({columns}) from stdin") as copy,
    ):
        for row in rows(count, draw):
            copy.write_row(row)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("analyze aeds")


def rows(count: int, draw: random.Random) -> Iterator[list[Any]]:
    """The rows of so many devices, in the order of the columns."""
    now = datetime.now(UTC)
    today = now.date()
    weights = [city[2] for city in CITIES]
    for number in range(count):
        latitude, longitude, _ = draw.choices(CITIES, weights)[0]
        # Dense in the middle, thin far out.
        far, angle = 0.3 * draw.random() ** 0.9, 2 * math.pi * draw.random()
        place = Place(latitude + far * math.sin(angle), longitude + far * math.cos(angle) * 1.15)
        access = draw.choices(("public", "ask", "private", "unknown"), (70, 20, 5, 5))[0]
        state = draw.choices(("ready", "unverified", "degraded", "out_of_service", "in_use"), (55, 30, 8, 6, 1))[0]
        yield [
            UUID(int=draw.getrandbits(128), version=4),
            f"{draw.choice(_KINDS)}{number}",
            f"SRID=4326;POINT({place.longitude!r} {place.latitude!r})",
            f"文{draw.randrange(300)}路{draw.randrange(900)}号",
            f"{draw.randrange(1, 5)}楼服务台",
            draw.random() < 0.9,
            access,
            _hours(draw),
            area_of(place),
            today + timedelta(days=draw.randrange(-20, 1200)),
            today + timedelta(days=draw.randrange(-20, 800)),
            state,
            [],
            now,
            "measure",
            str(number),
            now,
            now,
        ]


def _hours(draw: random.Random) -> str | None:
    if draw.random() < 0.12:
        return None
    if draw.random() < 0.3:
        return "24/7"
    opens = draw.choice((6, 7, 8, 8, 8, 9, 9, 10))
    closes = draw.choice((16, 17, 17, 18, 18, 20, 21, 22))
    minute = draw.choice((0, 0, 0, 15, 30, 30, 45))
    days = draw.choice(("Mo-Fr", "Mo-Sa", "Mo-Su", "Mo-Fr,PH off"))
    weekend = draw.choice(("", "", f"; Sa {opens + 1:02}:00-{closes - 1:02}:{minute:02}", "; Su off"))
    if days == "Mo-Fr,PH off":
        return f"Mo-Fr {opens:02}:{minute:02}-{closes:02}:{minute:02}; PH off{weekend}"
    return f"{days} {opens:02}:{minute:02}-{closes:02}:{minute:02}{weekend}"
