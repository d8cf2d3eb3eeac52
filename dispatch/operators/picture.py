"""What a console's map shows, first whole and then what changes, once a second."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from dispatch.aeds.directory import AedDirectory
from dispatch.clock import Clock
from dispatch.engine.engine import Engine
from dispatch.realtime.hub import Hub
from dispatch.realtime.session import Session
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.responder import Responder
from dispatch.responders.roster import Roster

log = structlog.get_logger()

_EVERY_S = 1.0
# More dots than this no screen shows and no eye counts; the counts still tell of all.
_MOST_DOTS = 5000
# A millisecond's worth: an SOS and a pong are not to wait for a province that moves.
_DRAWN_AT_ONCE = 100
# Counting which AEDs are open reads thousands of opening hours: often enough for a figure.
_COUNT_AEDS_EVERY = 30
# A hundred thousand devices take a second to count: a few milliseconds at a time, and a twentieth of it in all.
_COUNTED_AT_ONCE = 500
_FEW = 5000
_COUNTING_SHARE = 20


@dataclass(slots=True)
class _Changes:
    """What a console is told next. `shown` is whom it has been shown: another set once it was shown everybody anew."""

    session: Session
    shown: set[ResponderId]
    dots: list[dict[str, Any]] = field(default_factory=list)
    gone: list[ResponderId] = field(default_factory=list)

    def begin_anew(self, shown: set[ResponderId]) -> None:
        """It has just been shown everybody: what was drawn before is older than that."""
        self.shown = shown
        self.dots.clear()
        self.gone.clear()


class Pictures:
    """Sends consoles what they look at. Unnumbered: a picture missed is replaced by the next one."""

    def __init__(self, hub: Hub, engine: Engine, roster: Roster, aeds: AedDirectory, clock: Clock) -> None:
        self._hub = hub
        self._engine = engine
        self._roster = roster
        self._aeds = aeds
        self._clock = clock
        self._shown: dict[str, set[ResponderId]] = {}
        # None until they have been counted for the first time.
        self._aeds_usable: int | None = None
        # How the service itself stands, as added to the counts: whether it is degraded, what is overdue.
        self.standing: Callable[[], dict[str, Any]] = dict
        self._ticks = 0
        self._is_to_count = True
        self._count_again_at_s = 0.0

    async def run(self) -> None:
        """Send what has changed, every second, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self._count_in_parts()
                await self.tick()
            except Exception:
                log.exception("picture not sent")

    async def tick(self) -> None:
        """Send each console what has changed on its map, with turns for others between some dots and the next."""
        if self._is_to_count and self._count_again_at_s == 0.0:
            self.count_aeds()
            self._is_to_count = False
        self._ticks += 1
        self._is_to_count |= self._ticks % _COUNT_AEDS_EVERY == 0
        changed = list(self._roster.take_changed())
        operators = self._hub.operators()
        for gone in self._shown.keys() - {session.session_id for session in operators}:
            del self._shown[gone]
        changes = [_Changes(each, self._shown.setdefault(each.session_id, set())) for each in operators]
        if changes:
            for start in range(0, len(changed), _DRAWN_AT_ONCE):
                self._draw(changed[start : start + _DRAWN_AT_ONCE], changes)
                await asyncio.sleep(0)
        for each in changes:
            self._look_again(each)
            each.session.say(
                {
                    "type": "picture",
                    "full": False,
                    "at": self._clock.now(),
                    "responders": each.dots,
                    "gone": each.gone,
                    "counts": self._counts(),
                }
            )
            await asyncio.sleep(0)

    def count_aeds_soon(self) -> None:
        """The registry has changed: the next picture counts anew, where that takes no time worth speaking of."""
        self._is_to_count = True

    def count_few_aeds(self) -> None:
        """Count at once where that takes no time worth speaking of; else the figure comes soon after."""
        if len(self._aeds) <= _FEW:
            self.count_aeds()

    def count_aeds(self) -> None:
        """Count the AEDs usable now."""
        now = self._clock.now()
        self._aeds_usable = sum(1 for aed in self._aeds if self._aeds.is_usable(aed, now))

    async def _count_in_parts(self) -> None:
        """Count when it is time to, with turns for others in between, and the more rarely the longer it takes."""
        if not self._is_to_count or time.monotonic() < self._count_again_at_s:
            return
        self._is_to_count = False
        began_s, now, usable = time.monotonic(), self._clock.now(), 0
        for number, aed in enumerate(self._aeds, start=1):
            usable += self._aeds.is_usable(aed, now)
            if number % _COUNTED_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._aeds_usable = usable
        ended_s = time.monotonic()
        self._count_again_at_s = ended_s + _COUNTING_SHARE * (ended_s - began_s)

    def show_full(self, session: Session) -> None:
        """Send a console everything that it looks at."""
        visible = [each for each in self._roster.on_duty() if _sees(session, each)][:_MOST_DOTS]
        self._shown[session.session_id] = {each.responder_id for each in visible}
        incidents = [
            self._engine.views.for_operator(live.present, [], self._engine.likely_duplicates(live.present))
            for live in self._engine.open_incidents()
        ]
        now = self._clock.now()
        session.say(
            {
                "type": "picture",
                "full": True,
                "at": now,
                "incidents": incidents,
                "responders": [self._dot(each, now) for each in visible],
                "gone": [],
                "counts": self._counts(),
            }
        )

    def _draw(self, responder_ids: Iterable[ResponderId], changes: Iterable["_Changes"]) -> None:
        """Note what each console is to be told of these; a dot is made once for all who see it."""
        now = self._clock.now()
        for each in changes:
            self._look_again(each)
        for responder_id in responder_ids:
            responder = self._roster.get(responder_id)
            is_there = responder is not None and responder.on_duty and responder.fix is not None
            dot = None
            for each in changes:
                is_shown = responder_id in each.shown
                if responder is not None and is_there and _sees(each.session, responder):
                    if is_shown or len(each.shown) < _MOST_DOTS:
                        dot = dot or self._dot(responder, now)
                        each.dots.append(dot)
                        each.shown.add(responder_id)
                elif is_shown:
                    each.gone.append(responder_id)
                    each.shown.discard(responder_id)

    def _look_again(self, changes: _Changes) -> None:
        shown = self._shown.get(changes.session.session_id)
        if shown is not None and shown is not changes.shown:
            changes.begin_anew(shown)

    def _dot(self, responder: Responder, now: datetime) -> dict[str, Any]:
        fix = responder.fix
        engagement = self._roster.engagement_of(responder.responder_id)
        if fix is None:
            raise LookupError(f"{responder.responder_id} is on the map without a fix")
        state = "free" if engagement is None else "engaged" if engagement.accepted else "offered"
        if state == "free" and not self._roster.is_reachable(responder, now):
            state = "unreachable"
        return {
            "id": responder.responder_id,
            "name": responder.name,
            "latitude": round(fix.place.latitude, 6),
            "longitude": round(fix.place.longitude, 6),
            "mode": responder.mode,
            "state": state,
            "fix_at": fix.at,
        }

    def _counts(self) -> dict[str, int | None]:
        return {
            "on_duty": self._roster.on_duty_count,
            "connected": self._hub.count("responder:"),
            "open_incidents": len(self._engine.open_incidents()),
            "aeds": len(self._aeds),
            "aeds_usable": self._aeds_usable,
            **self.standing(),
        }


def _sees(session: Session, responder: Responder) -> bool:
    if session.watching is None or responder.fix is None:
        return True
    return session.watching.contains(responder.fix.place)
