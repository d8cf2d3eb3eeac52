"""The rows behind settling: held, read and written with a few statements however many devices there are.

Rows of `aeds` are locked in the order of their ids before anything else of their devices is read or written, so that
two who settle the same devices wait for each other and never block each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.hours_area import area_of
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import CHANNEL, EVERYTHING, StoredReport, report_of
from dispatch.aeds.settling.events import AedEvent
from dispatch.aeds.settling.kept import SEEN_DATES, Kept
from dispatch.encoding import to_json_text

# Who hears this refreshes what it holds; the first line says who wrote it.
HEALTH_CHANNEL = "dispatch_aed_health"

# A notification holds less than 8,000 bytes: so many ids of 32 digits.
_TOLD_AT_ONCE = 200
# More single notices than this are one to read everything again.
_TOLD_SINGLY = 200

# Whoever changes what devices are judged by asks for them to be looked at within a second or two, when every process
# has heard of it. Who settles one until then may still go by what held before: that look stays.
_ASKED_FOR_WITHIN = timedelta(seconds=5)

# What is said again in the same words has the same time too, and so the same key, for as long as it is kept. What did
# not say when it was, or says otherwise now, is known by its id for so long: each part of the table is looked into.
# Nobody else writes of these devices meanwhile: their rows are held. (Asked for one by one: for want of statistics
# PostgreSQL would join the whole table.)
_KNOWN_BY_ID_FOR = timedelta(days=62)

# Rows come as one JSON text: a list of a thousand values, each told apart by its quotes, would take longer to write.
_ADD_REPORTS = text("""
insert into aed_reports (id, aed_id, kind, at, received_at, reported_by, data)
select id, aed_id, kind, at, received_at, reported_by, data
from jsonb_to_recordset(cast(:reports as jsonb)) as report(
    id uuid, aed_id uuid, kind text, at timestamptz, received_at timestamptz, reported_by text, data jsonb)
where (select known.id from aed_reports as known where known.id = report.id and known.at >= :lately limit 1) is null
order by id
on conflict do nothing
returning id
""")

_REPORTS = text("select * from aed_reports where id = any(:ids) order by received_at desc")

_FREE = text("select id from aeds where id = any(:ids) order by id for no key update skip locked")

_KEPT = text("select aed_id, evidence::text, look_again_at from aed_health where aed_id = any(:ids)")

# What a device's evidence can be made of again: everything but what repeats itself, and of that the first and the last
# (of each set of readings, for the newest report need not bring every one).
_HISTORY = text("""
select * from aed_reports where aed_id = any(:ids) and kind not in ('heartbeat', 'location')
union all
(select distinct on (aed_id, kind, reported_by = 'public', data ? 'battery_percent', data ? 'temperature_c',
                     data ? 'pads_ok') *
 from aed_reports where aed_id = any(:ids) and kind in ('heartbeat', 'location')
 order by aed_id, kind, reported_by = 'public', data ? 'battery_percent', data ? 'temperature_c', data ? 'pads_ok',
          at desc, id desc)
union all
(select distinct on (aed_id, kind) * from aed_reports
 where aed_id = any(:ids) and kind in ('heartbeat', 'location') and reported_by <> 'public'
 order by aed_id, kind, at)
""")

# Everything that follows for known devices, in one round trip.
_WRITE = text("""
with stood as (
    update aeds set readiness = told.readiness, readiness_reasons = told.readiness_reasons,
                    readiness_at = told.readiness_at, belief = told.belief, updated_at = told.updated_at,
                    is_connected = told.is_connected, has_self_test = told.has_self_test,
                    battery_fitted_on = told.battery_fitted_on, battery_expires_on = told.battery_expires_on,
                    pads_fitted_on = told.pads_fitted_on, pads_expire_on = told.pads_expire_on,
                    pads_child_fitted_on = told.pads_child_fitted_on, pads_child_expire_on = told.pads_child_expire_on
    from jsonb_to_recordset(cast(:states as jsonb)) as told(
        id uuid, readiness text, readiness_reasons text[], readiness_at timestamptz, belief jsonb,
        updated_at timestamptz, is_connected bool, has_self_test bool, battery_fitted_on date, battery_expires_on date,
        pads_fitted_on date, pads_expire_on date, pads_child_fitted_on date, pads_child_expire_on date)
    where aeds.id = told.id
),
known as (
    insert into aed_health (aed_id, evidence, look_again_at)
    select aed_id, evidence, look_again_at
    from jsonb_to_recordset(cast(:kept as jsonb)) as known(aed_id uuid, evidence jsonb, look_again_at timestamptz)
    order by aed_id
    on conflict (aed_id) do update set evidence = excluded.evidence, look_again_at = case
        when aed_health.look_again_at > cast(:now as timestamptz)
             and aed_health.look_again_at <= cast(:asked_for_until as timestamptz)
        then least(aed_health.look_again_at, excluded.look_again_at)
        else excluded.look_again_at end
)
insert into aed_events (aed_id, at, recorded_at, kind, by, data)
select aed_id, at, recorded_at, kind, by, data
from jsonb_to_recordset(cast(:events as jsonb)) as event(
    place int, aed_id uuid, at timestamptz, recorded_at timestamptz, kind text, by text, data jsonb)
order by place
""")

_PUT_PLACES = text("""
update aeds set location = st_setsrid(st_makepoint(told.longitude, told.latitude), 4326)::geography,
                fix_at = told.fix_at, area = told.area
from jsonb_to_recordset(cast(:places as jsonb)) as told(
    id uuid, longitude float8, latitude float8, fix_at timestamptz, area text)
