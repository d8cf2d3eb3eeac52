"""What stands behind the AEDs: owners, custodians, placements, evidence, events, districts, hours."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KINDS = "kind in ('alert', 'assignment', 'stand_down', 'nudge', 'test_alert'"

_WHO = "of a custodian: `custodian:` and their subject"


def upgrade() -> None:
    op.create_table(
        "districts",
        sa.Column("code", sa.Text(), nullable=False, comment="GB/T 2260, six digits"),
        sa.Column("parent_code", sa.Text(), nullable=True, comment="the city of a district, the province of a city"),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outline", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.CheckConstraint("level in ('province', 'city', 'district')", name=op.f("ck_districts_level")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_districts")),
    )
    op.create_index("ix_districts_outline", "districts", ["outline"], unique=False, postgresql_using="gist")
    op.create_table(
        "owners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column(
            "policy",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="what is decided here; the rest is inherited",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level in ('province', 'city', 'district', 'venue')", name=op.f("ck_owners_level")),
        sa.ForeignKeyConstraint(["parent_id"], ["owners.id"], name=op.f("fk_owners_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
    )
    op.create_index("ix_owners_parent_id", "owners", ["parent_id"], unique=False)
    op.add_column("aeds", sa.Column("battery_fitted_on", sa.Date(), nullable=True))
    op.add_column("aeds", sa.Column("pads_fitted_on", sa.Date(), nullable=True))
    op.add_column("aeds", sa.Column("pads_child_fitted_on", sa.Date(), nullable=True))
    op.add_column("aeds", sa.Column("pads_child_expire_on", sa.Date(), nullable=True))
    op.add_column(
        "aeds",
        sa.Column("has_self_test", sa.Boolean(), nullable=True, comment="whether it tests itself; null: not known"),
    )
    op.add_column(
        "aeds",
        sa.Column(
            "is_connected", sa.Boolean(), nullable=True, comment="whether it reports by itself; null: once it has"
        ),
    )
    op.add_column("aeds", sa.Column("is_mobile", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(
        "aeds",
        sa.Column("carried_by", sa.Text(), nullable=True, comment="the responder who has a mobile one with them"),
    )
    op.add_column(
        "aeds",
        sa.Column(
            "fix_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a mobile one was last where it is said to be",
        ),
    )
    op.add_column("aeds", sa.Column("fence_m", sa.Float(), nullable=True, comment="null: the owner's"))
    op.add_column("aeds", sa.Column("photos", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("aeds", sa.Column("site_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
    op.add_column("aeds", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.add_column(
        "aeds", sa.Column("district_code", sa.Text(), nullable=True, comment="GB/T 2260; where the site lies")
    )
    op.add_column(
        "aeds",
        sa.Column(
            "area", sa.Text(), nullable=True, comment="H3 cell of resolution 2: one time zone, one country's holidays"
        ),
    )
    op.add_column(
        "aeds",
        sa.Column(
            "belief",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="how likely it works, and how that wears off",
        ),
    )
    op.create_index("ix_aeds_custodian", "aeds", ["custodian"], unique=False)
    op.create_index("ix_aeds_hours", "aeds", ["opening_hours", "area"], unique=False)
    op.create_index("ix_aeds_owner_id", "aeds", ["owner_id"], unique=False)
    op.create_index("ix_aeds_serial_number", "aeds", ["serial_number"], unique=False)
    op.create_table(
        "custodians",
        sa.Column("subject", sa.Text(), nullable=False, comment="of the custodian's token; `aeds.custodian` names it"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="zh", nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("certificate_number", sa.Text(), nullable=True),
        sa.Column("certificate_expires_on", sa.Date(), nullable=True, comment="the last day on which it is valid"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language in ('zh', 'en')", name=op.f("ck_custodians_language")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_custodians_owner_id")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_custodians")),
    )
    op.create_index("ix_custodians_owner_id", "custodians", ["owner_id"], unique=False)
    op.create_table(
        "custodian_absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("custodian", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("substitute", sa.Text(), nullable=True, comment="null: the venue sees to it"),
        sa.Column(
            "handed_over_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the open orders went to the substitute",
        ),
        sa.Column("handed_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("substitute <> custodian", name=op.f("ck_custodian_absences_somebody_else")),
        sa.CheckConstraint("until_at > from_at", name=op.f("ck_custodian_absences_lasts")),
        sa.ForeignKeyConstraint(["custodian"], ["custodians.subject"], name=op.f("fk_custodian_absences_custodian")),
        sa.ForeignKeyConstraint(["substitute"], ["custodians.subject"], name=op.f("fk_custodian_absences_substitute")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custodian_absences")),
    )
    op.create_index("ix_custodian_absences_custodian", "custodian_absences", ["custodian", "until_at"], unique=False)
    op.create_table(
        "aed_placements",
        sa.Column("aed_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True, comment="null: it hangs there"),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the site as it was known at the end; of the present one, `aeds` tells",
        ),
        sa.Column("moved_by", sa.Text(), nullable=False, comment="who put it there"),
        sa.ForeignKeyConstraint(["aed_id"], ["aeds.id"], name=op.f("fk_aed_placements_aed_id")),
        sa.PrimaryKeyConstraint("aed_id", "number", name=op.f("pk_aed_placements")),
    )
    op.create_index("ix_aed_placements_site_id", "aed_placements", ["site_id"], unique=False)
    op.create_table(
        "aed_health",
        sa.Column("aed_id", sa.Uuid(), nullable=False),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the newest report of each kind, trust and outcome",
        ),
        sa.Column(
            "look_again_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when time alone changes what follows from it",
        ),
        sa.ForeignKeyConstraint(["aed_id"], ["aeds.id"], name=op.f("fk_aed_health_aed_id")),
        sa.PrimaryKeyConstraint("aed_id", name=op.f("pk_aed_health")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_aed_health_look_again_at",
        "aed_health",
        ["look_again_at"],
        unique=False,
        postgresql_where=sa.text("look_again_at IS NOT NULL"),
    )
    op.create_table(
        "aed_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("aed_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was so"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="registered, changed, moved, readiness, linked, removed"),
        sa.Column("by", sa.Text(), nullable=False, comment="role:subject, or what brought it about"),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["aed_id"], ["aeds.id"], name=op.f("fk_aed_events_aed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aed_events")),
    )
    op.create_index("ix_aed_events_aed_id", "aed_events", ["aed_id", "id"], unique=False)
    op.create_index("ix_aed_events_kind_at", "aed_events", ["kind", "at"], unique=False)
    op.create_index(
        "ix_aed_events_usable_at",
        "aed_events",
        ["at"],
        unique=False,
        postgresql_where=sa.text(
            "kind = 'removed' OR kind = 'readiness'"
            " AND coalesce(data ->> 'to' IN ('degraded', 'ready', 'unverified'), false)"
            " <> coalesce(data ->> 'from' IN ('degraded', 'ready', 'unverified'), false)"
        ),
    )
    op.create_table(
        "owner_records",
        sa.Column("owner_id", sa.Uuid(), nullable=False, comment="zero: devices without an owner"),
        sa.Column("tested_days", sa.Float(), server_default="0", nullable=False),
        sa.Column("test_failures", sa.Float(), server_default="0", nullable=False),
        sa.Column("seen_days", sa.Float(), server_default="0", nullable=False),
        sa.Column("unaided_days", sa.Float(), server_default="0", nullable=False),
        sa.Column("found_by_people", sa.Float(), server_default="0", nullable=False),
        sa.Column("first_looks", sa.Float(), server_default="0", nullable=False),
        sa.Column("first_unfit", sa.Float(), server_default="0", nullable=False),
        sa.Column("doubts", sa.Float(), server_default="0", nullable=False),
        sa.Column("doubts_true", sa.Float(), server_default="0", nullable=False),
        sa.Column("silences", sa.Float(), server_default="0", nullable=False),
        sa.Column("silent_unfit", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_owner_records")),
    )
    op.create_table(
        "aed_hours",
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column(
            "area", sa.Text(), nullable=False, comment="as `aeds.area`: one time zone and one country's holidays"
        ),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column(
            "until", sa.DateTime(timezone=True), nullable=True, comment="when that changes; null: not within a year"
        ),
        sa.PrimaryKeyConstraint("expression", "area", name=op.f("pk_aed_hours")),
    )
    op.create_index("ix_aed_hours_until", "aed_hours", ["until"], unique=False)
    op.alter_column("aeds", "pads_expire_on", comment="of the pads for adults", existing_type=sa.Date())
    for table in ("push_subscriptions", "hook_proofs"):
        op.alter_column(table, "responder_id", comment=_WHO, existing_type=sa.Text(), existing_nullable=False)
    op.create_foreign_key(op.f("fk_aeds_owner_id"), "aeds", "owners", ["owner_id"], ["id"])
    # Custodians are woken too, and are no responders.
    op.drop_constraint(op.f("fk_push_subscriptions_responder_id"), "push_subscriptions", type_="foreignkey")
    op.drop_constraint(op.f("fk_hook_proofs_responder_id"), "hook_proofs", type_="foreignkey")
    op.drop_constraint(op.f("ck_push_jobs_kind"), "push_jobs", type_="check")
    op.create_check_constraint(op.f("ck_push_jobs_kind"), "push_jobs", _KINDS + ", 'work_order')")


def downgrade() -> None:
    op.execute("delete from push_jobs where kind = 'work_order'")
    op.drop_constraint(op.f("ck_push_jobs_kind"), "push_jobs", type_="check")
    op.create_check_constraint(op.f("ck_push_jobs_kind"), "push_jobs", _KINDS + ")")
    for table in ("push_subscriptions", "hook_proofs"):
        op.execute(f"delete from {table} where responder_id like 'custodian:%'")  # noqa: S608 - constants
        op.create_foreign_key(op.f(f"fk_{table}_responder_id"), table, "responders", ["responder_id"], ["id"])
        op.alter_column(table, "responder_id", comment=None, existing_type=sa.Text(), existing_nullable=False)
    op.alter_column("aeds", "pads_expire_on", comment=None, existing_type=sa.Date())
    op.drop_constraint(op.f("fk_aeds_owner_id"), "aeds", type_="foreignkey")
    op.drop_index("ix_aed_hours_until", table_name="aed_hours")
    op.drop_table("owner_records")
    op.drop_table("aed_hours")
    op.drop_index("ix_aed_events_usable_at", table_name="aed_events")
    op.drop_index("ix_aed_events_kind_at", table_name="aed_events")
    op.drop_index("ix_aed_events_aed_id", table_name="aed_events")
    op.drop_table("aed_events")
    op.drop_index(
        "ix_aed_health_look_again_at", table_name="aed_health", postgresql_where=sa.text("look_again_at IS NOT NULL")
    )
    op.drop_table("aed_health")
    op.drop_index("ix_aed_placements_site_id", table_name="aed_placements")
    op.drop_table("aed_placements")
    op.drop_index("ix_custodian_absences_custodian", table_name="custodian_absences")
    op.drop_table("custodian_absences")
    op.drop_index("ix_custodians_owner_id", table_name="custodians")
    op.drop_table("custodians")
    op.drop_index("ix_aeds_serial_number", table_name="aeds")
    op.drop_index("ix_aeds_owner_id", table_name="aeds")
    op.drop_index("ix_aeds_hours", table_name="aeds")
    op.drop_index("ix_aeds_custodian", table_name="aeds")
    op.drop_column("aeds", "belief")
    op.drop_column("aeds", "area")
    op.drop_column("aeds", "district_code")
    op.drop_column("aeds", "owner_id")
    op.drop_column("aeds", "site_id")
    op.drop_column("aeds", "photos")
    op.drop_column("aeds", "fence_m")
    op.drop_column("aeds", "fix_at")
    op.drop_column("aeds", "carried_by")
    op.drop_column("aeds", "is_mobile")
    op.drop_column("aeds", "is_connected")
    op.drop_column("aeds", "has_self_test")
    op.drop_column("aeds", "pads_child_expire_on")
    op.drop_column("aeds", "pads_child_fitted_on")
    op.drop_column("aeds", "pads_fitted_on")
    op.drop_column("aeds", "battery_fitted_on")
    op.drop_index("ix_owners_parent_id", table_name="owners")
    op.drop_table("owners")
    op.drop_index("ix_districts_outline", table_name="districts", postgresql_using="gist")
    op.drop_table("districts")
