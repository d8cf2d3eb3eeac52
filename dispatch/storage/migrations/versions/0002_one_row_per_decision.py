"""One row per decision in the list of events; no index on incidents that nobody asks; room for mailboxes to move."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incident_events", sa.Column("events", postgresql.JSON(astext_type=sa.Text()), nullable=True))
    op.execute(
        "update incident_events set events = json_build_array(json_build_object('kind', kind, 'by', by, 'data', data))"
    )
    op.alter_column(
        "incident_events", "events", nullable=False, comment="a list of kind, by, data", existing_type=postgresql.JSON()
    )
    op.alter_column("incident_events", "number", comment="the number of its first event", existing_type=sa.Integer())
    for column in ("kind", "by", "data"):
        op.drop_column("incident_events", column)
    op.drop_index("ix_incidents_location", table_name="incidents", postgresql_using="gist")
    op.drop_index("ix_incidents_not_ended", table_name="incidents", postgresql_where=sa.text("closed_at IS NULL"))
    op.alter_column(
        "incidents",
        "receipt",
        type_=postgresql.JSON(astext_type=sa.Text()),
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        existing_comment="what the caller was answered, given again for a repeated request_id",
        postgresql_using="receipt::json",
    )
    op.execute("alter table mailboxes set (fillfactor = 50)")


def downgrade() -> None:
    op.execute("alter table mailboxes reset (fillfactor)")
    op.alter_column("incident_events", "number", comment=None, existing_type=sa.Integer())
    op.alter_column(
        "incidents",
        "receipt",
        type_=postgresql.JSONB(astext_type=sa.Text()),
        existing_type=postgresql.JSON(astext_type=sa.Text()),
        existing_nullable=False,
        existing_comment="what the caller was answered, given again for a repeated request_id",
        postgresql_using="receipt::jsonb",
    )
    op.create_index(
        "ix_incidents_not_ended",
        "incidents",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_incidents_location", "incidents", ["location"], unique=False, postgresql_using="gist")
    op.add_column("incident_events", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("incident_events", sa.Column("by", sa.Text(), nullable=True))
    op.add_column("incident_events", sa.Column("data", postgresql.JSON(astext_type=sa.Text()), nullable=True))
    op.execute(
        "create temporary table each_event on commit drop as"
        " select incident_id, (number + place - 1)::int as number, at,"
        "        event ->> 'kind' as kind, event ->> 'by' as by, event -> 'data' as data"
        " from incident_events, json_array_elements(events) with ordinality as listed(event, place)"
    )
    op.execute("delete from incident_events")
    op.drop_column("incident_events", "events")
    op.execute(
        "insert into incident_events (incident_id, number, at, kind, by, data)"
        " select incident_id, number, at, kind, by, data from each_event"
    )
    for column in ("kind", "by", "data"):
        op.alter_column("incident_events", column, nullable=False)
