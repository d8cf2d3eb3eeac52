"""Who decides in an incident that several workers know: any of them, as long as PostgreSQL lets one win."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import HERE, LiveIncident
from dispatch.engine.sos import SosDesk
from dispatch.rescue.commands import Command, OpenIncident
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import IncidentId
from dispatch.sharing.colleagues import PASSING_S, SILENT_S, Colleagues
from dispatch.sharing.envelope import Envelope, ToldDecision
from dispatch.sharing.errands import Errand
from dispatch.sharing.following import Following
from dispatch.sharing.link import Link
from dispatch.sharing.on_behalf import OnBehalf, OnBehalfParts
from dispatch.sharing.other_clocks import keep_up_with
from dispatch.sharing.outgoing import OutgoingNews
from dispatch.sharing.reserving import Reservation, Reserving


@dataclass(frozen=True, slots=True)
class DecidingParts:
    """What it goes by, and whom it tells."""

    engine: Engine
    sos: SosDesk
    acknowledgements: Acknowledgements
    colleagues: Colleagues
    link: Link
    following: Following
    news: OutgoingNews
    warn: Callable[..., None]


class Deciding:
    """An engine's `OtherWorkers`: they are told what is decided here, and decide what is not this one's to."""

    def __init__(self, worker: str, parts: DecidingParts) -> None:
        self._worker = worker
        self._engine = parts.engine
        self._recording = parts.engine.recording
        self._colleagues = parts.colleagues
        self._link = parts.link
        self._following = parts.following
        self._news = parts.news
        self._warn = parts.warn
        self._on_behalf = OnBehalf(
            OnBehalfParts(
                parts.engine,
                parts.sos,
                parts.acknowledgements,
                self.is_ours,
                parts.colleagues.__contains__,
                self._tell_errand,
            )
        )
        self._reserving = Reserving(
            parts.engine.roster,
            self._tell_reservations,
            partial(parts.engine.engagements.free_of, arrives=False),
        )
        # When the database was last lost or found.
        self._changed_at_s = float("-inf")

    def database_changed(self) -> None:
        """It was lost, or found again."""
        self._changed_at_s = time.monotonic()

    # --- what others are told ---

    def reserving(self, decisions: Sequence[Decision]) -> AbstractContextManager[None]:
        """Entered while decisions are being written down: others are told whom these bind, should it take long."""
        return self._reserving.until_written(decisions)

    def stand(self, decisions: Sequence[Decision], *, is_written: bool) -> None:
        """Tell of decisions that stand from this moment on."""
        if self._news.is_needed:
            told = [self._told(each, is_written=is_written) for each in decisions if each.events]
            self._news.next().decisions.extend(told)

    def _told(self, decision: Decision, *, is_written: bool) -> ToldDecision:
        incident_id, before = decision.incident.incident_id, decision.events[0].number - 1
        live = self._engine.live.get(incident_id)
        opening = None if live is None or is_written or before else live.opening
        since = live.events[before - 1].at if live is not None and 0 < before <= len(live.events) else None
        return ToldDecision(incident_id, decision.events, is_written, opening, since)

    def keep_up_with(self, at: datetime) -> None:
        """Have facts stay in order though another machine's clock is a little ahead of this one's."""
        keep_up_with(at, self._engine.clock, self._warn)

    def _tell_reservations(self, reservations: Sequence[Reservation]) -> None:
        if self._news.is_needed:
            self._news.next().reservations.extend(reservations)

    def _tell_errand(self, errand: Errand) -> None:
        self._news.next().errands.append(errand)

    # --- what others tell ---

    def hear_reservations(self, news: Envelope) -> None:
        """Whom another worker is about to bind."""
        self._reserving.hear(news.reservations)

    def hear_errands(self, news: Envelope) -> None:
        """What another worker asks for, or answers; what it led to has been followed before."""
        for errand in news.errands:
            if errand.to == self._worker:
                self._on_behalf.errands.hear(errand, orjson.loads(errand.said), sender=news.sender)

    # --- who decides ---

    def is_ours(self, live: LiveIncident) -> bool:
        """Whether this worker looks after an incident while the database cannot say who does."""
        if self._recording.is_away and self._colleagues.with_database():
            return False
        home = self._following.home_of(live)
        if home == HERE:
            return True
        if self._link.is_away or (home is not None and home in self._colleagues):
            return False
        return self._worker <= min(self._colleagues.ids(), default=self._worker)

    async def decided_elsewhere(self, incident_id: IncidentId, command: Command, by: str) -> bool:
        """Have the worker carry it out that goes on deciding in the incident, where that is heard; whether it did."""
        worker = self._who_decides(self._engine.live.get(incident_id))
        return worker is not None and await self._on_behalf.command(worker, incident_id, command, by)

    # --- while this one alone has lost the database ---

    def _who_can_write(self) -> str | None:
        """A worker that can, where this one cannot: it decides and writes for both."""
        if self._link.is_away or not self._recording.is_away:
            return None
        return min(self._colleagues.with_database(), default=None)

    def can_be_opened_elsewhere(self) -> bool:
        """Whether another worker can write down an SOS that this one cannot."""
        return self._who_can_write() is not None

    async def opened_elsewhere(self, request_id: str, command: OpenIncident) -> Mapping[str, Any] | None:
        """Have a worker take an SOS that can write it down; what the caller is answered, None where there is none."""
        worker = self._who_can_write()
        return None if worker is None else await self._on_behalf.opening(worker, request_id, command)

    async def acknowledged_elsewhere(self, up_to: Mapping[str, int]) -> bool:
        """Have a worker note acknowledgements that can write them down; whether one has."""
        worker = self._who_can_write()
        return worker is not None and await self._on_behalf.receipts(worker, up_to)

    def keeps_what_it_decides(self) -> bool:
        """Whether what is decided here is in this worker's journal only, so that others may not know whom it binds.

        What cannot be written though the database is there has been told, and must not bind the others' hands for good.
        """
        recording = self._recording
        if recording.unwritten.keys() - recording.stuck:
            return True
        return recording.is_away and self._who_can_write() is None

    def _who_decides(self, live: LiveIncident | None) -> str | None:
        if self._link.is_away or (not self._recording.is_away and not self._waits_for_home(live)):
            return None
        if self._recording.is_away and (able := self._colleagues.with_database()):
            return min(able)
        if live is not None and self.is_ours(live):
            return None
        home = None if live is None else self._following.home_of(live)
        if home is not None and home in self._colleagues:
            return home
        return min(self._colleagues.ids(), default=None)

    def _waits_for_home(self, live: LiveIncident | None) -> bool:
        """Whether an incident is in a journal that its worker is about to write down."""
        home = live.home if live is not None and live.is_unsure else None
        if home is None or home not in self._colleagues:
            return False
        # One that has lost it alone hands everything to those who have it.
        return self._colleagues.has_database(home) or time.monotonic() - self._changed_at_s < PASSING_S

    def asks_only_here(self) -> bool:
        """Without the database nothing keeps two workers from asking one person: each asks those connected to it.

        Also one that hears nobody, until it has listened for long enough to know that there is nobody. And one that has
        the database, while another keeps what it decides for itself.
        """
        if self._recording.is_away:
            return len(self._colleagues) > 0 or not self._link.is_up_for(SILENT_S)
        return self._colleagues.any_keeps()

    def may_ask_elsewhere(self) -> bool:
        """Whether it asks others where nobody is connected to it: the unique index lets one worker of two have them."""
        return not self._recording.is_away

    # --- what the rows know ---

    def _may_be_behind(self) -> bool:
        return (len(self._colleagues) > 0 or self._link.is_away) and not self._recording.is_away

    def hears_all(self) -> bool:
        """Whether what others decide is heard at once."""
        return self._recording.is_away or not (self._link.is_away or self._following.misses_news)

    async def follow_rows(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Know an incident as well as its rows do; whoever asks holds its lock. Raises `psycopg.Error`."""
        await self._following.follow_rows(incident_id, live)

    async def freshen(self, incident_id: IncidentId) -> None:
        """Who asks one worker a moment after another has decided is shown what that one decided."""
        if self._may_be_behind():
            with self._recording.outage_suppressed():
                await self._following.bring_up_to_date(incident_id)

    async def is_outdated(self, incident_id: IncidentId) -> bool:
        """Whether the rows know more of an incident than memory does."""
        if self._may_be_behind():
            with self._recording.outage_suppressed():
                return await self._following.is_behind(incident_id)
        return False
