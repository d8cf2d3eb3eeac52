"""The operators' messages: what is new in each incident, numbered outside the way of an SOS.

All consoles share one mailbox. Numbering it inside every decision would make each SOS wait for the last one's commit,
so decisions only leave `version` ahead of `shown_version`, and this feed writes the difference, in batches, right
after. After a crash the same columns say what was not told.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import orjson
import structlog

from dispatch.encoding import to_json_text
from dispatch.engine import ledger
from dispatch.engine.showing import Showing, record_shown
from dispatch.realtime.hub import Hub
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.rescue.events import Event
from dispatch.rescue.vocabulary import IncidentId
from dispatch.storage.availability import is_outage
from dispatch.storage.database import Database

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine
    from dispatch.engine.live_incident import LiveIncident

log = structlog.get_logger()

_GATHER_S = 0.02
_PAUSE_AFTER_FAILURE_S = 0.5

# A console that was away longer than this many messages reloads instead of resuming.
_KEPT = 2000


class OperatorFeed:
    """Tells the 120 centre of every change, once committed."""

    def __init__(self, database: Database, hub: Hub, engine: "Engine") -> None:
        self._database = database
        self._hub = hub
        self._engine = engine
        self._waiting: dict[IncidentId, None] = {}
        self._looks_different: set[IncidentId] = set()
        # Otherwise than operators have been told: what they hold of it is to be thrown away.
        self._went_otherwise: set[IncidentId] = set()
        # Told while the database was away, and so without a number.
        self._untold: set[IncidentId] = set()
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        # Told up to which event operators know of which incidents.
        self.on_shown: Callable[[Mapping[IncidentId, int]], None] = _nobody_asks

    def show(self, incident_id: IncidentId) -> None:
        """Something happened in this incident."""
        self._waiting[incident_id] = None
        self._wake.set()

    def show_again(self, incident_id: IncidentId) -> None:
        """Something beside this incident changes how it looks, though nothing happened in it."""
        self._looks_different.add(incident_id)
        self.show(incident_id)

    def show_anew(self, incident_id: IncidentId) -> None:
        """The incident went another way than operators have been told, perhaps up to a higher version."""
        self._went_otherwise.add(incident_id)
        self.show_again(incident_id)

    def show_untold(self) -> None:
        """The database is back: what was told without a number gets one."""
        untold, self._untold = self._untold, set()
        for incident_id in untold:
            self.show(incident_id)

    def is_waiting(self, incident_id: IncidentId) -> bool:
        """Whether something of this incident is still to be told."""
        return incident_id in self._waiting

    async def run(self) -> None:
        """Tell what is new, as it comes, until cancelled."""
        while True:
            await self._wake.wait()
            # Those who must run are told first; what happens meanwhile goes into the same message.
            await asyncio.sleep(_GATHER_S)
            try:
                await self.flush()
            except Exception as error:
                if not self._engine.recording.note_failure(error):
                    log.exception("operators not told yet")
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
                self._wake.set()

    async def flush(self) -> None:
        """Tell everything that waits, in one statement."""
        async with self._flushing:
            self._wake.clear()
            batch, self._waiting = list(self._waiting), {}
            try:
                await self._tell(batch)
            except BaseException:
                self._waiting = dict.fromkeys(batch) | self._waiting
                raise

    async def _tell(self, batch: Sequence[IncidentId]) -> None:
        is_away = self._engine.recording.is_away
        # What looks different again from here on is told the next time.
        different, self._looks_different = self._looks_different, set()
        told = await self._gathered(batch, different, is_away=is_away)
        if not told:
            return
        if is_away:
            self._tell_without_numbers(told)
            return
        try:
            sent = await record_shown(
                self._database,
                [showing for _, showing in told],
                recipient=OPERATORS,
                now=self._engine.clock.now(),
                keep=_KEPT,
            )
        except BaseException:
            self._looks_different |= different
            raise
        for live, showing in told:
            if showing.incident_id in sent:
                live.shown_version = max(showing.version, live.shown_version)
        self._went_otherwise -= sent.keys()
        self.on_shown({showing.incident_id: showing.version for _, showing in told if showing.incident_id in sent})
        for message in sent.values():
            self._hub.deliver(message.recipient, message.seq, message.body)
        await self._look_again([showing.incident_id for _, showing in told if showing.incident_id not in sent])

    async def _gathered(
        self, batch: Sequence[IncidentId], different: set[IncidentId], *, is_away: bool
    ) -> list[tuple["LiveIncident", Showing]]:
        """What is to be told of these incidents, of those of which there is something to tell."""
        told: list[tuple[LiveIncident, Showing]] = []
        for incident_id in batch:
            try:
                live = await self._engine.incident(incident_id)
                if not is_away and not await self._is_as_written(live):
                    # Told when memory and rows know the same: what is said until then would undo what operators see.
                    self._looks_different.add(incident_id)
                    asyncio.get_running_loop().call_later(_PAUSE_AFTER_FAILURE_S, self.show, incident_id)
                    continue
                shown = max(live.shown_version, live.told_version) if is_away else live.shown_version
                is_anew = incident_id in self._went_otherwise
                fresh = [event for event in live.events if is_anew or event.number > shown]
                if fresh or incident_id in different:
                    body = self._message(live, fresh, is_anew=is_anew)
                    showing = Showing(incident_id, shown, live.present.version, body)
                    told.append((live, showing))
                    # A storm's worth of timelines takes tens of milliseconds: an SOS has its turn between any two.
                    await asyncio.sleep(0)
            except Exception as error:
                if is_outage(error):
                    self._looks_different |= different
                    raise
                # The next change of it, or the next start, tries again; the others must not wait for it.
                log.exception("incident not shown", incident_id=incident_id)
        return told

    async def _is_as_written(self, live: "LiveIncident") -> bool:
        """Whether the rows have all that memory knows, and memory, after a look at them, all that operators know."""
        incident_id = live.present.incident_id
        if live.shown_version > live.present.version:
            await self._engine.others.freshen(incident_id)
        knows_all = live.shown_version <= live.present.version
        return knows_all and not live.is_unsure and incident_id not in self._engine.recording.unwritten

    async def _look_again(self, incident_ids: Sequence[IncidentId]) -> None:
        """Another worker has told of these: what it did not know of is still to be told."""
        if not incident_ids:
            return
        async with self._database.statement() as connection:
            shown = await ledger.shown_versions(connection, incident_ids)
        # One that is not written yet is shown when it is.
        for incident_id in (each for each in incident_ids if each in shown):
            (await self._engine.incident(incident_id)).shown_version = shown[incident_id]
            self.show(incident_id)

    def _tell_without_numbers(self, told: Sequence[tuple["LiveIncident", Showing]]) -> None:
        """While the database is away: what is told now comes again with a number when it is back."""
        for live, showing in told:
            live.told_version = showing.version
            self._untold.add(showing.incident_id)
            self._hub.tell_everywhere(OPERATORS, orjson.loads(showing.body))

    def _message(self, live: "LiveIncident", fresh: Sequence[Event], *, is_anew: bool) -> str:
        incident = live.present
        view = self._engine.views.for_operator(incident, fresh, self._engine.likely_duplicates(incident))
        return to_json_text({"type": "incident", **view, **({"anew": True} if is_anew else {})})


def _nobody_asks(_shown: Mapping[IncidentId, int]) -> None:
    """This worker is the only one."""
