"""The desk: takes what is due from the queue, sends it, and writes down what became of it."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from dispatch.clock import Clock
from dispatch.push import job_queue, repository
from dispatch.push.channels import Channels
from dispatch.push.job_queue import Ended
from dispatch.push.lanes import Lanes
from dispatch.push.metrics import (
    DEAD_LETTERS,
    PUSH_ATTEMPT_LATENESS_SECONDS,
    PUSH_IN_FLIGHT,
    PUSH_JOBS,
    PUSH_OVERDUE_SECONDS,
    PUSH_SECONDS,
)
from dispatch.push.outcome import Outcome, OutcomeKind, pause_s
from dispatch.push.presence import Presence
from dispatch.push.vocabulary import Channel, Job, Kind
from dispatch.storage.availability import is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

# Something that goes on until it is cancelled.
Work = Callable[[], Coroutine[Any, Any, None]]

_BATCH = 32
# Looking is one indexed query; what this process has queued itself it takes at once.
_LOOK_EVERY_S = 0.25
_LOOK_AFTER_OTHERS_EVERY_S = 0.5
# Answers of many services come within milliseconds of each other: one statement for all of them.
_GATHER_S = 0.02
_DRAIN_WITHIN_S = 3.0

_FORGET_EVERY_S = 3600.0
_SENT_KEPT_FOR = timedelta(days=8)
_DEAD_KEPT_FOR = timedelta(days=30)


class Sender(Protocol):
    """Makes one attempt at a job of one channel."""

    async def send(self, job: Job, now: datetime) -> Outcome:
        """Try once; whatever the other side does is an outcome, not an exception."""
        ...


class PushDesk:
    """Any number of desks share the queue. A job is at one desk at a time, and free again when that desk dies.

    Sent at least once: a crash between a service's answer and its row sends again, under the same id and topic.
    """

    def __init__(self, database: Database, clock: Clock, senders: dict[Channel, Sender], channels: Channels) -> None:
        self._database = database
        self._clock = clock
        self._senders = senders
        self._channels = channels
        self._presence = Presence(database.url, channels.refresh)
        self._lanes = Lanes()
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret
        self._more = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._ended: list[Ended] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_draining = False
        self._waits_for_room = False

    @property
    def has_hook(self) -> bool:
        """Whether a hook is configured: then a telephone number is a channel."""
        return Channel.WEBHOOK in self._senders

    async def withdraw(self, alert_ids: Sequence[str]) -> None:
        """Forget the offers still queued of alerts that are answered or taken back."""
        if alert_ids:
            async with self._database.statement() as connection:
                await repository.withdraw(connection, list(alert_ids))

    def poke(self) -> None:
        """There may be something new in the queue: look now."""
        self._more.set()

    @property
    def works(self) -> tuple[Work, ...]:
        """What it does by itself, each until cancelled."""
        return (self._presence.run, self._take_due, self._write_ends, self._look_after, self._forget_old)

    async def drain(self) -> None:
        """Take nothing more, give what is under way a moment to end, and write it down; then `works` may be ended."""
        self._is_draining = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_DRAIN_WITHIN_S)
        try:
            await self._settle()
        except Exception:
            # Not known to be sent: another desk sends them again.
            log.exception("push: ends of attempts not written down")

    async def close(self) -> None:
        """End what is under way still; its jobs are free for others as soon as this process is gone."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _take_due(self) -> None:
        while True:
            self._more.clear()
            taken = 0
            try:
                taken = await self._take()
            except Exception as error:  # noqa: BLE001 - said by `_say`
                _say("push: jobs not taken", error)
            if taken < _BATCH:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._more.wait()

    async def _take(self) -> int:
        desk_id, room, full = self._presence.desk_id, self._lanes.room, self._lanes.full()
        self._waits_for_room = not room or bool(full)
        # Without its lock, another desk would take this one's jobs for abandoned.
        if desk_id is None or not room or self._is_draining:
            return 0
        now = self._clock.now()
        taken = await job_queue.take(self._database, desk_id=desk_id, most=min(room, _BATCH), full=full, now=now)
        for each in taken:
            PUSH_ATTEMPT_LATENESS_SECONDS.observe(max(0.0, (now - each.due_at).total_seconds()))
            self._lanes.enter(each.job.service)
            task = asyncio.create_task(self._attempt(each.job, desk_id))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        PUSH_IN_FLIGHT.set(len(self._under_way))
        return len(taken)

    async def _attempt(self, job: Job, desk_id: int) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await self._sent(job)
            self._ended.append(self._end_of(job, desk_id, outcome))
            self._has_ended.set()
        finally:
            self._lanes.leave(job.service, answered=outcome is not None and outcome.has_answered)
            PUSH_IN_FLIGHT.dec()
            if self._waits_for_room:
                self._more.set()

    async def _sent(self, job: Job) -> Outcome:
        sender = self._senders.get(job.channel)
        if sender is None:
            return Outcome(OutcomeKind.REFUSED, "this channel is not configured any more")
        try:
            return await sender.send(job, self._clock.now())
        except Exception as error:
            # A mistake of ours, which the next attempt may not meet.
            log.exception("push: an attempt failed", job_id=job.job_id)
            return Outcome(OutcomeKind.AGAIN, f"{type(error).__name__} in the service itself; its log says more")

    def _end_of(self, job: Job, desk_id: int, outcome: Outcome) -> Ended:
        now = self._clock.now()
        PUSH_JOBS.labels(job.channel, outcome.kind).inc()
        state, next_attempt_at = "dead", now
        error: str | None = outcome.detail
        match outcome.kind:
            case OutcomeKind.SENT:
                state, error = "sent", None
                PUSH_SECONDS.labels(job.channel).observe(max(0.0, (now - job.due_at).total_seconds()))
            case OutcomeKind.AGAIN:
                wait_s = pause_s(job.attempts, outcome.retry_after_s, self._chance)
                next_attempt_at = now + timedelta(seconds=wait_s)
                if next_attempt_at < job.expires_at:
                    state = "queued"
                else:
                    error = f"{outcome.detail}; the next attempt would be too late to be of use"
                    PUSH_JOBS.labels(job.channel, "too_late").inc()
        is_forgotten = job.kind is Kind.WORK_ORDER and state == "dead"
        if is_forgotten:
            # It goes a level up at its deadline; the 120 centre has nothing to do with it.
            log.info("push: a work order could not be told", job_id=job.job_id, channel=job.channel, error=error)
        elif outcome.kind is not OutcomeKind.GONE and state == "dead":
            log.warning("push: dead letter", job_id=job.job_id, channel=job.channel, error=error)
        return Ended(
            job=job,
            desk_id=desk_id,
            state=state,
            error=error,
            next_attempt_at=next_attempt_at,
            subscription_is_gone=outcome.kind is OutcomeKind.GONE,
            is_forgotten=is_forgotten,
        )

    async def _write_ends(self) -> None:
        while True:
            await self._has_ended.wait()
            await asyncio.sleep(_GATHER_S)
            try:
                await self._settle()
            except Exception as error:  # noqa: BLE001 - said by `_say`
                _say("push: ends of attempts not written down yet", error)
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _settle(self) -> None:
        self._has_ended.clear()
        ended, self._ended = self._ended, []
        if not ended:
            return
        try:
            await job_queue.settle(self._database, ended, self._clock.now())
        except BaseException:
            self._ended = ended + self._ended
            self._has_ended.set()
            raise
        for responder_id in {each.job.responder_id for each in ended if each.subscription_is_gone}:
            await self._channels.refresh(responder_id)

    async def _look_after(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - said by `_say`
                _say("push: queue not looked after", error)
            await asyncio.sleep(_LOOK_AFTER_OTHERS_EVERY_S)

    async def _look(self) -> None:
        now = self._clock.now()
        await job_queue.free_abandoned(self._database, now)
        for channel, count in (await job_queue.end_too_late(self._database, now)).items():
            PUSH_JOBS.labels(channel, "too_late").inc(count)
        dead, overdue_s = await job_queue.standing(self._database, now)
        DEAD_LETTERS.set(dead)
        PUSH_OVERDUE_SECONDS.set(overdue_s)

    async def _forget_old(self) -> None:
        while True:
            now = self._clock.now()
            try:
                async with self._database.statement() as connection:
                    await repository.forget_old(
                        connection, sent_before=now - _SENT_KEPT_FOR, dead_before=now - _DEAD_KEPT_FOR
                    )
            except Exception as error:  # noqa: BLE001 - said by `_say`
                _say("push: old jobs not forgotten", error)
            await asyncio.sleep(_FORGET_EVERY_S)


def _say(what: str, error: Exception) -> None:
    """Say what went wrong; that the database is away is said once, by those who write decisions."""
    if not is_outage(error):
        log.error(what, exc_info=error)
