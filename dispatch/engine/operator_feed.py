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
# So often what may not be told yet is put off by that pause.
_WAITS_TIMES = 6

_Told = tuple["LiveIncident", Showing]

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
        # What was put off, and how often; and of what a turn is due by itself.
        self._postponed: dict[IncidentId, int] = {}
        self._later: set[IncidentId] = set()
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
        told, unnumbered = await self._gathered(batch, different, is_away=is_away)
        self._tell_without_numbers(unnumbered)
        if not told:
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
        await self._look_again([showing for _, showing in told if showing.incident_id not in sent])

    async def _gathered(
        self, batch: Sequence[IncidentId], different: set[IncidentId], *, is_away: bool
    ) -> tuple[list[_Told], list[_Told]]:
        """What is to be told of these incidents, where there is something: with numbers, and without."""
        told: list[_Told] = []
        unnumbered: list[_Told] = []
        for incident_id in batch:
            try:
                live = await self._engine.incident(incident_id)
                into = unnumbered if is_away else told if await self._is_as_written(live) else unnumbered
                if into is unnumbered and not is_away and self._may_wait(incident_id):
                    continue
                shown = live.shown_version if into is told else max(live.shown_version, live.told_version)
                is_anew = incident_id in self._went_otherwise
                fresh = [event for event in live.events if is_anew or event.number > shown]
                if fresh or incident_id in different:
                    body = self._message(live, fresh, is_anew=is_anew)
                    showing = Showing(incident_id, shown, live.present.version, body)
                    into.append((live, showing))
                    # A storm's worth of timelines takes tens of milliseconds: an SOS has its turn between any two.
                    await asyncio.sleep(0)
            except Exception as error:
                if is_outage(error):
                    self._looks_different |= different
                    raise
                # The next change of it, or the next start, tries again; the others must not wait for it.
                log.exception("incident not shown", incident_id=incident_id)
        return told, unnumbered

    async def _is_as_written(self, live: "LiveIncident") -> bool:
        """Whether the rows have all that memory knows, and memory, after a look at them, all that operators know."""
        incident_id = live.present.incident_id
        if incident_id in self._engine.recording.unwritten:
            return False
        if live.is_unsure or live.shown_version > live.present.version:
            await self._engine.others.freshen(incident_id)
            live.shown_version = (await self._shown([incident_id])).get(incident_id, live.shown_version)
        is_so = live.shown_version <= live.present.version and not live.is_unsure
        if is_so:
            self._postponed.pop(incident_id, None)
        return is_so

    def _may_wait(self, incident_id: IncidentId) -> bool:
        """Have it told a little later, when memory and rows may know the same; False when that was said often enough.

        What is said until then would undo what another worker has told. What is decided here and not written yet is
        told without a number, as while the database is away, and so is in the end what stays as it is.
        """
        tries = self._postponed.get(incident_id, 0)
        if incident_id in self._engine.recording.unwritten or tries >= _WAITS_TIMES:
            return False
        self._postponed[incident_id] = tries + 1
        self._looks_different.add(incident_id)
        self._show_later(incident_id)
        return True

    def _show_later(self, incident_id: IncidentId) -> None:
        if incident_id not in self._later:
            self._later.add(incident_id)
            asyncio.get_running_loop().call_later(_PAUSE_AFTER_FAILURE_S, self._show_now, incident_id)

    def _show_now(self, incident_id: IncidentId) -> None:
        self._later.discard(incident_id)
        self.show(incident_id)

    async def _look_again(self, showings: Sequence[Showing]) -> None:
        """Another worker has told of these: what it did not know of is still to be told."""
        shown = await self._shown([each.incident_id for each in showings])
        # One that is not written yet is shown when it is.
        for each in showings:
            if each.incident_id in shown:
                (await self._engine.incident(each.incident_id)).shown_version = shown[each.incident_id]
                if shown[each.incident_id] == each.before:
                    # The rows know less than memory: another server has taken over, and that is found out.
                    self._show_later(each.incident_id)
                else:
                    self.show(each.incident_id)

    async def _shown(self, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, int]:
        """Up to where operators have been told of these, as the rows tell it."""
        if not incident_ids:
            return {}
        async with self._database.statement() as connection:
            return await ledger.shown_versions(connection, incident_ids)

    def _tell_without_numbers(self, told: Sequence[_Told]) -> None:
        """What is not written: it comes again with a number when it is."""
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
