"""Whether the service lives and is fit to be sent work; what it has counted."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request, Response, status
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from dispatch.siblings import OWN_METRICS, Siblings
from dispatch.storage.availability import Availability, Outage

router = APIRouter(tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Whether the service dispatches, and which parts answer.

    `degraded`: it dispatches from memory and keeps a journal, because the database is away, `since` when and `why`.
    """

    status: Literal["ready", "degraded", "not_ready"]
    database: bool
    redis: bool | None
    since: datetime | None = None
    why: Outage | None = None


@router.get("/health/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/health/ready", responses={503: {"model": Ready, "description": "The service cannot dispatch."}})
async def ready(request: Request, response: Response) -> Ready:
    """Whether SOS may be sent here: 503 until memory is filled, and once the service stops.

    Without its database the service dispatches all the same, and says that it is degraded. Without Redis it works.
    """
    state = request.app.state
    availability: Availability | None = getattr(state, "availability", None)
    is_away = availability is not None and availability.is_away
    # A database that is known to be away is not waited for: a readiness probe has a limit of its own.
    database = False if is_away else await state.database.answers()
    redis = None if state.redis is None else await state.redis.answers()
    if not getattr(state, "is_dispatching", True):
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return Ready(status="not_ready", database=database, redis=redis)
    if database:
        return Ready(status="ready", database=True, redis=redis)
    since, why = (availability.since, availability.why) if availability is not None else (None, None)
    return Ready(status="degraded", database=False, redis=redis, since=since, why=why)


@router.get(OWN_METRICS, include_in_schema=False)
async def own_metrics() -> Response:
    """What this worker has counted and timed."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text."}},
)
async def metrics(request: Request) -> Response:
    """What the service has counted and timed, for Prometheus; of several workers each has the label `worker`."""
    siblings: Siblings | None = getattr(request.app.state, "siblings", None)
    text = generate_latest() if siblings is None else await siblings.metrics()
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
