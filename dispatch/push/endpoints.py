"""Waking phones over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from dispatch.access.asking import Operator, ResponderSelf
from dispatch.openapi import problems
from dispatch.push.schemas import (
    DeadLettersOut,
    PublicKeyOut,
    QueuedOut,
    ReceiptIn,
    SubscriptionGone,
    SubscriptionIn,
    TestAlertOut,
)
from dispatch.push.service import Push

router = APIRouter(prefix="/v1", tags=["push"])

_MOST_LISTED = 500


async def _push(request: Request) -> Push:
    push: Push = request.app.state.push
    return push


Service = Annotated[Push, Depends(_push)]


@router.get("/push/key")
async def key(push: Service) -> PublicKeyOut:
    """The key that a browser needs to subscribe."""
    return PublicKeyOut(public_key=push.public_key)


@router.put(
    "/responders/me/push-subscription",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(400, 401, 403, 404, 413, 422),
)
async def subscribe(given: SubscriptionIn, me: ResponderSelf, push: Service) -> None:
    """This device can be woken by its browser's push service. Of one person's devices the five used last are kept."""
    await push.subscriptions.put(me.subject, given)


@router.delete(
    "/responders/me/push-subscription",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(400, 401, 403, 413, 422),
)
async def unsubscribe(given: SubscriptionGone, me: ResponderSelf, push: Service) -> None:
    """This device is no longer to be woken."""
    await push.subscriptions.forget(me.subject, given.endpoint)


@router.post(
    "/responders/me/test-alert",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=TestAlertOut,
    responses=problems(401, 403, 404, 429),
)
async def test_alert(me: ResponderSelf, push: Service) -> dict[str, Any]:
    """Does my phone wake? A test alert over every channel; each one's delay comes back on the socket."""
    return await push.tests.start(me.subject)


@router.post(
    "/push/receipts",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(400, 413, 422),
)
async def receive(given: ReceiptIn, push: Service) -> None:
    """A pushed message is there: its `receipt`, from the device or from whoever carried the hook's message."""
    await push.arrivals.receipt(given.receipt)


@router.get("/dead-letters", response_model=DeadLettersOut, responses=problems(401, 403, 422))
async def dead_letters(
    _operator: Operator, push: Service, limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 100
) -> dict[str, Any]:
    """Pushes that could not be sent: these people may not know of their alert."""
    return {"dead_letters": await push.dead_letters.listed(limit)}


@router.post(
    "/dead-letters/{letter_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=QueuedOut,
    responses=problems(401, 403, 404, 409, 422),
)
async def retry(letter_id: UUID, _operator: Operator, push: Service) -> dict[str, Any]:
    """Try once more, as long as somebody waits for the answer."""
    return {"id": letter_id, "state": "queued", "useful_until": await push.dead_letters.retry(letter_id)}


@router.delete(
    "/dead-letters/{letter_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(401, 403, 404, 422),
)
async def forget(letter_id: UUID, _operator: Operator, push: Service) -> None:
    """Somebody has seen to it."""
    await push.dead_letters.forget(letter_id)
