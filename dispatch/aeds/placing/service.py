"""What happens when a device is hung elsewhere, and what happened to it before."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.intake.reports import CLOCK_SKEW
from dispatch.aeds.placing.repository import Placement, PlacementRepository
from dispatch.aeds.placing.schemas import MoveIn
from dispatch.aeds.placing.site import fields_at_new_site, fields_at_site_of, is_elsewhere, site_facts
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import AedRepository
from dispatch.aeds.service import AedService
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.clock import Clock
from dispatch.problems import Conflict, Forbidden, InvalidField, NotFound
from dispatch.storage.database import Database

# Who put it where it was when it was entered: nobody has said.
_AT_FIRST = "registered"

_NO_SUCH_AED = "There is no AED of this id."


class PlacingDesk:
    """Moves devices between sites, their history kept."""

    def __init__(self, database: Database, clock: Clock, aeds: AedService) -> None:
        self._database = database
        self._clock = clock
        self._aeds = aeds

    async def move(self, aed_id: UUID, said: MoveIn, by: Identity) -> Aed:
        """Hang a device elsewhere. The same place again changes nothing.

        Raises `NotFound`, `Forbidden`, `Conflict` for a removed or a mobile one, and `InvalidField`.
        """
        now = self._clock.now()
        since = now if said.at is None else min(said.at, now)
        if said.at is not None and said.at > now + CLOCK_SKEW:
            raise InvalidField("at", "This is in the future.")
        try:
            async with self._database.transaction() as connection:
                aed = await self._to_move(connection, aed_id, by)
                fields = await self._fields(connection, aed, said)
                if by.role is Role.CUSTODIAN and fields.get("custodian", aed.custodian) != aed.custodian:
                    raise Forbidden("A custodian may not give a device to somebody else.")
                if not is_elsewhere(aed, fields["site_id"], fields["place"]):
                    return aed
                await _note(connection, aed, fields["site_id"], since, by)
                settlement = await self._aeds.settling.settle(
                    connection, (), now=now, why=Because.of(by, Occasion.MOVE), changes={aed_id: fields}
                )
        except IntegrityError as error:
            if "fk_aeds_owner_id" in str(error.orig):
                raise InvalidField("owner_id", "There is no owner of this id.") from error
            raise
        self._aeds.follow(settlement)
        return settlement.standing[aed_id]

    async def history(
        self,
        aed_id: UUID,
        by: Identity,
        *,
        before_event: int | None,
        before: datetime | None,
        before_report: UUID | None,
        limit: int,
    ) -> dict[str, Any]:
        """A device's placements, and its newest events and reports. Raises `NotFound`, `Forbidden`."""
        aed = await self._aeds.one(aed_id)
        if by.role is Role.CUSTODIAN:
            self._check_answers_for(aed, by)
        async with self._database.reading() as connection:
            repository = PlacementRepository(connection)
            placements = await repository.placements(aed_id)
            events = await repository.events(aed_id, before_event, limit + 1)
            reports = await repository.reports(aed_id, before, before_report, limit + 1)
        return {
            "aed_id": aed_id,
            "placements": placements,
            "events": events[:limit],
            "more_events": len(events) > limit,
            "reports": reports[:limit],
            "more_reports": len(reports) > limit,
        }

    async def _to_move(self, connection: AsyncConnection, aed_id: UUID, by: Identity) -> Aed:
        held = await AedRepository(connection).held([aed_id])
        if not held:
            raise NotFound(_NO_SUCH_AED)
        (aed,) = held
        if by.role is Role.CUSTODIAN:
            self._check_answers_for(aed, by)
        if aed.removed:
            raise Conflict("This AED is removed.", code="removed")
        if aed.is_mobile:
            raise Conflict("This AED is mobile: it tells its position by itself.", code="mobile")
        return aed

    async def _fields(self, connection: AsyncConnection, aed: Aed, said: MoveIn) -> dict[str, Any]:
        if said.location is not None:
            return fields_at_new_site(aed, said.location.place(), said.said_of_site())
        assert said.site_of is not None  # noqa: S101 - the schema takes one of the two
        other = await AedRepository(connection).one(said.site_of)
        if other is None:
            raise InvalidField("site_of", _NO_SUCH_AED)
        if other.is_mobile:
            raise InvalidField("site_of", "That AED is mobile and has no site.")
        return fields_at_site_of(other, said.said_of_site())

    def _check_answers_for(self, aed: Aed, by: Identity) -> None:
        if aed.custodian is not None:
            if aed.custodian == by.subject:
                return
            if self._aeds.reports.stands_in(by.subject, aed.custodian, self._clock.now()):
                return
        raise Forbidden("This takes the token of the AED's custodian, who stands in for them, or an administrator.")


async def _note(connection: AsyncConnection, aed: Aed, site_id: UUID, since: datetime, by: Identity) -> None:
    """Close the placement that ends and begin the next one. Raises `InvalidField` for one that began later."""
    repository = PlacementRepository(connection)
    known = await repository.placements(aed.id)
    last = (
        known[-1]
        if known
        else Placement(number=1, site_id=aed.site_id, since=min(aed.created_at, since), moved_by=_AT_FIRST)
    )
    if since < last.since:
        raise InvalidField("at", f"It was hung where it is at {last.since.isoformat()}, later than this.")
    if not known:
        await repository.begin(aed.id, last)
    await repository.end(aed.id, last.number, since, site_facts(aed))
    moved = Placement(number=last.number + 1, site_id=site_id, since=since, moved_by=str(by))
    await repository.begin(aed.id, moved)
