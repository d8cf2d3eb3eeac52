"""What can happen in an incident. The list of these is the truth; every state is its fold."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from dispatch.rescue.vocabulary import (
    AedId,
    AedProblem,
    AlertId,
    AlertRole,
    AlertState,
    CancelReason,
    IncidentId,
    IncidentKind,
    ResponderId,
    StandDownReason,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """The part of an event that says what happened; `kind` is its name in the timeline."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Happening):
    """Somebody tapped SOS."""

    kind: ClassVar[str] = "opened"
    latitude: float
    longitude: float
    accuracy_m: float | None
    incident_kind: IncidentKind
    floor: int | None
    note: str | None
    phone: str | None
    cpr_in_progress: bool
    drill: bool
    # Of a case that a 120 centre's own system opened: whose it is, its number there, when that centre was called, and
    # when the patient collapsed by the caller's word.
    centre: str | None = None
    case_number: str | None = None
    called_at: datetime | None = None
    collapsed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Happening):
    """A plan was made: how many were looked at, how many are worth alerting now, and how sure it is."""

    kind: ClassVar[str] = "planned"
    wave: int
    considered: int
    aeds_considered: int
    alerts: int
    accept_cpr_probability: float
    accept_aed_probability: float
    # Expected benefit, what no plan could exceed, and seconds from now to the first hands and the first shock, with
    # the plan and without it.
    value: float | None = None
    upper_bound: float | None = None
    cpr_s: float | None = None
    shock_s: float | None = None
    cpr_without_s: float | None = None
    shock_without_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(Happening):
    """One responder is offered one role."""

    kind: ClassVar[str] = "offered"
    alert_id: AlertId
    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    wave: int
    respond_by: datetime
    eta_s: float
    distance_m: float
    reason_en: str
    reason_zh: str
    accept_probability: float | None = None
    # From when `eta_s` counts, where it is not the offer: whoever is on the way in a merged incident goes on here.
    counted_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(Happening):
    """Somebody who had accepted is given another role, or another AED. `eta_s` counts from the offer, as before."""

    kind: ClassVar[str] = "reassigned"
    alert_id: AlertId
    role: AlertRole
    aed_id: AedId | None
    eta_s: float
    reason_en: str
    reason_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Happening):
    """The responder's device has the alert."""

    kind: ClassVar[str] = "received"
    alert_id: AlertId


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReceived(Happening):
    """The device has not said that it has the alert: the responder is called by every other channel there is."""

    kind: ClassVar[str] = "not_received"
    alert_id: AlertId


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Happening):
    """The responder comes. `late`: the alert had expired and was taken all the same."""

    kind: ClassVar[str] = "accepted"
    alert_id: AlertId
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Happening):
    """The responder does not come. `off_duty`: they did not say no, but went off duty."""

    kind: ClassVar[str] = "declined"
    alert_id: AlertId
    off_duty: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(Happening):
    """No answer by the time asked for."""

    kind: ClassVar[str] = "expired"
    alert_id: AlertId


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Happening):
    """An unanswered offer is taken back."""

    kind: ClassVar[str] = "withdrawn"
    alert_id: AlertId
    reason: StandDownReason


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodDown(Happening):
    """Somebody who had accepted is told to stop, or an acceptance that came too late is answered."""

    kind: ClassVar[str] = "stood_down"
    alert_id: AlertId
    reason: StandDownReason


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReached(Happening):
    """The responder says how far they are."""

    kind: ClassVar[str] = "stage_reached"
    alert_id: AlertId
    stage: AlertState


