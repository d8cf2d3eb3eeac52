"""What happens to custodians: they are entered, go away and come back. Memory follows the commit."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.custodians import repository
from dispatch.aeds.custodians.record import Absence, Custodian
from dispatch.aeds.custodians.register import CustodianRegister
from dispatch.aeds.custodians.schemas import AbsenceIn, CustodianIn
from dispatch.aeds.due.rows import look_again_at_custodians
from dispatch.clock import Clock
from dispatch.problems import Conflict, InvalidField, NotFound
from dispatch.storage.database import Database
from dispatch.storage.notifications import listen

# By then every process has heard of the change: orders given out sooner might go by what held before.
_HEARD_WITHIN = timedelta(seconds=1)

# Somebody already away may still say so; what is entered further ahead, or for longer, is a slip of the pen.
_AT_MOST_BACK = timedelta(days=1)
_AT_MOST_AHEAD = timedelta(days=400)
_LONGEST = timedelta(days=400)
_MOST_ABSENCES = 50


class Custodians:
    """The one way to change custodians. `register` answers from memory."""

    def __init__(
        self, database: Database, clock: Clock, timezone: ZoneInfo, register: CustodianRegister | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._timezone = timezone
        self._loading = asyncio.Lock()
        self.register = CustodianRegister(timezone) if register is None else register

    async def load(self) -> None:
        """Hold what the database holds."""
        # One after the other: of two at once, the one that had read first might end last, and hold what was before.
        async with self._loading, self._database.statement() as connection:
            self.register.become(await self._read(connection, self._clock.now()))

    async def follow(self) -> None:
        """Hear what other processes change, for ever. Whatever was missed meanwhile has orders given out anew."""
        async for payload in listen(self._database.url, repository.NOTIFY_CHANNEL):
            now = self._clock.now()
            before = CustodianRegister(self._timezone)
            before.become(self.register)
            await self.load()
            if payload is not None:
                continue
            changed = await asyncio.to_thread(_different, before, self.register, now)
            if changed:
                async with self._database.transaction() as connection:
                    await look_again_at_custodians(connection, changed, now)

    def one(self, subject: str) -> Custodian:
        """The custodian of that subject. Raises `NotFound`."""
        custodian = self.register.get(subject)
        if custodian is None:
            raise NotFound(f"There is no custodian {subject!r}.")
        return custodian

    async def put(self, subject: str, given: CustodianIn) -> Custodian:
        """Enter a custodian, or change one whole. Raises `InvalidField`."""
        now = self._clock.now()
        certificate = given.certificate
        custodian = Custodian(
            subject=subject,
            name=given.name,
            phone=given.phone,
            language=given.language,
            owner_id=given.owner_id,
            certificate_number=None if certificate is None else certificate.number,
            certificate_expires_on=None if certificate is None else certificate.expires_on,
            created_at=now,
            updated_at=now,
        )
        try:
            async with self._database.transaction() as connection:
                before = await self._held(connection, now)
                await repository.put(connection, custodian)
                await self._follows(connection, before, now)
        except IntegrityError as error:
            if "fk_custodians_owner_id" not in str(error.orig):
                raise
            raise InvalidField("owner_id", "There is no owner of this id.") from error
        await self.load()
        return self.one(subject)

    async def add_absence(self, subject: str, given: AbsenceIn) -> Absence:
        """Plan an absence. Absences may overlap: see `register` for which decides.

        Raises `NotFound`, `InvalidField`, `Conflict`.
        """
        self.one(subject)
        now = self._clock.now()
        self._check(subject, given, now)
        absence = Absence(
            id=uuid4(),
            custodian=subject,
            from_at=given.from_at,
            until_at=given.until_at,
            substitute=given.substitute,
            created_at=now,
        )
        async with self._database.transaction() as connection:
            before = await self._held(connection, now)
            if await repository.count_of(connection, subject, now) >= _MOST_ABSENCES:
                raise Conflict(f"{_MOST_ABSENCES} absences are planned already.", code="too_many_absences")
            await repository.add_absence(connection, absence)
            await self._follows(connection, before, now)
        await self.load()
        return absence

    async def end_absence(self, subject: str, absence_id: UUID) -> None:
        """Somebody is back sooner, or does not go at all. Raises `NotFound`, and `Conflict` when it is over."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            before = await self._held(connection, now)
            absence = await repository.absence_to_change(connection, absence_id)
            if absence is None or absence.custodian != subject:
                raise NotFound("There is no absence of this id.")
            if absence.until_at <= now:
                raise Conflict("This absence is over.", code="absence_over")
            await repository.end_absence(connection, absence, now)
            await self._follows(connection, before, now)
        await self.load()

    async def absences_of(self, subject: str) -> list[Absence]:
        """The absences that concern somebody, as who is away or who stands in, that are not over."""
        async with self._database.statement() as connection:
            return await repository.absences_of(connection, subject, self._clock.now())

    def may_act_for(self, subject: str, custodian: str, now: datetime) -> bool:
        """Whether somebody may report on and inspect a custodian's devices at an instant."""
        return self.register.may_act_for(subject, custodian, now)

    def as_json(self, custodian: Custodian) -> dict[str, Any]:
        """A custodian as the office sees them."""
        now = self._clock.now()
        seen_to_by = self.register.custody_of(custodian.subject, now).assignee
        number, expires_on = custodian.certificate_number, custodian.certificate_expires_on
        return {
            "subject": custodian.subject,
            "name": custodian.name,
            "phone": custodian.phone,
            "language": custodian.language,
            "owner_id": custodian.owner_id,
            "certificate": None
            if number is None or expires_on is None
            else {"number": number, "expires_on": expires_on, "valid": self.register.is_certified(custodian, now)},
            "away": self.register.absence_of(custodian.subject, now) is not None,
            "seen_to_by": seen_to_by,
            "seen_to_by_name": self.register.name_of(seen_to_by),
            "created_at": custodian.created_at,
            "updated_at": custodian.updated_at,
        }

    def absence_as_json(self, absence: Absence) -> dict[str, Any]:
        """An absence, and who sees to the devices when it begins."""
        at = max(absence.from_at, self._clock.now())
        seen_to_by = self.register.custody_of(absence.custodian, at).assignee
        return {
            "id": absence.id,
            "custodian": absence.custodian,
            "custodian_name": self.register.name_of(absence.custodian),
            "from_at": absence.from_at,
            "until_at": absence.until_at,
            "substitute": absence.substitute,
            "substitute_name": self.register.name_of(absence.substitute),
            "seen_to_by": seen_to_by,
            "seen_to_by_name": self.register.name_of(seen_to_by),
            "handed_over_at": absence.handed_over_at,
            "handed_back_at": absence.handed_back_at,
        }

    def _check(self, subject: str, given: AbsenceIn, now: datetime) -> None:
        if given.from_at < now - _AT_MOST_BACK:
            raise InvalidField("from_at", "lies too far back; an absence may begin a day ago at the most")
        if given.from_at > now + _AT_MOST_AHEAD:
            raise InvalidField("from_at", f"lies more than {_AT_MOST_AHEAD.days} days ahead")
        if given.until_at <= given.from_at:
            raise InvalidField("until_at", "must be after from_at")
        if given.until_at <= now:
            raise InvalidField("until_at", "is over already")
        if given.until_at - given.from_at > _LONGEST:
            raise InvalidField("until_at", f"an absence lasts {_LONGEST.days} days at the most")
        if given.substitute is None:
            return
        if given.substitute == subject:
            raise InvalidField("substitute", "must be somebody else")
        substitute = self.register.get(given.substitute)
        if substitute is None:
            raise InvalidField("substitute", "There is no custodian of this subject.")
        if not self.register.is_certified(substitute, max(given.from_at, now)):
            raise InvalidField("substitute", f"{substitute.name} has no certificate that is valid then.")

    async def _held(self, connection: AsyncConnection, now: datetime) -> CustodianRegister:
        """Everybody, whom nobody else changes until the transaction ends."""
        await repository.hold(connection)
        return await self._read(connection, now)

    async def _follows(self, connection: AsyncConnection, before: CustodianRegister, now: datetime) -> None:
        """Have the orders of those given out anew whose devices somebody else sees to, now or from another time on."""
        changed = await asyncio.to_thread(_different, before, await self._read(connection, now), now)
        if changed:
            await look_again_at_custodians(connection, changed, now + _HEARD_WITHIN)
        await repository.tell_changed(connection)

    async def _read(self, connection: AsyncConnection, now: datetime) -> CustodianRegister:
        register = CustodianRegister(self._timezone)
        register.fill(await repository.everybody(connection), await repository.absences_after(connection, now))
        return register


def _different(before: CustodianRegister, after: CustodianRegister, now: datetime) -> list[str]:
    """Whose devices somebody else sees to now, or will from another moment on."""
    subjects = {each.subject for register in (before, after) for each in register}
    return sorted(each for each in subjects if before.custody_of(each, now) != after.custody_of(each, now))
