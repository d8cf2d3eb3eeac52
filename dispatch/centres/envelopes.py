"""The JSON in which a line of the feed leaves: posted, and in answer to whoever asks for what they missed."""

from typing import Any

from dispatch.centres.vocabulary import FeedEvent
from dispatch.locations import location_json
from geo.datum import Datum
from geo.place import Place


def envelope(event: FeedEvent, *, datum: Datum = Datum.WGS84, with_phone: bool) -> dict[str, Any]:
    """The message; places in `datum`. `with_phone`: the caller's number is in it, for the centre that runs it all."""
    incident = dict(event.data["incident"])
    incident["location"] = _in_datum(incident["location"], datum)
    if not with_phone:
        incident["caller"] = {"phone": None}
    return {
        "id": event.event_id,
        "type": event.type.value,
        "at": event.at,
        "cursor": event.cursor,
        "incident_id": event.incident_id,
        "centre": event.centre,
        "case_number": event.case_number,
        "district_code": event.district_code,
        "drill": event.drill,
        "data": {**event.data, "incident": incident},
    }


def _in_datum(location: dict[str, Any], datum: Datum) -> dict[str, Any]:
    place = Place(location["latitude"], location["longitude"])
    return {**location_json(place, datum), "accuracy_m": location["accuracy_m"]}
