"""What one worker tells the others, as bytes and back: several kinds of news that go out together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from dispatch.rescue.events import Event, happening_from_json, happening_to_json
from dispatch.rescue.vocabulary import IncidentId

# A worker of another version is not misread: what it says is found in the database instead.
_LAYOUT = 1


class NotForUs(ValueError):
    """These bytes are no envelope that this version reads."""


@dataclass(frozen=True, slots=True)
class ToldDecision:
    """A decision that stands; `is_written` when it is in PostgreSQL and not in a journal only."""

    incident_id: IncidentId
    events: tuple[Event, ...]
    is_written: bool = True


@dataclass(frozen=True, slots=True)
class Pulse:
    """A worker lives: how many recipients are connected to it, and a checksum over who that is."""

    connected: int
    checksum: int


@dataclass(slots=True)
class Envelope:
    """News of one worker, `sender`.

    `messages` are for sockets: recipient, number (None for one without) and JSON. `shown` says up to which event the
    operators have been told, `presence` who has come to be connected to the sender, or is no longer. `profiles` are of
    those who changed. `fixes` are rows of id, latitude, longitude, accuracy (-1 when untold) and time (s). `everybody`
    is who is connected to the sender, asked for by `asks`. `has_lost`: some of its news got lost.
    """

    sender: str
    messages: list[tuple[str, int | None, str]] = field(default_factory=list)
    decisions: list[ToldDecision] = field(default_factory=list)
    shown: dict[IncidentId, int] = field(default_factory=dict)
    presence: dict[str, bool] = field(default_factory=dict)
    profiles: list[str] = field(default_factory=list)
    fixes: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    pulse: Pulse | None = None
    everybody: list[str] | None = None
    asks: str | None = None
    has_lost: bool = False

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(
            self.messages
            or self.decisions
            or self.shown
            or self.presence
            or self.profiles
            or self.fixes
            or self.pulse
            or self.everybody is not None
            or self.asks
            or self.has_lost
        )

    def to_bytes(self) -> bytes:
        """As it goes over the wire."""
        said: dict[str, Any] = {"layout": _LAYOUT, "sender": self.sender}
        if self.decisions:
            said["decisions"] = [_decision_to_json(each) for each in self.decisions]
        if self.pulse is not None:
            said["pulse"] = [self.pulse.connected, self.pulse.checksum]
        plain = ("messages", "shown", "presence", "profiles", "fixes", "everybody", "asks", "has_lost")
        said |= {name: value for name in plain if (value := getattr(self, name)) or value == []}
        return orjson.dumps(said)


def read_envelope(data: bytes) -> Envelope:
    """The envelope of `to_bytes`. Raises `NotForUs`."""
    try:
        said = orjson.loads(data)
        if said["layout"] != _LAYOUT:
            raise NotForUs(f"layout {said['layout']} is none that this version reads")
        return _envelope(said)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotForUs(str(error)) from error


def _envelope(said: Mapping[str, Any]) -> Envelope:
    pulse = said.get("pulse")
    return Envelope(
        sender=said["sender"],
        messages=[(recipient, seq, body) for recipient, seq, body in said.get("messages", ())],
        decisions=[_decision_from_json(each) for each in said.get("decisions", ())],
        shown={IncidentId(incident_id): int(version) for incident_id, version in said.get("shown", {}).items()},
        presence=dict(said.get("presence", {})),
        profiles=list(said.get("profiles", ())),
        fixes=[tuple(each) for each in said.get("fixes", ())],
        pulse=None if pulse is None else Pulse(*pulse),
        everybody=said.get("everybody"),
        asks=said.get("asks"),
        has_lost=bool(said.get("has_lost")),
    )


def _decision_to_json(told: ToldDecision) -> dict[str, Any]:
    return {
        "incident": told.incident_id,
        "first": told.events[0].number,
        "events": _events_to_json(told.events),
        "written": told.is_written,
    }


def _events_to_json(events: Sequence[Event]) -> list[list[Any]]:
    return [[each.at.isoformat(), each.by, each.kind, happening_to_json(each.what)] for each in events]


def _decision_from_json(said: Mapping[str, Any]) -> ToldDecision:
    events = tuple(
        Event(number, datetime.fromisoformat(at).astimezone(UTC), by, happening_from_json(kind, data))
        for number, (at, by, kind, data) in enumerate(said["events"], start=said["first"])
    )
    if not events:
        raise NotForUs("a decision without events")
    return ToldDecision(IncidentId(said["incident"]), events, said["written"])
