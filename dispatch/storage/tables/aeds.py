"""AEDs and what is reported about them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from dispatch.storage.tables.metadata import METADATA, point_column_type

ACCESS = ("public", "ask", "code", "private", "unknown")
READINESS = ("ready", "degraded", "unverified", "out_of_service", "in_use", "removed")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} in ({', '.join(repr(value) for value in values)})"


aeds = Table(
    "aeds",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("location", point_column_type(), nullable=False),
    Column("address", Text),
    Column("place_detail", Text, comment="where exactly inside the place"),
    Column("floor", Integer),
    Column("indoor", Boolean),
    Column("access", Text, nullable=False, server_default="unknown"),
    Column(
        "opening_hours",
        Text,
        comment="OpenStreetMap opening_hours syntax; null is unknown, which is never open",
    ),
    Column(
        "opening_hours_note",
        Text,
        comment="the hours as their source wrote them, and what could not be understood",
    ),
    Column("phone", Text),
    Column("owner", Text),
    Column("custodian", Text),
    Column("maker", Text),
    Column("model", Text),
    Column("serial_number", Text),
    Column("manufactured_on", Date),
    Column("battery_expires_on", Date),
    Column("pads_expire_on", Date, comment="of the pads for adults"),
    Column("battery_fitted_on", Date),
    Column("pads_fitted_on", Date),
    Column("pads_child_fitted_on", Date),
    Column("pads_child_expire_on", Date),
    Column("has_self_test", Boolean, comment="whether it tests itself; null: not known"),
    Column("is_connected", Boolean, comment="whether it reports by itself; null: once it has"),
    Column("is_mobile", Boolean, nullable=False, server_default="false"),
    Column("carried_by", Text, comment="the responder who has a mobile one with them"),
    Column("fix_at", DateTime(timezone=True), comment="when a mobile one was last where it is said to be"),
    Column("fence_m", Float, comment="null: the owner's"),
    Column("photos", ARRAY(Text), nullable=False, server_default="{}"),
    Column("site_id", Uuid, nullable=False, server_default=func.gen_random_uuid()),
    Column("owner_id", Uuid, ForeignKey("owners.id")),
    Column("district_code", Text, comment="GB/T 2260; where the site lies"),
    Column("area", Text, comment="H3 cell of resolution 2: one time zone, one country's holidays"),
    Column("belief", JSONB, comment="how likely it works, and how that wears off"),
    Column("readiness", Text, nullable=False, server_default="unverified"),
    Column("readiness_reasons", ARRAY(Text), nullable=False, server_default="{}"),
    Column("readiness_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, comment="the data set it came from"),
    Column("source_ref", Text, comment="its id in that data set"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(_one_of("access", ACCESS), name="access"),
    CheckConstraint(_one_of("readiness", READINESS), name="readiness"),
)
Index("ix_aeds_location", aeds.c.location, postgresql_using="gist")
Index(
    "uq_aeds_source",
    aeds.c.source,
    aeds.c.source_ref,
    unique=True,
    postgresql_where=aeds.c.source_ref.is_not(None),
)

Index("ix_aeds_custodian", aeds.c.custodian)
Index("ix_aeds_owner_id", aeds.c.owner_id)
Index("ix_aeds_serial_number", aeds.c.serial_number)
Index("ix_aeds_hours", aeds.c.opening_hours, aeds.c.area)

# Split by time (`storage/partitions.py`), and so without a foreign key: whoever lets go of a part would have to lock
# the devices. Their rows are held while reports of them are written, and none is ever deleted.
aed_reports = Table(
    "aed_reports",
    METADATA,
    Column("id", Uuid, nullable=False),
    Column("aed_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="when it was so, by the reporter's word"),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("reported_by", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    # What is said again in the same words is known by this for as long as it is kept.
    PrimaryKeyConstraint("id", "at"),
    postgresql_partition_by="RANGE (at)",
)
Index("ix_aed_reports_aed_id_at", aed_reports.c.aed_id, aed_reports.c.at)
