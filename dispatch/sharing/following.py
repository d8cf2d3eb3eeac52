"""Follows what other workers decide: from their news at once, and from the rows in PostgreSQL whatever got lost."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from dispatch.engine import ledger
from dispatch.engine.decision_codec import JournaledDecision
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import HERE, LiveIncident
from dispatch.engine.showing import Standing, standings_unlike
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, begin, go_on
from dispatch.rescue.vocabulary import IncidentId, IncidentState
from dispatch.sharing.envelope import ToldDecision

log = structlog.get_logger()

_READ_AT_ONCE = 100
# What has been written in this moment is heard by then; if it is not, it was not told, and is read.
_ON_ITS_WAY_S = 0.05
_OPEN = [each.value for each in IncidentState if each not in IncidentState.ended_states()]


class Following:
    """Keeps the incidents in memory as the workers that decided them know them; acts upon nothing itself."""

    def __init__(self, engine: Engine, *, worker: str, keeps_for: Callable[[str], bool]) -> None:
        self._engine = engine
        # Whether another worker cannot write down what it decides, and this one has to.
        self._keeps_for = keeps_for
        self._worker = worker
        # Decided otherwise here than there, without the database: what follows there follows nothing known here.
        self._forked: set[IncidentId] = set()
        self._waiting: dict[IncidentId, deque[tuple[ToldDecision, str]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Whether somebody decides of whom nothing is heard: the rows told so when they were last looked at.
        self.misses_news = False
        # Of which the operators had not been told everything when the rows were last looked at.
        self._not_shown: set[Standing] = set()

    def take(self, told: ToldDecision, *, sender: str) -> None:
        """Follow a decision; at once, unless something is being decided in the same incident here."""
        self._engine.others.keep_up_with(told.events[-1].at)
        live = self._engine.live.place_for(told.incident_id)
        waiting = self._waiting.get(told.incident_id)
        if waiting is not None:
            waiting.append((told, sender))
        elif live.lock.locked() or not self._follows_at_once(live, told, sender):
            self._waiting[told.incident_id] = deque([(told, sender)])
            task = asyncio.ensure_future(self._catch_up(told.incident_id, live))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def home_of(self, live: LiveIncident) -> str | None:
        """The worker that decided last in an incident, as far as is known; also what is heard but not followed yet."""
        if live.incident is not None:
            for told, sender in reversed(self._waiting.get(live.incident.incident_id, ())):
                if told.events[-1].number > live.incident.version:
                    return sender
        return live.home

    async def check(self) -> int:
        """Read anew what the rows know more of than memory; returns how many incidents that were.

        Raises `psycopg.Error` or SQLAlchemy's when the database goes away meanwhile.
        """
        engine = self._engine
        known = {
            incident_id: self._known(live) for incident_id, live in engine.live.items() if live.incident is not None
        }
        async with engine.database.statement() as connection:
            found = await standings_unlike(connection, known, states=_OPEN)
        for each in found:
            live = engine.live.get(each.incident_id)
            if live is not None:
                live.shown_version = max(live.shown_version, each.shown_version)
        if any(map(self._is_behind, found)):
            await asyncio.sleep(_ON_ITS_WAY_S)
        behind = [each.incident_id for each in found if self._is_behind(each)]
        unread = 0
        for start in range(0, len(behind), _READ_AT_ONCE):
            unread += await self._read_again(behind[start : start + _READ_AT_ONCE])
        self._show_what_nobody_does({each for each in found if each.shown_version < each.version})
        # One that cannot be read, of a newer version perhaps, says nothing about what is heard.
        self.misses_news = len(behind) > unread
        return len(behind)

    def _show_what_nobody_does(self, not_shown: set[Standing]) -> None:
        """Who decided tells the operators, in a moment; a worker that is killed in that moment does not."""
        for each in not_shown & self._not_shown:
            self._engine.feed.show(each.incident_id)
        self._not_shown = not_shown

    async def bring_up_to_date(self, incident_id: IncidentId) -> None:
        """Know an incident at least as well as its rows do at this moment."""
        if await self.is_behind(incident_id):
            await self._read_again([incident_id])

    async def follow_rows(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Know an incident in memory as well as its rows do; whoever asks holds its lock. Raises `psycopg.Error`."""
        is_sure = not (live.is_unsure or incident_id in self._forked or incident_id in self._engine.recording.unwritten)
        if live.incident is None or not is_sure:
            return
        new = await ledger.events_after(self._engine.database, incident_id, live.incident.version)
        if new:
            self._engine.others.keep_up_with(new[-1].at)
            self._follows_at_once(live, ToldDecision(incident_id, tuple(new)), None)

    async def is_behind(self, incident_id: IncidentId) -> bool:
        """Whether its rows know more of an incident than memory does."""
        live = self._engine.live.get(incident_id)
        known = {incident_id: Standing(incident_id, -1, -1) if live is None else self._known(live)}
        async with self._engine.database.statement() as connection:
            found = await standings_unlike(connection, known, states=[])
        return any(map(self._is_behind, found))

    @staticmethod
    def _known(live: LiveIncident) -> Standing:
        if live.incident is None or live.is_unsure:
            return Standing(IncidentId(""), -1, -1)
        return Standing(live.incident.incident_id, live.incident.version, live.shown_version)

    def _is_behind(self, standing: Standing) -> bool:
        if standing.incident_id in self._engine.recording.unwritten:
            # What was decided here is to be written first, or said again where the rows tell something else.
            return False
        live = self._engine.live.get(standing.incident_id)
        if live is None or live.incident is None:
            return True
        known = live.incident.version
        if standing.incident_id in self._forked:
            # What was told elsewhere is not what is known here, and what was said here is written by now.
            return True
        # What was decided twice while the database was away looks the same by its number.
        return known < standing.version or (live.is_unsure and known <= standing.version)

    async def _read_again(self, incident_ids: Sequence[IncidentId], *, home: str | None = None) -> int:
        """Know these as their rows tell them; returns how many of them cannot be read."""
        unread = 0
        async with self._engine.database.statement() as connection:
            rows = await ledger.event_rows(connection, incident_ids)
            shown = await ledger.shown_versions(connection, incident_ids)
        for incident_id in incident_ids:
            live = self._engine.live.place_for(incident_id)
            try:
                events = ledger.events_of(rows[incident_id])
                async with live.lock:
                    self._remember(incident_id, live, events, shown.get(incident_id, 0), home=home)
            except Exception:
                # One that cannot be read must not keep the others from being followed.
                unread += 1
                log.exception("incident not followed", incident_id=incident_id)
                self._engine.live.drop_place(incident_id, live)
            # A storm's worth of incidents takes its time: an SOS has its turn between any two.
            await asyncio.sleep(0)
        return unread

    def _remember(
        self, incident_id: IncidentId, live: LiveIncident, events: list[Event], shown: int, *, home: str | None
    ) -> None:
        known = 0 if live.incident is None else live.incident.version
        is_more = known < len(events) or (live.is_unsure and known == len(events)) or incident_id in self._forked
        if not events or not is_more or incident_id in self._engine.recording.unwritten:
            self._engine.live.drop_place(incident_id, live)
            return
        if home is None and live.home != HERE:
            home = live.home
        before = live.incident
        incident = self._engine.remember(incident_id, live, events, max(shown, live.shown_version))
        self._forked.discard(incident_id)
        live.home = home
        if before is not None:
            self._release_unknown(before, incident)
        self._engine.engagements.follow(Decision(incident, tuple(events)))
        if known < len(events):
            self._engine.answer_history.learn(Decision(incident, tuple(events[known:])))

    def _release_unknown(self, before: Incident, incident: Incident) -> None:
        """Whoever was asked as it was thought to be, and not as it is written, is free."""
        for alert_id, alert in before.alerts.items():
            if alert_id not in incident.alerts:
                self._engine.engagements.free(alert)

    async def _catch_up(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Follow what waits for an incident, once what is being decided in it has been."""
        waiting = self._waiting[incident_id]
        try:
            while waiting:
                async with live.lock:
                    told, sender = waiting.popleft()
                    followed = self._follows_at_once(live, told, sender)
                if not followed and not self._engine.recording.is_away:
                    await self._read_again([incident_id], home=sender)
        except Exception as error:
            if not self._engine.recording.note_failure(error):
                log.exception("incident not followed", incident_id=incident_id)
        finally:
            del self._waiting[incident_id]
            self._engine.live.drop_place(incident_id, live)

    def _follows_at_once(self, live: LiveIncident, told: ToldDecision, sender: str | None) -> bool:
        """Whether memory knows what was decided now; False where something before it is missing, or is otherwise.

        `sender` is None where the rows tell it, who do not know.
        """
        first = told.events[0].number
        if live.incident is None:
            if first != 1:
                return False
            incident = go_on(begin(told.incident_id, told.events[0]), told.events[1:])
        elif self._goes_otherwise(live, told) and told.is_written and not self._engine.recording.is_away:
            # The rows tell which way it went.
            self._forked.discard(told.incident_id)
            return False
        elif self._goes_otherwise(live, told) or told.events[-1].number <= live.incident.version:
            self._notice_fork(live, told, sender)
            return True
        elif first != live.incident.version + 1:
            return False
        else:
            incident = go_on(live.incident, told.events)
        decision = Decision(incident, told.events)
        live.follow(decision, home=sender)
        live.is_unsure = live.is_unsure or not told.is_written
        live.opening = live.opening or told.opening
        self._engine.live.note_place(incident)
        self._engine.engagements.follow(decision, is_written=told.is_written)
        self._engine.answer_history.learn(decision)
        return True

    def _goes_otherwise(self, live: LiveIncident, told: ToldDecision) -> bool:
        """Whether the incident went two ways, or what is told goes on from something else than is known here."""
        follows = told.events[0].number == live.present.version + 1
        return told.incident_id in self._forked or (follows and told.since not in {None, live.events[-1].at})

    def _notice_fork(self, live: LiveIncident, told: ToldDecision, sender: str | None) -> None:
        """Where both have decided, one of them goes on: what the other said is said again once there is a database."""
        first = told.events[0].number
        if tuple(live.events[first - 1 : told.events[-1].number]) == told.events:
            if told.events[-1].number == live.present.version:
                # Read from the rows before it was heard whose it is.
                live.home = sender
            return
        recording = self._engine.recording
        is_other_way = first > live.present.version and recording.is_away
        if live.is_unsure or is_other_way or told.incident_id in recording.unwritten:
            ours = [each.kind for each in live.events[first - 1 :]]
            log.warning(
                "two workers have decided on one incident",
                incident_id=told.incident_id,
                version=first - 1,
                here=ours,
                there=[each.kind for each in told.events],
                home=live.home,
                sender=sender,
                is_written=told.is_written,
            )
            self._forked.add(told.incident_id)
            live.home = sender if sender is not None and sender < self._worker else HERE

    async def keep_for_others(self) -> None:
        """Write down what workers without a database cannot: nobody acts upon due times that are in no row."""
        recording = self._engine.recording
        if recording.is_away:
            return
        for live in list(self._engine.live.going_on()):
            if live.incident is None or not live.is_unsure or live.home is None:
                continue
            incident_id = live.incident.incident_id
            if incident_id in recording.unwritten:
                continue
            # Without its opening it has been written down before: then its first event is.
            events = tuple(live.events if live.opening is not None else live.events[1:])
            if self._keeps_for(live.home) and incident_id not in self._forked and events:
                await recording.keep([JournaledDecision(incident_id, events, live.opening)])
