"""Custodians over HTTP: themselves, and the office."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from dispatch.access.asking import Admin, Custodian
from dispatch.access.tokens import Identity, Role
from dispatch.aeds.custodians.myself import Myself
from dispatch.aeds.custodians.schemas import (
    AbsenceIn,
    AbsenceOut,
    CustodianIn,
    CustodianOut,
    CustodiansOut,
    MyselfOut,
)
from dispatch.aeds.custodians.service import Custodians
from dispatch.openapi import problems
from dispatch.problems import Forbidden, InvalidField
from dispatch.push.schemas import SubscriptionGone, SubscriptionIn
from dispatch.push.service import Push
from dispatch.push.vocabulary import custodian_recipient

router = APIRouter(prefix="/v1/custodians", tags=["custodians"])

_MOST_LISTED = 500


async def _custodians(request: Request) -> Custodians:
    custodians: Custodians = request.app.state.custodians
    return custodians


async def _push(request: Request) -> Push:
    push: Push = request.app.state.push
    return push


async def _myself(request: Request) -> Myself:
    myself: Myself = request.app.state.custodian_pages
    return myself


async def _me(by: Custodian) -> str:
    if by.role is not Role.CUSTODIAN:
        raise Forbidden("This is for a custodian themselves; name them by their subject.")
    return by.subject


Service = Annotated[Custodians, Depends(_custodians)]
Pushing = Annotated[Push, Depends(_push)]
Me = Annotated[str, Depends(_me)]
SubjectPath = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


@router.get("/me", response_model=MyselfOut, responses=problems(401, 403))
async def myself(me: Me, pages: Annotated[Myself, Depends(_myself)]) -> dict[str, Any]:
    """My devices and those I stand in for, what is to be done, absences, and the ways to my phones."""
    return await pages.of(me)


@router.post(
    "/me/absences",
    status_code=status.HTTP_201_CREATED,
    response_model=AbsenceOut,
    responses=problems(400, 401, 403, 404, 409, 413, 422),
)
async def go_away(given: AbsenceIn, me: Me, custodians: Service) -> dict[str, Any]:
    """I am going away; my devices and orders go to my substitute from then, and come back by themselves."""
    return custodians.absence_as_json(await custodians.add_absence(me, given))


@router.delete(
    "/me/absences/{absence_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 422),
)
async def come_back(absence_id: UUID, me: Me, custodians: Service) -> None:
    """I am back sooner, or do not go at all."""
    await custodians.end_absence(me, absence_id)


@router.put(
    "/me/push-subscription",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(400, 401, 403, 404, 413, 422),
)
async def subscribe(given: SubscriptionIn, me: Me, push: Pushing) -> None:
    """This device can be woken by its browser's push service. Of one person's devices the five used last are kept."""
    await push.subscriptions.put(custodian_recipient(me), given)


@router.delete(
    "/me/push-subscription",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(400, 401, 403, 413, 422),
)
async def unsubscribe(given: SubscriptionGone, me: Me, push: Pushing) -> None:
    """This device is no longer to be woken."""
    await push.subscriptions.forget(custodian_recipient(me), given.endpoint)


@router.get("", response_model=CustodiansOut, responses=problems(401, 403, 422))
async def listed(
    request: Request,
    _admin: Admin,
    custodians: Service,
    owner: Annotated[UUID | None, Query(description="That owner's and everybody's below.")] = None,
    after: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 100,
) -> dict[str, Any]:
    """Custodians in the order of their subjects."""
    tree = request.app.state.owners.tree
    if owner is not None and tree.get(owner) is None:
        raise InvalidField("owner", "There is no owner of this id.")
    below = None if owner is None else tree.subtree_of(owner)
    everybody = sorted(
        (each for each in custodians.register if below is None or each.owner_id in below),
        key=lambda each: each.subject,
    )
    behind = [each for each in everybody if after is None or each.subject > after]
    page = behind[:limit]
    following = page[-1].subject if len(behind) > limit else None
    return {"custodians": [custodians.as_json(each) for each in page], "next": following}


@router.get("/{subject}", response_model=CustodianOut, responses=problems(401, 403, 404, 422))
async def one(subject: SubjectPath, by: Custodian, custodians: Service) -> dict[str, Any]:
    """One custodian; for the office and themselves."""
    _must_be_own(by, subject)
    return custodians.as_json(custodians.one(subject))


@router.put("/{subject}", response_model=CustodianOut, responses=problems(400, 401, 403, 413, 422))
async def put(subject: SubjectPath, given: CustodianIn, _admin: Admin, custodians: Service) -> dict[str, Any]:
    """Enter a custodian, or change one whole. `subject` is that of their token, and what an AED's `custodian` names."""
    if subject == "me":
        raise InvalidField("subject", "`me` is whoever asks")
    return custodians.as_json(await custodians.put(subject, given))


@router.get("/{subject}/absences", response_model=list[AbsenceOut], responses=problems(401, 403, 404, 422))
async def absences(subject: SubjectPath, by: Custodian, custodians: Service) -> list[dict[str, Any]]:
    """The absences that concern somebody, as who is away or who stands in, that are not over."""
    _must_be_own(by, subject)
    custodians.one(subject)
    return [custodians.absence_as_json(each) for each in await custodians.absences_of(subject)]


@router.post(
    "/{subject}/absences",
    status_code=status.HTTP_201_CREATED,
    response_model=AbsenceOut,
    responses=problems(400, 401, 403, 404, 409, 413, 422),
)
async def send_away(subject: SubjectPath, given: AbsenceIn, _admin: Admin, custodians: Service) -> dict[str, Any]:
    """Somebody is away: the office enters it for them."""
    return custodians.absence_as_json(await custodians.add_absence(subject, given))


@router.delete(
    "/{subject}/absences/{absence_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 422),
)
async def call_back(subject: SubjectPath, absence_id: UUID, _admin: Admin, custodians: Service) -> None:
    """Somebody is back sooner, or does not go at all."""
    await custodians.end_absence(subject, absence_id)


def _must_be_own(by: Identity, subject: str) -> None:
    if by.role is Role.CUSTODIAN and by.subject != subject:
        raise Forbidden("A custodian may only see themselves.")
