"""The pages and what they need besides the API: their settings, and outlines for a map without tiles."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.responses import FileResponse

from dispatch.districts import districts_within
from dispatch.openapi import problems
from dispatch.problems import InvalidField
from dispatch.settings import Settings
from geo.bounding_box import InvalidBoundingBox, parse_bounding_box
from geo.datum import Datum

WEB = Path(__file__).parent / "web"

router = APIRouter()


class Tiles(BaseModel):
    """Raster tiles, and the datum they are drawn in."""

    url: str
    attribution: str
    datum: Datum


class Centre(BaseModel):
    """Where maps open, WGS-84."""

    latitude: float
    longitude: float


class PageSettings(BaseModel):
    """What the owner has set for the pages."""

    tiles: Tiles | None
    centre: Centre
    zoom: float
    emergency_number: str
    timezone: str


@router.get("/v1/page-settings", tags=["pages"])
async def page_settings(request: Request) -> PageSettings:
    """What the owner has set for the pages."""
    settings: Settings = request.app.state.settings
    tiles = None
    if settings.tile_url:
        tiles = Tiles(url=settings.tile_url, attribution=settings.tile_attribution, datum=Datum(settings.tile_datum))
    return PageSettings(
        tiles=tiles,
        centre=Centre(latitude=settings.map_latitude, longitude=settings.map_longitude),
        zoom=settings.map_zoom,
        emergency_number=settings.emergency_number,
        timezone=settings.timezone,
    )


@router.get("/v1/districts", tags=["pages"], responses=problems(422))
async def districts(
    bbox: Annotated[str, Query(description="west,south,east,north in degrees, WGS-84", max_length=200)],
) -> dict[str, Any]:
    """Outlines and names of districts, as GeoJSON in WGS-84: what a map shows where it has no tiles."""
    try:
        box = parse_bounding_box(bbox)
    except InvalidBoundingBox as error:
        raise InvalidField("bbox", error.problem) from error
    return {"type": "FeatureCollection", "features": districts_within(box)}


_HTML = "text/html; charset=utf-8"
_SCRIPT = "text/javascript; charset=utf-8"

_PAGES = {
    "/": ("caller.html", _HTML),
    "/responder": ("responder.html", _HTML),
    "/console": ("console.html", _HTML),
    "/map": ("map.html", _HTML),
    "/custodian": ("custodian.html", _HTML),
    "/office": ("office.html", _HTML),
    # A service worker's scope lies at or below its own path: under /web/ it could not be the page.
    "/responder-worker.js": ("responder/service_worker.js", _SCRIPT),
    "/custodian-worker.js": ("custodian/service_worker.js", _SCRIPT),
}


def install_pages(app: FastAPI) -> None:
    """Serve the pages, the workers that wake phones, and the files they are made of."""
    app.include_router(router)
    for path, (file, media_type) in _PAGES.items():
        page = _page(WEB / file, media_type)
        app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False, response_class=FileResponse)
    app.mount("/web", StaticFiles(directory=WEB, check_dir=False), name="web")


def _page(file: Path, media_type: str) -> Any:
    async def page() -> Response:
        return FileResponse(file, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return page


def content_security_policy(settings: Settings) -> str:
    """What the pages may load: their own files, and the tiles of the configured server."""
    tiles = ""
    if settings.tile_url:
        scheme, _, rest = settings.tile_url.partition("://")
        host = rest.partition("/")[0].replace("{s}", "*")
        tiles = f" {scheme}://{host}"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{tiles}",
            "worker-src 'self' blob:",
            f"connect-src 'self' ws: wss:{tiles}",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
