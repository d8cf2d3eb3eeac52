"""What 120 centres' own systems are told: the feed of what happens, and who has it posted to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What is over by now is no news to anybody. As a default of the new column it costs no row a change: to write a
# million would lock the table of the SOS for seconds.
_ALL_OF_IT = 2**31 - 1


def upgrade() -> None:
    op.add_column(
        "incidents",
        sa.Column(
            "fed_version",
            sa.Integer(),
            server_default=str(_ALL_OF_IT),
            nullable=False,
            comment="the newest event that the centres' feed has been made of",
        ),
    )
    op.alter_column("incidents", "fed_version", server_default="0")
    # Those that go on are told of from here on.
    op.execute("update incidents set fed_version = version where closed_at is null")
    op.create_index(
        "ix_incidents_not_fed",
        "incidents",
        ["id"],
        unique=False,
        postgresql_where=sa.text("fed_version < version"),
    )
    op.create_table(
        "centre_feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_cursor", sa.BigInteger(), nullable=False),
        sa.Column(
            "timeline", sa.Text(), nullable=True, comment="the server's history that the last number was given in"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_feed")),
    )
    op.create_table(
        "centre_events",
        sa.Column("cursor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "id",
            sa.Uuid(),
            nullable=False,
            comment="made of what it tells of: the same whoever tells it, however often",
        ),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="of the incident's event that it tells of"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("centre", sa.Text(), nullable=True),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column(
            "district_code",
            sa.Text(),
            nullable=True,
            comment="GB/T 2260; where the patient is, if outlines are known",
        ),
        sa.Column("data", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("cursor", name=op.f("pk_centre_events")),
        sa.UniqueConstraint("incident_id", "number", name=op.f("uq_centre_events_incident_id_number")),
    )
    op.create_index("ix_centre_events_fed_at", "centre_events", ["fed_at"], unique=False)
    _create_webhooks()
    op.create_table(
        "centre_cases",
        sa.Column("centre", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("centre", "case_number", name=op.f("pk_centre_cases")),
    )
    op.create_table(
        "centre_requests",
        sa.Column("centre", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("centre", "request_id", name=op.f("pk_centre_requests")),
    )
    op.create_index("ix_centre_requests_created_at", "centre_requests", ["created_at"], unique=False)


def _create_webhooks() -> None:
    op.create_table(
        "centre_webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "centre",
            sa.Text(),
            nullable=True,
            comment="whose it is; null: everything is told, and no telephone number",
        ),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column(
            "former_secret",
            sa.Text(),
            nullable=True,
            comment="signs too, until the receiver has taken over the new one",
        ),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False, comment="empty: all"),
        sa.Column(
            "districts",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="beginnings of GB/T 2260 codes; empty: everywhere",
        ),
        sa.Column("drills", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "cursor",
            sa.BigInteger(),
            nullable=False,
            comment="everything up to here has been taken, or was not wanted",
        ),
        sa.Column(
            "ahead",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="taken beyond it already: other incidents' events",
        ),
        sa.Column(
            "failures", sa.Integer(), server_default="0", nullable=False, comment="attempts in a row that failed"
        ),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "refused", sa.Integer(), server_default="0", nullable=False, comment="events that it would never take"
        ),
        sa.Column("last_refused_cursor", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "generation",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="changes when it is to begin elsewhere",
        ),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.Column(
            "leased_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="by the database's clock, which all workers share",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('active', 'paused', 'disabled')", name=op.f("ck_centre_webhooks_state")),
        sa.CheckConstraint("drills in ('with', 'without', 'only')", name=op.f("ck_centre_webhooks_drills")),
        sa.CheckConstraint("format in ('json', 'cap')", name=op.f("ck_centre_webhooks_format")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_webhooks")),
    )


def downgrade() -> None:
    op.drop_index("ix_centre_requests_created_at", table_name="centre_requests")
    op.drop_table("centre_requests")
    op.drop_table("centre_cases")
    op.drop_table("centre_webhooks")
    op.drop_index("ix_centre_events_fed_at", table_name="centre_events")
    op.drop_table("centre_events")
    op.drop_table("centre_feed")
    op.drop_index("ix_incidents_not_fed", table_name="incidents", postgresql_where=sa.text("fed_version < version"))
    op.drop_column("incidents", "fed_version")
