"""Reads Mapbox vector tiles (version 2 of the specification), as far as ours go: layers of points with their values."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Value = str | float | int | bool


@dataclass(frozen=True)
class Point:
    """A point of a layer, in units of the tile, and its values."""

    x: int
    y: int
    values: dict[str, Any]


def layers_of(tile: bytes) -> dict[str, list[Point]]:
    """The points of each layer by its name."""
    layers: dict[str, list[Point]] = {}
    for number, field in _fields(tile):
        assert number == 3
        name, points = _layer(field)
        layers[name] = points
    return layers


def _layer(data: bytes) -> tuple[str, list[Point]]:
    name, keys, values, features, extent = "", [], [], [], 0
    for number, field in _fields(data):
        match number:
            case 1:
                name = field.decode()
            case 2:
                features.append(field)
            case 3:
                keys.append(field.decode())
            case 4:
                values.append(_value(field))
            case 5:
                extent = field
    assert extent == 4096
    return name, [_feature(feature, keys, values) for feature in features]


def _feature(data: bytes, keys: list[str], values: list[Value]) -> Point:
    tags: list[int] = []
    geometry: list[int] = []
    for number, field in _fields(data):
        if number == 2:
            tags = list(_numbers(field))
        elif number == 4:
            geometry = list(_numbers(field))
    command, x, y = geometry
    assert command == 9, "one point"
    said = {keys[tags[i]]: values[tags[i + 1]] for i in range(0, len(tags), 2)}
    return Point(_signed(x), _signed(y), said)


def _value(data: bytes) -> Value:
    ((number, field),) = _fields(data)
    match number:
        case 1:
            return str(field.decode())
        case 3:
            return float(struct.unpack("<d", field)[0])
        case 6:
            return _signed(field)
        case 7:
            return bool(field)
        case _:
            return int(field)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _number(data, at)
            yield key >> 3, value
        elif kind == 1:
            yield key >> 3, data[at : at + 8]
            at += 8
        else:
            assert kind == 2, kind
            length, at = _number(data, at)
            yield key >> 3, data[at : at + length]
            at += length


def _numbers(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _number(data, at)
        yield value


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
