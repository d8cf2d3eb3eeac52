"""The registry's open data over HTTP."""

from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from dispatch.aeds.open_data.publishing import GOOD_FOR, Form, OpenData, Published

router = APIRouter()

_MEDIA: dict[int | str, dict[str, Any]] = {
    200: {"content": {form.media_type.partition(";")[0]: {} for form in Form}},
    304: {"description": "As you have it"},
}


async def _open_data(request: Request) -> OpenData:
    state = request.app.state
    if not hasattr(state, "open_data"):
        state.open_data = OpenData(state.aeds.directory, state.aeds.now, state.settings.open_data_licence)
    found: OpenData = state.open_data
    return found


OpenDataOfApp = Annotated[OpenData, Depends(_open_data)]
Known = Annotated[str | None, Header(alias="If-None-Match", include_in_schema=False)]
Since = Annotated[str | None, Header(alias="If-Modified-Since", include_in_schema=False)]
Takes = Annotated[str, Header(alias="Accept-Encoding", include_in_schema=False)]


@router.get("/open-data.csv", response_class=Response, responses=_MEDIA)
async def as_csv(open_data: OpenDataOfApp, known: Known = None, since: Since = None, takes: Takes = "") -> Response:
    """All AEDs that hang somewhere, as CSV: what is public of them, at most ten minutes old."""
    return _answer(await open_data.file(Form.CSV), known, since, takes)


@router.get("/open-data.geojson", response_class=Response, responses=_MEDIA)
async def as_geojson(open_data: OpenDataOfApp, known: Known = None, since: Since = None, takes: Takes = "") -> Response:
    """The same as GeoJSON."""
    return _answer(await open_data.file(Form.GEOJSON), known, since, takes)


def _answer(file: Published, known: str | None, since: str | None, takes: str) -> Response:
    headers = {
        "ETag": file.etag,
        "Last-Modified": format_datetime(file.changed_at, usegmt=True),
        "Cache-Control": f"public, max-age={int(GOOD_FOR.total_seconds())}",
        "Vary": "Accept-Encoding",
    }
    if _has_it(file, known, since):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="aeds.{file.form.value}"'
    if "gzip" in takes:
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(file.compressed))}
        return StreamingResponse(file.parts(), headers=headers, media_type=file.form.media_type)
    return StreamingResponse(file.plain_parts(), headers=headers, media_type=file.form.media_type)


def _has_it(file: Published, known: str | None, since: str | None) -> bool:
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return file.etag in tags or "*" in tags
    if since is None:
        return False
    try:
        return file.changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
