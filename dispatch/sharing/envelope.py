"""What one worker tells the others, as bytes and back: several kinds of news that go out together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from dispatch.engine.decision_codec import Opening
from dispatch.rescue.events import Event, happening_from_json, happening_to_json
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from dispatch.sharing.errands import Errand
from dispatch.sharing.reserving import Reservation

# A worker of another version is not misread: what it says is found in the database instead.
_LAYOUT = 1


class NotForUs(ValueError):
    """These bytes are no envelope that this version reads."""


@dataclass(frozen=True, slots=True)
class ToldDecision:
    """A decision that stands; `is_written` when it is in PostgreSQL and not in a journal only.

    `since` is the time of the event that it goes on from: where an incident goes two ways, the number does not say
    which of them this is. None: it is the first, or who tells it does not say. Of a decision that is not written and
    opens its incident `opening` is what else that takes: any worker may then write it down.
    """

    incident_id: IncidentId
    events: tuple[Event, ...]
    is_written: bool = True
    opening: Opening | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """A worker lives: how many recipients are connected to it, and a checksum over who that is.

    `has_database`: it can write to PostgreSQL, as far as it knows. `keeps`: what it decides may be in its journal only.
    """

    connected: int
    checksum: int
    has_database: bool = True
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Everybody:
    """A part of all who are connected to a worker."""

    recipients: tuple[str, ...]
    is_first: bool = True
    is_last: bool = True


@dataclass(slots=True)
class Envelope:
    """News of one worker, `sender`.

    `messages` are for sockets: recipient, number (None for one without) and JSON. `shown` says up to which event the
    operators have been told, `presence` who has come to be connected to the sender, or is no longer. `profiles` are of
    those who changed. `fixes` are rows of id, latitude, longitude, accuracy (-1 when untold) and time (s). `everybody`
    is who is connected to the sender, asked of it by `asks`; who is named there and in `presence` is as that says.
    `errands` are what one other is to carry out, `reservations` who is about to be bound.
    `has_lost`: some of its news got lost, or went out before somebody listened.
    """

    sender: str
    messages: list[tuple[str, int | None, str]] = field(default_factory=list)
    decisions: list[ToldDecision] = field(default_factory=list)
    shown: dict[IncidentId, int] = field(default_factory=dict)
    presence: dict[str, bool] = field(default_factory=dict)
    profiles: list[str] = field(default_factory=list)
    fixes: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    pulse: Pulse | None = None
    everybody: Everybody | None = None
    asks: list[str] = field(default_factory=list)
    errands: list[Errand] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
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
            or self.errands
            or self.reservations
            or self.has_lost
        )

    def to_bytes(self) -> bytes:
        """As it goes over the wire."""
        # First, as `beginning_of` has it.
        said: dict[str, Any] = {"layout": _LAYOUT, "sender": self.sender}
        if self.decisions:
            said["decisions"] = [_decision_to_json(each) for each in self.decisions]
        if self.pulse is not None:
            said["pulse"] = [self.pulse.connected, self.pulse.checksum, self.pulse.has_database]
            # Beside it: a former version reads three.
            said["keeps"] = self.pulse.keeps
        if self.everybody is not None:
            said["everybody"] = [self.everybody.recipients, self.everybody.is_first, self.everybody.is_last]
        if self.errands:
            said["errands"] = [[each.to, each.number, each.said, each.answers] for each in self.errands]
        if self.reservations:
            said["reservations"] = [
                [each.responder_id, each.incident_id, each.alert_id, each.accepted, each.holds]
                for each in self.reservations
            ]
        plain = ("messages", "shown", "presence", "profiles", "fixes", "asks", "has_lost")
        return orjson.dumps(said | {name: value for name in plain if (value := getattr(self, name))})


def beginning_of(sender: str) -> bytes:
    """How whatever a worker says begins: its own news, which it hears too, need not be read."""
    return orjson.dumps({"layout": _LAYOUT, "sender": sender}).removesuffix(b"}")


def read_envelope(data: bytes) -> Envelope:
    """The envelope of `to_bytes`. Raises `NotForUs`."""
    try:
        said = orjson.loads(data)
        if said["layout"] != _LAYOUT:
            raise NotForUs(f"layout {said['layout']} is none that this version reads")
        return _envelope(said)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise NotForUs(str(error)) from error


def _envelope(said: Mapping[str, Any]) -> Envelope:
    pulse, everybody = said.get("pulse"), said.get("everybody")
    return Envelope(
        sender=said["sender"],
        messages=[(recipient, seq, body) for recipient, seq, body in said.get("messages", ())],
        decisions=[_decision_from_json(each) for each in said.get("decisions", ())],
        shown={IncidentId(incident_id): int(version) for incident_id, version in said.get("shown", {}).items()},
        presence=dict(said.get("presence", {})),
        profiles=list(said.get("profiles", ())),
        fixes=[
            (each, latitude, longitude, accuracy_m, at_s)
            for each, latitude, longitude, accuracy_m, at_s in said.get("fixes", ())
        ],
        pulse=None if pulse is None else _pulse(pulse, said),
        everybody=None if everybody is None else Everybody(tuple(everybody[0]), everybody[1], everybody[2]),
        asks=list(said.get("asks", ())),
        errands=[Errand(to, number, what, answers) for to, number, what, answers in said.get("errands", ())],
        reservations=[
            Reservation(ResponderId(who), IncidentId(incident_id), AlertId(alert_id), accepted, holds)
            for who, incident_id, alert_id, accepted, holds in said.get("reservations", ())
        ],
        has_lost=bool(said.get("has_lost")),
    )


def _pulse(values: Sequence[Any], said: Mapping[str, Any]) -> Pulse:
    connected, checksum, has_database = values
    # A former version does not say so: without the database it decides for itself.
    return Pulse(connected, checksum, has_database, keeps=said.get("keeps", not has_database))


def _decision_to_json(told: ToldDecision) -> dict[str, Any]:
    said = {
        "incident": told.incident_id,
        "first": told.events[0].number,
        "events": _events_to_json(told.events),
        "written": told.is_written,
    }
    if told.since is not None:
        said["since"] = told.since.isoformat()
    if told.opening is not None:
        said["opening"] = [told.opening.request_id, told.opening.receipt.decode()]
    return said


def _events_to_json(events: Sequence[Event]) -> list[list[Any]]:
    return [[each.at.isoformat(), each.by, each.kind, happening_to_json(each.what)] for each in events]


def _decision_from_json(said: Mapping[str, Any]) -> ToldDecision:
    events = tuple(
        Event(number, datetime.fromisoformat(at).astimezone(UTC), by, happening_from_json(kind, data))
        for number, (at, by, kind, data) in enumerate(said["events"], start=said["first"])
    )
    if not events:
        raise NotForUs("a decision without events")
    request_id, receipt = said.get("opening") or (None, "")
    opening = None if request_id is None else Opening(request_id, receipt.encode())
    since = None if (at := said.get("since")) is None else datetime.fromisoformat(at).astimezone(UTC)
    return ToldDecision(IncidentId(said["incident"]), events, said["written"], opening, since)
