"""JSON as the service writes it: times in UTC end in `Z`, everywhere."""

from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """The JSON of plain data, enums, dates and aware times. Raises `TypeError` for what has no JSON."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def to_json_text(value: Any) -> str:
    """The same as text, for sockets and columns."""
    return to_json(value).decode()
