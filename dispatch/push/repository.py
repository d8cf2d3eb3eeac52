"""Subscriptions, proofs, tests and dead letters in PostgreSQL; the queue itself is `job_queue`."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.push.addresses import Endpoint
from dispatch.push.presence import NOTIFY_CHANNEL
from dispatch.push.vocabulary import HOOK_SERVICE, Channel, Kind, custodian_of
from dispatch.rescue.vocabulary import AlertState
from dispatch.storage.tables import custodians, hook_proofs, push_jobs, push_subscriptions, responders

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class HookProof:
    """A telephone number that has answered."""

    phone: str
    proven_at: datetime


@dataclass(frozen=True, slots=True)
class Ways:
    """One person's subscriptions (each with the time of its last receipt, if any) and the hook's proof."""

    devices: tuple[datetime | None, ...] = ()
    hook: HookProof | None = None


class WakesSomebody(Exception):
    """This device wakes a first-aider, whose alerts are not given up for a custodian's work orders."""


async def ways(connection: AsyncConnection, responder_id: str | None) -> dict[str, Ways]:
    """The ways to one person, or to everybody; who has none is not in it."""
    devices: defaultdict[str, list[datetime | None]] = defaultdict(list)
    hooks: dict[str, HookProof] = {}
    subscribed = select(push_subscriptions.c.responder_id, push_subscriptions.c.proven_at)
    proven = select(hook_proofs)
    if responder_id is not None:
        subscribed = subscribed.where(push_subscriptions.c.responder_id == responder_id)
        proven = proven.where(hook_proofs.c.responder_id == responder_id)
    # Part by part: a hundred thousand rows at once would hold up whatever else the loop has to do.
    for some in (await connection.execute(subscribed)).partitions(_BATCH):
        for row in some:
            devices[row.responder_id].append(row.proven_at)
        await asyncio.sleep(0)
    for some in (await connection.execute(proven)).partitions(_BATCH):
        hooks |= {row.responder_id: HookProof(row.phone, row.proven_at) for row in some}
        await asyncio.sleep(0)
    return {each: Ways(tuple(devices.get(each, ())), hooks.get(each)) for each in devices.keys() | hooks.keys()}


async def is_known(connection: AsyncConnection, responder_id: str) -> bool:
    """Whether there is such a responder, or custodian."""
    subject = custodian_of(responder_id)
    if subject is not None:
        known = select(custodians.c.subject).where(custodians.c.subject == subject)
        return (await connection.execute(known)).first() is not None
    return (
        await connection.execute(select(responders.c.id).where(responders.c.id == responder_id))
    ).first() is not None


async def put_subscription(
    connection: AsyncConnection, *, responder_id: str, endpoint: Endpoint, p256dh: str, auth: str, now: datetime
) -> None:
    """Keep a subscription. The same one again changes nothing; an endpoint with other keys or owner begins anew."""
    previous = (
        await connection.execute(
            select(push_subscriptions).where(push_subscriptions.c.endpoint == endpoint.url).with_for_update()
        )
    ).first()
    if previous is not None:
        if (previous.responder_id, previous.p256dh, previous.auth) == (responder_id, p256dh, auth):
            return
        if custodian_of(responder_id) is not None and custodian_of(previous.responder_id) is None:
            raise WakesSomebody
        # With it goes what was queued for whoever had this phone, or for keys that it no longer has.
        await _forget(connection, push_subscriptions.c.id == previous.id)
        await tell_changed(connection, previous.responder_id)
    await connection.execute(
        insert(push_subscriptions)
        .values(
            id=uuid4(),
            responder_id=responder_id,
            endpoint=endpoint.url,
            service=endpoint.service,
            p256dh=p256dh,
            auth=auth,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["endpoint"])
    )
    await tell_changed(connection, responder_id)


async def forget_oldest(connection: AsyncConnection, responder_id: str, *, keep: int) -> None:
    """Forget a person's subscriptions beyond the newest: a phone that subscribes anew each day has one."""
    kept = (
        select(push_subscriptions.c.id)
        .where(push_subscriptions.c.responder_id == responder_id)
        .order_by(func.coalesce(push_subscriptions.c.proven_at, push_subscriptions.c.created_at).desc())
        .limit(keep)
    )
    await _forget(
        connection, and_(push_subscriptions.c.responder_id == responder_id, push_subscriptions.c.id.not_in(kept))
    )


