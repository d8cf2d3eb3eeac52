"""The datum that a cell or a heading names, in the words publishers use."""

import re

from dispatch.aeds.importing.words import bare, folded
from geo.datum import Datum, parse_datum

_NAMED = (
    (re.compile(r"gcj-?_?02|gcj|火星|高德|腾讯|騰訊|amap|autonavi|tencent|\bmars\b"), Datum.GCJ02),
    (re.compile(r"bd-?_?09|百度|baidu"), Datum.BD09),
    (re.compile(r"wgs-?_?(?:19)?84|gps|世界測地系|cgcs-?2000|国家2000|大地2000"), Datum.WGS84),
)
# Modern datums that agree with WGS-84 to within a few metres at the most (their own frames, other epochs).
_AS_GOOD_AS_WGS84 = frozenset(
    map(
        bare,
        (
            "JGD2000", "JGD2011", "JGD2024", "日本測地系2000", "日本測地系2011", "世界測地系(JGD2011)", "ETRS89",
            "RGF93",
            "RGF93v2b", "NAD83", "GDA94", "GDA2020", "NZGD2000", "TWD97", "KGD2002", "GRS80", "EPSG:4258",
            "EPSG:6668",
            "EPSG:4612", "EPSG:4269", "EPSG:4171", "天地图", "天地圖",
        ),
    )
)  # fmt: skip


def datum_of(heading: str) -> Datum | None:
    """The datum that a heading names, such as `经度(GCJ02)` or `wgs84Lat`."""
    text = folded(heading)
    return next((datum for pattern, datum in _NAMED if pattern.search(text)), None)


def datum_in(cell: str) -> Datum:
    """The datum that a cell names. Raises `UnknownDatum` for one that is not known here."""
    named = datum_of(cell)
    if named is not None:
        return named
    if bare(cell) in _AS_GOOD_AS_WGS84:
        return Datum.WGS84
    return parse_datum(cell)
