"""One window of the feed, posted to one webhook: incidents side by side, each in its own order."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from dispatch.centres import feed_rows, webhook_rows
from dispatch.centres.held import Held
from dispatch.centres.metrics import WEBHOOK_ATTEMPTS, WEBHOOK_SECONDS
from dispatch.centres.posting import Poster
from dispatch.centres.vocabulary import FeedEvent, Format, WebhookState
from dispatch.centres.webhook_rows import Standing, Webhook
from dispatch.clock import Clock
from dispatch.push.outcome import Outcome, OutcomeKind
from dispatch.storage.database import Database

log = structlog.get_logger()

# Read from the feed at once; and how many incidents are told side by side.
_WINDOW = 64
_SIDE_BY_SIDE = 8
# No attempt takes longer than eight seconds: well within the lease.
_SETTLE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a window ended.

    `failed`: the receiver took nothing, and why; `is_held_up`: it took some, and single incidents wait; `is_last`:
    there was no more in the feed.
    """

    standing: Standing
    failed: Outcome | None
    is_held_up: bool
    is_last: bool


class Round:
    """One webhook's window."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        poster: Poster,
        webhook: Webhook,
        held: Held,
        *,
        worker: UUID,
    ) -> None:
        self._database = database
        self._clock = clock
        self._poster = poster
        self._webhook = webhook
        self._held = held
        self._worker = worker
        self._window: list[FeedEvent] = []
        self._reaches = webhook.cursor
        self._done: set[int] = set()
        self._again: dict[str, Outcome] = {}
        self._standing = webhook.standing
        self._settled_at_s = time.monotonic()
        self._is_ours = True

    async def run(self) -> Ended | None:
        """Post the window; None when the webhook has become another worker's, or was changed meanwhile."""
        webhook = self._webhook
        async with self._database.statement() as connection:
            self._window, feed_ends = await feed_rows.read(
                connection, webhook.choice, after=webhook.cursor, most=_WINDOW, but=webhook.ahead
            )
        is_last = len(self._window) < _WINDOW
        # Whatever was passed over in between was not for this one.
        self._reaches = feed_ends if is_last else self._window[-1].cursor
        now = self._clock.now()
        all_chains = _by_incident(self._window)
        chains = deque(each for each in all_chains if not self._held.is_held(each[0].incident_id, now))
        if webhook.failures and chains:
            # One that failed is knocked at by one message, another each time; once it takes that, it is told the rest.
            chains.rotate(-webhook.failures)
            await self._tell(deque([[chains[0].pop(0)]]))
            chains = deque(each for each in chains if each)
        await asyncio.gather(*(self._tell(chains) for _ in range(min(_SIDE_BY_SIDE, len(chains)))))
        return self._end(is_last=is_last) if self._is_ours else None

    def _end(self, *, is_last: bool) -> Ended:
        failed = None
        if self._again and not self._done:
            # It is not about single events.
            failed = next(iter(self._again.values()))
            for incident_id in self._again:
                self._held.let_go(incident_id)
        standing = self._present()
        is_held_up = failed is None and standing.cursor < self._reaches
        if self._again:
            standing = replace(standing, last_error=next(iter(self._again.values())).detail)
        return Ended(standing, failed, is_held_up, is_last)

    async def _tell(self, chains: deque[list[FeedEvent]]) -> None:
        """Tell one incident's events after the other, then the next incident's, as long as anything is taken."""
        while chains:
            for event in chains.popleft():
                if self._stops:
                    return
                if not await self._attempt(event):
                    break
                await self._settle_now_and_then()

    @property
    def _stops(self) -> bool:
        takes_nothing = bool(self._again) and not self._done
        return takes_nothing or not self._is_ours or self._standing.state is not WebhookState.ACTIVE

    async def _attempt(self, event: FeedEvent) -> bool:
        """Post one event; whether what follows it in its incident may be posted."""
        outcome = await self._posted(event)
        WEBHOOK_ATTEMPTS.labels(outcome.kind).inc()
        now = self._clock.now()
        match outcome.kind:
            case OutcomeKind.SENT:
                WEBHOOK_SECONDS.observe(max(0.0, (now - event.at).total_seconds()))
                self._note_taken(event)
                self._standing = replace(self._standing, last_taken_at=now)
                return True
            case OutcomeKind.REFUSED:
                self._put_aside(event, outcome)
                return True
            case OutcomeKind.GONE:
                log.error("centres: a webhook is gone", webhook_id=str(self._webhook.id), error=outcome.detail)
                self._standing = replace(
                    self._standing, state=WebhookState.DISABLED, disabled_at=now, last_error=outcome.detail
                )
                return False
            case OutcomeKind.AGAIN:
                if not self._held.hold(event.incident_id, event.cursor, outcome.retry_after_s, now):
                    self._put_aside(event, outcome)
                    return True
                self._again[event.incident_id] = outcome
                return False

    async def _posted(self, event: FeedEvent) -> Outcome:
        try:
            return await self._poster.post(self._webhook, event, await self._earlier(event))
        except Exception as error:
            # A mistake of ours, which the next attempt may not meet.
            log.exception("centres: an attempt failed", webhook_id=str(self._webhook.id), cursor=event.cursor)
            return Outcome(OutcomeKind.AGAIN, f"{type(error).__name__} in the service itself; its log says more")

    def _put_aside(self, event: FeedEvent, outcome: Outcome) -> None:
        """Nobody posts this one again by themselves; it stays in the feed."""
        log.warning(
            "centres: an event is refused for good",
            webhook_id=str(self._webhook.id),
            cursor=event.cursor,
            error=outcome.detail,
        )
        self._note_taken(event)
        self._standing = replace(
            self._standing,
            refused=self._standing.refused + 1,
            last_refused_cursor=event.cursor,
            last_error=outcome.detail,
        )

    def _note_taken(self, event: FeedEvent) -> None:
        self._done.add(event.cursor)
        self._held.let_go(event.incident_id)
        # It answers: what failed before is over.
        self._standing = replace(self._standing, failures=0, failing_since=None, next_attempt_at=None, last_error=None)

    async def _earlier(self, event: FeedEvent) -> Sequence[FeedEvent]:
        """What the receiver was told of the same incident before, where the format refers to it."""
        if self._webhook.format is not Format.CAP:
            return []
        async with self._database.statement() as connection:
            earlier = await feed_rows.earlier_of(connection, event.incident_id, event.cursor)
        wanted = self._webhook.types
        return [each for each in earlier if not wanted or each.type in wanted]

    async def _settle_now_and_then(self) -> None:
        if time.monotonic() - self._settled_at_s < _SETTLE_EVERY_S:
            return
        self._settled_at_s = time.monotonic()
        async with self._database.statement() as connection:
            self._is_ours = await webhook_rows.settle(
                connection, self._webhook, self._present(), worker=self._worker, keeps=True
            )

    def _present(self) -> Standing:
        """How far it is: up to the first event that it has not taken, and which ones beyond that."""
        ahead = self._done.union(self._webhook.ahead)
        left = next((each.cursor for each in self._window if each.cursor not in self._done), None)
        cursor = self._reaches if left is None else left - 1
        return replace(self._standing, cursor=cursor, ahead=sorted(each for each in ahead if each > cursor))


def _by_incident(window: Iterable[FeedEvent]) -> list[list[FeedEvent]]:
    chains: dict[str, list[FeedEvent]] = {}
    for event in window:
        chains.setdefault(event.incident_id, []).append(event)
    return list(chains.values())
