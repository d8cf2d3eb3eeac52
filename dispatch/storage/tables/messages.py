"""Outgoing messages: rows until acknowledged, numbered without gaps per recipient."""

from sqlalchemy import BigInteger, Column, DateTime, PrimaryKeyConstraint, Table, Text, Uuid

from dispatch.storage.tables.metadata import METADATA

mailboxes = Table(
    "mailboxes",
    METADATA,
    Column("recipient", Text, primary_key=True, comment="role:subject, or `operators` for the 120 centre"),
    Column(
        "epoch",
        Text,
        nullable=False,
        comment="changes when numbers start anew; a resume of another epoch reloads",
    ),
    Column("last_seq", BigInteger, nullable=False),
    # Every message counts its mailbox up: with room on its page a row moves there, and its index need not know.
    postgresql_with={"fillfactor": 50},
)

messages = Table(
    "messages",
    METADATA,
    Column("recipient", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("incident_id", Uuid),
    Column("alert_id", Uuid, comment="the alert that it offers; null in every other message"),
    # Text, not JSON: the server need not read what it only keeps, and a resumed client gets the same bytes.
    Column("body", Text, nullable=False, comment="the message as sent, without its seq"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("recipient", "seq"),
)
