"""The office's list of devices: narrowed down, sorted, page by page, and how many there are of each state."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.problems import InvalidField

_NEVER = "9999-12-31"


class Sort(StrEnum):
    """By what a list is sorted."""

    NAME = "name"
    CHECKED = "checked"
    EXPIRES = "expires"


# Each is a text that sorts as it should, and never null.
_SORTS = {
    Sort.NAME: "aeds.name",
    Sort.CHECKED: """to_char(aeds.readiness_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')""",
    Sort.EXPIRES: f"coalesce(least(aeds.battery_expires_on, aeds.pads_expire_on), date '{_NEVER}')::text",
}

# An owner stands for all below it, a city's or province's code for all districts in it.
_CONDITIONS = {
    "owner_id": """aeds.owner_id in (
        with recursive below as (
            select id from owners where id = :owner_id
            union all select owners.id from owners join below on owners.parent_id = below.id
        ) select id from below)""",
    "custodian": "aeds.custodian = :custodian",
    "district": "starts_with(aeds.district_code, :district)",
    "query": "(aeds.name || ' ' || coalesce(aeds.address, '') || ' ' || coalesce(aeds.place_detail, '') || ' '"
    " || coalesce(aeds.serial_number, '') || ' ' || coalesce(aeds.source_ref, '')) ilike all(cast(:query as text[]))",
    "has_orders": "exists (select from work_orders where work_orders.aed_id = aeds.id and closed_at is null)"
    " = :has_orders",
}

_COLUMNS = """
    aeds.id, aeds.name, aeds.address, aeds.place_detail, aeds.floor, aeds.access, aeds.opening_hours,
    aeds.readiness, aeds.readiness_reasons, aeds.readiness_at, aeds.custodian, aeds.owner_id, aeds.district_code,
    aeds.maker, aeds.model, aeds.serial_number, aeds.battery_expires_on, aeds.pads_expire_on, aeds.source,
    ST_Y(aeds.location::geometry) as latitude, ST_X(aeds.location::geometry) as longitude
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the office wants to see. None: whatever it is; without states: all but the removed ones."""

    states: tuple[str, ...] = ()
    owner_id: UUID | None = None
    custodian: str | None = None
    district: str | None = None
    query: str | None = None
    has_orders: bool | None = None
    sort: Sort = Sort.NAME

    def parameters(self) -> dict[str, Any]:
        """The values of the conditions that are made."""
        said = {name: getattr(self, name) for name in _CONDITIONS if getattr(self, name) is not None}
        if self.query is not None:
            said["query"] = [f"%{_taken_literally(word)}%" for word in self.query.split()]
        if self.district is not None:
            # GB/T 2260: two digits each for province, city and district; a whole one's own are zeros.
            said["district"] = self.district.removesuffix("00").removesuffix("00")
        return said


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, where to go on (None: that was all), and how many there are of each state, whichever is shown."""

    rows: Sequence[Mapping[str, Any]]
    after: str | None
    counts: dict[str, int] = field(default_factory=dict)


async def page_of(connection: AsyncConnection, wanted: Wanted, *, limit: int, after: str | None) -> Page:
    """One page of the list. Raises `InvalidField` for an `after` that is not one of ours."""
    said = wanted.parameters()
    conditions = " and ".join(("true", *(_CONDITIONS[name] for name in said)))
    states = "aeds.readiness = any(:states)" if wanted.states else "aeds.readiness <> 'removed'"
    sort = _SORTS[wanted.sort]
    beyond = ""
    if after is not None:
        said["last_value"], said["last_id"] = _read_mark(after)
        beyond = f"and ({sort}, aeds.id) > (:last_value, :last_id)"
    if wanted.states:
        said["states"] = list(wanted.states)
    question = _PAGE.format(sort=sort, conditions=conditions, states=states, beyond=beyond)
    rows = [dict(row._mapping) for row in await connection.execute(text(question), said | {"most": limit + 1})]  # noqa: SLF001 - its public name
    shown = rows[:limit]
    mark = _mark_of(shown[-1]) if len(rows) > limit else None
    return Page(shown, mark, {} if after is not None else await _counts(connection, wanted, conditions))


# What is asked may be anything, but only the constants above are ever written into the SQL.
_PAGE = f"""
    with page as (
        select {_COLUMNS}, {{sort}} as sorted_by
        from aeds where {{conditions}} and {{states}} {{beyond}}
        order by sorted_by, aeds.id limit :most
    )
    select page.*, owners.name as owner_name, custodians.name as custodian_name, districts.name as district_name,
        (select count(*) from work_orders where work_orders.aed_id = page.id and closed_at is null) as open_orders
    from page
    left join owners on owners.id = page.owner_id
    left join custodians on custodians.subject = page.custodian
    left join districts on districts.code = page.district_code
    order by sorted_by, page.id
"""  # noqa: S608 - constants


async def _counts(connection: AsyncConnection, wanted: Wanted, conditions: str) -> dict[str, int]:
    question = f"select aeds.readiness, count(*) from aeds where {conditions} group by aeds.readiness"  # noqa: S608 - constants
    counted: TextClause = text(question)
    rows = (await connection.execute(counted, wanted.parameters())).all()
    return {str(state): int(number) for state, number in rows}


def _taken_literally(query: str) -> str:
    return query.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _mark_of(row: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row["sorted_by"], str(row["id"])])).decode()


def _read_mark(mark: str) -> tuple[str, UUID]:
    try:
        value, key = orjson.loads(base64.urlsafe_b64decode(mark))
        if not isinstance(value, str) or "\0" in value:
            raise ValueError("not a text")  # noqa: TRY301 - one answer to all that is not ours
        return value, UUID(key)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidField("after", "This is not where a page ended.") from error
