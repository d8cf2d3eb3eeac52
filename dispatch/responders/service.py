"""What happens to first-aiders: they are created, changed, go on and off duty, and move."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from dispatch.clock import Clock
from dispatch.locations import location_json
from dispatch.metrics import POSITIONS
from dispatch.problems import Conflict, InvalidField, NotFound
from dispatch.rescue.vocabulary import ResponderId, TravelMode
from dispatch.responders import repository
from dispatch.responders.responder import Engagement, Fix, Responder
from dispatch.responders.roster import Roster
from dispatch.responders.schemas import ResponderChange, ResponderIn
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database
from geo.place import Place

# A phone's clock may be ahead a little; a position from further in the future is a mistake worth telling.
_CLOCK_SKEW = timedelta(seconds=60)

# In between, the loop is free for an SOS.
_SAVED_AT_ONCE = 250
_FOLLOWED_AT_ONCE = 1_000

# Where somebody was the day before yesterday says nothing, and is a phone's clock gone wrong.
_FIX_MEMORY = timedelta(days=1)


class ResponderService:
    """The one way to change a first-aider. Profile and duty are committed before memory follows; positions are not."""

    def __init__(self, database: Database, roster: Roster, clock: Clock, timezone: ZoneInfo) -> None:
        self._database = database
        self._roster = roster
        self._clock = clock
        self._timezone = timezone
        self._saving: WeakValueDictionary[ResponderId, asyncio.Lock] = WeakValueDictionary()
        # Whether it is kept for a while where people were while they were alerted.
        self.keeps_ways = True
        # Whose duty changed while the database was away.
        self._unsaved: set[ResponderId] = set()
        # Told of everybody who was entered or changed here, duty included.
        self.on_changed: Callable[[Responder], None] = _nobody_asks
        # Told of every word on duty, so that all devices of one person show the same.
        self.on_duty_told: Callable[[Responder], None] | None = None
        # Told when somebody who has not answered yet goes off duty; set by who runs the incidents.
        self.on_leaving: Callable[[ResponderId, Engagement], Awaitable[None]] | None = None

    async def create(self, given: ResponderIn) -> Responder:
        """A new first-aider, off duty. Raises `Conflict` when the id is taken."""
        responder = Responder(
            responder_id=ResponderId(given.id or uuid4().hex),
            name=given.name,
            phone=given.phone,
            certificate_number=given.certificate.number,
            certificate_expires_on=given.certificate.expires_on,
            mode=given.mode,
            language=given.language,
            on_duty=False,
            created_at=self._clock.now(),
        )
        async with self._database.transaction() as connection:
            if not await repository.add(connection, responder):
                raise Conflict(f"There is a responder {responder.responder_id!r} already.", code="id_taken")
        self._roster.put(responder)
        self.on_changed(responder)
        return responder

    async def found(self, responder_id: str) -> Responder:
        """The first-aider of that id, who may have been entered through another worker. Raises `NotFound`."""
        known = self._roster.get(ResponderId(responder_id))
        if known is not None or self._database.is_away():
            return self.one(responder_id)
        await self.read_again([ResponderId(responder_id)])
        return self.one(responder_id)

    async def read_again(self, responder_ids: Sequence[ResponderId]) -> list[ResponderId]:
        """Know these as they are written: another worker has changed them. Answers who is not written anywhere."""
        async with AsyncExitStack() as held:
            # What is being changed here is not overtaken by what was read before, nor the other way round.
            for each in sorted(set(responder_ids)):
                await held.enter_async_context(self._saving.setdefault(each, asyncio.Lock()))
            async with self._database.statement() as connection:
                written = await repository.some(connection, responder_ids)
            for responder in written:
                if responder.responder_id not in self._unsaved:
                    self._roster.follow(responder)
        return list(set(responder_ids) - {each.responder_id for each in written})

    async def read_some_again(self, after: ResponderId, most: int) -> ResponderId | None:
        """As `read_again`, the next `most` in the order of their ids; answers the last, None when there are no more."""
        async with self._database.statement() as connection:
            ids = await repository.ids_after(connection, after, most)
        if ids:
            await self.read_again(ids)
        return ids[-1] if len(ids) == most else None

    async def follow_rows(self, since: datetime) -> None:
        """Know who is on duty and where, as it is written: for a worker that cannot hear what others say."""
        last: ResponderId | None = ResponderId("")
        while last is not None:
            async with self._database.statement() as connection:
                rows = await repository.duties_and_fixes_after(connection, last, since, _FOLLOWED_AT_ONCE)
            self._roster.follow_fixes((each.responder_id, each.fix) for each in rows if each.fix is not None)
            differing = [each.responder_id for each in rows if self._differs(each.responder_id, each.on_duty)]
            if differing:
                await self.read_again(differing)
            last = rows[-1].responder_id if len(rows) == _FOLLOWED_AT_ONCE else None
            # They may be a million, and somebody may be waiting for help.
            await asyncio.sleep(0)

    def _differs(self, responder_id: ResponderId, on_duty: bool) -> bool:  # noqa: FBT001 - as it is written
        known = self._roster.get(responder_id)
        return known is None or known.on_duty != on_duty

    def one(self, responder_id: str) -> Responder:
        """The first-aider of that id. Raises `NotFound`."""
        responder = self._roster.get(ResponderId(responder_id))
        if responder is None:
            raise NotFound(f"There is no responder {responder_id!r}.")
        return responder

    async def change(self, responder_id: str, change: ResponderChange) -> Responder:
        """Change what is given of a profile. Raises `NotFound`, and `InvalidField` for a null that cannot be."""
        values = change.model_dump(exclude_unset=True, exclude={"certificate"})
        if change.certificate is not None:
            values["certificate_number"] = change.certificate.number
            values["certificate_expires_on"] = change.certificate.expires_on
        for field in change.model_fields_set - {"phone"}:
            if getattr(change, field) is None:
                raise InvalidField(field, "cannot be null; leave it out to keep it")
        known = await self.found(responder_id)
        return await self._save(known.responder_id, **values) if values else known

    async def set_duty(self, responder_id: str, *, on_duty: bool, mode: TravelMode | None = None) -> Responder:
        """Go on or off duty. Who leaves with an alert unanswered has declined it; who accepted one is still on it."""
        responder = await self.found(responder_id)
        if responder.on_duty != on_duty or mode not in {None, responder.mode}:
            responder = await self._save_duty(responder.responder_id, on_duty=on_duty, mode=mode or responder.mode)
        if self.on_duty_told is not None:
            self.on_duty_told(responder)
        engagement = self._roster.engagement_of(responder.responder_id)
        if not on_duty and engagement is not None and not engagement.accepted and self.on_leaving is not None:
            await self.on_leaving(responder.responder_id, engagement)
        return responder

    def move(self, responder_id: ResponderId, place: Place, *, accuracy_m: float | None, at: datetime | None) -> None:
        """Note where somebody is. Raises `InvalidField` for a time that cannot be, `NotFound` for somebody unknown."""
        now = self._clock.now()
        at = None if at is None else self._clock.from_wall(at)
        if at is not None and at > now + _CLOCK_SKEW:
            raise InvalidField("at", f"lies in the future: {at.isoformat()}, now is {now.isoformat()}")
        if at is not None and at < now - _FIX_MEMORY:
            raise InvalidField("at", f"lies too far back: {at.isoformat()}, now is {now.isoformat()}")
        self.one(responder_id)
        POSITIONS.inc()
        self._roster.move(responder_id, Fix(place, min(at or now, now), accuracy_m))

    async def save_moved(self) -> int:
        """Write down the fixes that are newer than what is written; returns how many."""
        await self._save_unsaved()
        moved = self._roster.take_moved()
        engaged = self._roster.engagements() if self.keeps_ways else {}
        alerted = {responder_id: each.incident_id for responder_id, each in engaged.items()}
        for begin in range(0, len(moved), _SAVED_AT_ONCE):
            try:
                await repository.save_fixes(self._database, moved[begin : begin + _SAVED_AT_ONCE], alerted)
            except BaseException:
                self._roster.mark_moved(each.responder_id for each in moved[begin:])
                raise
        return len(moved)

    async def load(self) -> None:
        """Fill the roster from the database."""
        async with self._database.statement() as connection:
            self._roster.fill(await repository.all_responders(connection))

    def as_json(self, responder: Responder) -> dict[str, Any]:
        """A first-aider as the API shows them."""
        today = self._clock.now().astimezone(self._timezone).date()
        fix = responder.fix
        return {
            "id": responder.responder_id,
            "name": responder.name,
            "phone": responder.phone,
            "certificate": {
                "number": responder.certificate_number,
                "expires_on": responder.certificate_expires_on,
                "valid": responder.is_certified_on(today),
            },
            "mode": responder.mode,
            "language": responder.language,
            "on_duty": responder.on_duty,
            "location": None if fix is None else {**location_json(fix.place), "accuracy_m": fix.accuracy_m},
            "fix_at": None if fix is None else fix.at,
            "created_at": responder.created_at,
        }

    async def _save_duty(self, responder_id: ResponderId, **values: Any) -> Responder:
        """Duty is needed now, and believed though the database is away: then it is written down with the positions."""
        try:
            return await self._save(responder_id, **values)
        except Exception as error:
            if not (is_outage(error) or is_contention(error)):
                raise
            self._unsaved.add(responder_id)
            changed = replace(self.one(responder_id), **values)
            self._roster.put(changed)
            self.on_changed(changed)
            return changed

    async def _save_unsaved(self) -> None:
        for responder_id in list(self._unsaved):
            await self._save(responder_id)
            self._unsaved.discard(responder_id)

    async def _save(self, responder_id: ResponderId, **values: Any) -> Responder:
        """Write these values; with none, duty as memory has it."""
        # Memory follows in the order of the commits.
        async with self._saving.setdefault(responder_id, asyncio.Lock()):
            if not values:
                # As it stands when it is its turn: somebody may just have said something else.
                known = self.one(responder_id)
                values = {"on_duty": known.on_duty, "mode": known.mode}
            async with self._database.transaction() as connection:
                written = await repository.change(connection, responder_id, values)
            # Positions may have come in while the commit was under way: the change goes onto what is there now.
            changed = replace(written, fix=self.one(responder_id).fix)
            self._roster.put(changed)
            self.on_changed(changed)
            return changed


def _nobody_asks(_responder: Responder) -> None:
    """Nobody wants to know."""
