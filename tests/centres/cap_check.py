"""A check of CAP 1.2 messages, written from the standard's text (OASIS, 1 July 2010): order, counts, values, forms.

One row an element of the schema's sequences: its name, how often it may be there, and what it may hold.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, fromstring

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

_MANY = 10_000

# 3.3.2: no Z, no fraction of a second.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_NAME = re.compile(r"[^\s,<&]+")
_CIRCLE = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?) (\d+(?:\.\d+)?)")
# RFC 3066.
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda text: text in values


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None and datetime.fromisoformat(text).tzinfo is not None


def _is_circle(text: str) -> bool:
    found = _CIRCLE.fullmatch(text)
    return found is not None and abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180 and float(found[3]) > 0


def _are_references(text: str) -> bool:
    parts = [each.split(",") for each in text.split(" ")]
    return all(len(each) == 3 and all(map(_NAME.fullmatch, each)) and _is_time(each[2]) for each in parts)


def _anything(text: str) -> bool:
    return bool(text)


_Row = tuple[str, int, int, Callable[[str], bool] | Sequence[object]]

_PAIR: Sequence[_Row] = [("valueName", 1, 1, _anything), ("value", 1, 1, _anything)]

_AREA: Sequence[_Row] = [
    ("areaDesc", 1, 1, _anything),
    ("polygon", 0, _MANY, _anything),
    ("circle", 0, _MANY, _is_circle),
    ("geocode", 0, _MANY, _PAIR),
    ("altitude", 0, 1, _anything),
    ("ceiling", 0, 1, _anything),
]

_INFO: Sequence[_Row] = [
    ("language", 0, 1, lambda text: _LANGUAGE.fullmatch(text) is not None),
    (
        "category",
        1,
        _MANY,
        _one_of(
            *[
                "Geo",
                "Met",
                "Safety",
                "Security",
                "Rescue",
                "Fire",
                "Health",
                "Env",
                "Transport",
                "Infra",
                "CBRNE",
                "Other",
            ]
        ),
    ),
    ("event", 1, 1, _anything),
    (
        "responseType",
        0,
        _MANY,
        _one_of(*["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"]),
    ),
    ("urgency", 1, 1, _one_of(*["Immediate", "Expected", "Future", "Past", "Unknown"])),
    ("severity", 1, 1, _one_of(*["Extreme", "Severe", "Moderate", "Minor", "Unknown"])),
    ("certainty", 1, 1, _one_of(*["Observed", "Likely", "Possible", "Unlikely", "Unknown"])),
    ("audience", 0, 1, _anything),
    ("eventCode", 0, _MANY, _PAIR),
    ("effective", 0, 1, _is_time),
    ("onset", 0, 1, _is_time),
    ("expires", 0, 1, _is_time),
    ("senderName", 0, 1, _anything),
    ("headline", 0, 1, _anything),
    ("description", 0, 1, _anything),
    ("instruction", 0, 1, _anything),
    ("web", 0, 1, _anything),
    ("contact", 0, 1, _anything),
    ("parameter", 0, _MANY, _PAIR),
    ("resource", 0, _MANY, _anything),
    ("area", 0, _MANY, _AREA),
]

_ALERT: Sequence[_Row] = [
    ("identifier", 1, 1, lambda text: _NAME.fullmatch(text) is not None),
    ("sender", 1, 1, lambda text: _NAME.fullmatch(text) is not None),
    ("sent", 1, 1, _is_time),
    ("status", 1, 1, _one_of(*["Actual", "Exercise", "System", "Test", "Draft"])),
    ("msgType", 1, 1, _one_of(*["Alert", "Update", "Cancel", "Ack", "Error"])),
    ("source", 0, 1, _anything),
    ("scope", 1, 1, _one_of("Public", "Restricted", "Private")),
    ("restriction", 0, 1, _anything),
    ("addresses", 0, 1, _anything),
    ("code", 0, _MANY, _anything),
    ("note", 0, 1, _anything),
    ("references", 0, 1, _are_references),
    ("incidents", 0, 1, _anything),
    ("info", 0, _MANY, _INFO),
]


def checked_cap(text: str | bytes) -> Element:
    """The message's root, which must be as the standard wants it."""
    alert = fromstring(text)  # noqa: S314 - our own service's
    assert alert.tag == f"{{{NAMESPACE}}}alert"
    _check(alert, _ALERT)
    # What the sequence cannot say: 3.2.1.
    assert (cap_text(alert, "scope") == "Restricted") == (alert.find(_in("restriction")) is not None)
    assert (cap_text(alert, "scope") == "Private") == (alert.find(_in("addresses")) is not None)
    if cap_text(alert, "msgType") in {"Update", "Cancel"}:
        assert alert.find(_in("references")) is not None
    if cap_text(alert, "status") == "Exercise":
        assert alert.find(_in("note")) is not None
    return alert


def cap_text(element: Element, *path: str) -> str:
    """The text at a path of element names."""
    found = element.find("/".join(map(_in, path)))
    assert found is not None, path
    return found.text or ""


def cap_parameters(info: Element) -> dict[str, str]:
    """What an info block has for programs."""
    return {cap_text(each, "valueName"): cap_text(each, "value") for each in info.findall(_in("parameter"))}


def infos(alert: Element) -> list[Element]:
    """The blocks, one a language."""
    return alert.findall(_in("info"))


def _in(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _check(parent: Element, rows: Sequence[_Row]) -> None:
    left = list(parent)
    for name, least, most, holds in rows:
        found = []
        while left and left[0].tag == _in(name):
            found.append(left.pop(0))
        assert least <= len(found) <= most, f"{parent.tag}: {len(found)} of {name}"
        for each in found:
            if callable(holds):
                assert len(each) == 0
                assert holds(each.text or ""), f"{name}: {each.text!r}"
            else:
                _check(each, holds)  # type: ignore[arg-type] # rows within rows
    assert not left, f"{parent.tag}: {[each.tag for each in left]} out of place"
