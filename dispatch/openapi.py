"""What the OpenAPI says about refusals."""

from typing import Any

from pydantic import BaseModel

from dispatch.problems import MEDIA_TYPE

_MEANING = {
    400: "The body is broken.",
    401: "No token, or one that cannot be believed.",
    403: "The asker may not do this.",
    404: "There is no such thing.",
    409: "The thing is in a state that does not allow this.",
    413: "The body is too large.",
    415: "The body is of a kind that this does not take.",
    422: "A field does not hold what it must; `errors` names it.",
    429: "This address asks too often; `Retry-After` says when to try again.",
    503: "A part that this needs does not answer.",
}


class FieldProblemOut(BaseModel):
    """One field and what is wrong with it."""

    field: str
    problem: str


class ProblemOut(BaseModel):
    """An RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblemOut]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that may refuse with these statuses."""
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {
        status: {"description": _MEANING[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }
