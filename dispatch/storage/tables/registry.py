"""Behind the AEDs: who owns and looks after them, what happened to them, what has to be done, when to look again."""

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dispatch.storage.tables.metadata import METADATA

OWNER_RECORD_SUMS = (
    *("tested_days", "test_failures", "seen_days", "unaided_days", "found_by_people", "first_looks", "first_unfit"),
    *("doubts", "doubts_true", "silences", "silent_unfit"),
)

districts = Table(
    "districts",
    METADATA,
    Column("code", Text, primary_key=True, comment="GB/T 2260, six digits"),
    Column("parent_code", Text, comment="the city of a district, the province of a city"),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("outline", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
    CheckConstraint("level in ('province', 'city', 'district')", name="level"),
)
Index("ix_districts_outline", districts.c.outline, postgresql_using="gist")

owners = Table(
    "owners",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("parent_id", Uuid, ForeignKey("owners.id")),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("district_code", Text),
    Column("phone", Text),
    Column("policy", JSONB, nullable=False, server_default="{}", comment="what is decided here; the rest is inherited"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("level in ('province', 'city', 'district', 'venue')", name="level"),
)
Index("ix_owners_parent_id", owners.c.parent_id)

custodians = Table(
    "custodians",
    METADATA,
    Column("subject", Text, primary_key=True, comment="of the custodian's token; `aeds.custodian` names it"),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("language", Text, nullable=False, server_default="zh"),
    Column("owner_id", Uuid, ForeignKey("owners.id")),
    Column("certificate_number", Text),
    Column("certificate_expires_on", Date, comment="the last day on which it is valid"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("language in ('zh', 'en')", name="language"),
)
Index("ix_custodians_owner_id", custodians.c.owner_id)

custodian_absences = Table(
    "custodian_absences",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("custodian", Text, ForeignKey("custodians.subject"), nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),
    Column("substitute", Text, ForeignKey("custodians.subject"), comment="null: the venue sees to it"),
    Column("handed_over_at", DateTime(timezone=True), comment="when the open orders went to the substitute"),
    Column("handed_back_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("until_at > from_at", name="lasts"),
    CheckConstraint("substitute <> custodian", name="somebody_else"),
)
Index("ix_custodian_absences_custodian", custodian_absences.c.custodian, custodian_absences.c.until_at)

aed_placements = Table(
    "aed_placements",
    METADATA,
    Column("aed_id", Uuid, ForeignKey("aeds.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), comment="null: it hangs there"),
    Column("facts", JSONB, comment="the site as it was known at the end; of the present one, `aeds` tells"),
    Column("moved_by", Text, nullable=False, comment="who put it there"),
    PrimaryKeyConstraint("aed_id", "number"),
)
Index("ix_aed_placements_site_id", aed_placements.c.site_id)

aed_health = Table(
    "aed_health",
    METADATA,
    Column("aed_id", Uuid, ForeignKey("aeds.id"), primary_key=True),
    Column("evidence", JSONB, nullable=False, comment="the newest report of each kind, trust and outcome"),
    Column("look_again_at", DateTime(timezone=True), comment="when time alone changes what follows from it"),
    # Every report writes its device's row: with room on its page it stays there.
    postgresql_with={"fillfactor": 70},
)
Index(
    "ix_aed_health_look_again_at",
    aed_health.c.look_again_at,
    postgresql_where=text("look_again_at IS NOT NULL"),
)

aed_events = Table(
    "aed_events",
    METADATA,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("aed_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="when it was so"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False, comment="registered, changed, moved, readiness, linked, removed"),
    Column("by", Text, nullable=False, comment="role:subject, or what brought it about"),
    Column("data", JSONB, nullable=False),
    # Split by time, as `aed_reports` is.
    PrimaryKeyConstraint("id", "at"),
    postgresql_partition_by="RANGE (at)",
)
Index("ix_aed_events_aed_id", aed_events.c.aed_id, aed_events.c.id)
Index("ix_aed_events_kind_at", aed_events.c.kind, aed_events.c.at)
# Most changes of readiness leave a device usable, or not: the office's uptime is about the others.
Index(
    "ix_aed_events_usable_at",
    aed_events.c.at,
    postgresql_where=text(
        "kind = 'removed' OR kind = 'readiness'"
        " AND coalesce(data ->> 'to' IN ('degraded', 'ready', 'unverified'), false)"
        " <> coalesce(data ->> 'from' IN ('degraded', 'ready', 'unverified'), false)"
    ),
)

work_orders = Table(
    "work_orders",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("aed_id", Uuid, ForeignKey("aeds.id"), nullable=False),
    Column("cause", Text, nullable=False),
    Column("what", JSONB, nullable=False, server_default="{}", comment="what is to be done, by language"),
    Column("urgency", Integer, nullable=False, comment="0 planned, 1 soon, 2 now; only rises while it is open"),
    Column("since", DateTime(timezone=True), nullable=False, comment="when it became necessary"),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("level", Text, nullable=False, comment="who answers for it now"),
    Column("assignee", Text, comment="a custodian's subject; null: whoever the level's owner sends"),
    Column("owner_id", Uuid, comment="the owner of the level that answers for it"),
    Column("escalations", JSONB, nullable=False, server_default="[]", comment="a list of level, at"),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Text),
    Column("note", Text),
    Column("look_again_at", DateTime(timezone=True), comment="when it goes a level up"),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Text, comment="evidence, removed, or role:subject"),
    CheckConstraint("level in ('custodian', 'venue', 'district', 'city', 'province')", name="level"),
)
# One order for one cause, whatever the workers believe.
Index(
    "uq_work_orders_open",
    work_orders.c.aed_id,
    work_orders.c.cause,
    unique=True,
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "ix_work_orders_assignee",
    work_orders.c.assignee,
    work_orders.c.due_at,
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "ix_work_orders_look_again_at",
    work_orders.c.look_again_at,
    postgresql_where=text("closed_at IS NULL AND look_again_at IS NOT NULL"),
)
Index("ix_work_orders_opened_at", work_orders.c.opened_at)
Index("ix_work_orders_closed_at", work_orders.c.closed_at, postgresql_where=text("closed_at IS NOT NULL"))
Index("ix_work_orders_aed_id", work_orders.c.aed_id)
# What somebody cancelled is not opened again: looked at whenever an AED is, where the rest of what is closed is not.
Index(
    "ix_work_orders_cancelled",
    work_orders.c.aed_id,
    postgresql_where=text("closed_by NOT IN ('evidence', 'removed')"),
)

# Not straight into the queue of pushes, where a thousand expiries of one midnight would stand before an alert.
work_order_notices = Table(
    "work_order_notices",
    METADATA,
    Column("recipient", Text, nullable=False, comment="custodian:SUBJECT or owner:ID"),
    Column("order_id", Uuid, nullable=False),
    Column("why", Text, nullable=False, comment="opened, handed, urgent, due, escalated"),
    Column("urgency", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), comment="null: still to be told"),
    PrimaryKeyConstraint("recipient", "order_id"),
)
Index(
    "ix_work_order_notices_waiting",
    work_order_notices.c.recipient,
    work_order_notices.c.at,
    postgresql_where=text("told_at IS NULL"),
)

# What was found at an owner's devices, in sums: how often they fail is learned from it.
owner_records = Table(
    "owner_records",
    METADATA,
    Column("owner_id", Uuid, primary_key=True, comment="zero: devices without an owner"),
    *(Column(name, Float, nullable=False, server_default="0") for name in OWNER_RECORD_SUMS),
)

# Hours are few where devices are many: whether a place is open is kept by what is written on its door.
aed_hours = Table(
    "aed_hours",
    METADATA,
    Column("expression", Text, nullable=False),
    Column("area", Text, nullable=False, comment="as `aeds.area`: one time zone and one country's holidays"),
    Column("is_open", Boolean, nullable=False),
    Column("until", DateTime(timezone=True), comment="when that changes; null: not within a year"),
    PrimaryKeyConstraint("expression", "area"),
)
Index("ix_aed_hours_until", aed_hours.c.until)
