"""Which column of a list holds what: by its heading, checked against what its cells look like."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch.aeds.importing.coordinates import PairOrder, degrees_of, pair_of
from dispatch.aeds.importing.datums import datum_in, datum_of
from dispatch.aeds.importing.documents import LATITUDE, LONGITUDE
from dispatch.aeds.importing.free_hours import minutes_of
from dispatch.aeds.importing.headings import DayHeading, day_heading, scores_of
from dispatch.aeds.importing.rows import SourceRow, UnreadableFile
from dispatch.aeds.importing.values import access_of, date_of, floor_of, is_broken, photos_of, yes_or_no
from dispatch.aeds.importing.vocabulary import GATHERED, Field
from dispatch.aeds.importing.words import bare, folded
from geo.datum import Datum, UnknownDatum

_SAMPLE = 300
_LONGEST_SAMPLED_CELL = 500
# What a column without a telling heading counts for when its cells are unmistakable.
_BY_SHAPE_ALONE = 55.0
_UNIQUE_ENOUGH = 0.95
# Numbers of rows, not of things: the next edition of the list counts anew.
_ROW_COUNTERS = frozenset(
    map(bare, ("序号", "序號", "連番", "연번", "lp", "lfd nr", "index", "fid", "objectid", "rnum", "rownum"))
)

_LATITUDE_FIRST = re.compile(r"lat\w*\W*,?\W*(?:lng|lon)|緯度\W*[経經]度|纬度\W*经度|geo_?point")
_LONGITUDE_FIRST = re.compile(r"(?:lng|lon)\w*\W*,?\W*lat|[経經]度\W*緯度|经度\W*纬度|x\W*y")
_OF_A_COORDINATE = re.compile(
    r"latitude|longitude|latitud|longitud|lat|long|lng|lon|緯度|経度|經度|纬度|经度|위도|경도|[xy]$|^[xy]"
)


@dataclass(frozen=True, slots=True)
class CoordinateColumns:
    """Where a place is read from: two columns, or one with both numbers."""

    latitude: str
    longitude: str
    order: PairOrder | None = None
    datum: Datum | None = None


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Columns by what they hold. `coordinates` in order of preference."""

    columns: Mapping[Field, tuple[str, ...]]
    days: Mapping[str, DayHeading]
    coordinates: tuple[CoordinateColumns, ...]
    unused: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())

    def first(self, wanted: Field) -> str | None:
        """The column of a field that has one."""
        return next(iter(self.columns.get(wanted, ())), None)

    def cell(self, row: SourceRow, wanted: Field) -> str:
        """What a row has in the column of a field; empty when the list has no such column."""
        heading = self.first(wanted)
        return "" if heading is None else row.values.get(heading, "")

    def cells(self, row: SourceRow, wanted: Field) -> list[str]:
        """What a row has in all columns of a field."""
        return [row.values.get(heading, "") for heading in self.columns.get(wanted, ())]

    def as_text(self) -> dict[str, list[str]]:
        """The mapping for the report."""
        shown = {each.value: list(columns) for each, columns in self.columns.items()}
        if self.days:
            shown["hours_by_day"] = list(self.days)
        shown["place"] = [
            each.latitude if each.latitude == each.longitude else f"{each.latitude}, {each.longitude}"
            for each in self.coordinates
        ]
        return shown


