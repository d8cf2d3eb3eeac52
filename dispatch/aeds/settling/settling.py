"""One transaction for whatever may change what is known of devices."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.health.policy import CarePolicy, care_policy
from dispatch.aeds.health.rates import PRIOR, Rates
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import AedRepository, StoredReport
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.carrying import carried_report
from dispatch.aeds.settling.kept import PLACE, SEEN_DATES, Kept
from dispatch.aeds.settling.one_device import Happened, Held, Rule, Settled, settled
from dispatch.aeds.settling.zones import zone_of
from dispatch.aeds.work_orders import repository as orders
from dispatch.aeds.work_orders.record import NOBODY, Assignment
from geo.place import Place

# A few milliseconds of the loop's time, then whoever waits for it has a turn.
_CONCLUDED_AT_ONCE = 16

# Devices written twice at one moment are told apart by microseconds.
_SAME_MOMENT = timedelta(milliseconds=1)
# Longer than anybody waits: a clock that was wrong must not be believed for ever.
_LONGEST_WAIT = timedelta(minutes=10)

# More than these would make one statement's answer hold up the loop.
MOST_AT_ONCE = 128


class Outcome(StrEnum):
    """What became of one report."""

    TAKEN = "taken"
    REPEATED = "repeated"
    ID_USED = "report_id_used"
    REMOVED = "removed"
    UNKNOWN_AED = "not_found"
    FAILED = "internal"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one settling did: which devices it settled, and what became of each report by its id.

    `standing`: every device that was named, settled or not, as it stands now.
    """

    why: Because
    devices: tuple[Settled, ...]
    outcomes: Mapping[UUID, Outcome]
    standing: Mapping[UUID, Aed]

    @property
    def changed(self) -> list[Aed]:
        """The devices as they stand now."""
        return [each.aed for each in self.devices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Who knows what devices are judged by. Asked for every device, so each answers from memory."""

    policy_of: Callable[[UUID | None], CarePolicy]
    assignment_of: Callable[[Aed, datetime], Assignment]
    rates_of: Callable[[UUID | None], Rates] = lambda _owner_id: PRIOR
    default_zone: str = "Asia/Shanghai"

    def rule(self, aed: Aed, now: datetime) -> Rule:
        """By what this device is judged now."""
        return Rule(
            policy=self.policy_of(aed.owner_id),
            assignment=self.assignment_of(aed, now),
            timezone=zone_of(aed.place, self.default_zone),
            rates=self.rates_of(aed.owner_id),
        )


_DEFAULT_POLICY = care_policy([])
ALONE = Judging(policy_of=lambda _owner_id: _DEFAULT_POLICY, assignment_of=lambda _aed, _now: NOBODY)
"""Where nobody is known but the devices: the default policy, and no custodian who may be given an order."""


# Finds the district of each of these devices, and answers for which that is another now.
PlaceInDistricts = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[Collection[UUID]]]


class Settling:
    """Applies reports, edits and time to devices. Whoever opened the transaction commits it.

    `place_in_districts` finds the district of each of these devices, by their new places: set by who knows districts.
    """

    def __init__(self, judging: Judging = ALONE, *, writer: str | None = None) -> None:
        self.judging = judging
        self.writer = writer or uuid4().hex
        self.place_in_districts: PlaceInDistricts | None = None

    async def settle(
        self,
        connection: AsyncConnection,
        aed_ids: Iterable[UUID],
        *,
        now: datetime,
        why: Because,
        reports: Sequence[StoredReport] = (),
        changes: Mapping[UUID, Mapping[str, Any]] | None = None,
        new: Sequence[Aed] = (),
        removed: Collection[UUID] = (),
    ) -> Settlement:
        """Settle these devices and all that are named by what comes with them; unknown ids are passed over.

        `changes` holds fields entered by hand, `new` devices to enter, `removed` those to take out of use for good.
        Any number of devices: many are settled part by part in this one transaction.
        """
        entered = {aed.id: aed for aed in new}
        carried = [carried_report(aed, why.by) for aed in new]
        reports = [*reports, *(each for each in carried if each is not None)]
        wanted = {*aed_ids, *(changes or ()), *removed, *entered, *(report.aed_id for report in reports)}
        by_device: defaultdict[UUID, list[StoredReport]] = defaultdict(list)
        for report in reports:
            by_device[report.aed_id].append(report)
        happened = {
            each: Happened(
                reports=by_device.get(each, ()),
                edits=None if changes is None else changes.get(each),
                is_removed=each in removed,
            )
            for each in wanted
        }
        # As PostgreSQL orders them; by their numbers, for a hundred thousand compared one by one hold up the loop.
        in_order = sorted(wanted, key=attrgetter("int"))
        devices: list[Settled] = []
        outcomes: dict[UUID, Outcome] = {}
        standing: dict[UUID, Aed] = {}
        for begin in range(0, len(in_order), MOST_AT_ONCE):
            some = {each: happened[each] for each in in_order[begin : begin + MOST_AT_ONCE]}
            part = await self._settle_some(connection, some, entered, why, now)
            devices += part.devices
            outcomes |= part.outcomes
            standing |= part.standing
        await rows.notify(
            connection,
            self.writer,
            (each.aed.id for each in devices),
            (each.aed.id for each in devices if each.events),
        )
        return Settlement(why, tuple(devices), outcomes, standing)

    async def _settle_some(
        self,
        connection: AsyncConnection,
        happened: Mapping[UUID, Happened],
        entered: Mapping[UUID, Aed],
        why: Because,
        now: datetime,
    ) -> Settlement:
        repository = AedRepository(connection)
        new = [entered[each] for each in happened if each in entered]
        await repository.add(new)
        held = {aed.id: aed for aed in await repository.held(list(happened))}
        outcomes, fresh = await _taken(connection, held, happened)
        if why.occasion is Occasion.REPORT:
            # Whatever was repeated changes nothing, not even when its device was last written.
            stirred = {each.aed_id for one in happened.values() for each in one.reports if each.id in fresh}
            touched = {each: aed for each, aed in held.items() if each in stirred}
        else:
            touched = held
        known = await self._known(connection, touched, entered)
        done: list[Settled] = []
        for number, device in enumerate(known, start=1):
            about = happened[device.aed.id]
            news = Happened(
                reports=[each for each in about.reports if each.id in fresh],
                edits=about.edits,
                is_removed=about.is_removed,
            )
            then = _no_earlier(device.aed, now)
            done.append(settled(device, news, self.judging.rule(_as_edited(device.aed, about), then), why, then))
            if number % _CONCLUDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        await self._write(connection, repository, done, happened, now)
        done = await self._in_their_districts(connection, repository, done)
        return Settlement(why, tuple(done), outcomes, held | {each.aed.id: each.aed for each in done})

    async def _known(
        self, connection: AsyncConnection, held: Mapping[UUID, Aed], entered: Mapping[UUID, Aed]
    ) -> list[Held]:
        old = [each for each in held if each not in entered]
        kept = await rows.kept_of(connection, old) if old else {}
        behind = [each for each in old if kept[each].is_behind(held[each])]
        if behind:
            kept |= await rows.kept_from_reports(connection, behind, kept)
        kept |= {each: _kept_of_new(held[each]) for each in held if each in entered}
        open_orders = await orders.open_of(connection, old) if old else {}
        return [
            Held(aed=held[each], kept=kept[each], orders=tuple(open_orders.get(each, ())), is_new=each in entered)
            for each in held
        ]

    async def _write(
        self,
        connection: AsyncConnection,
        repository: AedRepository,
        done: Sequence[Settled],
        happened: Mapping[UUID, Happened],
        now: datetime,
    ) -> None:
        edited = [each.aed for each in done if happened[each.aed.id].edits or each.aed.removed]
        by_itself = [each for each in done if not (happened[each.aed.id].edits or each.aed.removed)]
        await repository.put(edited)
        kept = {each.aed.id: each.kept for each in done}
        events = [event for each in done for event in each.events]
        await rows.write(connection, [each.aed for each in by_itself], kept, events, now)
        moved = [each.aed for each in by_itself if each.before is not None and _where(each.before) != _where(each.aed)]
        await rows.put_places(connection, moved)
        await orders.write(connection, [each.orders for each in done], now)

    async def _in_their_districts(
        self, connection: AsyncConnection, repository: AedRepository, done: list[Settled]
    ) -> list[Settled]:
        """The same, with the districts of those that hang elsewhere than before."""
        elsewhere = [
            each.aed.id
            for each in done
            if not each.aed.is_mobile and (each.before is None or each.before.place != each.aed.place)
        ]
        if self.place_in_districts is None or not elsewhere:
            return done
        changed = await self.place_in_districts(connection, elsewhere)
        codes = {aed.id: aed.district_code for aed in await repository.of_ids(changed)}
        return [
            replace(each, aed=replace(each.aed, district_code=codes[each.aed.id])) if each.aed.id in codes else each
            for each in done
        ]


async def _taken(
    connection: AsyncConnection, held: Mapping[UUID, Aed], happened: Mapping[UUID, Happened]
) -> tuple[dict[UUID, Outcome], set[UUID]]:
    """What becomes of each report, and the ids of those that are news."""
    outcomes: dict[UUID, Outcome] = {}
    first: dict[UUID, StoredReport] = {}
    for aed_id, about in happened.items():
        aed = held.get(aed_id)
        for report in about.reports:
            if aed is None:
                outcomes[report.id] = Outcome.UNKNOWN_AED
            elif _as_edited(aed, about).removed:
                outcomes[report.id] = Outcome.REMOVED
            else:
                first[report.id] = report
    fresh = await rows.add_reports(connection, list(first.values()))
    outcomes |= dict.fromkeys(fresh, Outcome.TAKEN)
    known = first.keys() - fresh
    if known:
        there = await rows.reports_of(connection, known)
        for each in known:
            same = each in there and there[each].says_the_same_as(first[each])
            outcomes[each] = Outcome.REPEATED if same else Outcome.ID_USED
    return outcomes, fresh


def _no_earlier(aed: Aed, now: datetime) -> datetime:
    """When a device is judged by somebody who had to wait for it: not before whoever held it meanwhile judged it.

    What that one saw come, midnight or a deadline, would be taken back, and come a second time.
    """
    waited = aed.updated_at - now
    return aed.updated_at if _SAME_MOMENT < waited < _LONGEST_WAIT else now


def _where(aed: Aed) -> tuple[Place, datetime | None]:
    """Where it is, and when it was last there for certain: a taxi may stand."""
    return aed.place, aed.fix_at


def _as_edited(aed: Aed, about: Happened) -> Aed:
    """Whose policy holds, where it hangs and whether it is there at all goes by what is being entered."""
    return replace(aed, **about.edits) if about.edits else aed


def _kept_of_new(aed: Aed) -> Kept:
    return Kept().with_edits([name for name in (*SEEN_DATES, PLACE) if getattr(aed, name) is not None], aed.created_at)
