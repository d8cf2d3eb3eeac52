"""Reports over MQTT 5, an optional extra: the same desk, and a message acknowledged when its reports are on disk."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from dispatch.access.tokens import TokenIssuer
from dispatch.aeds.intake.desk import BatchResult, ReportDesk
from dispatch.aeds.intake.endpoints import batch_body
from dispatch.aeds.intake.gathering import ReportsQueueFull
from dispatch.aeds.intake.mqtt_messages import MOST_UNDER_WAY, ReportsSaid, Topics, UnreadableMessage, reports_said
from dispatch.aeds.settling.metrics import MQTT_MESSAGES
from dispatch.encoding import to_json
from dispatch.problems import Problem, problem_body
from dispatch.storage.availability import is_contention, is_outage

if TYPE_CHECKING:
    # The library behind it is an extra.
    from dispatch.aeds.intake.mqtt_link import Arrived, MqttLink

log = structlog.get_logger()

CLIENT_ID = "dispatch"

# While the database is away the broker keeps what comes; what has come waits here, unacknowledged.
_TRY_AGAIN_S = 0.5
_TRY_AGAIN_AT_MOST_S = 10.0

# What is read of messages takes many times their bytes: beyond this the others wait as they came.
_MOST_BYTES_AT_WORK = 8 * 1024 * 1024


class MqttIntake:
    """Takes reports from a broker until cancelled. `prefix` stands before every topic."""

    def __init__(
        self, url: str, prefix: str, desk: ReportDesk, tokens: TokenIssuer, *, client_id: str = CLIENT_ID
    ) -> None:
        self._url = url
        self._topics = Topics(prefix.strip("/"))
        self._desk = desk
        self._tokens = tokens
        self._client_id = client_id
        # MQTT 5 has acknowledgements in the order in which the messages came (4.6.0-2).
        self._in_order: deque[tuple[Arrived, asyncio.Task[None]]] = deque()
        self._link: MqttLink | None = None
        self._at_work = _BytesAtWork(_MOST_BYTES_AT_WORK)

    @property
    def is_connected(self) -> bool:
        """Whether the broker is connected, and knows what we want to hear."""
        return self._link is not None and self._link.is_subscribed

    async def run(self) -> None:
        """Connect and take what comes, until cancelled. Raises `ImportError` where the extra is not installed."""
        from dispatch.aeds.intake.mqtt_link import MqttLink  # noqa: PLC0415 - an extra

        topics = (self._topics.of_devices, self._topics.of_gateways)
        self._link = link = MqttLink(self._url, self._client_id, topics, self._arrived)
        link.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            # What they were about was not acknowledged: it comes again.
            for _, task in self._in_order:
                task.cancel()
            self._in_order.clear()
            await asyncio.shield(link.stop())

    def _arrived(self, message: "Arrived") -> None:
        if message.qos == 0 and len(self._in_order) >= MOST_UNDER_WAY:
            # Of those that want to be acknowledged the broker sends no more than that; these it keeps sending.
            MQTT_MESSAGES.labels("dropped").inc()
            return
        task = asyncio.create_task(self._take(message))
        self._in_order.append((message, task))
        task.add_done_callback(self._done)

    def _done(self, _task: "asyncio.Task[None]") -> None:
        """Acknowledge everything up to the first that is not done."""
        while self._in_order and self._in_order[0][1].done():
            message, task = self._in_order.popleft()
            if task.cancelled() or self._link is None:
                continue
            if task.exception() is not None:
                log.error("a message could not be taken", topic=message.topic, exc_info=task.exception())
            self._link.acknowledge(message)

    async def _take(self, message: "Arrived") -> None:
        heard_at = self._desk.now()
        try:
            async with self._at_work.of(len(message.payload)):
                said = reports_said(self._topics, message.topic, message.payload, message.token, self._tokens)
                results = await self._settled(said.heard_at(heard_at))
        except UnreadableMessage as error:
            self._refuse(message, Problem(f"{str(error).capitalize()}.", code="unreadable"))
        except Problem as problem:
            self._refuse(message, problem)
        else:
            refused = [each for each in results if each.problem is not None]
            MQTT_MESSAGES.labels("refused" if len(refused) == len(results) else "taken").inc()
            if refused:
                codes = Counter(each.problem.code for each in refused if each.problem is not None)
                log.info("reports refused", topic=message.topic, by=str(said.by), codes=dict(codes))
            self._answer(message, to_json(batch_body(results)))

    async def _settled(self, said: ReportsSaid) -> list[BatchResult]:
        """What became of the reports, however long the database is away. Raises `Problem` for what is refused."""
        pause_s = _TRY_AGAIN_S
        while True:
            try:
                return await self._desk.batch(said.reports, said.by, of=said.aed_id)
            except (ReportsQueueFull, ConnectionAbortedError):
                # The second: the service stops, and nothing of it was promised.
                pass
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _TRY_AGAIN_AT_MOST_S)

    def _refuse(self, message: "Arrived", problem: Problem) -> None:
        MQTT_MESSAGES.labels("refused").inc()
        log.info("message refused", topic=message.topic, why=problem.detail)
        self._answer(message, to_json(problem_body(problem)))

    def _answer(self, message: "Arrived", body: bytes) -> None:
        if self._link is None or message.answer_to is None:
            return
        if self._topics.may_be_answered_at(message.answer_to):
            self._link.answer(message, body)


class _BytesAtWork:
    """Has those wait that would bring more than so many bytes to work at once; one alone never waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def of(self, size: int) -> AsyncIterator[None]:
        """The time in which so many bytes are at work."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken == 0 or self._taken + size <= self._most)
            self._taken += size
        try:
            yield
        finally:
            self._taken -= size
            async with self._changed:
                self._changed.notify_all()
