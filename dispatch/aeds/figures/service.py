"""The office's figures: asked for one at a time, and kept for a minute."""

import asyncio
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.errors import QueryCanceled
from sqlalchemy.exc import DBAPIError

from dispatch.aeds.figures.questions import Answered, Asked, ask
from dispatch.aeds.figures.summing import Sums, added, daily, grouped, sums_by_cause, sums_by_place
from dispatch.aeds.owners.tree import Owner, OwnerTree
from dispatch.clock import Clock
from dispatch.problems import InvalidField, Problem
from dispatch.storage.database import Database

LONGEST_DAYS = 400
_USUAL_DAYS = 30

# Sums over everything there is: a page that many look at at once asks once.
_KEPT_FOR = timedelta(seconds=60)
_MOST_KEPT = 32


class TooMuch(Problem):
    """There was more to sum up than the time that is given to it."""

    status = 503
    code = "too_much"
    title = "Too much at once"

    def __init__(self) -> None:
        super().__init__("This takes too long at the moment; ask for fewer days, or for one owner.")


class Figures:
    """Answers for an owner and everybody below, or for all."""

    def __init__(self, database: Database, clock: Clock, tree: OwnerTree, timezone: ZoneInfo) -> None:
        self._database = database
        self._clock = clock
        self._tree = tree
        self._timezone = timezone
        self._asking = asyncio.Lock()
        self._kept: OrderedDict[tuple[UUID | None, date, date], tuple[datetime, dict[str, Any]]] = OrderedDict()

    async def of(
        self, owner_id: UUID | None = None, *, first: date | None = None, last: date | None = None
    ) -> dict[str, Any]:
        """The figures of the days from `first` to `last`, both whole where they are over; the last 30 without.

        Raises `InvalidField`, `TooMuch`.
        """
        today = self._clock.now().astimezone(self._timezone).date()
        last = today if last is None else last
        first = last - timedelta(days=_USUAL_DAYS - 1) if first is None else first
        if last > today:
            raise InvalidField("to", "lies in the future")
        if first > last:
            raise InvalidField("from", "must not be after `to`")
        if (last - first).days >= LONGEST_DAYS:
            raise InvalidField("from", f"may lie {LONGEST_DAYS} days before `to` at the most")
        if owner_id is not None and self._tree.get(owner_id) is None:
            raise InvalidField("owner_id", "There is no owner of this id.")
        key = (owner_id, first, last)
        # One after the other: two of them at once would take all that reports are settled with.
        async with self._asking:
            kept = self._kept.get(key)
            now = self._clock.now()
            if kept is None or not kept[0] <= now < kept[0] + _KEPT_FOR:
                kept = (now, await self._reckoned(owner_id, first, last, now))
                self._kept[key] = kept
                self._kept.move_to_end(key)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return kept[1]

    async def _reckoned(self, owner_id: UUID | None, first: date, last: date, now: datetime) -> dict[str, Any]:
        asked = Asked(
            owner_ids=None if owner_id is None else self._tree.subtree_of(owner_id),
            begin=self._midnight(first),
            end=min(now, self._midnight(last + timedelta(days=1))),
            now=now,
            timezone=self._timezone.key,
        )
        try:
            async with self._database.reading() as connection:
                answered = await ask(connection, asked)
        except DBAPIError as error:
            if not isinstance(error.orig, QueryCanceled):
                raise
            # Said here: where it is asked what is wrong with the database, this would look like one that hangs.
            raise TooMuch from error
        # Tens of thousands of rows of owners and districts: not on the loop that answers an SOS.
        shown = await asyncio.to_thread(_shown, self._tree.as_it_is(), owner_id, asked, answered)
        return {"owner_id": owner_id, "from": first, "to": last, "at": now, **shown}

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self._timezone).astimezone(UTC)


def _shown(tree: OwnerTree, owner_id: UUID | None, asked: Asked, answered: Answered) -> dict[str, Any]:
    places = sums_by_place(asked, answered)
    whole = added(places.values())
    by_owner = grouped(places, lambda each, _district: _row_of(tree, owner_id, each))
    by_district = grouped(places, lambda _owner, district: district)
    owners = [_owner(tree, each, by_owner.get(each, Sums())) for each in _rows(tree, owner_id, by_owner)]
    districts = [
        {"code": code, "name": answered.districts.get(code or "")} | _figures(by_district[code])
        for code in sorted(by_district, key=lambda code: (code is None, code))
    ]
    causes = [{"cause": cause} | _orders(sums) for cause, sums in sorted(sums_by_cause(answered).items())]
    days = [
        {
            "day": each.day,
            "devices": each.devices,
            "uptime": each.uptime,
            "opened": each.opened,
            "closed": each.closed,
            "overdue": each.overdue,
            "mean_time_to_repair_s": each.mean_time_to_repair_s,
        }
        for each in daily(asked, answered, whole)
    ]
    return {
        "total": _figures(whole),
        "owners": owners,
        "districts": districts,
        "causes": causes,
        "days": days,
    }


def _row_of(tree: OwnerTree, asked_for: UUID | None, owner_id: UUID | None) -> UUID | None:
    """Which row an owner's devices count in: whoever stands right below the one asked for, or that one itself."""
    chain = tree.chain_of(owner_id)
    if asked_for is None:
        return chain[0].id if chain else None
    ids = [each.id for each in chain]
    below = ids.index(asked_for) + 1 if asked_for in ids else 0
    return ids[below] if below < len(ids) else asked_for


def _rows(tree: OwnerTree, asked_for: UUID | None, by_owner: dict[UUID | None, Sums]) -> list[UUID | None]:
    rows: list[UUID | None] = [each.id for each in tree.children_of(asked_for)]
    return rows + ([asked_for] if asked_for in by_owner else [])


def _owner(tree: OwnerTree, owner_id: UUID | None, sums: Sums) -> dict[str, Any]:
    owner: Owner | None = tree.get(owner_id)
    named = {
        "owner_id": owner_id,
        "name": owner.name if owner is not None else "",
        "level": owner.level if owner is not None else None,
    }
    return named | _figures(sums)


def _figures(sums: Sums) -> dict[str, Any]:
    return {"devices": sums.devices, "by_state": dict(sums.by_state), "uptime": sums.uptime} | _orders(sums)


def _orders(sums: Sums) -> dict[str, Any]:
    return {
        "mean_time_to_detect_s": sums.mean_time_to_detect_s,
        "mean_time_to_repair_s": sums.mean_time_to_repair_s,
        "opened_orders": sums.opened,
        "closed_orders": sums.closed,
        "open_orders": sums.open,
        "overdue_orders": sums.overdue,
    }
