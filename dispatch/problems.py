"""Errors that a client can act on, as `application/problem+json` (RFC 9457) naming the field at fault."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from dispatch.encoding import to_json
from dispatch.storage.availability import is_contention

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of the request and what is wrong with it. `field` is a path such as `location.latitude`."""

    field: str
    problem: str


class Problem(Exception):
    """A refusal: `status` for HTTP, `code` for programs, `detail` for people, `errors` by field."""

    status: int = 400
    code: str = "bad_request"
    title: str = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[FieldProblem] = (),
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        if code is not None:
            self.code = code


class InvalidField(Problem):
    """One field does not hold what it must."""

    status = 422
    code = "invalid"
    title = "Invalid input"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", errors=[FieldProblem(field, problem)])


class Unauthenticated(Problem):
    """No token, or one that cannot be believed."""

    status = 401
    code = "unauthenticated"
    title = "Who is asking?"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """The asker is known, and may not."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    """There is no such thing."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(Problem):
    """The thing is in a state that does not allow this."""

    status = 409
    code = "conflict"
    title = "Conflict"


class TooLarge(Problem):
    """The body is larger than the service takes."""

    status = 413
    code = "too_large"
    title = "Too large"


class TooMany(Problem):
    """This address asks too often."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class DatabaseAway(Problem):
    """What was asked for cannot be had while the database is away. SOS and answers do not end here."""

    status = 503
    code = "database_away"
    title = "The database is away"

    def __init__(self) -> None:
        super().__init__(
            "The database is away. SOS and answers to alerts are taken all the same; try this again in a moment.",
            headers={"Retry-After": "2"},
        )


class DatabaseBusy(Problem):
    """Too many want something of the database at this moment; it is not away."""

    status = 503
    code = "busy"
    title = "Busy"

    def __init__(self) -> None:
        super().__init__("Too many are asking at this moment; please try again.", headers={"Retry-After": "2"})


def problem_body(problem: Problem) -> dict[str, Any]:
    """The RFC 9457 object of a problem."""
    return {
        "type": f"urn:dispatch:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "errors": [{"field": each.field, "problem": each.problem} for each in problem.errors],
    }


def problem_response(problem: Problem) -> Response:
    """The HTTP answer of a problem."""
    return Response(
        to_json(problem_body(problem)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


_HTTP_TITLES = {404: ("not_found", "Not found"), 405: ("method_not_allowed", "Method not allowed")}


def install_problem_handlers(app: FastAPI) -> None:
    """Make every refusal of `app`, its own and the framework's, a problem+json answer."""

    async def on_problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for this class only
        return problem_response(error)

    async def on_invalid_request(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
        return problem_response(problem_of_validation(error.errors()))

    async def on_http_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
        if error.status_code == 400:  # noqa: PLR2004 - the framework could not even read the body
            return problem_response(_broken_json("it cannot be read as JSON"))
        problem = Problem(str(error.detail), headers=error.headers)
        problem.status = error.status_code
        problem.code, problem.title = _HTTP_TITLES.get(error.status_code, ("http_error", str(error.detail)))
        return problem_response(problem)

    async def on_database_error(_request: Request, error: Exception) -> Response:
        if app.state.availability.note_failure(error):
            return problem_response(DatabaseAway())
        if is_contention(error):
            return problem_response(DatabaseBusy())
        raise error

    async def on_fault(_request: Request, error: Exception) -> Response:
        # Ours, not the caller's: its traceback is in the log.
        log.error("a request failed", exc_info=error)
        fault = Problem("The service could not do this; please try again.", code="internal")
        fault.status, fault.title = 500, "Internal error"
        return problem_response(fault)

    app.add_exception_handler(Exception, on_fault)
    app.add_exception_handler(Problem, on_problem)
    for kind in (psycopg.Error, sqlalchemy.exc.SQLAlchemyError):
        app.add_exception_handler(kind, on_database_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_error)


def problem_of_validation(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """The 422 problem of pydantic's list of errors; broken JSON is told apart from a wrong field."""
    listed = list(errors)
    fields = [FieldProblem(_path_of(error["loc"]), _sentence_of(error)) for error in listed]
    if any(error["type"] == "json_invalid" for error in listed):
        return _broken_json(fields[0].problem)
    problem = InvalidField(fields[0].field, fields[0].problem)
    problem.errors = tuple(fields)
    return problem


def _broken_json(reason: str) -> Problem:
    problem = Problem("The body is not valid JSON.", errors=[FieldProblem("body", reason)], code="invalid_json")
    problem.title = "Broken JSON"
    return problem


def _path_of(location: tuple[str | int, ...]) -> str:
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in {"body", "query", "path", "header", "form"}:
        parts = parts[1:]
    return ".".join(parts)


def _sentence_of(error: Mapping[str, Any]) -> str:
    if error["type"] in {"model_attributes_type", "dict_type", "model_type"}:
        return "must be a JSON object, sent as application/json"
    message = str(error["msg"]).removeprefix("Value error, ")
    reason = error.get("ctx", {}).get("error") if error["type"] == "json_invalid" else None
    return f"{message}: {reason}" if reason else message
