"""Tokens over HTTP, for the Red Cross office's own tools."""

import re
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dispatch.access.asking import Admin
from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.openapi import problems

router = APIRouter(prefix="/v1/tokens", tags=["access"])

DEFAULT_TOKEN_MINUTES = 30 * 24 * 60
MOST_TOKEN_MINUTES = 366 * 24 * 60

# How a 120 centre is named, in tokens, paths and the feed.
CENTRE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

# Speaks for the devices of a maker.
_GATEWAY = re.compile(r"gateway:[A-Za-z0-9._-]{1,100}")


class TokenIn(BaseModel):
    """For whom, and for how long."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    subject: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
    ]
    minutes: int = Field(DEFAULT_TOKEN_MINUTES, ge=1, le=MOST_TOKEN_MINUTES, strict=True)

    @model_validator(mode="after")
    def _names_what_there_can_be(self) -> "TokenIn":
        if self.role is Role.CENTRE and re.match(CENTRE_NAME, self.subject) is None:
            raise ValueError("the subject of a centre is its name: up to 64 letters, digits, dots, lines and dashes")
        is_gateway = self.role is Role.DEVICE and _GATEWAY.fullmatch(self.subject) is not None
        if self.role in {Role.CALLER, Role.DEVICE} and not is_gateway:
            try:
                UUID(self.subject)
            except ValueError as error:
                what = "its incident, a UUID" if self.role is Role.CALLER else "its AED, a UUID, or gateway:NAME"
                raise ValueError(f"the subject of a {self.role} is the id of {what}") from error
        return self


class TokenOut(BaseModel):
    """A token and until when it is good."""

    token: str
    role: Role
    subject: str
    expires_at: datetime


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 401, 403, 413, 422),
)
async def issue(request: Request, wanted: TokenIn, _admin: Admin) -> TokenOut:
    """A token for somebody, as `dispatch token` makes them."""
    tokens: TokenIssuer = request.app.state.tokens
    now: datetime = request.app.state.clock.now()
    lifetime = timedelta(minutes=wanted.minutes)
    token = tokens.issue(Identity(wanted.role, wanted.subject), issued_at=now, lifetime=lifetime)
    return TokenOut(
        token=token,
        role=wanted.role,
        subject=wanted.subject,
        expires_at=now.replace(microsecond=0) + lifetime,
    )
