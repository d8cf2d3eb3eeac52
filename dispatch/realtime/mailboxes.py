"""Mailboxes and messages in PostgreSQL: what a session reads when it comes, and what an acknowledgement removes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

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
    """An alert that its responder's device has acknowledged."""

    incident_id: str
    alert_id: str


_OPEN = text(
    """
    insert into mailboxes (recipient, epoch, last_seq) values (:recipient, :epoch, 0)
    on conflict (recipient) do nothing
    """
)
_STATE = text("select epoch, last_seq from mailboxes where recipient = :recipient")
_AFTER = text(
    """
    select seq, body from messages
    where recipient = :recipient and seq > :after and seq <= :last_seq order by seq
    """
)
_ACKNOWLEDGE = text(
    """
    delete from messages
    using unnest(cast(:recipients as text[]), cast(:seqs as bigint[])) as acknowledged(recipient, seq)
    where messages.recipient = acknowledged.recipient and messages.seq <= acknowledged.seq
    returning messages.incident_id, messages.alert_id
    """
)


async def open_mailbox(
    connection: AsyncConnection, recipient: str, *, epoch: str | None = None, seq: int | None = None
) -> Backlog:
    """The mailbox of `recipient`, made if there is none, with what a session resuming at `seq` of `epoch` lacks.

    A resume works when every message after `seq` is still kept. Otherwise everything not yet acknowledged is given,
    and the session is told that it did not resume. The operators share one mailbox and read pictures instead of old
    messages: without a resume they start at its end.
    """
    await connection.execute(_OPEN, {"recipient": recipient, "epoch": uuid4().hex[:12]})
    state = (await connection.execute(_STATE, {"recipient": recipient})).one()
    if epoch == state.epoch and seq is not None and seq <= state.last_seq:
        kept = await messages_after(connection, recipient, seq, state.last_seq)
        if len(kept) == state.last_seq - seq:
            return Backlog(state.epoch, seq, state.last_seq, resumed=True, messages=kept)
    if recipient == OPERATORS:
        return Backlog(state.epoch, state.last_seq, state.last_seq, resumed=False, messages=())
    kept = await messages_after(connection, recipient, 0, state.last_seq)
    after = kept[0][0] - 1 if kept else state.last_seq
    return Backlog(state.epoch, after, state.last_seq, resumed=False, messages=kept)


async def messages_after(
    connection: AsyncConnection, recipient: str, after: int, last_seq: int
) -> tuple[tuple[int, str], ...]:
    """The kept messages with `after < seq <= last_seq`, in order."""
    rows = await connection.execute(_AFTER, {"recipient": recipient, "after": after, "last_seq": last_seq})
    return tuple((row.seq, row.body) for row in rows)


async def acknowledge(connection: AsyncConnection, up_to: Mapping[str, int]) -> list[ReceivedAlert]:
    """Forget messages up to a number per recipient; returns the alerts among them."""
    gone = await connection.execute(_ACKNOWLEDGE, {"recipients": list(up_to), "seqs": list(up_to.values())})
    return [ReceivedAlert(str(row.incident_id), str(row.alert_id)) for row in gone if row.alert_id is not None]


def numbered(seq: int, body: str) -> str:
    """A message as it goes over the wire: its body, an object, with its number put in front."""
    return f'{{"seq":{seq},{body[1:]}'
