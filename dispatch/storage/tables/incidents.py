"""Incidents: the events are the truth; the other tables are what follows from them, kept for questions and guards."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from dispatch.storage.tables.metadata import METADATA, point_column_type

# No foreign keys here: one statement writes an incident's rows together, nothing is ever deleted that they name,
# and twenty alerts would pay for a hundred checks on the way of every SOS.

incidents = Table(
    "incidents",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("location", point_column_type(), nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False, comment="the number of its newest event"),
    Column(
        "shown_version",
        Integer,
        nullable=False,
        server_default="0",
        comment="the newest event that the operators' messages tell of",
    ),
    Column(
        "fed_version",
        Integer,
        nullable=False,
        server_default="0",
        comment="the newest event that the centres' feed has been made of",
    ),
    Column(
        "receipt",
        JSON,
        nullable=False,
        comment="what the caller was answered, given again for a repeated request_id",
    ),
)
Index("ix_incidents_opened_at", incidents.c.opened_at)
Index(
    "ix_incidents_not_shown",
    incidents.c.id,
    postgresql_where=incidents.c.shown_version < incidents.c.version,
)
Index(
    "ix_incidents_not_fed",
    incidents.c.id,
    postgresql_where=incidents.c.fed_version < incidents.c.version,
)

incident_events = Table(
    "incident_events",
    METADATA,
    # A row is what one decision led to: two dozen events for an SOS, written and read together.
    # Two workers that decide on the same version both try to write the same number: the key lets one win.
    # The ids say when an incident was opened, so that the table is split by time along this very key.
    Column("incident_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False, comment="the number of its first event"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("events", JSON, nullable=False, comment="a list of kind, by, data"),
    PrimaryKeyConstraint("incident_id", "number"),
    postgresql_partition_by="RANGE (incident_id)",
)

alerts = Table(
    "alerts",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, nullable=False),
    Column("responder_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("aed_id", Uuid),
    Column("state", Text, nullable=False),
    Column(
        "active",
        Boolean,
        nullable=False,
        comment="on offer or engaged: the states of AlertState.active_states()",
    ),
    Column("wave", Integer, nullable=False),
    Column("eta_s", Float, nullable=False),
    Column("offered_at", DateTime(timezone=True), nullable=False),
)
# Nobody is on offer or engaged twice, whatever the workers believe.
Index("uq_alerts_active_responder", alerts.c.responder_id, unique=True, postgresql_where=text("active"))

due_times = Table(
    "due_times",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("incident_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0", comment="how often it was claimed and came back"),
)
Index("ix_due_times_due_at", due_times.c.due_at)
Index("ix_due_times_incident_id", due_times.c.incident_id)