async def forget_subscription(connection: AsyncConnection, *, responder_id: str, endpoint: str) -> None:
    """Forget one of a person's own subscriptions; nothing happens when there is none."""
    await _forget(
        connection,
        and_(push_subscriptions.c.responder_id == responder_id, push_subscriptions.c.endpoint == endpoint),
    )
    await tell_changed(connection, responder_id)


async def _forget(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    gone = await connection.execute(delete(push_subscriptions).where(which).returning(push_subscriptions.c.id))
    ids = [row.id for row in gone]
    if ids:
        # There is nobody left to send it to.
        await connection.execute(
            delete(push_jobs).where(push_jobs.c.subscription_id.in_(ids), push_jobs.c.state == "queued")
        )


async def tell_changed(connection: AsyncConnection, responder_id: str) -> None:
    """Tell every process that the ways to this person have changed."""
    await connection.execute(select(func.pg_notify(NOTIFY_CHANNEL, responder_id)))


async def last_test_at(connection: AsyncConnection, responder_id: str) -> datetime | None:
    """When this person last asked for a test alert; two that ask at once wait for each other."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"push_test:{responder_id}"))))
    asked = select(func.max(push_jobs.c.created_at)).where(
        push_jobs.c.responder_id == responder_id, push_jobs.c.test_id.is_not(None)
    )
    found: datetime | None = (await connection.execute(asked)).scalar_one()
    return found


async def add_test(
    connection: AsyncConnection,
    *,
    responder_id: str,
    test_id: UUID,
    message: dict[str, Any],
    now: datetime,
    useful_for: timedelta,
    by_hook: bool,
) -> dict[Channel, int]:
    """Write the jobs of one test alert; how many by channel. The socket's is there to be measured only."""
    common = {
        "responder_id": responder_id,
        "test_id": test_id,
        "kind": Kind.TEST_ALERT,
        "payload": message,
        "created_at": now,
        "due_at": now,
        "expires_at": now + useful_for,
        "next_attempt_at": now,
    }
    rows: list[dict[str, Any]] = [
        {"channel": Channel.SOCKET, "service": Channel.SOCKET, "state": "sent", "sent_at": now, "subscription_id": None}
    ]
    devices = select(push_subscriptions.c.id, push_subscriptions.c.service).where(
        push_subscriptions.c.responder_id == responder_id
    )
    queued = {"state": "queued", "sent_at": None}
    rows += [
        queued | {"channel": Channel.WEB_PUSH, "service": device.service, "subscription_id": device.id}
        for device in await connection.execute(devices)
    ]
    phone = (await connection.execute(select(responders.c.phone).where(responders.c.id == responder_id))).scalar()
    if by_hook and phone is not None:
        rows.append(queued | {"channel": Channel.WEBHOOK, "service": HOOK_SERVICE, "subscription_id": None})
    await connection.execute(insert(push_jobs), [common | row | {"id": uuid4()} for row in rows])
    return {channel: sum(row["channel"] is channel for row in rows) for channel in Channel}


async def forget_socket_test(connection: AsyncConnection, test_id: UUID) -> None:
    """There was no session to be tested."""
    await connection.execute(
        delete(push_jobs).where(push_jobs.c.test_id == test_id, push_jobs.c.channel == Channel.SOCKET)
    )


async def job(connection: AsyncConnection, job_id: UUID) -> Row[Any] | None:
    """The job of that id, if it is kept still."""
    return (await connection.execute(select(push_jobs).where(push_jobs.c.id == job_id))).first()


async def socket_test(connection: AsyncConnection, responder_id: str, test_id: UUID) -> Row[Any] | None:
    """The row that stands for a person's test alert over the socket."""
    question = select(push_jobs).where(
        push_jobs.c.responder_id == responder_id,
        push_jobs.c.test_id == test_id,
        push_jobs.c.channel == Channel.SOCKET,
    )
    return (await connection.execute(question)).first()


async def mark_received(connection: AsyncConnection, job_id: UUID, now: datetime) -> bool:
    """Note that a job has arrived; False when that was known. What has arrived is not sent again."""
    marked = await connection.execute(
        update(push_jobs)
        .where(push_jobs.c.id == job_id, push_jobs.c.received_at.is_(None))
        .values(
            received_at=now,
            state="sent",
            sent_at=func.coalesce(push_jobs.c.sent_at, now),
            died_at=None,
            taken_by=None,
            taken_at=None,
        )
        .returning(push_jobs.c.id)
    )
    return marked.first() is not None


async def prove(connection: AsyncConnection, row: Row[Any], now: datetime) -> None:
    """A job's way has proved to work: the device's subscription, or the telephone number that the hook was told."""
    if row.subscription_id is not None:
        await connection.execute(
            update(push_subscriptions)
            .where(push_subscriptions.c.id == row.subscription_id)
            .values(proven_at=now, last_error=None, last_error_at=None)
        )
    elif row.channel == Channel.WEBHOOK and (phone := _phone_told(row)) is not None:
        proof = insert(hook_proofs).values(responder_id=row.responder_id, phone=phone, proven_at=now)
        await connection.execute(
            proof.on_conflict_do_update(
                index_elements=["responder_id"],
                set_={"phone": proof.excluded.phone, "proven_at": proof.excluded.proven_at},
            )
        )
    else:
        return
    await tell_changed(connection, row.responder_id)


def _phone_told(row: Row[Any]) -> str | None:
    """The telephone number that the hook was told; of an owner none is kept."""
    if row.kind != Kind.WORK_ORDER:
        address: str | None = row.address
        return address
    return row.payload.get("phone") if custodian_of(row.responder_id) is not None else None


async def dead_letters(connection: AsyncConnection, *, limit: int) -> list[Row[Any]]:
    """What could not be sent, newest first."""
    question = select(push_jobs).where(push_jobs.c.state == "dead").order_by(push_jobs.c.died_at.desc()).limit(limit)
    return list(await connection.execute(question))


async def queue_again(connection: AsyncConnection, job_id: UUID, *, now: datetime, expires_at: datetime) -> bool:
    """Queue a dead letter again; False when it is none any more."""
    queued = await connection.execute(
        update(push_jobs)
        .where(push_jobs.c.id == job_id, push_jobs.c.state == "dead")
        .values(state="queued", next_attempt_at=now, attempts=0, expires_at=expires_at, died_at=None)
        .returning(push_jobs.c.id)
    )
    return queued.first() is not None


async def is_over(connection: AsyncConnection, letter_id: UUID) -> bool:
    """Whether nobody has to hear it any more: answered, taken back, heard otherwise, or something newer was said.

    An offer that has expired is not over: a late yes is asked for still.
    """
    found = await connection.execute(
        text(
            "select from push_jobs as letter where id = :id and ("
            " kind = 'alert' and exists ("
            "  select from alerts where alerts.id = letter.alert_id and not state = any(:open))"
            " or mailbox is not null and not exists ("
            "  select from messages where recipient = letter.mailbox and created_at = letter.created_at)"
            " or exists ("
            "  select from push_jobs as later"
            "  where later.alert_id = letter.alert_id and later.version > letter.version"
            "   and later.subscription_id is not distinct from letter.subscription_id"
            "   and later.due_at < letter.expires_at))"
        ),
        {"id": letter_id, "open": [*AlertState.pending_states(), AlertState.EXPIRED]},
    )
    return found.first() is not None


async def forget_dead_letter(connection: AsyncConnection, job_id: UUID) -> bool:
    """Forget a dead letter; False when there is none of that id."""
    forgotten = await connection.execute(
        delete(push_jobs).where(push_jobs.c.id == job_id, push_jobs.c.state == "dead").returning(push_jobs.c.id)
    )
    return forgotten.first() is not None


async def withdraw(connection: AsyncConnection, alert_ids: list[str]) -> int:
    """Forget these alerts' offers that are queued and not being sent; returns how many."""
    gone = await connection.execute(
        text(
            "delete from push_jobs where alert_id = any(cast(:ids as uuid[])) and kind = 'alert'"
            " and state = 'queued' and taken_by is null"
        ),
        {"ids": alert_ids},
    )
    return int(gone.rowcount)


async def forget_old(connection: AsyncConnection, *, sent_before: datetime, dead_before: datetime) -> None:
    """Forget jobs that nobody asks about any more."""
    await connection.execute(delete(push_jobs).where(push_jobs.c.state == "sent", push_jobs.c.created_at < sent_before))
    await connection.execute(delete(push_jobs).where(push_jobs.c.state == "dead", push_jobs.c.created_at < dead_before))
