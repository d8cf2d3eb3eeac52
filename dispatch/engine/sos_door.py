"""The short way to `POST /v1/sos`: everything that the framework would do for it, without the framework's own time.

Matching routes, solving dependencies and reading the body step by step take FastAPI as long as reading the registry,
the roster and the map takes us. The route in `endpoints` remains: it is what the API's description is made from.
"""

import json

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dispatch.access.limits import sos_limit
from dispatch.engine.endpoints import SOS_PATH, take_sos
from dispatch.engine.schemas import SosIn
from dispatch.problems import Problem, problem_of_validation, problem_response

# As proxies write it down: the client closed the connection before there was an answer.
_CALLER_GONE = 499


class SosDoor:
    """Answers an SOS itself; everything else goes on to the application."""

    # What a request's time is noted under.
    path = SOS_PATH

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the SOS, or pass the request on."""
        if scope["type"] != "http" or scope["path"] != SOS_PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        request = Request(scope, receive)
        try:
            response = await _answered(request)
        except Problem as problem:
            response = problem_response(problem)
        except ClientDisconnect:
            # In the middle of the body, a phone that lost its network: no fault of ours, and nobody hears the answer.
            response = Response(status_code=_CALLER_GONE)
        await response(scope, receive, send)


async def _answered(request: Request) -> Response:
    body = await request.body()
    await sos_limit(request)
    return await take_sos(request.app.state.sos, _read(body, request.headers.get("content-type", "")))


def _read(body: bytes, content_type: str) -> SosIn:
    """What was said. Raises `Problem` naming the field at fault."""
    try:
        said = json.loads(body) if body and _is_json(content_type) else body or None
        return SosIn.model_validate(said)
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        raise problem_of_validation(errors) from error
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read as JSON"
        raise problem_of_validation([{"type": "json_invalid", "loc": ("body",), "msg": reason}]) from error


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