@dataclass(frozen=True, slots=True, kw_only=True)
class Urged(Happening):
    """Somebody who accepted is `lag_s` behind what was promised and is asked whether they are on their way."""

    kind: ClassVar[str] = "urged"
    alert_id: AlertId
    lag_s: float
    reply_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted(Happening):
    """Asked, they neither answered nor moved: the plan no longer counts on them, though they may still come."""

    kind: ClassVar[str] = "doubted"
    alert_id: AlertId
    lag_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed(Happening):
    """They are on their way after all. `eta_s` is the new promise, counted from the same moment as the first."""

    kind: ClassVar[str] = "believed"
    alert_id: AlertId
    eta_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AedLost(Happening):
    """An AED that somebody was sent for cannot be had. `alert_id`: whose runner says so; None: the registry does."""

    kind: ClassVar[str] = "aed_lost"
    aed_id: AedId
    problem: AedProblem
    alert_id: AlertId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AedTaken(Happening):
    """An AED near the patient left its place. `alert_id`: whose runner has it; None: somebody took it."""

    kind: ClassVar[str] = "aed_taken"
    aed_id: AedId
    alert_id: AlertId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CprChanged(Happening):
    """Somebody on the spot began or stopped CPR."""

    kind: ClassVar[str] = "cpr_changed"
    in_progress: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbulanceExpected(Happening):
    """The ambulance's time of arrival is known, or known anew. `said_at`: as of when, where that was not just now."""

    kind: ClassVar[str] = "ambulance_expected"
    arrives_at: datetime
    unit: str | None = None
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbulanceArrived(Happening):
    """The ambulance is with the patient."""

    kind: ClassVar[str] = "ambulance_arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Widened(Happening):
    """The operator had the search go further and alert more."""

    kind: ClassVar[str] = "widened"
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEnded(Happening):
    """It has gone on for so long that nobody is looked for any more, until somebody widens the search."""

    kind: ClassVar[str] = "search_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Happening):
    """The operator found it to be the same emergency as another: it ends, and goes on there."""

    kind: ClassVar[str] = "merged"
    into: IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Happening):
    """Another call for the same emergency was merged into this one. `asked`: who is not asked again here either."""

    kind: ClassVar[str] = "joined"
    incident_id: IncidentId
    asked: tuple[ResponderId, ...] = ()
    # The case that it was, if a 120 centre had a number for it.
    centre: str | None = None
    case_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseGiven(Happening):
    """A 120 centre has a case for somebody's SOS: this is its number there."""

    kind: ClassVar[str] = "case_given"
    centre: str
    case_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Happening):
    """The incident was no emergency, or is another's."""

    kind: ClassVar[str] = "cancelled"
    reason: CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Happening):
    """The incident is over."""

    kind: ClassVar[str] = "closed"
    note: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline: its number, when, and by whom (`caller`, `operator:ann`, `responder:r7`, `system`)."""

    number: int
    at: datetime
    by: str
    what: Happening

    @property
    def kind(self) -> str:
        """The name of what happened."""
        return self.what.kind


_CLASSES: dict[str, type[Happening]] = {
    each.kind: each
    for each in (
        Opened, Planned, Offered, Reassigned, Received, NotReceived, Accepted, Declined, Expired, Withdrawn, StoodDown,
        StageReached, Urged, Doubted, Believed, AedLost, AedTaken, CprChanged, AmbulanceExpected, AmbulanceArrived,
        Widened, SearchEnded, Merged, Joined, CaseGiven, Cancelled, Closed,
    )
}  # fmt: skip

_FIELD_NAMES = {cls: tuple(each.name for each in fields(cls)) for cls in _CLASSES.values()}

_LATER_FIELDS = frozenset(
    {
        *("accept_probability", "value", "upper_bound", "cpr_s", "shock_s", "cpr_without_s", "shock_without_s"),
        *("off_duty", "counted_from", "asked"),
        *("centre", "case_number", "called_at", "collapsed_at", "unit", "said_at"),
    }
)

# What JSON has no type for, by field name: every field of that name in every event is of that type.
_FROM_JSON: dict[str, Any] = {
    "respond_by": datetime.fromisoformat,
    "arrives_at": datetime.fromisoformat,
    "reply_by": datetime.fromisoformat,
    "counted_from": datetime.fromisoformat,
    "called_at": datetime.fromisoformat,
    "collapsed_at": datetime.fromisoformat,
    "said_at": datetime.fromisoformat,
    "asked": tuple,
    "problem": AedProblem,
    "role": AlertRole,
    "stage": AlertState,
    "incident_kind": IncidentKind,
}
_REASONS: dict[str, type[CancelReason] | type[StandDownReason]] = {
    Cancelled.kind: CancelReason,
    Withdrawn.kind: StandDownReason,
    StoodDown.kind: StandDownReason,
}


def happening_to_json(what: Happening) -> dict[str, Any]:
    """The fields of what happened, as they are stored and shown; times stay `datetime` for the encoder."""
    return {name: getattr(what, name) for name in _FIELD_NAMES[type(what)]}


def happening_from_json(kind: str, data: Mapping[str, Any]) -> Happening:
    """What happened, from storage. Raises `KeyError` for a kind this version does not know."""
    cls = _CLASSES[kind]
    values: dict[str, Any] = {}
    for name in _FIELD_NAMES[cls]:
        if name in _LATER_FIELDS and name not in data:
            # What was written down before a field was thought of is without it.
            continue
        value = data[name]
        if value is not None:
            if name in _FROM_JSON:
                value = _FROM_JSON[name](value)
            elif name == "reason":
                value = _REASONS[kind](value)
        values[name] = value
    return cls(**values)
