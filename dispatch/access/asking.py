"""FastAPI dependencies that answer who is asking, and refuse those who may not."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dispatch.access.tokens import BadToken, Identity, Role, TokenIssuer
from dispatch.problems import Forbidden, Unauthenticated

_bearer = HTTPBearer(auto_error=False, description="A token of `dispatch token` or of `POST /v1/sos`.")


async def asker(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Identity | None:
    """Who is asking; None without a token. Raises `Unauthenticated` for a token that cannot be believed."""
    if credentials is None:
        if request.headers.get("authorization"):
            raise Unauthenticated("The Authorization header must be `Bearer TOKEN`.")
        return None
    issuer: TokenIssuer = request.app.state.tokens
    try:
        return issuer.read(credentials.credentials)
    except BadToken as error:
        raise Unauthenticated(f"{str(error).capitalize()}.") from error


Anyone = Annotated[Identity | None, Depends(asker)]


def _one_of(*roles: Role) -> Callable[[Identity | None], Awaitable[Identity]]:
    async def check(identity: Anyone) -> Identity:
        if identity is None:
            raise Unauthenticated("This needs a token.")
        if identity.role not in roles:
            raise Forbidden(f"A token of role {identity.role} may not do this; it takes {' or '.join(roles)}.")
        return identity

    return check


Admin = Annotated[Identity, Depends(_one_of(Role.ADMIN))]
Operator = Annotated[Identity, Depends(_one_of(Role.OPERATOR, Role.ADMIN))]
OperatorOrCaller = Annotated[Identity, Depends(_one_of(Role.OPERATOR, Role.ADMIN, Role.CALLER))]
CentreOrOperator = Annotated[Identity, Depends(_one_of(Role.CENTRE, Role.OPERATOR, Role.ADMIN))]
ResponderSelf = Annotated[Identity, Depends(_one_of(Role.RESPONDER))]
Custodian = Annotated[Identity, Depends(_one_of(Role.CUSTODIAN, Role.ADMIN))]
