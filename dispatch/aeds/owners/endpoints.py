"""Owners over HTTP, for the office."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, status

from dispatch.access.asking import Admin, Custodian
from dispatch.aeds.owners.schemas import OwnerChange, OwnerIn, OwnerOut, OwnersOut, PolicyOut
from dispatch.aeds.owners.service import Owners
from dispatch.aeds.owners.tree import Owner
from dispatch.encoding import to_json
from dispatch.openapi import problems

router = APIRouter(prefix="/v1/owners", tags=["owners"])


async def _owners(request: Request) -> Owners:
    owners: Owners = request.app.state.owners
    return owners


Service = Annotated[Owners, Depends(_owners)]


@router.get("", response_model=OwnersOut, responses=problems(401, 403))
async def listed(_by: Custodian, owners: Service) -> Response:
    """The whole tree, parents before their children."""
    tree = owners.tree.as_it_is()
    # Thousands of owners: not on the loop that answers an SOS.
    written = await asyncio.to_thread(lambda: to_json({"owners": [_as_json(owner) for owner in tree.all()]}))
    return Response(written, media_type="application/json")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=OwnerOut,
    responses=problems(400, 401, 403, 409, 413, 422),
)
async def create(given: OwnerIn, _admin: Admin, owners: Service) -> dict[str, Any]:
    """Enter an owner. Levels may be left out, and never go up."""
    return _as_json(await owners.create(given))


@router.get("/{owner_id}", response_model=OwnerOut, responses=problems(401, 403, 404, 422))
async def one(owner_id: UUID, _by: Custodian, owners: Service) -> dict[str, Any]:
    """One owner."""
    return _as_json(owners.one(owner_id))


@router.patch("/{owner_id}", response_model=OwnerOut, responses=problems(400, 401, 403, 404, 409, 413, 422))
async def change(owner_id: UUID, said: OwnerChange, _admin: Admin, owners: Service) -> dict[str, Any]:
    """Change what is said. The devices below are judged anew when their policy is another one."""
    return _as_json(await owners.change(owner_id, said))


@router.delete(
    "/{owner_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 422),
)
async def remove(owner_id: UUID, _admin: Admin, owners: Service) -> None:
    """Forget an owner on whom nothing hangs: no owner, no device, no custodian."""
    await owners.remove(owner_id)


@router.get("/{owner_id}/policy", response_model=PolicyOut, responses=problems(401, 403, 404, 422))
async def policy(owner_id: UUID, _by: Custodian, owners: Service) -> dict[str, Any]:
    """What holds for the devices of an owner, and from whom each value comes."""
    values = [
        {
            "name": each.name,
            "value": each.value,
            "decided_by": None
            if each.decided_by is None
            else {"owner_id": each.decided_by.id, "name": each.decided_by.name, "level": each.decided_by.level},
        }
        for each in owners.effective_policy(owner_id)
    ]
    return {"owner_id": owner_id, "values": values}


def _as_json(owner: Owner) -> dict[str, Any]:
    return {
        "id": owner.id,
        "parent_id": owner.parent_id,
        "level": owner.level,
        "name": owner.name,
        "district_code": owner.district_code,
        "phone": owner.phone,
        "policy": dict(owner.policy),
        "created_at": owner.created_at,
        "updated_at": owner.updated_at,
    }
