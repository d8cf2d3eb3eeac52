"""The SQL that draws a tile. One statement answers its bytes and until when they hold.

Whether a device is usable is worked out as `AedDirectory.is_fetchable` does; whether its place is open comes from
`aed_hours`, whose rows say what holds until when. A row whose time is over is read the other way round: so a tile is
right at the very second at which shops open, however busy whoever keeps the rows may be.

Places go straight to the tile's own coordinates, by the formula of the spherical Mercator: `ST_Transform` and
`ST_AsMVTGeom` for each of 100,000 devices take longer, and could not shift them onto a map in another datum.
"""

from dispatch.aeds.tiles.addresses import LAST_DEGREE
from dispatch.aeds.tiles.choices import Choice
from dispatch.storage.prepared import Prepared

EXTENT = 4096
"""Units across a tile."""

CELLS_ACROSS = 8
"""Cells of clusters along a tile's side: 64 pixels each on a page that shows tiles 512 pixels wide."""

_WRITTEN_SOON_S = 5
"""Hours that nobody has read yet will have been by then."""

# What lies near the middle of its cell does not run into the next cell's.
_PULL_TO_THE_MIDDLE = 0.35

_IS_OPEN = "hours.is_open <> (coalesce(hours.until, 'infinity') <= :now::timestamptz)"

# Nobody can go and fetch one that rides in a car.
_USABLE = f"""case
    when aeds.readiness not in ('ready', 'degraded', 'unverified') or aeds.access = 'private' or aeds.is_mobile
        or aeds.battery_expires_on < :today::date or aeds.pads_expire_on < :today::date then 'no'
    when aeds.access = 'unknown' or hours.expression is null then 'unknown'
    when {_IS_OPEN} then 'now'
    when hours.until is not null then 'later'
    else 'no' end"""

# When the device is drawn otherwise by time alone; hours that are overdue or missing are written within seconds.
_HOLDS_UNTIL = f"""case
    when aeds.readiness not in ('ready', 'degraded', 'unverified') or aeds.access in ('private', 'unknown')
        or aeds.is_mobile then null
    when hours.until > :now::timestamptz then hours.until
    when hours.until is not null or (hours.expression is null and aeds.opening_hours is not null)
        then :now::timestamptz + interval '{_WRITTEN_SOON_S} seconds' end"""

_OPENS = """case when usable = 'later' and until > :now::timestamptz then to_char(until at time zone :zone::text,
    case when until < :now::timestamptz + interval '20 hours' then 'HH24:MI' else 'MM-DD HH24:MI' end) end"""

_CHOSEN = {
    Choice.USABLE: "usable = 'now'",
    Choice.PUBLIC: "aeds.access = 'public'",
    Choice.ALWAYS: "coalesce(aeds.opening_hours = '24/7', false)",
    Choice.INDOOR: "coalesce(aeds.indoor, false)",
    Choice.OUTDOOR: "not coalesce(aeds.indoor, true)",
    Choice.CHECKED: "aeds.readiness = 'ready'",
    Choice.CHILDREN: "coalesce(aeds.pads_child_expire_on >= :today::date, false)",
}

_HOURS = "left join aed_hours as hours on hours.expression = aeds.opening_hours and hours.area = aeds.area"

# Where a carried one is, is where somebody is: that is nobody's business.
_SHOWN = "aeds.readiness <> 'removed' and not (aeds.is_mobile and aeds.carried_by is not null)"

_BY_INDEX = (
    "aeds.location && ST_MakeEnvelope(:west::float8, :south::float8, :east::float8, :north::float8, 4326)::geography"
)


def parameter_of(choice: Choice) -> str:
    """The statement's parameter that says whether the choice is made."""
    return f"only_{choice}"


def _chosen(*, but: Choice | None = None) -> str:
    return " and ".join(
        f"(not :{parameter_of(choice)}::bool or {condition})"
        for choice, condition in _CHOSEN.items()
        if choice is not but
    )


def _near(where: str, columns: str) -> str:
    """The devices of the window, where they lie on the tile (as if in WGS-84), and how they stand.

    Without each `offset 0` the server would work everything out again wherever it is named.
    """
    return f"""
    select placed.*,
        u + :east_zero::float8 + :east_u::float8 * u + :east_v::float8 * v + :east_both::float8 * u * v as east,
        v + :south_zero::float8 + :south_u::float8 * u + :south_v::float8 * v + :south_both::float8 * u * v as south
    from (
        select there.*, least(ST_X(point) + 180, {LAST_DEGREE}) * (:columns::float8 / 360) - :x::float8 as u,
            (0.5 - asinh(tan(radians(ST_Y(point)))) / (2 * pi())) * :columns::float8 - :y::float8 as v
        from (
            select {columns}, hours.until, {_USABLE} as usable, {_HOLDS_UNTIL} as holds_until,
                {_chosen(but=Choice.USABLE)} as chosen, aeds.location::geometry as point
            from aeds {_HOURS}
            where {_SHOWN} and {where} offset 0
        ) as there offset 0
    ) as placed offset 0"""  # noqa: S608 - constants


