"""Whether the service lives and is fit to be sent work; what it has counted."""

from typing import Literal

from fastapi import APIRouter, Request, Response, status
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Which parts answer."""

    status: Literal["ready", "not_ready"]
    database: bool
    redis: bool | None


@router.get("/health/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/health/ready", responses={503: {"model": Ready, "description": "A part does not answer."}})
async def ready(request: Request, response: Response) -> Ready:
    """Whether the database, and Redis where there is one, answer. Without Redis the service still works."""
    database = await request.app.state.database.answers()
    redis = request.app.state.redis
    redis_answers = None if redis is None else await redis.answers()
    if not database:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ready(status="ready" if database else "not_ready", database=database, redis=redis_answers)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text."}},
)
async def metrics() -> Response:
    """What the service has counted and timed, for Prometheus."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
