"""A statement that the server prepares once on each connection, with named parameters of stated types."""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from psycopg.pq import Format

_NUL = "a text cannot hold the character U+0000"

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")

# Dimensions, whether there may be nulls, the elements' type; with any elements: their number, the first one's index.
_NO_ELEMENTS = struct.Struct("!iiI")
_HEAD = struct.Struct("!iiIii")
_LENGTH = struct.Struct("!i")
_HAS_NULLS = 1
_NULL = _LENGTH.pack(-1)


def _text(value: str) -> bytes:
    encoded = value.encode()
    if b"\0" in encoded:
        raise ValueError(_NUL)
    return encoded


def _uuid(value: str) -> bytes:
    return bytes.fromhex(value.replace("-", ""))


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "text": _text,
    "uuid": _uuid,
    "int4": struct.Struct("!i").pack,
    "float8": struct.Struct("!d").pack,
    "bool": struct.Struct("!?").pack,
}
_ELEMENTS = {name: (psycopg.adapters.types[name].oid, encode) for name, encode in _ENCODERS.items()}


class Prepared:
    """SQL with `:name` parameters and the PostgreSQL type of each; `name` is its own among all statements."""

    def __init__(self, name: str, sql: str, types: Mapping[str, str]) -> None:
        self.name = name.encode()
        self._order: list[str] = []
        self.sql = _PARAMETER.sub(self._numbered, sql).encode()
        kinds = [types[each].partition("[]") for each in self._order]
        known = psycopg.adapters.types
        self.oids = [known[kind].array_oid if array else known[kind].oid for kind, array, _ in kinds]
        self.formats = [Format.BINARY if array else Format.TEXT for _, array, _ in kinds]
        self._elements = [kind if array else None for kind, array, _ in kinds]

    def _numbered(self, match: re.Match[str]) -> str:
        name = match[1]
        if name not in self._order:
            self._order.append(name)
        return f"${self._order.index(name) + 1}"

    def values(self, parameters: Mapping[str, Any]) -> list[bytes | None]:
        """The parameters as the server reads them, in the statement's order.

        Raises `KeyError` for one not given, `ValueError` for a text with a NUL in it or without a UTF-8 form.
        """
        return [
            as_text(parameters[name]) if element is None else as_array(element, parameters[name])
            for name, element in zip(self._order, self._elements, strict=True)
        ]


def as_text(value: object) -> bytes | None:
    """One value in PostgreSQL's text format; bytes are text already (JSON, say).

    Raises `ValueError` for a NUL: PostgreSQL has none in a text, and libpq would send what stands before it alone.
    """
    match value:
        case None:
            return None
        case bytes():
            encoded = value
        case bool():
            return b"true" if value else b"false"
        case datetime():
            return value.isoformat().encode()
        case _:
            encoded = str(value).encode()
    if b"\0" in encoded:
        raise ValueError(_NUL)
    return encoded


def as_array(element_type: str, items: Sequence[Any]) -> bytes:
    """A list in PostgreSQL's binary format of a one-dimensional array; None is null.

    Raises `ValueError` for a NUL in a text, which the server would refuse without saying which.
    """
    oid, encode = _ELEMENTS[element_type]
    if not items:
        return _NO_ELEMENTS.pack(0, 0, oid)
    parts = [_HEAD.pack(1, _HAS_NULLS, oid, len(items), 1)]
    for item in items:
        if item is None:
            parts.append(_NULL)
        else:
            encoded = encode(item)
            parts.append(_length(len(encoded)))
            parts.append(encoded)
    return b"".join(parts)


@cache
def _length(count: int) -> bytes:
    return _LENGTH.pack(count)