_WANTED = f"chosen and (not :{parameter_of(Choice.USABLE)}::bool or usable = 'now')"

_POINT = f"""id::text as id, name, usable, readiness = 'ready' as checked, {_OPENS} as opens,
    extract(epoch from case when usable = 'later' and until > :now::timestamptz then until end)::bigint as opens_at"""


def _points(where: str) -> str:
    return f"""
with near as materialized ({_near(where, "aeds.id, aeds.name, aeds.readiness")}),
points as (
    select ST_MakePoint(round(east * {EXTENT}), round(south * {EXTENT})) as geom, {_POINT}
    from near
    where {_WANTED} and east between - :margin::float8 and 1 + :margin::float8
        and south between - :margin::float8 and 1 + :margin::float8
    order by id
)
select (select ST_AsMVT(points.*, 'aeds', {EXTENT}, 'geom') from points), (select min(holds_until) from near)
"""  # noqa: S608 - constants


def _clusters(where: str) -> str:
    return f"""
with shown as (
    select near.*, {_WANTED} as wanted from ({_near(where, "aeds.ctid as spot")}) as near offset 0
),
every_cell as materialized (
    select floor(east * {CELLS_ACROSS}) as across, floor(south * {CELLS_ACROSS}) as down,
        min(holds_until) as holds_until,
        count(*) filter (where wanted) as count,
        count(*) filter (where wanted and usable = 'now') as now,
        count(*) filter (where wanted and usable = 'later') as later,
        count(*) filter (where wanted and usable = 'no') as no,
        avg(east) filter (where wanted) as east, avg(south) filter (where wanted) as south,
        min(east) filter (where wanted) as least_east, max(east) filter (where wanted) as most_east,
        min(south) filter (where wanted) as least_south, max(south) filter (where wanted) as most_south,
        min(spot) filter (where wanted) as spot
    from shown
    group by across, down
),
cells as (
    select * from every_cell where across between 0 and {CELLS_ACROSS - 1} and down between 0 and {CELLS_ACROSS - 1}
),
clusters as (
    select ST_MakePoint(
            round({EXTENT} * (east + {_PULL_TO_THE_MIDDLE} * ((across + 0.5) / {CELLS_ACROSS} - east))),
            round({EXTENT} * (south + {_PULL_TO_THE_MIDDLE} * ((down + 0.5) / {CELLS_ACROSS} - south)))) as geom,
        count, now, later, no, count - now - later - no as unknown,
        {_longitude("least_east")} as west, {_longitude("most_east")} as east,
        {_latitude("most_south")} as south, {_latitude("least_south")} as north
    from cells where count > 1
    order by across, down
),
alone as (
    select cells.east, cells.south, aeds.id, aeds.name, aeds.readiness, hours.until, {_USABLE} as usable
    from cells
    cross join lateral (select * from aeds where ctid = cells.spot offset 0) as aeds
    {_HOURS}
    where cells.count = 1
),
points as (
    select ST_MakePoint(round(east * {EXTENT}), round(south * {EXTENT})) as geom, {_POINT} from alone order by id
)
select (select ST_AsMVT(clusters.*, 'clusters', {EXTENT}, 'geom') from clusters)
    || (select ST_AsMVT(points.*, 'aeds', {EXTENT}, 'geom') from points), (select min(holds_until) from cells)
"""  # noqa: S608 - constants


def _longitude(east: str) -> str:
    return f"round((({east} + :x::float8) / :columns::float8 * 360 - 180)::numeric, 6)::float8"


def _latitude(south: str) -> str:
    return f"round(degrees(atan(sinh(pi() * (1 - 2 * ({south} + :y::float8) / :columns::float8))))::numeric, 6)::float8"


_TYPES = {
    **dict.fromkeys(("columns", "x", "y", "margin", "west", "south", "east", "north"), "float8"),
    **dict.fromkeys((f"{way}_{part}" for way in ("east", "south") for part in ("zero", "u", "v", "both")), "float8"),
    **{parameter_of(choice): "bool" for choice in Choice},
    "now": "timestamptz",
    "today": "date",
    "zone": "text",
}

POINTS = Prepared("tile_points", _points(_BY_INDEX), _TYPES)
CLUSTERS = Prepared("tile_clusters", _clusters(_BY_INDEX), _TYPES)
CLUSTERS_OF_THE_WORLD = Prepared("tile_clusters_of_the_world", _clusters("true"), _TYPES)
"""For tiles so wide that a box on the globe cannot tell what lies on them."""

# One core of two has to stay with the SOS.
ALONE = Prepared("tile_alone", "select set_config('max_parallel_workers_per_gather', '0', true)", {})

# A cluster's tile may hold ten devices or all of them: planning it each time takes a millisecond, and saves a hundred.
PLANNED = Prepared("tile_planned", "select set_config('plan_cache_mode', 'force_custom_plan', true)", {})
