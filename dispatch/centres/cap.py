"""A line of the feed as CAP 1.2 (OASIS, Common Alerting Protocol, 1 July 2010), for those who take it.

The first message of an incident is an Alert, what follows an Update, its end a Cancel, each referring to all before it.
No telephone number is in it: such messages are passed on.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from dispatch.centres.cap_words import (
    LANGUAGES,
    RESTRICTION,
    areas,
    descriptions,
    headlines,
    kind_words,
)
from dispatch.centres.vocabulary import EventType, FeedEvent

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"

# A position is good to some metres at best; a circle without any extent would say otherwise.
_SMALLEST_RADIUS_M = 10.0

# Nothing in an XML 1.0 document may be one of these, escaped or not (2.2, Char).
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What identifiers, senders and what refers to them may not hold.
_NOT_IN_NAMES = re.compile(r"[\s,<&]+")

# Whoever lies there dies within minutes without help.
_EXTREME = {"cardiac_arrest", "drowning", "choking"}


def cap_xml(event: FeedEvent, earlier: Sequence[FeedEvent], *, sender: str) -> str:
    """The message; `earlier` are those of the same incident that its reader was sent before, in order."""
    kind = _msg_type(event, earlier)
    alert = Element("alert", {"xmlns": NAMESPACE})
    _add(alert, "identifier", event.event_id)
    _add(alert, "sender", name_of(sender))
    _add(alert, "sent", _time(event.at))
    _add(alert, "status", "Exercise" if event.drill else "Actual")
    _add(alert, "msgType", kind)
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", RESTRICTION)
    if event.drill:
        _add(alert, "note", "演练 / Drill: nobody is in danger.")
    if earlier:
        _add(alert, "references", " ".join(f"{name_of(sender)},{each.event_id},{_time(each.at)}" for each in earlier))
    _add(alert, "incidents", event.incident_id)
    for place, language in enumerate(LANGUAGES):
        _add_info(alert, event, kind, language, place)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(alert, encoding="unicode")}\n'


def name_of(text: str) -> str:
    """A name without what CAP's identifiers may not hold."""
    return _NOT_IN_NAMES.sub("-", _NO_XML.sub("", text)) or "-"


def _msg_type(event: FeedEvent, earlier: Sequence[FeedEvent]) -> str:
    # Only what was sent can be updated or cancelled.
    if not earlier:
        return "Alert"
    return "Cancel" if event.type in EventType.ends() else "Update"


def _add_info(alert: Element, event: FeedEvent, msg_type: str, language: str, place: int) -> None:
    incident = event.data["incident"]
    is_over = event.type in EventType.ends()
    info = SubElement(alert, "info")
    _add(info, "language", language)
    _add(info, "category", "Rescue")
    _add(info, "category", "Health")
    _add(info, "event", kind_words(incident["kind"])[place])
    _add(info, "responseType", "AllClear" if is_over else "Execute" if msg_type == "Alert" else "Monitor")
    _add(info, "urgency", "Past" if is_over else "Immediate")
    _add(info, "severity", "Extreme" if incident["kind"] in _EXTREME else "Severe")
    # A centre has asked; of somebody's tap one has to believe it.
    _add(info, "certainty", "Likely" if event.case_number is None else "Observed")
    _add_named(info, "eventCode", "kind", incident["kind"])
    _add(info, "effective", _time(event.at))
    _add(info, "onset", _time(datetime.fromisoformat(incident["collapsed_at"] or incident["opened_at"])))
    _add(info, "headline", headlines(event.type, incident["kind"], drill=event.drill)[place])
    _add(info, "description", descriptions(event.data)[place])
    for name, value in _parameters(event):
        _add_named(info, "parameter", name, value)
    _add_area(info, event, place)


def _parameters(event: FeedEvent) -> list[tuple[str, str]]:
    """What programs want to know and CAP has no element for."""
    incident = event.data["incident"]
    responder, ambulance = event.data.get("responder"), incident["ambulance"]
    found: list[tuple[str, Any]] = [
        ("type", event.type.value),
        ("state", incident["state"]),
        ("centre", event.centre),
        ("caseNumber", event.case_number),
        ("floor", incident["floor"]),
        ("ambulanceArrivesAt", ambulance["arrives_at"]),
        ("ambulanceArrivedAt", ambulance["arrived_at"]),
        ("ambulanceUnit", ambulance["unit"]),
        ("mergedInto", incident["merged_into"]),
    ]
    if responder is not None:
        aed = responder["aed"] or {}
        found += [
            ("responderId", responder["responder_id"]),
            ("responderRole", responder["role"]),
            ("responderArrivesAt", responder["arrives_at"]),
            ("aedId", aed.get("id")),
            ("aedName", aed.get("name")),
        ]
    return [(name, str(value)) for name, value in found if value is not None]


def _add_area(info: Element, event: FeedEvent, place: int) -> None:
    location = event.data["incident"]["location"]
    latitude, longitude = location["latitude"], location["longitude"]
    radius_m = max(_SMALLEST_RADIUS_M, location["accuracy_m"] or 0.0)
    area = SubElement(info, "area")
    _add(area, "areaDesc", areas(latitude, longitude, radius_m)[place])
    # Its own elements are in WGS-84 by the standard, the radius in kilometres.
    _add(area, "circle", f"{latitude:.6f},{longitude:.6f} {radius_m / 1000:.3f}")
    if event.district_code is not None:
        _add_named(area, "geocode", "GB/T 2260", event.district_code)


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _NO_XML.sub("", text)


def _add_named(parent: Element, name: str, value_name: str, value: str) -> None:
    pair = SubElement(parent, name)
    _add(pair, "valueName", value_name)
    _add(pair, "value", value)


def _time(at: datetime) -> str:
    """As CAP writes times: to the second, UTC as -00:00 and never as Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")
