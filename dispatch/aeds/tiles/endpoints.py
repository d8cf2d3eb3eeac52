"""Vector tiles of the AEDs over HTTP, for anybody."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dispatch.aeds.tiles.addresses import tile_address
from dispatch.aeds.tiles.choices import choices_of
from dispatch.aeds.tiles.drawing import TileKey
from dispatch.aeds.tiles.tiles import Answer, Tiles
from dispatch.openapi import problems
from dispatch.problems import InvalidField
from geo.datum import Datum, UnknownDatum, parse_datum

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"

# A fault becomes known at any time: nobody may go on looking at an old tile for longer than this.
_LONGEST_AGE_S = 30

router = APIRouter(prefix="/v1/aeds/tiles", tags=["aeds"])


@router.get(
    "/{z}/{x}/{y}",
    response_class=Response,
    responses={
        200: {"description": "The tile.", "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        204: {"description": "There is nothing on it."},
        304: {"description": "It is as `If-None-Match` has it."},
        **problems(422, 503),
    },
)
async def tile(
    request: Request,
    z: int,
    x: int,
    y: int,
    only: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Narrowed down to these, separated by commas: `usable` (now), `public`, `always` (24/7), "
            "`indoor`, `outdoor`, `checked` (its condition is verified), `children` (has pads for them).",
        ),
    ] = None,
    datum: Annotated[str, Query(description="`wgs84`, `gcj02` or `bd09`: that of the map below.")] = Datum.WGS84.value,
) -> Response:
    """A Mapbox vector tile (Web Mercator, rows from the north) of what a map shows, zoom 0 to 20.

    Layer `aeds`: `id`, `name`, `usable` (`now`, `later`, `no`, `unknown`), `checked` (condition verified), and of
    those closed now `opens` (text, from zoom 8 on by the clock of the place) and `opens_at` (seconds since 1970).
    Layer `clusters`, before zoom 13: `count`, of these `now`, `later`, `no`, `unknown`, and the box that holds them:
    `west`, `south`, `east`, `north`. Before that zoom every device is on exactly one tile.

    A mobile device is `no`: nobody can run to it; where somebody carries one, it is on no tile.

    A `Warning` header says that the tile is an old one, for a new one could not be made.
    """
    tiles: Tiles = request.app.state.aed_tiles
    key = TileKey(tile_address(z, x, y), _datum_of(datum), choices_of(only))
    answer = await tiles.tile(key)
    return _as_asked(request, answer, _age_s(answer, tiles))


def _datum_of(name: str) -> Datum:
    try:
        return parse_datum(name)
    except UnknownDatum as error:
        raise InvalidField("datum", error.problem) from error


def _age_s(answer: Answer, tiles: Tiles) -> int:
    if answer.is_stale:
        return 0
    left_s = (answer.drawing.holds_until - tiles.now()).total_seconds()
    return int(min(_LONGEST_AGE_S, max(1.0, left_s)))


def _as_asked(request: Request, answer: Answer, age_s: int) -> Response:
    drawing = answer.drawing
    headers = {
        "ETag": f'"{drawing.tag}"',
        "Cache-Control": f"public, max-age={age_s}",
        "Vary": "Accept-Encoding",
    }
    if answer.is_stale:
        headers["Warning"] = '110 - "Response is Stale"'
    if drawing.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not drawing.body:
        return Response(status_code=204, headers=headers)
    if drawing.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(drawing.packed, media_type=MEDIA_TYPE, headers=headers | {"Content-Encoding": "gzip"})
    return Response(drawing.body, media_type=MEDIA_TYPE, headers=headers)
