"""What people, devices and due times ask of an incident."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.rescue.vocabulary import (
    AedId,
    AedProblem,
    AlertId,
    AlertState,
    CancelReason,
    IncidentId,
    IncidentKind,
    ResponderId,
)
from geo.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """The SOS. `place` is WGS-84; `by` who tells of it, as events name them."""

    place: Place
    accuracy_m: float | None = None
    kind: IncidentKind = IncidentKind.CARDIAC_ARREST
    floor: int | None = None
    note: str | None = None
    phone: str | None = None
    cpr_in_progress: bool = False
    drill: bool = False
    by: str = "caller"
    # What a 120 centre's own system adds; see `events.Opened`.
    centre: str | None = None
    case_number: str | None = None
    called_at: datetime | None = None
    collapsed_at: datetime | None = None
    ambulance: "ExpectAmbulance | None" = None


@dataclass(frozen=True, slots=True)
class ConfirmReceipt:
    """Devices say that they have these alerts."""

    alert_ids: tuple[AlertId, ...]


@dataclass(frozen=True, slots=True)
class Accept:
    """The responder comes."""

    alert_id: AlertId
    responder_id: ResponderId


@dataclass(frozen=True, slots=True)
class Decline:
    """The responder does not come. `off_duty`: they said no by going off duty."""

    alert_id: AlertId
    responder_id: ResponderId
    off_duty: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """The responder says how far they are."""

    alert_id: AlertId
    responder_id: ResponderId
    stage: AlertState


@dataclass(frozen=True, slots=True)
class ReportAedProblem:
    """The runner stands before an AED that cannot be had. `aed_id`: which; None: the one that they are sent for now.

    Without it the same report heard twice would, the second time, be about the AED that they were sent on to.
    """

    alert_id: AlertId
    responder_id: ResponderId
    problem: AedProblem
    aed_id: AedId | None = None


@dataclass(frozen=True, slots=True)
class LoseAed:
    """The registry says that an AED cannot be used any more."""

    aed_id: AedId


@dataclass(frozen=True, slots=True)
class TakeAed:
    """An AED has been taken from its place. `alert_id`: by its runner, as far as can be told; None: by somebody."""

    aed_id: AedId
    alert_id: AlertId | None = None


@dataclass(frozen=True, slots=True)
class LookAround:
    """Somebody has come near, on duty or within reach, who may be worth asking."""


@dataclass(frozen=True, slots=True)
class LoseWays:
    """Nothing leads any more to those who were offered these alerts: they can be asked again when something does."""

    alert_ids: tuple[AlertId, ...]


@dataclass(frozen=True, slots=True)
class LetTimePass:
    """A due time has come, or somebody has come near: whatever is overdue happens now."""


@dataclass(frozen=True, slots=True)
class Widen:
    """Search further and alert more."""


@dataclass(frozen=True, slots=True)
class ExpectAmbulance:
    """The ambulance will be there at `arrives_at`. `said_at`: as of when; word older than what is known is let be."""

    arrives_at: datetime
    unit: str | None = None
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AmbulanceArrives:
    """The ambulance is there."""


@dataclass(frozen=True, slots=True)
class SetCpr:
    """CPR by somebody on the spot has begun or stopped."""

    in_progress: bool


@dataclass(frozen=True, slots=True)
class GiveCase:
    """A 120 centre has a case for it."""

    centre: str
    case_number: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """It was no emergency, or is another incident's."""

    reason: CancelReason


@dataclass(frozen=True, slots=True)
class Close:
    """It is over."""

    note: str | None = None


Command = (
    ConfirmReceipt
    | Accept
    | Decline
    | Progress
    | ReportAedProblem
    | LoseAed
    | TakeAed
    | LookAround
    | LoseWays
    | LetTimePass
    | Widen
    | ExpectAmbulance
    | AmbulanceArrives
    | SetCpr
    | GiveCase
    | Cancel
    | Close
)


class Refused(Exception):
    """The incident cannot do what was asked. `code` for programs, the message for people; nothing has changed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Moved(Refused):
    """The alert goes on, as `alert_id`, in the incident that its own was merged into: what was said belongs there."""

    def __init__(self, incident_id: IncidentId, alert_id: AlertId) -> None:
        super().__init__("merged", f"This alert goes on as {alert_id}.")
        self.incident_id = incident_id
        self.alert_id = alert_id
