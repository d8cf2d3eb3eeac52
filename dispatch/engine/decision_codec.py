"""A decision as JSON and back: what a journal keeps of it, so that it can be written to PostgreSQL later.

Kept is what the decision did, its events; the incident is their fold, and what follows from it (the alerts' rows, the
next due time) is made anew when it is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dispatch.rescue.events import Event, happening_from_json, happening_to_json
from dispatch.rescue.vocabulary import IncidentId

# Of one decision, and of several that stand or fall together. A later layout does not keep these from being read: a
# journal may be taken in by the next version of the service.
_LAYOUT = 1
_LAYOUT_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class Opening:
    """What else is kept when a decision opens its incident: the SOS's request id, the JSON its caller was answered."""

    request_id: str
    receipt: bytes


@dataclass(frozen=True, slots=True)
class JournaledDecision:
    """What one decision did. `opening` is there when, and only when, it opened the incident."""

    incident_id: IncidentId
    events: tuple[Event, ...]
    opening: Opening | None = None

    def __post_init__(self) -> None:
        if not self.events:
            raise ValueError("a decision without events changes nothing: there is nothing to keep")
        if (self.before == 0) != (self.opening is not None):
            raise ValueError("event 1 opens an incident: with it, and only with it, belong request id and receipt")

    @property
    def before(self) -> int:
        """The incident's version that it was decided on; 0 when it opened it."""
        return self.events[0].number - 1

    @property
    def at(self) -> datetime:
        """When it was decided."""
        return self.events[-1].at


def decision_to_json(
    incident_id: IncidentId, events: Sequence[Event], *, opening: Opening | None = None
) -> dict[str, Any]:
    """A decision as plain data for `to_json`; times stay `datetime`. Raises `ValueError` when it is not a whole one."""
    kept = JournaledDecision(incident_id, tuple(events), opening)
    record: dict[str, Any] = {
        "layout": _LAYOUT,
        "incident_id": incident_id,
        "before": kept.before,
        "events": [
            {"at": each.at, "by": each.by, "kind": each.kind, "data": happening_to_json(each.what)} for each in events
        ],
    }
    if opening is not None:
        # The receipt as text: the caller's second try gets the same bytes.
        record |= {"request_id": opening.request_id, "receipt": opening.receipt.decode()}
    return record


def decision_from_json(record: Mapping[str, Any]) -> JournaledDecision:
    """The decision of a record.

    Raises `ValueError` when it is none, `KeyError` when something is missing or a kind of event is unknown here.
    """
    if record["layout"] != _LAYOUT:
        raise ValueError(f"layout {record['layout']} is none that this version reads")
    events = tuple(
        Event(
            number,
            datetime.fromisoformat(each["at"]).astimezone(UTC),
            each["by"],
            happening_from_json(each["kind"], each["data"]),
        )
        for number, each in enumerate(record["events"], start=record["before"] + 1)
    )
    opening = Opening(record["request_id"], record["receipt"].encode()) if "request_id" in record else None
    return JournaledDecision(IncidentId(record["incident_id"]), events, opening)


def decisions_to_json(decisions: Sequence[JournaledDecision]) -> dict[str, Any]:
    """Decisions that stand or fall together as plain data for `to_json`: one record, there whole or not at all.

    One alone is told as the versions before tell it. Raises `ValueError` when there is none.
    """
    if not decisions:
        raise ValueError("a record without a decision keeps nothing")
    records = [decision_to_json(each.incident_id, each.events, opening=each.opening) for each in decisions]
    return records[0] if len(records) == 1 else {"layout": _LAYOUT_TOGETHER, "together": records}


def decisions_from_json(record: Mapping[str, Any]) -> list[JournaledDecision]:
    """The decisions of a record, all of them. Raises as `decision_from_json` does."""
    if record["layout"] == _LAYOUT_TOGETHER:
        return [decision_from_json(each) for each in record["together"]]
    return [decision_from_json(record)]
