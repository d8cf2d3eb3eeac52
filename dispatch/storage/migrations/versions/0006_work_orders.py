"""What has to be done about AEDs: work orders, and whom they have been told to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("aed_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column(
            "what",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="what is to be done, by language",
        ),
        sa.Column(
            "urgency", sa.Integer(), nullable=False, comment="0 planned, 1 soon, 2 now; only rises while it is open"
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="when it became necessary"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="who answers for it now"),
        sa.Column(
            "assignee", sa.Text(), nullable=True, comment="a custodian's subject; null: whoever the level's owner sends"
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=True, comment="the owner of the level that answers for it"),
        sa.Column(
            "escalations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="a list of level, at",
        ),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=True, comment="when it goes a level up"),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True, comment="evidence, removed, or role:subject"),
        sa.CheckConstraint(
            "level in ('custodian', 'venue', 'district', 'city', 'province')", name=op.f("ck_work_orders_level")
        ),
        sa.ForeignKeyConstraint(["aed_id"], ["aeds.id"], name=op.f("fk_work_orders_aed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_orders")),
    )
    op.create_index("ix_work_orders_aed_id", "work_orders", ["aed_id"], unique=False)
    op.create_index(
        "ix_work_orders_assignee",
        "work_orders",
        ["assignee", "due_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_work_orders_look_again_at",
        "work_orders",
        ["look_again_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND look_again_at IS NOT NULL"),
    )
    op.create_index(
        "ix_work_orders_cancelled",
        "work_orders",
        ["aed_id"],
        unique=False,
        postgresql_where=sa.text("closed_by NOT IN ('evidence', 'removed')"),
    )
    op.create_index(
        "ix_work_orders_closed_at",
        "work_orders",
        ["closed_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index("ix_work_orders_opened_at", "work_orders", ["opened_at"], unique=False)
    op.create_index(
        "uq_work_orders_open",
        "work_orders",
        ["aed_id", "cause"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "work_order_notices",
        sa.Column("recipient", sa.Text(), nullable=False, comment="custodian:SUBJECT or owner:ID"),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="opened, handed, urgent, due, escalated"),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True, comment="null: still to be told"),
        sa.PrimaryKeyConstraint("recipient", "order_id", name=op.f("pk_work_order_notices")),
    )
    op.create_index(
        "ix_work_order_notices_waiting",
        "work_order_notices",
        ["recipient", "at"],
        unique=False,
        postgresql_where=sa.text("told_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_work_order_notices_waiting", table_name="work_order_notices")
    op.drop_table("work_order_notices")
    op.drop_index("uq_work_orders_open", table_name="work_orders", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_work_orders_opened_at", table_name="work_orders")
    op.drop_index("ix_work_orders_closed_at", table_name="work_orders")
    op.drop_index("ix_work_orders_cancelled", table_name="work_orders")
    op.drop_index(
        "ix_work_orders_look_again_at",
        table_name="work_orders",
        postgresql_where=sa.text("closed_at IS NULL AND look_again_at IS NOT NULL"),
    )
    op.drop_index("ix_work_orders_assignee", table_name="work_orders", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_work_orders_aed_id", table_name="work_orders")
    op.drop_table("work_orders")
