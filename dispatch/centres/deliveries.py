"""Posts the feed to every webhook: each in its own time, so that a slow or failing one keeps no other waiting.

A webhook is one worker's at a time (a lease in its row). It is told the events of one incident in their order; of
several incidents some at once. How far it is stands in its row: everything up to `cursor`, and single events beyond it.
An event counts as taken when the row says so, so a crash in between sends it again, under the same id.
"""

import asyncio
import contextlib
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from dispatch.centres import webhook_rows
from dispatch.centres.held import Held, pause_s
from dispatch.centres.metrics import WEBHOOKS_BEHIND, WEBHOOKS_DISABLED, WEBHOOKS_FAILING
from dispatch.centres.posting import Poster
from dispatch.centres.round import Ended, Round
from dispatch.centres.vocabulary import WebhookState
from dispatch.centres.webhook_rows import Standing, Webhook
from dispatch.clock import Clock
from dispatch.push.outcome import Outcome
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

_LOOK_EVERY_S = 0.5
_MEASURE_EVERY_S = 5.0

# Webhooks that this worker posts to at once. Each is a task and, at the most, a few connections.
_AT_ONCE = 32
_DRAIN_WITHIN_S = 3.0

# While one incident's events are not taken and others' are, the others' wait no longer than this.
_HELD_UP_S = 2.0
GIVEN_UP_AFTER = timedelta(days=3)


class Deliveries:
    """Any number of workers share the webhooks."""

    def __init__(self, database: Database, clock: Clock, poster: Poster) -> None:
        self._database = database
        self._clock = clock
        self._poster = poster
        self._worker = uuid4()
        self._news = asyncio.Event()
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret
        self._held: dict[UUID, Held] = {}
        self._under_way: dict[asyncio.Task[None], UUID] = {}
        self._is_draining = False
        # Of all webhooks, as last measured: an alarm on consoles.
        self.disabled = 0
        # How many are told, as of the last look; until then somebody may be.
        self.active = 1

    def poke(self) -> None:
        """There may be something new to post: look."""
        self._news.set()

    async def run(self) -> None:
        """Post whatever there is to post, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._news.wait()
            self._news.clear()
            try:
                await self.begin()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("centres: webhooks not looked at")

    async def begin(self) -> None:
        """Take the webhooks whose turn it is, and post to each in a task of its own."""
        room = _AT_ONCE - len(self._under_way)
        if self._is_draining or room <= 0:
            return
        async with self._database.statement() as connection:
            taken = await webhook_rows.take(connection, worker=self._worker, now=self._clock.now(), most=room)
        for webhook in taken:
            task = asyncio.create_task(self._serve(webhook))
            self._under_way[task] = webhook.id
            task.add_done_callback(self._ended)

    async def run_measuring(self) -> None:
        """Say how all webhooks stand, until cancelled."""
        while True:
            try:
                async with self._database.statement() as connection:
                    health = await webhook_rows.health(connection)
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("centres: webhooks not measured")
            else:
                self.active = health.active
                WEBHOOKS_FAILING.set(health.failing)
                self.disabled = health.disabled
                WEBHOOKS_DISABLED.set(health.disabled)
                WEBHOOKS_BEHIND.set(health.behind)
            await asyncio.sleep(_MEASURE_EVERY_S)

    async def drain(self) -> None:
        """Begin nothing more, give what is under way a moment, and let go of what is left."""
        self._is_draining = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_DRAIN_WITHIN_S)
        left = dict(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            # Should this fail, their leases run out.
            with contextlib.suppress(Exception):
                async with self._database.statement() as connection:
                    await webhook_rows.release(connection, list(left.values()), worker=self._worker)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not (is_outage(error) or is_contention(error)):
            # Its lease runs out, and whoever takes it then goes on from its row.
            log.error("centres: a webhook's turn failed", exc_info=error)
        if len(self._under_way) == _AT_ONCE - 1:
            # Another may have waited for room.
            self.poke()

    async def _serve(self, webhook: Webhook) -> None:
        """Post what there is, window by window, until it has all of it, fails, or is another's."""
        held = self._held.setdefault(webhook.id, Held())
        while True:
            turn = Round(self._database, self._clock, self._poster, webhook, held, worker=self._worker)
            ended = await turn.run()
            if ended is None:
                return
            standing = self._standing_after(webhook, ended)
            goes_on = standing.state is WebhookState.ACTIVE and standing.next_attempt_at is None
            keeps = goes_on and not ended.is_last and not self._is_draining
            async with self._database.statement() as connection:
                is_ours = await webhook_rows.settle(connection, webhook, standing, worker=self._worker, keeps=keeps)
            if not is_ours or not keeps:
                # What came while the last of it was posted is looked for at once.
                if goes_on:
                    self.poke()
                return
            webhook = webhook.standing_so(standing)

    def _standing_after(self, webhook: Webhook, ended: Ended) -> Standing:
        standing = ended.standing
        if standing.state is not WebhookState.ACTIVE:
            return standing
        if ended.failed is not None:
            return self._after_failure(webhook, standing, ended.failed)
        if ended.is_held_up:
            return replace(standing, next_attempt_at=self._clock.now() + timedelta(seconds=_HELD_UP_S))
        return replace(standing, next_attempt_at=None)

    def _after_failure(self, webhook: Webhook, standing: Standing, failed: Outcome) -> Standing:
        now = self._clock.now()
        since, failures = standing.failing_since or now, standing.failures + 1
        standing = replace(standing, failures=failures, failing_since=since)
        if now - since >= GIVEN_UP_AFTER:
            log.error("centres: a webhook is given up", webhook_id=str(webhook.id), error=failed.detail)
            return replace(standing, state=WebhookState.DISABLED, disabled_at=now, next_attempt_at=None)
        wait_s = pause_s(failures, failed.retry_after_s, self._chance)
        return replace(standing, next_attempt_at=now + timedelta(seconds=wait_s))
