"""AEDs over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from dispatch.access.asking import Anyone, Custodian
from dispatch.access.tokens import Identity, Role
from dispatch.aeds import views
from dispatch.aeds.importing.endpoints import router as import_router
from dispatch.aeds.open_data.endpoints import router as open_data_router
from dispatch.aeds.schemas import (
    AedChange,
    AedIn,
    AedOut,
    FeaturesOut,
    Instant,
    NearestOut,
    values_of,
)
from dispatch.aeds.service import AedService
from dispatch.openapi import problems
from dispatch.problems import InvalidField
from geo.bounding_box import BoundingBox, InvalidBoundingBox, parse_bounding_box
from geo.datum import Datum, UnknownDatum, parse_datum, to_wgs84
from geo.place import InvalidPlace, Place, place_from

router = APIRouter(prefix="/v1/aeds", tags=["aeds"])
# Before what takes an id in the same place.
router.include_router(open_data_router)
router.include_router(import_router)

_MOST_NEAR = 50
_MOST_IN_BOX = 5000


async def _service(request: Request) -> AedService:
    service: AedService = request.app.state.aeds
    return service


# Said in the schema only: the refusals are this module's own, because they tell more, such as a swapped pair.
_NORTH: dict[str, Any] = {"minimum": -90, "maximum": 90}
_EAST: dict[str, Any] = {"minimum": -180, "maximum": 180}
_BOX: dict[str, Any] = {"pattern": r"^-?[0-9.]+,-?[0-9.]+,-?[0-9.]+,-?[0-9.]+$"}


def _datum(
    datum: Annotated[
        str, Query(description="`wgs84`, `gcj02` or `bd09`: of the question and of the answer.")
    ] = Datum.WGS84.value,
) -> Datum:
    return _named_datum(datum)


def _named_datum(name: str) -> Datum:
    try:
        return parse_datum(name)
    except UnknownDatum as error:
        raise InvalidField("datum", error.problem) from error


def _box(
    bbox: Annotated[str, Query(description="west,south,east,north in degrees, WGS-84.", json_schema_extra=_BOX)],
) -> BoundingBox:
    try:
        return parse_bounding_box(bbox)
    except InvalidBoundingBox as error:
        raise InvalidField("bbox", error.problem) from error


def _place(
    latitude: Annotated[float, Query(description="Degrees north.", json_schema_extra=_NORTH)],
    longitude: Annotated[float, Query(description="Degrees east.", json_schema_extra=_EAST)],
    datum: Annotated[Datum, Depends(_datum)],
) -> Place:
    try:
        return to_wgs84(place_from(latitude, longitude), datum)
    except InvalidPlace as error:
        raise InvalidField(error.field, error.problem) from error


def _is_stranger(asker: Identity | None) -> bool:
    return asker is None or asker.role is Role.CALLER


Service = Annotated[AedService, Depends(_service)]
At = Annotated[Instant | None, Query(description="Usable when; now without it.")]


@router.get("/nearest", response_model=NearestOut, responses=problems(422))
async def nearest(
    service: Service,
    place: Annotated[Place, Depends(_place)],
    datum: Annotated[Datum, Depends(_datum)],
    limit: Annotated[int, Query(ge=1, le=_MOST_NEAR)] = 5,
    at: At = None,
    within_m: Annotated[float | None, Query(gt=0, allow_inf_nan=False, description="No farther than this.")] = None,
) -> dict[str, Any]:
    """The nearest AEDs that are usable at a time: working by all evidence, open, and not private."""
    when = at or service.now()
    return {"aeds": service.nearest_as_json(place, limit=limit, at=when, datum=datum, within_m=within_m), "at": when}


@router.get("", response_model=FeaturesOut, responses=problems(422))
async def in_box(
    service: Service,
    box: Annotated[BoundingBox, Depends(_box)],
    asker: Anyone,
    at: At = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_IN_BOX)] = 1000,
) -> dict[str, Any]:
    """The AEDs of a box as GeoJSON, usable or not; what somebody carries with them is not for everybody."""
    when = at or service.now()
    found, more = service.in_box(box, limit, leaving_out=views.is_carried if _is_stranger(asker) else None)
    features = [views.feature(aed, usable=service.directory.is_usable(aed, when)) for aed in found]
    return {"type": "FeatureCollection", "features": features, "truncated": more}


@router.get("/{aed_id}", response_model=AedOut, responses=problems(404, 422))
async def one(
    aed_id: UUID, service: Service, datum: Annotated[Datum, Depends(_datum)], asker: Anyone
) -> dict[str, Any]:
    """All that is known about one AED; who looks after it and what it is worth to a thief is not for everybody."""
    told = views.whole(await service.one(aed_id), service.directory, service.now(), datum)
    is_stranger = _is_stranger(asker)
    return views.for_strangers(told) if is_stranger else told


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=AedOut,
    responses=problems(400, 401, 403, 409, 413, 422),
)
async def create(given: AedIn, by: Custodian, service: Service) -> dict[str, Any]:
    """Enter an AED. It is `unverified` until there is evidence."""
    aed = await service.create(values_of(given), by)
    return views.whole(aed, service.directory, service.now(), given.location.datum)


@router.patch("/{aed_id}", response_model=AedOut, responses=problems(400, 401, 403, 404, 409, 413, 422))
async def change(aed_id: UUID, said: AedChange, by: Custodian, service: Service) -> dict[str, Any]:
    """Change what is said; what is left out stays, null makes unknown."""
    aed = await service.change(aed_id, values_of(said), by)
    return views.whole(aed, service.directory, service.now())


@router.delete(
    "/{aed_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(401, 403, 404, 422),
)
async def remove(aed_id: UUID, by: Custodian, service: Service) -> None:
    """Take an AED out of use for good. It is kept as `removed`."""
    await service.remove(aed_id, by)
