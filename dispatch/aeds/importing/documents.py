"""Lists written as JSON: GeoJSON, the answer of Overpass, or any document with an array of objects in it."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from dispatch.aeds.importing.rows import SourceList, SourceRow, UnreadableFile

# Where a geometry's position goes: names no publisher uses, so that they cannot collide with a property.
LATITUDE, LONGITUDE = "@geometry.latitude", "@geometry.longitude"
_DEPTH = 4
_WHITE = re.compile(r"[\s,]*")
# Where an array of objects may begin. The list is among the first of them, or its lines are not told.
_OPENING = re.compile(r"\[(?=\s*\{)")
_ARRAYS_TRIED = 20
_USUAL_KEYS = ("features", "elements", "records", "results", "data", "items", "item", "rows", "list")


def looks_like_json(text: str) -> bool:
    """Whether a text is meant as JSON."""
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def read_document(text: str) -> SourceList:
    """Cut a JSON text into rows. Raises `UnreadableFile` when it is not JSON or holds no list of objects."""
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except RecursionError:
        raise UnreadableFile("the JSON is nested too deeply") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise UnreadableFile(f"broken JSON in line {error.lineno}: {error.msg}") from None
        raise UnreadableFile(f"broken JSON: {error}") from None
    entries, form = _entries(document)
    if not entries:
        raise UnreadableFile("the JSON holds no list of objects, such as the features of GeoJSON")
    lines = _lines_of(text, len(entries), entries)
    rows = tuple(_row(entry, number, lines[number - 1]) for number, entry in enumerate(entries, start=1))
    headers = dict.fromkeys(name for row in rows for name in row.values)
    return SourceList(form, tuple(headers), rows)


def _entries(document: Any) -> tuple[list[Any], str]:
    if isinstance(document, dict):
        if document.get("type") == "FeatureCollection" and isinstance(document.get("features"), list):
            return document["features"], "geojson"
        if document.get("type") == "Feature":
            return [document], "geojson"
        if isinstance(document.get("elements"), list) and ("osm3s" in document or "generator" in document):
            return document["elements"], "overpass"
    return _longest_list(document, _DEPTH), "json"


def _longest_list(value: Any, depth: int) -> list[Any]:
    """The longest array of objects, looked for where publishers put it before anywhere else."""
    if isinstance(value, list):
        return value if any(isinstance(each, dict) for each in value) else []
    if not isinstance(value, dict) or depth == 0:
        return []
    usual = [value[key] for key in _USUAL_KEYS if key in value]
    for candidates in (usual, list(value.values())):
        best = max((_longest_list(each, depth - 1) for each in candidates), key=len, default=[])
        if best:
            return best
    return []


def _lines_of(text: str, count: int, entries: list[Any]) -> list[int]:
    """The line on which each entry begins: found by walking the array once more, entry by entry."""
    decoder = json.JSONDecoder()
    for opening in islice(_OPENING.finditer(text), _ARRAYS_TRIED):
        lines: list[int] = []
        position, line, counted = opening.end(), 1, 0
        for entry in _walk(decoder, text, position):
            begin, value = entry
            line += text.count("\n", counted, begin)
            counted = begin
            if value != entries[len(lines)]:
                break
            lines.append(line)
            if len(lines) == count:
                return lines
    return [1] * count


def _walk(decoder: json.JSONDecoder, text: str, position: int) -> Iterator[tuple[int, Any]]:
    while True:
        white = _WHITE.match(text, position)
        position = white.end() if white else position
        if position >= len(text) or text[position] == "]":
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        yield position, value
        position = end


def _row(entry: Any, number: int, line: int) -> SourceRow:
    if not isinstance(entry, dict):
        return SourceRow(line, number, {}, fault=f"a {type(entry).__name__} where an object is expected")
    values: dict[str, str] = {}
    geometry = entry.get("geometry")
    if entry.get("type") == "Feature":
        if "id" in entry:
            values["@id"] = _text(entry["id"])
        _flatten(entry.get("properties"), "", values, _DEPTH)
    elif "tags" in entry and isinstance(entry["tags"], dict):
        _add_element(entry, values)
    else:
        _flatten({key: value for key, value in entry.items() if key != "geometry"}, "", values, _DEPTH)
    fault = _add_geometry(geometry, values)
    return SourceRow(line, number, values, fault=fault)


def _add_element(element: Mapping[str, Any], values: dict[str, str]) -> None:
    """An element of OpenStreetMap. Ids are unique by type only: node/1 and way/1 are two things."""
    if "id" in element:
        values["@id"] = f"{element.get('type', 'node')}/{_text(element['id'])}"
    where = element.get("center") if isinstance(element.get("center"), dict) else element
    values[LATITUDE], values[LONGITUDE] = _text(where.get("lat")), _text(where.get("lon"))  # type: ignore[union-attr]
    _flatten(element["tags"], "", values, _DEPTH)


def _add_geometry(geometry: Any, values: dict[str, str]) -> str | None:
    if not isinstance(geometry, dict):
        return None
    pairs = list(_positions(geometry.get("coordinates"), 0))
    if not pairs:
        return "the geometry has no coordinates"
    if geometry.get("type") == "Point":
        longitude, latitude = pairs[0]
    else:
        numbers = [(x, y) for x, y in pairs if _is_number(x) and _is_number(y)]
        if not numbers:
            return "the geometry's coordinates are not numbers"
        longitude = (min(x for x, _ in numbers) + max(x for x, _ in numbers)) / 2
        latitude = (min(y for _, y in numbers) + max(y for _, y in numbers)) / 2
    values[LATITUDE], values[LONGITUDE] = _text(latitude), _text(longitude)
    return None


def _positions(coordinates: Any, depth: int) -> Iterator[tuple[Any, Any]]:
    if not isinstance(coordinates, list) or depth > _DEPTH:
        return
    if len(coordinates) >= 2 and not isinstance(coordinates[0], list):  # noqa: PLR2004 - x and y
        yield coordinates[0], coordinates[1]
        return
    for each in coordinates:
        yield from _positions(each, depth + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flatten(value: Any, prefix: str, values: dict[str, str], depth: int) -> None:
    if not isinstance(value, dict):
        return
    for key, each in value.items():
        name = f"{prefix}{key}"
        if isinstance(each, dict) and depth > 0 and not _add_nested_point(name, each, values):
            _flatten(each, f"{name}.", values, depth - 1)
        elif not isinstance(each, dict):
            values[name] = _text(each)


def _add_nested_point(name: str, value: Mapping[str, Any], values: dict[str, str]) -> bool:
    if value.get("type") != "Point" or not isinstance(value.get("coordinates"), list):
        return False
    values[name] = json.dumps(value)
    return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(each, list) for each in value):
        return "; ".join(_text(each) for each in value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return str(type(value).__name__)
