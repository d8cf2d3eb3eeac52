"""What crosses the wire about waking phones."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from dispatch.push.encryption import device_key, device_secret
from dispatch.push.vocabulary import Channel, Kind

_Text = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[\x21-\x7e]+$")]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_=+/-]+$")]


class SubscriptionKeys(BaseModel):
    """What a message to this device is encrypted with, base64url as the browser gives it."""

    model_config = ConfigDict(extra="ignore")

    p256dh: _Key
    auth: _Key

    @field_validator("p256dh")
    @classmethod
    def _is_a_public_key(cls, value: str) -> str:
        device_key(value)
        return value

    @field_validator("auth")
    @classmethod
    def _is_a_secret(cls, value: str) -> str:
        device_secret(value)
        return value


class SubscriptionIn(BaseModel):
    """A browser's push subscription, as `PushSubscription.toJSON()` gives it."""

    # What browsers add (`expirationTime`) is no reason to refuse one.
    model_config = ConfigDict(extra="ignore")

    endpoint: _Text
    keys: SubscriptionKeys


class SubscriptionGone(BaseModel):
    """The subscription that a device has given up."""

    model_config = ConfigDict(extra="ignore")

    endpoint: _Text


class PublicKeyOut(BaseModel):
    """The key that a browser subscribes with (`applicationServerKey`), base64url."""

    public_key: str


class TestedChannelOut(BaseModel):
    """One way to this responder and whether the test alert goes there."""

    channel: Channel
    state: Literal["sent", "queued", "no_session", "not_subscribed", "no_phone", "not_configured"]


class TestAlertOut(BaseModel):
    """A test alert under way; each channel's delay follows on the socket as `test_result`."""

    test_id: UUID
    channels: list[TestedChannelOut]


class ReceiptIn(BaseModel):
    """The receipt that was in a pushed message."""

    model_config = ConfigDict(extra="forbid")

    receipt: Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class DeadLetterOut(BaseModel):
    """A push that could not be sent."""

    id: UUID
    channel: Channel
    kind: Kind
    responder_id: str
    responder_name: str
    service: str = Field(description="The push service's origin, or `webhook`.")
    incident_id: str | None
    alert_id: UUID | None
    test_id: UUID | None
    created_at: datetime
    useful_until: datetime
    died_at: datetime
    attempts: int
    error: str | None


class DeadLettersOut(BaseModel):
    """Pushes that could not be sent, newest first."""

    dead_letters: list[DeadLetterOut]


class QueuedOut(BaseModel):
    """A dead letter that is tried again."""

    id: UUID
    state: Literal["queued"]
    useful_until: datetime
