"""First-aiders whom other workers have entered or changed, read again from the database: many at once, each soon."""

import asyncio
import time
from collections.abc import Iterable, Mapping

import structlog

from dispatch.engine.recording import Recording
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.responder import Fix
from dispatch.responders.roster import Roster
from dispatch.responders.service import ResponderService

log = structlog.get_logger()

_READ_AT_ONCE = 500
# A morning's worth of duty changes makes some statements of this.
_GATHER_S = 0.02
_PAUSE_AFTER_FAILURE_S = 0.4
# Whoever is told of and not written anywhere (of another service, a slip of the pen) is not looked for all the time.
_STRANGER_FOR_S = 60.0
_MOST_STRANGERS = 100_000


class ProfilesToRead:
    """Gathers whom to read, and reads them."""

    def __init__(self, responders: ResponderService, roster: Roster, recording: Recording) -> None:
        self._responders = responders
        self._roster = roster
        self._recording = recording
        self._wanted: set[ResponderId] = set()
        # Where those are who are not known yet.
        self._fixes: dict[ResponderId, Fix] = {}
        self._strangers: dict[ResponderId, float] = {}
        self._wake = asyncio.Event()
        self._all = asyncio.Event()

    def have_changed(self, responder_ids: Iterable[str]) -> None:
        """Another worker says so."""
        self._wanted.update(map(ResponderId, responder_ids))
        if self._wanted:
            self._wake.set()

    def are_unknown(self, fixes: Mapping[ResponderId, Fix]) -> None:
        """Others tell where these are, and nobody here knows them."""
        now_s = time.monotonic()
        new = {each: fix for each, fix in fixes.items() if self._strangers.get(each, 0.0) <= now_s}
        self._fixes |= new
        self.have_changed(new)

    def all_may_have_changed(self) -> None:
        """Others could not be heard for some time."""
        self._all.set()

    async def run_through_all(self) -> None:
        """Read everybody again whenever somebody may have been missed, some at a time, until cancelled."""
        while True:
            await self._all.wait()
            self._all.clear()
            last: ResponderId | None = ResponderId("")
            while last is not None:
                try:
                    last = await self._responders.read_some_again(last, _READ_AT_ONCE)
                except Exception as error:
                    if not self._recording.note_failure(error):
                        log.exception("first-aiders not read again")
                    await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
                # It may be a million, of whom hardly anybody has changed.
                await asyncio.sleep(_GATHER_S)

    async def run(self) -> None:
        """Read them, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_S)
            if not await self.read():
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)

    async def read(self) -> bool:
        """Read those who wait; False when they have to wait longer."""
        if self._recording.is_away:
            return False
        self._wake.clear()
        while self._wanted:
            some = [self._wanted.pop() for _ in range(min(_READ_AT_ONCE, len(self._wanted)))]
            try:
                await self._read(some)
            except BaseException as error:
                if isinstance(error, Exception) and not self._recording.note_failure(error):
                    log.exception("first-aiders not read together")
                    await self._read_each(some)
                    continue
                self.have_changed(some)
                if not isinstance(error, Exception):
                    raise
                return False
        return True

    async def _read_each(self, some: Iterable[ResponderId]) -> None:
        """One whom the database cannot even be asked for must not keep the others from being known."""
        for each in some:
            try:
                await self._read([each])
            except Exception as error:
                if self._recording.note_failure(error):
                    self.have_changed([each])
                else:
                    log.exception("first-aider not read", responder_id=each)
                    self._fixes.pop(each, None)
                    self._note_strangers([each])

    async def _read(self, some: list[ResponderId]) -> None:
        strangers = await self._responders.read_again(some)
        fixes = {each: fix for each in some if (fix := self._fixes.pop(each, None)) is not None}
        self._roster.follow_fixes((each, fix) for each, fix in fixes.items() if each not in strangers)
        self._note_strangers(strangers)

    def _note_strangers(self, responder_ids: Iterable[ResponderId]) -> None:
        if len(self._strangers) > _MOST_STRANGERS:
            self._strangers.clear()
        self._strangers |= dict.fromkeys(responder_ids, time.monotonic() + _STRANGER_FOR_S)
