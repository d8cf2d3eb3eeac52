"""Mailboxes and messages in PostgreSQL: what a session reads when it comes, and what an acknowledgement removes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared

OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a session has to be sent first: the messages after `after`; what comes live goes on after `last_seq`."""

    epoch: str
    after: int
    last_seq: int
    resumed: bool
    messages: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """An alert that its responder's device has acknowledged; without an incident it was a test alert, of that id."""

    recipient: str
    incident_id: str | None
    alert_id: str


# One round trip, and so one look: no message can come between the mailbox's number and its messages.
_OPEN = Prepared(
    "open_mailbox",
    """
with made as (
    insert into mailboxes (recipient, epoch, last_seq) values (:recipient, :epoch, 0)
    on conflict (recipient) do nothing returning epoch, last_seq
),
stored as (
    select epoch, last_seq from made
    union all
    select epoch, last_seq from mailboxes where recipient = :recipient and not exists (select from made)
),
mailbox as (
    -- A standby that took over may lack the newest numbers and give them again: its timeline is another, to the server.
    select epoch || '.' || case when pg_is_in_recovery() then '' else left(pg_walfile_name(pg_current_wal_lsn()), 8) end
        as epoch, last_seq
    from stored
)
select mailbox.epoch, mailbox.last_seq, message.seq, message.body
from mailbox left join messages as message
    on message.recipient = :recipient and message.seq > case when mailbox.epoch = :resume_epoch then :after else 0 end
   and message.seq <= mailbox.last_seq and (:with_kept or mailbox.epoch = :resume_epoch)
order by message.seq limit :most
""",
    {
        "recipient": "text",
        "epoch": "text",
        "resume_epoch": "text",
        "after": "int8",
        "with_kept": "bool",
        "most": "int8",
    },
)
_FURTHER = Prepared(
    "further_messages",
    """
select seq, body from messages
where recipient = :recipient and seq > :after and seq <= :last_seq order by seq limit :most
""",
    {"recipient": "text", "after": "int8", "last_seq": "int8", "most": "int8"},
)
# What is prepared before anybody waits for it.
STATEMENTS = (_OPEN,)

# A console that was away for ten seconds of a storm lacks thousands: read at once they would hold up everybody else,
# and come later than an answer of the database may.
_READ_AT_ONCE = 500

_AFTER = text(
    """
    select seq, body from messages
    where recipient = :recipient and seq > :after and seq <= :last_seq order by seq
    """
)
_LAST_NUMBERS = text("select recipient, last_seq from mailboxes where recipient = any(cast(:recipients as text[]))")
_ACKNOWLEDGE = text(
    """
    delete from messages
    using unnest(cast(:recipients as text[]), cast(:seqs as bigint[])) as acknowledged(recipient, seq)
    where messages.recipient = acknowledged.recipient and messages.seq <= acknowledged.seq
    returning messages.recipient, messages.incident_id, messages.alert_id
    """
)


async def open_mailbox(
    database: Database, recipient: str, *, epoch: str | None = None, seq: int | None = None
) -> Backlog:
    """The mailbox of `recipient`, made if there is none, with what a session resuming at `seq` of `epoch` lacks.

    A resume works when every message after `seq` is still kept. Otherwise everything not yet acknowledged is given,
    and the session is told that it did not resume. The operators share one mailbox and read pictures instead of old
    messages: without a resume they start at its end. Raises `psycopg.Error` when the database does not answer.
    """
    own_epoch, last_seq, kept = await _read(database, recipient, epoch=epoch, after=seq or 0)
    if epoch == own_epoch and seq is not None and seq <= last_seq and len(kept) == last_seq - seq:
        return Backlog(own_epoch, seq, last_seq, resumed=True, messages=kept)
    if recipient == OPERATORS:
        return Backlog(own_epoch, last_seq, last_seq, resumed=False, messages=())
    if epoch == own_epoch:
        own_epoch, last_seq, kept = await _read(database, recipient)
    kept = _without_holes(kept)
    after = kept[0][0] - 1 if kept else last_seq
    return Backlog(own_epoch, after, last_seq, resumed=False, messages=kept)


def _without_holes(kept: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
    """The last of them that follow one another: what was acknowledged between two pages was so up to there."""
    begin = next((at for at in range(len(kept) - 1, 0, -1) if kept[at][0] != kept[at - 1][0] + 1), 0)
    return kept[begin:]


async def _read(
    database: Database, recipient: str, *, epoch: str | None = None, after: int = 0
) -> tuple[str, int, tuple[tuple[int, str], ...]]:
    """The mailbox's epoch and number, and what is kept: after `after` when `epoch` is its own."""
    parameters = {
        "recipient": recipient,
        "epoch": uuid4().hex[:12],
        "resume_epoch": epoch,
        "after": after,
        # Thousands of old messages, of which a console without a resume wants none.
        "with_kept": recipient != OPERATORS,
        "most": _READ_AT_ONCE,
    }
    # Made by somebody else at this very moment, it is in neither part of the statement; then it is there.
    rows = await database.run(_OPEN, parameters) or await database.run(_OPEN, parameters)
    own_epoch, last_seq = str(rows[0][0]), int(rows[0][1] or 0)
    some = [(int(seq), body) for _, _, seq, body in rows if seq is not None and body is not None]
    kept = some
    while len(some) == _READ_AT_ONCE:
        further = {"recipient": recipient, "after": kept[-1][0], "last_seq": last_seq, "most": _READ_AT_ONCE}
        some = [(int(seq or 0), body or "") for seq, body in await database.run(_FURTHER, further)]
        kept += some
    return own_epoch, last_seq, tuple(kept)


async def messages_after(
    connection: AsyncConnection, recipient: str, after: int, last_seq: int
) -> tuple[tuple[int, str], ...]:
    """The kept messages with `after < seq <= last_seq`, in order."""
    rows = await connection.execute(_AFTER, {"recipient": recipient, "after": after, "last_seq": last_seq})
    return tuple((row.seq, row.body) for row in rows)


async def last_numbers(connection: AsyncConnection, recipients: Sequence[str]) -> dict[str, int]:
    """The number of the last message of each of these mailboxes."""
    rows = await connection.execute(_LAST_NUMBERS, {"recipients": list(recipients)})
    return {row.recipient: int(row.last_seq) for row in rows}


async def acknowledge(connection: AsyncConnection, up_to: Mapping[str, int]) -> list[ReceivedAlert]:
    """Forget messages up to a number per recipient; returns the alerts among them."""
    gone = await connection.execute(_ACKNOWLEDGE, {"recipients": list(up_to), "seqs": list(up_to.values())})
    return [
        ReceivedAlert(row.recipient, str(row.incident_id) if row.incident_id else None, str(row.alert_id))
        for row in gone
        if row.alert_id is not None
    ]


def numbered(seq: int, body: str) -> str:
    """A message as it goes over the wire: its body, an object, with its number put in front."""
    return f'{{"seq":{seq},{body[1:]}'


def without_number(seq: int, message: str) -> str:
    """The body of a message that `numbered` made."""
    return "{" + message.removeprefix(f'{{"seq":{seq},')
