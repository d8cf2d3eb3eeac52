"""The first tables."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geography
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def point() -> Geography:
    # A type each: GeoAlchemy2 notes a column's nullability on its type.
    return Geography("POINT", srid=4326, spatial_index=False)


def upgrade() -> None:
    op.create_table(
        "aeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("location", point(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("place_detail", sa.Text(), nullable=True, comment="where exactly inside the place"),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("indoor", sa.Boolean(), nullable=True),
        sa.Column("access", sa.Text(), server_default="unknown", nullable=False),
        sa.Column(
            "opening_hours",
            sa.Text(),
            nullable=True,
            comment="OpenStreetMap opening_hours syntax; null is unknown, which is never open",
        ),
        sa.Column(
            "opening_hours_note",
            sa.Text(),
            nullable=True,
            comment="the hours as their source wrote them, and what could not be understood",
        ),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("custodian", sa.Text(), nullable=True),
        sa.Column("maker", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("manufactured_on", sa.Date(), nullable=True),
        sa.Column("battery_expires_on", sa.Date(), nullable=True),
        sa.Column("pads_expire_on", sa.Date(), nullable=True),
        sa.Column("readiness", sa.Text(), server_default="unverified", nullable=False),
        sa.Column("readiness_reasons", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("readiness_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=True, comment="the data set it came from"),
        sa.Column("source_ref", sa.Text(), nullable=True, comment="its id in that data set"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("access in ('public', 'ask', 'code', 'private', 'unknown')", name=op.f("ck_aeds_access")),
        sa.CheckConstraint(
            "readiness in ('ready', 'degraded', 'unverified', 'out_of_service', 'in_use', 'removed')",
            name=op.f("ck_aeds_readiness"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aeds")),
    )
    op.create_index("ix_aeds_location", "aeds", ["location"], unique=False, postgresql_using="gist")
    op.create_index(
        "uq_aeds_source",
        "aeds",
        ["source", "source_ref"],
        unique=True,
        postgresql_where=sa.text("source_ref IS NOT NULL"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("location", point(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, comment="the number of its newest event"),
        sa.Column(
            "shown_version",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="the newest event that the operators' messages tell of",
        ),
        sa.Column(
            "receipt",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what the caller was answered, given again for a repeated request_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("request_id", name=op.f("uq_incidents_request_id")),
    )
    op.create_index("ix_incidents_location", "incidents", ["location"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_incidents_not_ended",
        "incidents",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_incidents_not_shown",
        "incidents",
        ["id"],
        unique=False,
        postgresql_where=sa.text("shown_version < version"),
    )
    op.create_index("ix_incidents_opened_at", "incidents", ["opened_at"], unique=False)
    op.create_table(
        "mailboxes",
        sa.Column("recipient", sa.Text(), nullable=False, comment="role:subject, or `operators` for the 120 centre"),
        sa.Column(
            "epoch",
            sa.Text(),
            nullable=False,
            comment="changes when numbers start anew; a resume of another epoch reloads",
        ),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_mailboxes")),
    )
    op.create_table(
        "messages",
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column(
            "alert_id", sa.Uuid(), nullable=True, comment="the alert that it offers; null in every other message"
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="the message as sent, without its seq"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recipient", "seq", name=op.f("pk_messages")),
    )
    op.create_table(
        "responders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("certificate_expires_on", sa.Date(), nullable=False, comment="the last day on which it is valid"),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "location",
            point(),
            nullable=True,
            comment="the last fix; written in batches, seconds behind memory",
        ),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("fix_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language in ('zh', 'en')", name=op.f("ck_responders_language")),
        sa.CheckConstraint("mode in ('walk', 'run', 'bike', 'ebike', 'car')", name=op.f("ck_responders_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responders")),
    )
    op.create_table(
        "aed_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("aed_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was so, by the reporter's word"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["aed_id"], ["aeds.id"], name=op.f("fk_aed_reports_aed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aed_reports")),
    )
    op.create_index("ix_aed_reports_aed_id_at", "aed_reports", ["aed_id", "at"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("responder_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("aed_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "active",
            sa.Boolean(),
            nullable=False,
            comment="on offer or engaged: the states of AlertState.active_states()",
        ),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("eta_s", sa.Float(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "uq_alerts_active_responder",
        "alerts",
        ["responder_id"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "incident_events",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "number", name=op.f("pk_incident_events")),
    )
    op.create_table(
        "due_times",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_times")),
    )
    op.create_index("ix_due_times_due_at", "due_times", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_due_times_due_at", table_name="due_times")
    op.drop_table("due_times")
    op.drop_table("incident_events")
    op.drop_index("uq_alerts_active_responder", table_name="alerts", postgresql_where=sa.text("active"))
    op.drop_table("alerts")
    op.drop_index("ix_aed_reports_aed_id_at", table_name="aed_reports")
    op.drop_table("aed_reports")
    op.drop_table("responders")
    op.drop_table("messages")
    op.drop_table("mailboxes")
    op.drop_index("ix_incidents_opened_at", table_name="incidents")
    op.drop_index("ix_incidents_not_shown", table_name="incidents", postgresql_where=sa.text("shown_version < version"))
    op.drop_index("ix_incidents_not_ended", table_name="incidents", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_incidents_location", table_name="incidents", postgresql_using="gist")
    op.drop_table("incidents")
    op.drop_index("uq_aeds_source", table_name="aeds", postgresql_where=sa.text("source_ref IS NOT NULL"))
    op.drop_index("ix_aeds_location", table_name="aeds", postgresql_using="gist")
    op.drop_table("aeds")
