"""Due times are claimed for a moment instead of held in a transaction, and removed by incident."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "due_times",
        sa.Column(
            "tries", sa.Integer(), server_default="0", nullable=False, comment="how often it was claimed and came back"
        ),
    )
    op.create_index("ix_due_times_incident_id", "due_times", ["incident_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_due_times_incident_id", table_name="due_times")
    op.drop_column("due_times", "tries")