class _Column:
    """A column's heading and a sample of its cells."""

    def __init__(self, heading: str, rows: Sequence[SourceRow]) -> None:
        self.heading = heading
        # Taken from all over the list: the first rows are often alike.
        step = max(1, len(rows) // _SAMPLE)
        cells = [row.values.get(heading, "").strip()[:_LONGEST_SAMPLED_CELL] for row in rows[::step]]
        self.cells = [cell for cell in cells if cell]

    def share(self, fits: Callable[[str], bool]) -> float:
        """How many of the cells with something in them fit; 1 for a column without any."""
        if not self.cells:
            return 1.0
        return sum(1 for cell in self.cells if fits(cell)) / len(self.cells)


def recognise(headers: Sequence[str], rows: Sequence[SourceRow]) -> ColumnMapping:
    """The mapping of a list's columns. Raises `UnreadableFile` when no column says where anything is."""
    columns = {heading: _Column(heading, rows) for heading in headers}
    days = {
        heading: said
        for heading, column in columns.items()
        if (said := day_heading(heading)) is not None and _fits_day(said, column)
    }
    fitting = sorted(
        (
            (_fit(wanted, score, column), -position, wanted, heading)
            for position, (heading, column) in enumerate(columns.items())
            if heading not in days
            for wanted, score in _possible(column).items()
        ),
        key=lambda each: (-each[0], -each[1]),
    )
    taken: dict[Field, list[str]] = {}
    used: dict[str, Field] = {}
    for worth, _, wanted, heading in fitting:
        several = wanted in GATHERED or wanted in {Field.COORDINATES, Field.LATITUDE, Field.LONGITUDE, Field.IGNORED}
        if worth > 0 and heading not in used and (several or wanted not in taken):
            taken.setdefault(wanted, []).append(heading)
            used[heading] = wanted
    warnings = _without_bad_ids(taken, rows)
    coordinates = _coordinate_columns(taken, columns)
    if not coordinates:
        raise UnreadableFile(f"no column says where anything is; the headings are {', '.join(headers)[:300]}")
    for gathered in GATHERED & taken.keys():
        taken[gathered].sort(key=list(headers).index)
    kept = {wanted: tuple(names) for wanted, names in taken.items() if wanted not in _PLACES | {Field.IGNORED}}
    placed = {name for each in coordinates for name in (each.latitude, each.longitude)}
    unused = [
        heading
        for heading in headers
        if heading not in placed and heading not in days and not any(heading in names for names in kept.values())
    ]
    return ColumnMapping(kept, days, coordinates, tuple(unused), tuple(warnings))


def headings_by_shape(sample: list[list[str]]) -> list[str] | None:
    """Headings for rows that come without any, when their cells leave no doubt which hold the place; else None."""
    width = max(map(len, sample), default=0)
    rows = [SourceRow(0, 0, {str(at): cell for at, cell in enumerate(cells)}) for cells in sample]
    columns = [_Column(str(at), rows) for at in range(width)]
    names = [f"column {at + 1}" for at in range(width)]
    pair = next((at for at, column in enumerate(columns) if column.cells and column.share(_is_pair) > 0.9), None)  # noqa: PLR2004
    if pair is not None:
        names[pair] = "coordinates"
    else:
        precise = [at for at, column in enumerate(columns) if column.cells and column.share(_is_precise) > 0.9]  # noqa: PLR2004
        east = [at for at in precise if columns[at].share(lambda cell: 90 < abs(degrees_of(cell) or 0) <= 180) > 0.5]  # noqa: PLR2004
        north = [at for at in precise if columns[at].share(lambda cell: abs(degrees_of(cell) or 999) <= 90) > 0.9]  # noqa: PLR2004
        if len(east) != 1 or len(north) != 1:
            return None
        names[east[0]], names[north[0]] = "longitude", "latitude"
    texts = [at for at, column in enumerate(columns) if column.share(_is_word) > 0.8 and column.cells]  # noqa: PLR2004
    for name, at in zip(("name", "address"), (at for at in texts if names[at].startswith("column")), strict=False):
        names[at] = name
    return names


_PLACES = frozenset({Field.LATITUDE, Field.LONGITUDE, Field.COORDINATES})


def _possible(column: _Column) -> dict[Field, float]:
    scores = dict(scores_of(column.heading))
    if column.cells and column.share(_is_pair) > 0.5:  # noqa: PLR2004 - most
        scores = {Field.COORDINATES: max(_BY_SHAPE_ALONE, scores.get(Field.COORDINATES, 0))}
    if Field.ADDRESS in scores and folded(column.heading) == "location":
        # One word for three things; what the cells look like decides, or what other columns leave over.
        scores |= {Field.PLACE_DETAIL: 50, Field.INDOOR: 60}
    if Field.NAME in scores and bare(column.heading) in {"設置場所", "設置场所", "standort", "ubicazione", "building"}:
        scores[Field.PLACE_DETAIL] = 50
    if Field.HOURS_ALWAYS in scores:
        scores[Field.HOURS] = scores[Field.HOURS_ALWAYS] - 1
    return scores


def _fit(wanted: Field, score: float, column: _Column) -> float:
    """The score of a column for a field, or nothing when its cells say otherwise."""
    test = _LOOKS_LIKE.get(wanted)
    if test is None:
        return score
    fits, least = test
    share = column.share(fits)
    if wanted in {Field.LATITUDE, Field.LONGITUDE}:
        # Metres of a projection are still the list's coordinates, if there is nothing better to name.
        return score - 50 * (column.share(_in_degrees) < 0.5) if share >= least else 0  # noqa: PLR2004
    return score if share >= least else 0


def _is_pair(cell: str) -> bool:
    # Two precise numbers: 24/7 and 12, 14 are pairs of something else.
    return pair_of(cell) is not None and len(re.findall(r"\d", cell)) >= 6  # noqa: PLR2004


def _is_degrees(cell: str) -> bool:
    return degrees_of(cell) is not None


def _in_degrees(cell: str) -> bool:
    return abs(degrees_of(cell) or 0) <= 180  # noqa: PLR2004 - degrees


def _is_precise(cell: str) -> bool:
    return re.fullmatch(r"-?\d{1,3}[.,]\d{3,}", cell) is not None


def _is_word(cell: str) -> bool:
    return sum(each.isalpha() for each in cell) > len(cell) / 4


def _is_flag(cell: str) -> bool:
    return yes_or_no(cell) is not None


def _names_a_datum(cell: str) -> bool:
    try:
        return datum_in(cell) is not None
    except UnknownDatum:
        return False


_LOOKS_LIKE: dict[Field, tuple[Callable[[str], bool], float]] = {
    Field.LATITUDE: (_is_degrees, 0.3),
    Field.LONGITUDE: (_is_degrees, 0.3),
    Field.COORDINATES: (_is_pair, 0.3),
    Field.NAME: (_is_word, 0.3),
    Field.ADDRESS: (lambda cell: sum(each.isalpha() for each in cell) > 1, 0.3),
    Field.PLACE_DETAIL: (lambda cell: degrees_of(cell) is None, 0.3),
    Field.PHONE: (lambda cell: sum(each.isdigit() for each in cell) >= 3, 0.3),  # noqa: PLR2004 - 120 is a number
    Field.FLOOR: (lambda cell: floor_of(cell) is not None, 0.3),
    Field.INDOOR: (lambda cell: inside(cell) is not None, 0.3),
    Field.OUTDOOR: (_is_flag, 0.5),
    Field.ACCESS: (lambda cell: access_of(cell) is not None, 0.3),
    Field.HOURS: (lambda cell: not _is_flag(cell), 0.5),
    Field.HOURS_ALWAYS: (_is_flag, 0.5),
    Field.HOURS_FROM: (lambda cell: minutes_of(cell) is not None, 0.5),
    Field.HOURS_TO: (lambda cell: minutes_of(cell) is not None, 0.5),
    Field.MANUFACTURED_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.BATTERY_EXPIRES_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.PADS_EXPIRE_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.STATE: (lambda cell: is_broken(cell) or len(cell) > 2, 0.3),  # noqa: PLR2004 - MD, CA
    Field.BATTERY_FITTED_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.PADS_FITTED_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.PADS_CHILD_EXPIRE_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.REMOVED_ON: (lambda cell: date_of(cell) is not None, 0.2),
    Field.DATUM: (_names_a_datum, 0.5),
    Field.MOBILE: (_is_flag, 0.5),
    Field.DUPLICATE: (_is_flag, 0.5),
    Field.WORKING: (_is_flag, 0.5),
    Field.PHOTO: (lambda cell: photos_of([cell]) != (), 0.3),
}


def inside(cell: str) -> bool | None:
    """Whether a device is indoors by a flag or by words for in and out; None when neither."""
    flag = yes_or_no(cell)
    if flag is not None:
        return flag
    word = bare(cell)
    if word in _IN:
        return True
    return False if word in _OUT else None


_IN_WORDS = "indoor, indoors, inside, intérieur, interieur, innen, interno, interior, 室内, 室內, 屋内, 실내, wewnątrz"
_IN = frozenset(map(bare, _IN_WORDS.split(",")))
_OUT_WORDS = (
    "outdoor, outdoors, outside, extérieur, exterieur, außen, esterno, exterior, 室外, 屋外, 户外, 戶外, 실외, zewnątrz"
)
_OUT = frozenset(map(bare, _OUT_WORDS.split(",")))


def _fits_day(said: DayHeading, column: _Column) -> bool:
    return said.part == "both" or column.share(lambda cell: minutes_of(cell) is not None) > 0.5  # noqa: PLR2004


def _without_bad_ids(taken: dict[Field, list[str]], rows: Sequence[SourceRow]) -> list[str]:
    if Field.ID not in taken:
        return []
    heading = taken[Field.ID][0]
    ids = [value for row in rows if (value := row.values.get(heading, "").strip())]
    unique = len(set(ids)) >= _UNIQUE_ENOUGH * len(rows)
    counts_rows = bare(heading) in _ROW_COUNTERS and ids == [str(number) for number in range(1, len(ids) + 1)]
    if unique and not counts_rows:
        return []
    del taken[Field.ID]
    why = "only counts the rows" if counts_rows else "is not unique"
    return [f"The column {heading!r} {why}: entries are told apart by name, address and place instead."]


def _coordinate_columns(
    taken: Mapping[Field, Sequence[str]], columns: Mapping[str, _Column]
) -> tuple[CoordinateColumns, ...]:
    found: list[CoordinateColumns] = []
    longitudes = list(taken.get(Field.LONGITUDE, ()))
    for latitude in taken.get(Field.LATITUDE, ()):
        if not longitudes:
            break
        kin = [each for each in longitudes if _stem(each) == _stem(latitude)]
        longitude = (kin or longitudes)[0]
        longitudes.remove(longitude)
        found.append(CoordinateColumns(latitude, longitude, None, datum_of(latitude) or datum_of(longitude)))
    for heading in taken.get(Field.COORDINATES, ()):
        order = _order_in(columns[heading])
        found.append(CoordinateColumns(heading, heading, order, datum_of(heading)))
    return tuple(sorted(found, key=_preference))


def _stem(heading: str) -> str:
    if heading in {LATITUDE, LONGITUDE}:
        return LATITUDE
    return bare(_OF_A_COORDINATE.sub("", folded(heading)))


def _preference(columns: CoordinateColumns) -> tuple[bool, bool, int]:
    """The geometry first, then what is said of the device rather than of the building, then WGS-84."""
    heading = folded(columns.latitude)
    of_device = re.search(r"aed|dae|defib|設備|设备|設置", heading) is not None
    datums = (None, Datum.WGS84, Datum.GCJ02, Datum.BD09)
    return columns.latitude != LATITUDE, not of_device, datums.index(columns.datum)


def _order_in(column: _Column) -> PairOrder:
    pairs = [pair for cell in column.cells if (pair := pair_of(cell)) is not None]
    if pairs and all(order is PairOrder.LONGITUDE_FIRST for _, _, order in pairs):
        return PairOrder.LONGITUDE_FIRST
    first = sum(1 for one, _, _ in pairs if abs(one) > 90)  # noqa: PLR2004 - no latitude
    second = sum(1 for _, other, _ in pairs if abs(other) > 90)  # noqa: PLR2004 - no latitude
    if first != second:
        return PairOrder.LONGITUDE_FIRST if first > second else PairOrder.LATITUDE_FIRST
    heading = folded(column.heading)
    if _LONGITUDE_FIRST.search(heading) and not _LATITUDE_FIRST.search(heading):
        return PairOrder.LONGITUDE_FIRST
    return PairOrder.LATITUDE_FIRST
