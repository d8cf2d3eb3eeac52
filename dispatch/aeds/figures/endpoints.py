"""The office's figures over HTTP."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from dispatch.access.asking import Admin
from dispatch.aeds.figures.schemas import FiguresOut
from dispatch.aeds.figures.service import Figures
from dispatch.aeds.figures.sheets import Sheet, sheet_of
from dispatch.aeds.schemas import Day
from dispatch.encoding import to_json
from dispatch.openapi import problems

router = APIRouter(prefix="/v1/registry", tags=["figures"])


async def _figures(request: Request) -> Figures:
    figures: Figures = request.app.state.figures
    return figures


Service = Annotated[Figures, Depends(_figures)]
OwnerId = Annotated[UUID | None, Query(description="That owner's and everybody's below; without it: all.")]
First = Annotated[Day | None, Query(alias="from", description="The first day; without it the 30th up to `to`.")]
Last = Annotated[Day | None, Query(alias="to", description="The last day; without it today.")]


@router.get("/figures", response_model=FiguresOut, responses=problems(401, 403, 422, 503))
async def figures(
    _admin: Admin, service: Service, owner_id: OwnerId = None, first: First = None, last: Last = None
) -> Response:
    """How well devices are looked after: uptime, times to detect and to repair, orders. A minute old at the most."""
    found = await service.of(owner_id, first=first, last=last)
    # A row for each of an owner's thousands: not on the loop that answers an SOS.
    return Response(await asyncio.to_thread(to_json, found), media_type="application/json")


@router.get(
    "/figures.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **problems(401, 403, 422, 503)},
)
async def figures_as_csv(
    _admin: Admin,
    service: Service,
    owner_id: OwnerId = None,
    first: First = None,
    last: Last = None,
    table: Annotated[Sheet, Query(description="Which of the tables.")] = Sheet.OWNERS,
) -> Response:
    """One table of the same, for a spreadsheet: UTF-8 with a mark; times in seconds, uptime from 0 to 1."""
    found = await service.of(owner_id, first=first, last=last)
    name = f"aed-{table}-{found['from']}-{found['to']}.csv"
    return Response(
        await asyncio.to_thread(sheet_of, found, table),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
