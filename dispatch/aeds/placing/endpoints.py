"""Moves and histories over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from dispatch.access.asking import Anyone, Custodian
from dispatch.access.tokens import Identity, Role
from dispatch.aeds import views
from dispatch.aeds.placing.schemas import HistoryOut, MoveIn
from dispatch.aeds.placing.service import PlacingDesk
from dispatch.aeds.schemas import AedOut, Instant
from dispatch.aeds.service import AedService
from dispatch.openapi import problems
from dispatch.problems import Forbidden, Unauthenticated

router = APIRouter(prefix="/v1/aeds", tags=["aeds"])

_MOST_LINES = 200
_MAY_LOOK_BACK = frozenset({Role.ADMIN, Role.OPERATOR, Role.CUSTODIAN})


async def _desk(request: Request) -> PlacingDesk:
    desk: PlacingDesk = request.app.state.placing
    return desk


async def _looks_back(asker: Anyone) -> Identity:
    if asker is None:
        raise Unauthenticated("This needs a token.")
    if asker.role not in _MAY_LOOK_BACK:
        raise Forbidden(f"A token of role {asker.role} may not do this.")
    return asker


Desk = Annotated[PlacingDesk, Depends(_desk)]


@router.post("/{aed_id}/move", response_model=AedOut, responses=problems(400, 401, 403, 404, 409, 413, 422))
async def move(aed_id: UUID, said: MoveIn, by: Custodian, desk: Desk, request: Request) -> dict[str, Any]:
    """Hang a device elsewhere; where it was, and until when, is kept. Positions that it told before count no more."""
    service: AedService = request.app.state.aeds
    return views.whole(await desk.move(aed_id, said, by), service.directory, service.now())


@router.get("/{aed_id}/history", response_model=HistoryOut, responses=problems(401, 403, 404, 422))
async def history(
    aed_id: UUID,
    by: Annotated[Identity, Depends(_looks_back)],
    desk: Desk,
    before_event: Annotated[int | None, Query(ge=1, le=2**62, description="Only events with a lower id.")] = None,
    before: Annotated[Instant | None, Query(description="Only reports from before.")] = None,
    before_report: Annotated[
        UUID | None, Query(description="With `before`: the last report that is known; others of its instant follow.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_LINES)] = 50,
) -> dict[str, Any]:
    """Where a device hung, what happened to it and what was reported of it, newest first.

    For operators, administrators, its custodian and who stands in for them.
    """
    found = await desk.history(
        aed_id, by, before_event=before_event, before=before, before_report=before_report, limit=limit
    )
    return found | {"placements": [asdict(each) for each in found["placements"]]}
