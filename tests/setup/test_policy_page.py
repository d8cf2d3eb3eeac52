"""`docs/policy.md` names every value of the policy, with its default."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from dispatch.rescue.policy import Policy

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
TABLE = PAGE.split("<!-- policy -->")[1].split("<!-- /policy -->")[0]
# Dictionaries by mode of travel are one row each, from the first mode to the last.
BY_MODE = ("speed_m_s", "detour_factor")


def values(known: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path; a dictionary by mode is one value."""
    for name, value in known.items():
        if isinstance(value, dict) and name not in BY_MODE:
            yield from values(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def rows() -> Iterator[tuple[str, list[float]]]:
    for names, defaults in re.findall(r"^\| (.+?) \| (.+?) \| .{8,} \|$", TABLE, re.MULTILINE)[1:]:
        paths = re.findall(r"`([^`]+)`", names)
        group = paths[0].rpartition(".")[0]
        numbers = [float(each) for each in re.findall(r"[\d.]+", defaults)]
        if "…" in names:
            yield group, numbers
        elif defaults.startswith("["):
            yield paths[0], numbers
        else:
            assert len(paths) == len(numbers), names
            for path, number in zip(paths, numbers, strict=True):
                yield (path if "." in path or not group else f"{group}.{path}"), [number]


def test_the_page_has_every_value_with_its_default_and_no_other() -> None:
    defaults = json.loads(TypeAdapter(Policy).dump_json(Policy()))
    expected = {}
    for path, value in values(defaults):
        many = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        expected[path] = [float(each) for each in many]
    assert dict(rows()) == expected
