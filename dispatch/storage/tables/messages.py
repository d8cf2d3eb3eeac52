"""Outgoing messages: rows until acknowledged, numbered without gaps per recipient."""

from sqlalchemy import BigInteger, Column, DateTime, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSON

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
)

messages = Table(
    "messages",
    METADATA,
    Column("recipient", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", JSON, nullable=False, comment="the message as sent, without its seq"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("recipient", "seq"),
)
