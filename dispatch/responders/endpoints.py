"""First-aiders over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, status

from dispatch.access.asking import Admin, Anyone, ResponderSelf
from dispatch.access.tokens import Identity, Role
from dispatch.openapi import problems
from dispatch.problems import Forbidden, NotFound, Unauthenticated
from dispatch.responders.schemas import DutyIn, MyselfOut, ResponderChange, ResponderIn, ResponderOut
from dispatch.responders.service import ResponderService

router = APIRouter(prefix="/v1/responders", tags=["responders"])

# What a responder may change of their own profile; name and certificate are the Red Cross's to vouch for.
_OWN_FIELDS = {"phone", "mode", "language"}


async def _service(request: Request) -> ResponderService:
    service: ResponderService = request.app.state.responders
    return service


Service = Annotated[ResponderService, Depends(_service)]
ResponderPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ResponderOut,
    responses=problems(400, 401, 403, 409, 413, 422),
)
async def create(given: ResponderIn, _admin: Admin, service: Service) -> dict[str, Any]:
    """Take in a first-aider with their certificate. They start off duty."""
    return service.as_json(await service.create(given))


@router.get("/me", response_model=MyselfOut, responses=problems(401, 403, 404))
async def myself(request: Request, me: ResponderSelf, service: Service) -> dict[str, Any]:
    """My profile and what I am on right now; what a page reads after it was closed."""
    try:
        responder = await service.found(me.subject)
    except NotFound as unknown:
        raise NotFound("This token's responder is not known here.") from unknown
    engaged: dict[str, Any] = await request.app.state.answers.engagement_as_json(responder.responder_id)
    ways: list[dict[str, Any]] = request.app.state.waking.ways_of(responder.responder_id)
    return service.as_json(responder) | engaged | {"channels": ways}


@router.put("/me/duty", response_model=ResponderOut, responses=problems(400, 401, 403, 404, 413, 422))
async def set_duty(said: DutyIn, me: ResponderSelf, service: Service) -> dict[str, Any]:
    """Go on or off duty."""
    return service.as_json(await service.set_duty(me.subject, on_duty=said.on_duty, mode=said.mode))


@router.get("/{responder_id}", response_model=ResponderOut, responses=problems(401, 403, 404, 422))
async def one(responder_id: ResponderPath, asker: Anyone, service: Service) -> dict[str, Any]:
    """One first-aider; for operators, the Red Cross and themselves."""
    _must_be_own(_known(asker), responder_id, or_roles={Role.OPERATOR, Role.ADMIN})
    return service.as_json(await service.found(responder_id))


@router.patch("/{responder_id}", response_model=ResponderOut, responses=problems(400, 401, 403, 404, 413, 422))
async def change(responder_id: ResponderPath, said: ResponderChange, asker: Anyone, service: Service) -> dict[str, Any]:
    """Change a profile. First-aiders may change their own phone, mode and language."""
    identity = _known(asker)
    _must_be_own(identity, responder_id, or_roles={Role.ADMIN})
    foreign = said.model_fields_set - _OWN_FIELDS
    if identity.role is not Role.ADMIN and foreign:
        raise Forbidden(f"Only the Red Cross office may change {', '.join(sorted(foreign))}.")
    return service.as_json(await service.change(responder_id, said))


def _known(identity: Identity | None) -> Identity:
    if identity is None:
        raise Unauthenticated("This needs a token.")
    return identity


def _must_be_own(identity: Identity, responder_id: str, *, or_roles: set[Role]) -> None:
    own = identity.role is Role.RESPONDER and identity.subject == responder_id
    if not own and identity.role not in or_roles:
        raise Forbidden("This is for the responder themselves and for the Red Cross office.")
