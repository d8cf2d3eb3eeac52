"""Push subscriptions, the jobs that wake phones, and which telephone numbers have answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("responder_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False, comment="the capability URL that the push service gave out"),
        sa.Column("service", sa.Text(), nullable=False, comment="scheme, host and port of the endpoint"),
        sa.Column("p256dh", sa.Text(), nullable=False, comment="the device's public key, base64url"),
        sa.Column("auth", sa.Text(), nullable=False, comment="the device's authentication secret, base64url"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "proven_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a message last came back as received",
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["responder_id"], ["responders.id"], name=op.f("fk_push_subscriptions_responder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscriptions_endpoint")),
    )
    op.create_index("ix_push_subscriptions_responder_id", "push_subscriptions", ["responder_id"], unique=False)
    op.create_table(
        "push_jobs",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the hook's idempotency key, and what a receipt names"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("responder_id", sa.Text(), nullable=False),
        sa.Column(
            "subscription_id",
            sa.Uuid(),
            nullable=True,
            comment="null for the hook, which is told the telephone number",
        ),
        sa.Column(
            "service",
            sa.Text(),
            nullable=False,
            comment="who is to take it; one slow service must not hold up others",
        ),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False, comment="the type of the message in it"),
        sa.Column(
            "version",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="of the incident when it was said; 0 for an offer, which is made once",
        ),
        sa.Column("test_id", sa.Uuid(), nullable=True),
        sa.Column(
            "payload",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment="the message as the socket gives it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="not to be sent before"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="of no use to anybody after this"),
        sa.Column(
            "mailbox",
            sa.Text(),
            nullable=True,
            comment="sent only while a message made together with it waits there unacknowledged; null: in any case",
        ),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "taken_by",
            sa.Integer(),
            nullable=True,
            comment="the desk that is sending it; free again when that desk lives no longer",
        ),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.Text(), nullable=True, comment="the telephone number that the hook was told"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True, comment="when the device's receipt came"),
        sa.Column("died_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("channel in ('socket', 'web_push', 'webhook')", name=op.f("ck_push_jobs_channel")),
        sa.CheckConstraint(
            "kind in ('alert', 'assignment', 'stand_down', 'nudge', 'test_alert')", name=op.f("ck_push_jobs_kind")
        ),
        sa.CheckConstraint("state in ('queued', 'sent', 'dead')", name=op.f("ck_push_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_jobs")),
        sa.UniqueConstraint(
            "alert_id",
            "subscription_id",
            "kind",
            "version",
            name=op.f("uq_push_jobs_alert_id_subscription_id_kind_version"),
        ),
    )
    for name, columns, condition in _JOB_INDEXES:
        op.create_index(name, "push_jobs", columns, unique=name.startswith("uq_"), postgresql_where=sa.text(condition))
    op.create_index("ix_push_jobs_created_at", "push_jobs", ["created_at"], unique=False)
    op.create_table(
        "hook_proofs",
        sa.Column("responder_id", sa.Text(), nullable=False),
        sa.Column(
            "phone",
            sa.Text(),
            nullable=False,
            comment="the number that was reached; another number proves nothing",
        ),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["responder_id"], ["responders.id"], name=op.f("fk_hook_proofs_responder_id")),
        sa.PrimaryKeyConstraint("responder_id", name=op.f("pk_hook_proofs")),
    )


_JOB_INDEXES = (
    ("uq_push_jobs_alert_hook", ["alert_id", "kind", "version"], "subscription_id IS NULL"),
    ("ix_push_jobs_queued", ["next_attempt_at"], "state = 'queued'"),
    ("ix_push_jobs_taken", ["taken_by"], "taken_by IS NOT NULL"),
    ("ix_push_jobs_subscription_id", ["subscription_id"], "state = 'queued'"),
    ("ix_push_jobs_dead", ["died_at"], "state = 'dead'"),
    ("ix_push_jobs_tests", ["responder_id", "created_at"], "test_id IS NOT NULL"),
)


def downgrade() -> None:
    op.drop_table("hook_proofs")
    op.drop_table("push_jobs")
    op.drop_table("push_subscriptions")
