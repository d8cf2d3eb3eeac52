"""What 120 centres' own systems are told and tell, put together: what the rest of the service holds on to."""

import math
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx
import orjson

from dispatch.access.tokens import Identity, Role
from dispatch.centres import feed_rows
from dispatch.centres.cap import cap_xml
from dispatch.centres.cases import CaseDesk
from dispatch.centres.deliveries import Deliveries
from dispatch.centres.envelopes import envelope
from dispatch.centres.feed_rows import Choice
from dispatch.centres.following import Follower
from dispatch.centres.posting import Poster
from dispatch.centres.telling import told_of
from dispatch.centres.vocabulary import FeedEvent, Told
from dispatch.centres.webhooks import Webhooks
from dispatch.clock import Clock, SystemClock
from dispatch.encoding import to_json
from dispatch.engine.engine import Engine
from dispatch.engine.sos import SosDesk
from dispatch.push.courier import Courier
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import IncidentId
from dispatch.settings import Settings
from geo.datum import Datum

# Who asks for the feed by themselves asks again and again.
_READERS_COME_BACK_WITHIN_S = 600.0

Work = Callable[[], Coroutine[Any, Any, None]]


class Centres:
    """The parts: `follower` makes the feed, `deliveries` post it, `webhooks` say to whom, `cases` come in."""

    def __init__(self, settings: Settings, engine: Engine, sos: SosDesk, *, wall_clock: Clock | None = None) -> None:
        self._database, clock = engine.database, engine.clock
        self._engine = engine
        self._sender = settings.cap_sender
        self._name_of_aed = engine.messages.name_of_aed
        private: dict[str, Any] = {
            "allow_private": settings.push_allow_private,
            "networks": settings.centre_networks,
        }
        self._courier = Courier(tls=httpx.create_ssl_context(), **private)
        poster = Poster(self._courier, wall_clock or SystemClock(), sender=self._sender)
        self.deliveries = Deliveries(self._database, clock, poster)
        self.webhooks = Webhooks(self._database, clock, self._webhooks_changed, **private)
        self._awaited_at_s = -math.inf
        self.follower = Follower(
            self._database,
            clock,
            self._name_of_aed,
            self.deliveries.poke,
            is_awaited=self._is_awaited,
            give_way=engine.turns.give_way,
        )
        self.cases = CaseDesk(engine, sos, self._name_of_aed)
        engine.on_decided.append(self._decided)

    @property
    def works(self) -> tuple[Work, ...]:
        """What it does by itself, each until cancelled."""
        return (
            self.follower.run,
            self.follower.run_forgetting,
            self.deliveries.run,
            self.deliveries.run_measuring,
        )

    async def close(self) -> None:
        """Let what is being posted end, and let go of everything; before the database is closed."""
        await self.deliveries.drain()
        await self._courier.close()

    async def events(self, asker: Identity, choice: Choice, *, after: int, limit: int, datum: Datum) -> dict[str, Any]:
        """A part of the feed, for whoever asks for it by themselves."""
        if asker.role is Role.CENTRE:
            choice = Choice(asker.subject, choice.types, choice.districts, choice.drills)
        was_awaited = self._is_awaited()
        self._awaited_at_s = time.monotonic()
        if not was_awaited:
            await self.follower.catch_up()
        async with self._database.statement() as connection:
            found, feed_ends = await feed_rows.read(connection, choice, after=after, most=limit)
            oldest = await feed_rows.oldest(connection)
        more = len(found) == limit
        return {
            "events": [envelope(each, datum=datum, with_phone=True) for each in found],
            "next": found[-1].cursor if more else feed_ends,
            "more": more,
            "oldest": oldest,
        }

    async def cap(self, incident_id: IncidentId, asker: Identity) -> str:
        """The newest of what was told of an incident, as CAP. Raises `NotFound`."""
        live = await self.cases.visible(incident_id, asker)
        lines: Sequence[FeedEvent] = [_as_kept(each) for each in told_of(incident_id, live.events, self._name_of_aed)]
        return cap_xml(lines[-1], lines[:-1], sender=self._sender)

    def _is_awaited(self) -> bool:
        return self.deliveries.active > 0 or time.monotonic() - self._awaited_at_s < _READERS_COME_BACK_WITHIN_S

    def _webhooks_changed(self) -> None:
        # It may be the first: how many there are is counted every few seconds only.
        self._awaited_at_s = time.monotonic()
        self.follower.hurry()
        self.deliveries.poke()

    def _decided(self, _decision: Decision) -> None:
        self.follower.poke()


def _as_kept(told: Told) -> FeedEvent:
    """What is told, as the feed gives it back; it has no place there yet."""
    return FeedEvent(
        cursor=0,
        event_id=str(told.event_id),
        incident_id=told.incident_id,
        type=told.type,
        at=told.at,
        drill=told.drill,
        centre=told.centre,
        case_number=told.case_number,
        district_code=None,
        data=orjson.loads(to_json(told.data)),
    )
