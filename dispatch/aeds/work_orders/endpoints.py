"""Work orders over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from dispatch.access.asking import Admin, Custodian
from dispatch.access.tokens import Role
from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.owners.service import Owners
from dispatch.aeds.work_orders.listing import BadCursor, Cursor, OrderFilter, OrderState
from dispatch.aeds.work_orders.record import Level
from dispatch.aeds.work_orders.schemas import AcknowledgeIn, CancelIn, OrderOut, OrdersOut
from dispatch.aeds.work_orders.service import WorkOrders
from dispatch.openapi import problems
from dispatch.problems import InvalidField

router = APIRouter(prefix="/v1/work-orders", tags=["work orders"])

_MOST_LISTED = 500


async def _orders(request: Request) -> WorkOrders:
    orders: WorkOrders = request.app.state.work_orders
    return orders


Service = Annotated[WorkOrders, Depends(_orders)]


def _cursor(
    after: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> Cursor | None:
    try:
        return None if after is None else Cursor.of(after)
    except BadCursor as error:
        raise InvalidField("after", str(error)) from error


@router.get("", response_model=OrdersOut, responses=problems(401, 403, 422))
async def listed(
    request: Request,
    by: Custodian,
    orders: Service,
    after: Annotated[Cursor | None, Depends(_cursor)],
    state: OrderState = OrderState.OPEN,
    assignee: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]+$")] = None,
    owner: Annotated[UUID | None, Query(description="That owner's and everybody's below.")] = None,
    cause: Cause | None = None,
    level: Level | None = None,
    aed_id: UUID | None = None,
    overdue: Annotated[bool | None, Query(description="Only those past their deadline.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 100,
) -> dict[str, Any]:
    """Work orders, newest first. A custodian sees their own, and those about their devices that nobody has."""
    owners: Owners = request.app.state.owners
    if owner is not None and owners.tree.get(owner) is None:
        raise InvalidField("owner", "There is no owner of this id.")
    wanted = OrderFilter(
        state=state,
        assignee=assignee,
        concerns=by.subject if by.role is Role.CUSTODIAN else None,
        owner_ids=owners.tree.subtree_of(owner) if owner is not None else None,
        cause=cause,
        level=level,
        aed_id=aed_id,
        overdue_at=request.app.state.clock.now() if overdue else None,
    )
    found, following = await orders.page(wanted, limit=limit, after=after)
    return {"orders": found, "next": None if following is None else str(following)}


@router.get("/{order_id}", response_model=OrderOut, responses=problems(401, 403, 404, 422))
async def one(order_id: UUID, by: Custodian, orders: Service) -> dict[str, Any]:
    """One work order."""
    return await orders.one(order_id, by)


@router.post("/{order_id}/acknowledge", response_model=OrderOut, responses=problems(400, 401, 403, 404, 409, 413, 422))
async def acknowledge(order_id: UUID, said: AcknowledgeIn, by: Custodian, orders: Service) -> dict[str, Any]:
    """I have it in hand. It closes by itself when a report says that nothing is to be done any more."""
    return await orders.acknowledge(order_id, by, said.note)


@router.post("/{order_id}/cancel", response_model=OrderOut, responses=problems(400, 401, 403, 404, 409, 413, 422))
async def cancel(order_id: UUID, said: CancelIn, admin: Admin, orders: Service) -> dict[str, Any]:
    """Nothing is to be done, for this reason. It comes back when it gets more urgent, or happens anew."""
    return await orders.cancel(order_id, admin, said.reason)
