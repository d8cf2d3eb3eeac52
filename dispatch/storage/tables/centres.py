"""What 120 centres' own systems are told: the feed, who has it posted, and what they have asked for."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from dispatch.storage.tables.metadata import METADATA

centre_feed = Table(
    "centre_feed",
    METADATA,
    # One row. Whoever counts it up is the only one to add to the feed until they commit.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_cursor", BigInteger, nullable=False),
    Column("timeline", Text, comment="the server's history that the last number was given in"),
)

centre_events = Table(
    "centre_events",
    METADATA,
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False, comment="made of what it tells of: the same whoever tells it, however often"),
    Column("incident_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False, comment="of the incident's event that it tells of"),
    Column("type", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("fed_at", DateTime(timezone=True), nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("centre", Text),
    Column("case_number", Text),
    Column("district_code", Text, comment="GB/T 2260; where the patient is, if outlines are known"),
    Column("data", JSON, nullable=False),
    UniqueConstraint("incident_id", "number"),
)
Index("ix_centre_events_fed_at", centre_events.c.fed_at)

centre_webhooks = Table(
    "centre_webhooks",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("centre", Text, comment="whose it is; null: everything is told, and no telephone number"),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("former_secret", Text, comment="signs too, until the receiver has taken over the new one"),
    Column("former_until", DateTime(timezone=True)),
    Column("types", ARRAY(Text), nullable=False, comment="empty: all"),
    Column("districts", ARRAY(Text), nullable=False, comment="beginnings of GB/T 2260 codes; empty: everywhere"),
    Column("drills", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("datum", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False, comment="everything up to here has been taken, or was not wanted"),
    Column("ahead", ARRAY(BigInteger), nullable=False, comment="taken beyond it already: other incidents' events"),
    Column("failures", Integer, nullable=False, server_default="0", comment="attempts in a row that failed"),
    Column("failing_since", DateTime(timezone=True)),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("last_taken_at", DateTime(timezone=True)),
    Column("refused", Integer, nullable=False, server_default="0", comment="events that it would never take"),
    Column("last_refused_cursor", BigInteger),
    Column("disabled_at", DateTime(timezone=True)),
    Column("generation", Integer, nullable=False, server_default="0", comment="changes when it is to begin elsewhere"),
    Column("leased_by", Uuid),
    Column("leased_until", DateTime(timezone=True), comment="by the database's clock, which all workers share"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("state in ('active', 'paused', 'disabled')", name="state"),
    CheckConstraint("drills in ('with', 'without', 'only')", name="drills"),
    CheckConstraint("format in ('json', 'cap')", name="format"),
)

centre_cases = Table(
    "centre_cases",
    METADATA,
    # Of cases that were made for an incident that was there; one that opened its incident is found by its request id.
    Column("centre", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("centre", "case_number"),
)

centre_requests = Table(
    "centre_requests",
    METADATA,
    # A request that comes again under another case number is the first one's case all the same.
    Column("centre", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("centre", "request_id"),
)
Index("ix_centre_requests_created_at", centre_requests.c.created_at)
