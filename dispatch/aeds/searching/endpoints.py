"""Looking devices up over HTTP: a search for anybody, and the office's list."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from dispatch.access.asking import Admin
from dispatch.aeds.health.explaining import explained
from dispatch.aeds.record import Readiness
from dispatch.aeds.searching.listing import Sort, Wanted, page_of
from dispatch.aeds.searching.schemas import DevicesOut, FoundOut
from dispatch.aeds.searching.search import LONGEST_QUERY, AedSearch, Found
from dispatch.aeds.service import AedService
from dispatch.locations import location_json
from dispatch.openapi import problems
from dispatch.problems import InvalidField
from dispatch.storage.database import Database
from geo.place import InvalidPlace, Place, place_from

router = APIRouter(tags=["aeds"])

_NO_NUL = r"^[^\x00]*$"
_Text = Annotated[str | None, Query(min_length=1, max_length=LONGEST_QUERY, pattern=_NO_NUL)]


def _near(
    latitude: Annotated[float | None, Query(description="Degrees north, WGS-84; to find the nearest first.")] = None,
    longitude: Annotated[float | None, Query(description="Degrees east, WGS-84.")] = None,
) -> Place | None:
    if latitude is None and longitude is None:
        return None
    try:
        return place_from(latitude, longitude)
    except InvalidPlace as error:
        raise InvalidField(error.field, error.problem) from error


@router.get("/v1/aeds/search", response_model=FoundOut, responses=problems(422, 503))
async def search(
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST_QUERY, pattern=_NO_NUL, description="Pieces of name and address.")],
    near: Annotated[Place | None, Depends(_near)],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> dict[str, Any]:
    """AEDs whose name, address and exact place contain every word of `q`: in the name first, then the nearest first.

    What is written without a space, as Chinese is, is also found in two pieces when it is nowhere as a whole.
    """
    searched: AedSearch = request.app.state.aed_search
    service: AedService = request.app.state.aeds
    result = await searched.find(q, limit=limit, near=near)
    return {"aeds": [_found(each, service) for each in result.found], "more": result.more}


def _found(found: Found, service: AedService) -> dict[str, Any]:
    aed = found.aed
    return {
        "id": aed.id,
        "name": aed.name,
        "address": aed.address,
        "place_detail": aed.place_detail,
        "floor": aed.floor,
        "indoor": aed.indoor,
        "access": aed.access,
        "opening_hours": aed.opening_hours,
        "readiness": aed.readiness,
        "usable_now": service.directory.is_usable(aed, service.now()),
        "distance_m": None if found.distance_m is None else round(found.distance_m, 1),
        "location": location_json(aed.place),
    }


@router.get("/v1/registry/devices", response_model=DevicesOut, responses=problems(401, 403, 422))
async def devices(
    request: Request,
    _admin: Admin,
    readiness: Annotated[list[Readiness] | None, Query(description="Without it: all but the removed ones.")] = None,
    owner_id: Annotated[UUID | None, Query(description="Theirs, and of all below them.")] = None,
    custodian: _Text = None,
    district: Annotated[
        str | None, Query(pattern=r"^[0-9]{6}$", description="GB/T 2260; a city's code stands for its districts.")
    ] = None,
    q: _Text = None,
    has_orders: Annotated[bool | None, Query(description="With open work orders, or without.")] = None,
    sort: Sort = Sort.NAME,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=2000)] = None,
) -> dict[str, Any]:
    """The devices, page by page: by name, by when their condition was last concluded, or by what expires first."""
    database: Database = request.app.state.database
    wanted = Wanted(
        states=tuple(state.value for state in readiness or ()),
        owner_id=owner_id,
        custodian=custodian,
        district=district,
        query=q,
        has_orders=has_orders,
        sort=sort,
    )
    async with database.reading() as connection:
        page = await page_of(connection, wanted, limit=limit, after=after)
    return {"devices": [_line(row) for row in page.rows], "after": page.after, "counts": page.counts}


def _line(row: Any) -> dict[str, Any]:
    return {
        **row,
        "why": explained(row["readiness_reasons"], Readiness(row["readiness"])),
        "location": location_json(Place(row["latitude"], row["longitude"])),
    }
