"""The words of waking phones."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

# Whose last receipt is older than this may have changed the phone, or its settings.
PROOF_LASTS = timedelta(days=30)

# Whoever says yes late is still asked whether the plan gains from it; later than this nobody waits for an answer.
LATE_ANSWER_GRACE = timedelta(seconds=120)

# Whoever runs hears that it is elsewhere, or over, also when their phone finds a network only after a while. Most have
# arrived by then.
WORD_USEFUL_FOR = timedelta(minutes=15)

TEST_USEFUL_FOR = timedelta(minutes=5)

# The `service` of everything that goes to the hook.
HOOK_SERVICE = "webhook"


class Channel(StrEnum):
    """A way to a responder."""

    SOCKET = "socket"
    WEB_PUSH = "web_push"
    WEBHOOK = "webhook"


class Kind(StrEnum):
    """What a pushed message says; the `type` of the same message on the socket."""

    ALERT = "alert"
    ASSIGNMENT = "assignment"
    STAND_DOWN = "stand_down"
    NUDGE = "nudge"
    TEST_ALERT = "test_alert"
    # Of AEDs, and never in a hurry: told to custodians and owners, not to first-aiders.
    WORK_ORDER = "work_order"


# First-aiders are named by their id alone, which holds no colon.
_CUSTODIAN, _OWNER = "custodian:", "owner:"


def custodian_recipient(subject: str) -> str:
    """How a custodian is named where a first-aider's id stands: in subscriptions, jobs and receipts."""
    return f"{_CUSTODIAN}{subject}"


def custodian_of(recipient: str) -> str | None:
    """The subject of the custodian who is named so; None for anybody else."""
    return recipient.removeprefix(_CUSTODIAN) if recipient.startswith(_CUSTODIAN) else None


def owner_recipient(owner_id: str) -> str:
    """How an owner of AEDs is named in jobs; they are told by the hook alone."""
    return f"{_OWNER}{owner_id}"


def owner_of(recipient: str) -> str | None:
    """The id of the owner who is named so; None for anybody else."""
    return recipient.removeprefix(_OWNER) if recipient.startswith(_OWNER) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One thing to say to one responder of one alert: `body` is its JSON, of which nothing is exact or personal.

    `version` is the incident's when it was said; 0 for an offer. Of one kind and version no device hears twice, and
    what had not left when something newer is said is dropped, unless it was of no use by the time of the newer.
    `after_s` later at the earliest it is sent, until `useful_until` at the latest; where there is a `mailbox`, only
    while a message that was written in the same instant waits in it unacknowledged. `only_told`: only where something
    of the alert has gone before. `by_hook`: also to the telephone.
    """

    responder_id: str
    alert_id: str
    body: str
    useful_until: datetime
    kind: Kind = Kind.ALERT
    version: int = 0
    after_s: float = 0.0
    mailbox: str | None = None
    only_told: bool = False
    by_hook: bool = True


def useful_until_of(respond_by: datetime) -> datetime:
    """Until when it is of use to wake somebody for an alert that should be answered by `respond_by`."""
    return respond_by + LATE_ANSWER_GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One message to one device (or, by the hook, to one telephone number), taken to be sent now.

    The device's `endpoint` and keys are null for the hook, `phone` is null for who has told none.
    """

    job_id: str
    channel: Channel
    responder_id: str
    service: str
    kind: Kind
    alert_id: str | None
    test_id: str | None
    payload: dict[str, Any]
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    attempts: int
    language: Literal["zh", "en"]
    phone: str | None = None
    subscription_id: str | None = None
    endpoint: str | None = None
    p256dh: str | None = None
    auth: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A device has said that an alert is there."""

    responder_id: str
    alert_id: str
    incident_id: str
    channel: Channel
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A test alert has arrived by one channel, so many seconds after it was sent."""

    responder_id: str
    test_id: str
    channel: Channel
    delay_s: float
