"""Waking phones: where they can be reached, what is to be sent, and which telephone numbers have answered."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from dispatch.storage.tables.metadata import METADATA

push_subscriptions = Table(
    "push_subscriptions",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("responder_id", Text, nullable=False, comment="of a custodian: `custodian:` and their subject"),
    Column("endpoint", Text, nullable=False, unique=True, comment="the capability URL that the push service gave out"),
    Column("service", Text, nullable=False, comment="scheme, host and port of the endpoint"),
    Column("p256dh", Text, nullable=False, comment="the device's public key, base64url"),
    Column("auth", Text, nullable=False, comment="the device's authentication secret, base64url"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("proven_at", DateTime(timezone=True), comment="when a message last came back as received"),
    Column("last_error", Text),
    Column("last_error_at", DateTime(timezone=True)),
)
Index("ix_push_subscriptions_responder_id", push_subscriptions.c.responder_id)

push_jobs = Table(
    "push_jobs",
    METADATA,
    Column("id", Uuid, primary_key=True, comment="the hook's idempotency key, and what a receipt names"),
    Column("channel", Text, nullable=False),
    Column("responder_id", Text, nullable=False),
    # No foreign key: jobs are written on the way of an SOS, which must not fail because a device unsubscribes just now.
    Column("subscription_id", Uuid, comment="null for the hook, which is told the telephone number"),
    Column("service", Text, nullable=False, comment="who is to take it; one slow service must not hold up others"),
    Column("alert_id", Uuid),
    Column("kind", Text, nullable=False, comment="the type of the message in it"),
    Column(
        "version",
        Integer,
        nullable=False,
        server_default="0",
        comment="of the incident when it was said; 0 for an offer, which is made once",
    ),
    Column("test_id", Uuid),
    Column("payload", JSON, nullable=False, comment="the message as the socket gives it"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="not to be sent before"),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="of no use to anybody after this"),
    Column(
        "mailbox",
        Text,
        comment="sent only while a message made together with it waits there unacknowledged; null: in any case",
    ),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("taken_by", Integer, comment="the desk that is sending it; free again when that desk lives no longer"),
    Column("taken_at", DateTime(timezone=True)),
    Column("address", Text, comment="the telephone number that the hook was told"),
    Column("sent_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True), comment="when the device's receipt came"),
    Column("died_at", DateTime(timezone=True)),
    Column("last_error", Text),
    # What is said of an alert is pushed once a channel and device.
    UniqueConstraint("alert_id", "subscription_id", "kind", "version"),
    CheckConstraint("channel in ('socket', 'web_push', 'webhook')", name="channel"),
    CheckConstraint("kind in ('alert', 'assignment', 'stand_down', 'nudge', 'test_alert', 'work_order')", name="kind"),
    CheckConstraint("state in ('queued', 'sent', 'dead')", name="state"),
)
Index(
    "uq_push_jobs_alert_hook",
    push_jobs.c.alert_id,
    push_jobs.c.kind,
    push_jobs.c.version,
    unique=True,
    postgresql_where=text("subscription_id IS NULL"),
)
Index("ix_push_jobs_queued", push_jobs.c.next_attempt_at, postgresql_where=text("state = 'queued'"))
Index("ix_push_jobs_taken", push_jobs.c.taken_by, postgresql_where=text("taken_by IS NOT NULL"))
Index("ix_push_jobs_dead", push_jobs.c.died_at, postgresql_where=text("state = 'dead'"))
Index("ix_push_jobs_created_at", push_jobs.c.created_at)
Index("ix_push_jobs_subscription_id", push_jobs.c.subscription_id, postgresql_where=text("state = 'queued'"))
Index(
    "ix_push_jobs_tests", push_jobs.c.responder_id, push_jobs.c.created_at, postgresql_where=text("test_id IS NOT NULL")
)

hook_proofs = Table(
    "hook_proofs",
    METADATA,
    Column("responder_id", Text, primary_key=True, comment="of a custodian: `custodian:` and their subject"),
    Column("phone", Text, nullable=False, comment="the number that was reached; another number proves nothing"),
    Column("proven_at", DateTime(timezone=True), nullable=False),
)
