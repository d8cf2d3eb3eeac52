"""A row that this register exported, made into what it was."""

from dispatch.aeds.hours import InvalidHours, checked_hours
from dispatch.aeds.importing.coordinates import NoPlace, degrees_of, read_place
from dispatch.aeds.importing.documents import LATITUDE, LONGITUDE
from dispatch.aeds.importing.drafts import Draft, NotTaken
from dispatch.aeds.importing.row_hours import Told
from dispatch.aeds.importing.rows import SourceRow
from dispatch.aeds.own_schema import BadCell, evidence_of, unmarked, values_of
from dispatch.aeds.record import Access
from geo.datum import parse_datum

_APART = frozenset({"id", "source", "source_ref"})


def own_draft(row: SourceRow, form: str) -> Draft:
    """The draft of an exported row: every field as it was, ids and sources with them. Raises `NotTaken`.

    `form` is that of the file. Only GeoJSON is never opened by a spreadsheet program, and has no marks against that.
    """
    if row.fault is not None:
        raise NotTaken(row.fault)
    cells = dict(row.values) if form == "geojson" else unmarked(row.values)
    for name, other in (("id", "@id"), ("latitude", LATITUDE), ("longitude", LONGITUDE)):
        cells.setdefault(name, cells.get(other, ""))
    try:
        values = values_of(cells)
        if values["opening_hours"] is not None:
            values["opening_hours"] = checked_hours(values["opening_hours"])
        kept = evidence_of(cells)
        latitude, longitude = degrees_of(cells["latitude"]), degrees_of(cells["longitude"])
        if latitude is None or longitude is None:
            raise NotTaken("not a number of degrees", "latitude" if latitude is None else "longitude")
        where = read_place(latitude, longitude, parse_datum(cells.get("datum") or "wgs84"))
    except BadCell as error:
        raise NotTaken(error.problem, error.column, error.value) from None
    except InvalidHours as error:
        raise NotTaken(str(error), "opening_hours", cells["opening_hours"][:80]) from None
    except NoPlace as error:
        part = error.part or "latitude"
        raise NotTaken(str(error), part, cells[part][:80]) from None
    except KeyError as error:
        raise NotTaken("the column is missing", str(error.args[0])) from None
    except ValueError as error:
        raise NotTaken(str(error), "datum", cells.get("datum", "")[:80]) from None
    values["access"] = values.get("access") or Access.UNKNOWN
    return Draft(
        row.line,
        row.number,
        where.place,
        {name: value for name, value in values.items() if name not in _APART},
        values.get("source"),
        values.get("source_ref"),
        id=values["id"],
        notes=(*row.notes, *where.notes),
        told=Told.NOTHING if values["opening_hours"] is None else Told.UNDERSTOOD,
        sheet=row.sheet,
        evidence=kept,
    )
