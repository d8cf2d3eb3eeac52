"""First-aiders: who they are, until when they are certified, whether they are on duty and where they were last."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from dispatch.storage.tables.metadata import METADATA, point_column_type

responders = Table(
    "responders",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("certificate_number", Text, nullable=False),
    Column("certificate_expires_on", Date, nullable=False, comment="the last day on which it is valid"),
    Column("mode", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("on_duty", Boolean, nullable=False, server_default="false"),
    Column("location", point_column_type(), comment="the last fix; written in batches, seconds behind memory"),
    Column("accuracy_m", Float),
    Column("fix_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("mode in ('walk', 'run', 'bike', 'ebike', 'car')", name="mode"),
    CheckConstraint("language in ('zh', 'en')", name="language"),
)

# Where those were who had been alerted, for as long as that is kept. Nobody else's ways are written down.
positions = Table(
    "positions",
    METADATA,
    Column("responder_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("incident_id", Uuid, nullable=False, comment="for which they were on offer or under way"),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("accuracy_m", Float),
    PrimaryKeyConstraint("responder_id", "at"),
    postgresql_partition_by="RANGE (at)",
)
Index("ix_positions_incident_id", positions.c.incident_id)
