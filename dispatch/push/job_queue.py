"""The queue of what is to be sent: rows that any desk may take, and that outlive whoever took them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from dispatch.push import statements
from dispatch.push.outcome import MOST_PUT_OFF_S
from dispatch.push.presence import LOCK_CLASS
from dispatch.push.vocabulary import Channel, Job, Kind, Wake
from dispatch.storage.database import Database
from dispatch.storage.direct import Row

_FARTHEST = timedelta(seconds=MOST_PUT_OFF_S + 60)
# No attempt takes a third of this.
_HUNG_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt at a job ended. `state` is the one the job is in now; `desk_id` had taken it."""

    job: Job
    desk_id: int
    state: str
    error: str | None
    next_attempt_at: datetime
    subscription_is_gone: bool = False
    # Nobody has to hear of it that it could not be sent: no dead letter is left.
    is_forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A job, and since when it was due."""

    job: Job
    due_at: datetime


def push_parameters(wakes: Sequence[Wake], *, by_hook: bool) -> dict[str, Any]:
    """The parameters of `statements.NEW_PUSH_JOBS`, `at` apart."""
    return {
        "push_responders": [each.responder_id for each in wakes],
        "push_alert_ids": [each.alert_id for each in wakes],
        "push_kinds": [each.kind for each in wakes],
        "push_versions": [each.version for each in wakes],
        "push_bodies": [each.body for each in wakes],
        "push_after": [each.after_s for each in wakes],
        "push_useful_until": [each.useful_until.isoformat() for each in wakes],
        "push_mailboxes": [each.mailbox for each in wakes],
        "push_only_told": [each.only_told for each in wakes],
        "push_hooks": [each.by_hook for each in wakes],
        "push_by_hook": by_hook,
    }


async def enqueue(database: Database, wakes: Sequence[Wake], *, by_hook: bool, at: datetime) -> None:
    """Write jobs that follow from no decision. What has its jobs already gets no others.

    A message that one of them waits for was written before, at the same instant: without it the job is needless.
    """
    if wakes:
        await database.run(statements.ENQUEUE, push_parameters(wakes, by_hook=by_hook) | {"at": at})


async def take(database: Database, *, desk_id: int, most: int, full: Collection[str], now: datetime) -> list[Taken]:
    """Take up to `most` jobs that are due, none for the services that are full."""
    rows = await database.run(
        statements.TAKE,
        {"now": now, "farthest": now + _FARTHEST, "full_services": list(full), "most": most, "desk": desk_id},
    )
    return [_taken(row) for row in rows]


async def settle(database: Database, ended: Sequence[Ended], now: datetime) -> None:
    """Write down how attempts ended; forget the subscriptions that are gone, and what was queued for them."""
    dropped = [each for each in ended if each.subscription_is_gone or each.is_forgotten]
    without_device = [each for each in dropped if each.subscription_is_gone]
    ended = [each for each in ended if not (each.subscription_is_gone or each.is_forgotten)]
    failed = {
        each.job.subscription_id: each.error
        for each in ended
        if each.error is not None and each.job.subscription_id is not None
    }
    await database.run(
        statements.SETTLE,
        {
            "now": now,
            "ids": [each.job.job_id for each in ended],
            "states": [each.state for each in ended],
            "errors": [each.error for each in ended],
            "next_attempts": [each.next_attempt_at.isoformat() for each in ended],
            "desks": [each.desk_id for each in ended],
            "failed_ids": list(failed),
            "failed_errors": list(failed.values()),
            "forgotten_ids": [each.job.job_id for each in dropped],
            "gone_ids": [each.job.subscription_id for each in without_device if each.job.subscription_id is not None],
        },
    )


async def free_abandoned(database: Database, now: datetime) -> None:
    """Give back the jobs of desks that are dead, or hang."""
    await database.run(
        statements.FREE,
        {"hung_since": now - _HUNG_AFTER, "farthest": now + _FARTHEST, "lock_class": LOCK_CLASS},
    )


async def end_too_late(database: Database, now: datetime) -> dict[str, int]:
    """End the jobs that are of no use any more; how many by channel."""
    return dict(Counter(str(channel) for (channel,) in await database.run(statements.TOO_LATE, {"now": now})))


async def standing(database: Database, now: datetime) -> tuple[int, float]:
    """How many dead letters there are, and for how many seconds the oldest due job has not been taken."""
    ((dead, overdue_s),) = await database.run(statements.LOOK, {"now": now})
    return int(dead or 0), float(overdue_s or 0.0)


def _taken(row: Row) -> Taken:
    job_id, channel, responder_id, service, kind, alert_id, test_id, payload, *rest = row
    created_at, first_due_at, expires_at, due_at, attempts, language, phone, subscription_id, endpoint, p256dh, auth = (
        rest
    )
    payload = orjson.loads(payload or "{}")
    if kind == Kind.WORK_ORDER:
        # The queue knows first-aiders alone; who else is told something is told with it how.
        language, phone = payload.pop("language", None), payload.pop("phone", None)
    job = Job(
        job_id=str(job_id),
        channel=Channel(str(channel)),
        responder_id=str(responder_id),
        service=str(service),
        kind=Kind(str(kind)),
        alert_id=alert_id,
        test_id=test_id,
        payload=payload,
        created_at=_time(created_at),
        due_at=_time(first_due_at),
        expires_at=_time(expires_at),
        attempts=int(attempts or 0),
        language="en" if language == "en" else "zh",
        phone=phone,
        subscription_id=subscription_id,
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
    )
    return Taken(job, _time(due_at))


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat(str(text))