where aeds.id = told.id
""")

_NOTIFY = text("""
select pg_notify(channel, payload)
from unnest(cast(:channels as text[]), cast(:payloads as text[])) as told(channel, payload)
""")

# Of the record what reports and time change, its place apart.
_STATE_FIELDS = (
    *("id", "readiness", "readiness_reasons", "readiness_at", "updated_at", "is_connected", "has_self_test"),
    *SEEN_DATES,
)
_state_of = attrgetter(*_STATE_FIELDS)


async def free_of(connection: AsyncConnection, aed_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these devices that nobody holds; they are held from now on."""
    return set((await connection.execute(_FREE, {"ids": list(aed_ids)})).scalars())


async def add_reports(connection: AsyncConnection, reports: Sequence[StoredReport]) -> set[UUID]:
    """Keep reports; the ids of those that were not there yet."""
    if not reports:
        return set()
    # Dataclasses are JSON objects of their fields.
    said = {"reports": to_json_text(reports), "lately": max(each.received_at for each in reports) - _KNOWN_BY_ID_FOR}
    return set((await connection.execute(_ADD_REPORTS, said)).scalars())


async def reports_of(connection: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, StoredReport]:
    """The reports of these ids that are kept; of two of one id the one that came first."""
    rows = await connection.execute(_REPORTS, {"ids": list(ids)})
    return {row.id: report_of(row) for row in rows}


async def kept_of(connection: AsyncConnection, aed_ids: Sequence[UUID]) -> dict[UUID, Kept]:
    """What is kept of these devices; of those of whom nothing is, made from their reports.

    Nothing is kept of a device that an older version of the service has entered.
    """
    rows = await connection.execute(_KEPT, {"ids": list(aed_ids)})
    kept = {row.aed_id: Kept.of_json(orjson.loads(row.evidence), row.look_again_at) for row in rows}
    unknown = [each for each in aed_ids if each not in kept]
    if unknown:
        kept |= await kept_from_reports(connection, unknown)
    return kept


async def kept_from_reports(
    connection: AsyncConnection, aed_ids: Sequence[UUID], known: Mapping[UUID, Kept] | None = None
) -> dict[UUID, Kept]:
    """What is to be kept of these devices by all that was ever reported of them, and by what is `known` already."""
    found: defaultdict[UUID, dict[UUID, StoredReport]] = defaultdict(dict)
    for row in await connection.execute(_HISTORY, {"ids": list(aed_ids)}):
        found[row.aed_id][row.id] = report_of(row)
    nothing = Kept()
    return {each: (known or {}).get(each, nothing).with_reports(found[each].values()) for each in aed_ids}


async def write(
    connection: AsyncConnection,
    states: Sequence[Aed],
    kept: Mapping[UUID, Kept],
    events: Sequence[AedEvent],
    now: datetime | None = None,
) -> None:
    """Write what becomes of known devices, but for their places; what is kept of devices; and what happened, in order.

    The devices' rows are held. A look that somebody has asked for soon after `now` stays.
    """
    if not (states or kept or events):
        return
    await connection.execute(
        _WRITE,
        {
            "states": to_json_text([_row_of_state(aed) for aed in states]),
            "kept": to_json_text(
                [
                    {"aed_id": aed_id, "evidence": each.as_json(), "look_again_at": each.look_again_at}
                    for aed_id, each in kept.items()
                ]
            ),
            "events": to_json_text([_row_of_event(place, each) for place, each in enumerate(events)]),
            "now": now,
            "asked_for_until": None if now is None else now + _ASKED_FOR_WITHIN,
        },
    )


async def put_kept(connection: AsyncConnection, kept: Mapping[UUID, Kept]) -> None:
    """Write what is kept of devices whose rows are held."""
    await write(connection, (), kept, ())


async def add_events(connection: AsyncConnection, events: Sequence[AedEvent]) -> None:
    """Write what happened, in that order."""
    await write(connection, (), {}, events)


async def put_places(connection: AsyncConnection, moved: Sequence[Aed]) -> None:
    """Write where these devices are by now."""
    if not moved:
        return
    places = [
        {
            "id": aed.id,
            "longitude": aed.place.longitude,
            "latitude": aed.place.latitude,
            "fix_at": aed.fix_at,
            "area": area_of(aed.place),
        }
        for aed in moved
    ]
    await connection.execute(_PUT_PLACES, {"places": to_json_text(places)})


async def notify(
    connection: AsyncConnection, writer: str, changed: Iterable[UUID], told_singly: Iterable[UUID]
) -> None:
    """Tell other processes, when the transaction commits, which devices changed.

    `told_singly` are those that also a service of the version before has to hear of: their state is another one. Too
    many, and it is made to read everything again.
    """
    ids = [each.hex for each in changed]
    parts = [ids[begin : begin + _TOLD_AT_ONCE] for begin in range(0, len(ids), _TOLD_AT_ONCE)]
    notices = [(HEALTH_CHANNEL, "\n".join([writer, *part])) for part in parts]
    single = [str(each) for each in told_singly]
    notices += [(CHANNEL, each) for each in (single if len(single) <= _TOLD_SINGLY else [f"{EVERYTHING}:{writer}"])]
    if notices:
        await connection.execute(
            _NOTIFY, {"channels": [channel for channel, _ in notices], "payloads": [payload for _, payload in notices]}
        )


def _row_of_state(aed: Aed) -> dict[str, Any]:
    row = dict(zip(_STATE_FIELDS, _state_of(aed), strict=True))
    row["belief"] = None if aed.belief is None else aed.belief.as_json()
    return row


def _row_of_event(place: int, event: AedEvent) -> dict[str, Any]:
    return {
        "place": place,
        "aed_id": event.aed_id,
        "at": event.at,
        "recorded_at": event.recorded_at,
        "kind": event.kind,
        "by": event.by,
        "data": event.data,
    }
