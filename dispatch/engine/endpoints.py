"""SOS and incidents over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response, status

from dispatch.access.asking import Operator, OperatorOrCaller
from dispatch.access.limits import sos_limit
from dispatch.access.tokens import Identity, Role
from dispatch.encoding import to_json
from dispatch.engine.incidents import IncidentDesk
from dispatch.engine.schemas import (
    AmbulanceIn,
    CancelIn,
    CloseIn,
    CprIn,
    IncidentForCaller,
    IncidentForOperator,
    IncidentList,
    MergeIn,
    SosIn,
    SosOut,
    WidenIn,
)
from dispatch.engine.sos import SosDesk
from dispatch.openapi import problems
from dispatch.problems import InvalidField
from dispatch.rescue.commands import (
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ExpectAmbulance,
    SetCpr,
    Widen,
)
from dispatch.rescue.vocabulary import CancelReason, IncidentId, IncidentState

router = APIRouter(prefix="/v1")

EitherView = IncidentForOperator | IncidentForCaller


async def _desk(request: Request) -> IncidentDesk:
    desk: IncidentDesk = request.app.state.incidents
    return desk


Desk = Annotated[IncidentDesk, Depends(_desk)]


def _json(body: object, status_code: int = status.HTTP_200_OK) -> Response:
    # The views are plain data already: one pass of the encoder, and none of a second validation.
    return Response(to_json(body), status_code, media_type="application/json")


SOS_PATH = "/v1/sos"


@router.post(
    SOS_PATH.removeprefix(router.prefix),
    tags=["sos"],
    status_code=status.HTTP_201_CREATED,
    response_model=SosOut,
    responses=problems(400, 413, 422, 429)
    | {200: {"model": SosOut, "description": "This `request_id` was answered before."}},
    dependencies=[Depends(sos_limit)],
)
async def sos(request: Request, said: SosIn) -> Response:
    """Open an incident and alert first-aiders. Repeating the same `request_id` changes nothing.

    Whatever token comes along is not looked at: no stale login may stand in the way of an SOS.
    """
    return await take_sos(request.app.state.sos, said)


async def take_sos(desk: SosDesk, said: SosIn) -> Response:
    """Open the incident that somebody calls for; the answer."""
    receipt = await desk.take(str(said.request_id), said.command())
    return _json(receipt.body, status.HTTP_200_OK if receipt.repeated else status.HTTP_201_CREATED)


StatusFilter = Literal["open", "all", "alerting", "responding", "on_scene", "closed", "cancelled"]

_ENDED = [state.value for state in sorted(IncidentState.ended_states())]
_GOING_ON = [state.value for state in IncidentState if state not in IncidentState.ended_states()]
_STATES: dict[StatusFilter, list[str]] = {"open": _GOING_ON, "all": [*_GOING_ON, *_ENDED]}


@router.get("/incidents", tags=["incidents"], response_model=IncidentList, responses=problems(401, 403, 422))
async def incidents(
    _operator: Operator,
    desk: Desk,
    status: Annotated[StatusFilter, Query(description="`open`: every state that has not ended.")] = "open",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The newest incidents."""
    return _json({"incidents": await desk.newest(_STATES.get(status, [status]), limit)})


@router.get(
    "/incidents/{incident_id}",
    tags=["incidents"],
    response_model=EitherView,
    responses=problems(401, 403, 404, 422),
)
async def incident(incident_id: UUID, asker: OperatorOrCaller, desk: Desk) -> Response:
    """One incident with its timeline; a caller sees its own, and less of it."""
    return _json(await desk.view(IncidentId(str(incident_id)), asker))


_COMMAND: dict[str, Any] = {
    "tags": ["incidents"],
    "responses": problems(400, 401, 403, 404, 409, 413, 422),
}


async def _carry_out(desk: IncidentDesk, incident_id: UUID, asker: Identity, command: Command) -> Response:
    return _json(await desk.carry_out(IncidentId(str(incident_id)), asker, command))


@router.post("/incidents/{incident_id}/cancel", response_model=EitherView, **_COMMAND)
async def cancel(
    incident_id: UUID, asker: OperatorOrCaller, desk: Desk, said: Annotated[CancelIn | None, Body()] = None
) -> Response:
    """It was no emergency, or is another incident's. Everybody is stood down with the reason."""
    by_default = CancelReason.CALLER_CANCELLED if asker.role is Role.CALLER else CancelReason.OPERATOR
    reason = (said.reason if said else None) or by_default
    if asker.role is Role.CALLER and reason is CancelReason.OPERATOR:
        raise InvalidField("reason", "a caller cancels as `false_alarm`, `duplicate` or `caller_cancelled`")
    return await _carry_out(desk, incident_id, asker, Cancel(reason))


@router.post("/incidents/{incident_id}/close", response_model=IncidentForOperator, **_COMMAND)
async def close(
    incident_id: UUID, asker: Operator, desk: Desk, said: Annotated[CloseIn | None, Body()] = None
) -> Response:
    """The incident is over. Everybody still on their way is stood down."""
    return await _carry_out(desk, incident_id, asker, Close(said.note if said else None))


@router.post("/incidents/{incident_id}/widen", response_model=IncidentForOperator, **_COMMAND)
async def widen(
    incident_id: UUID, asker: Operator, desk: Desk, _said: Annotated[WidenIn | None, Body()] = None
) -> Response:
    """Search further and alert more."""
    return await _carry_out(desk, incident_id, asker, Widen())


@router.post("/incidents/{incident_id}/merge", response_model=IncidentForOperator, **_COMMAND)
async def merge(incident_id: UUID, asker: Operator, desk: Desk, said: MergeIn) -> Response:
    """It tells of the same emergency as another incident, which goes on for both; the answer is that other one."""
    return _json(await desk.merge(IncidentId(str(incident_id)), IncidentId(str(said.into)), asker))


@router.post("/incidents/{incident_id}/ambulance", response_model=IncidentForOperator, **_COMMAND)
async def ambulance(incident_id: UUID, asker: Operator, desk: Desk, said: AmbulanceIn) -> Response:
    """When the ambulance will be there; once it is, everybody is stood down."""
    command = AmbulanceArrives() if said.eta_s is None else ExpectAmbulance(desk.after(said.eta_s))
    return await _carry_out(desk, incident_id, asker, command)


@router.post("/incidents/{incident_id}/cpr", response_model=EitherView, **_COMMAND)
async def cpr(incident_id: UUID, asker: OperatorOrCaller, desk: Desk, said: CprIn) -> Response:
    """Somebody on the spot began or stopped CPR."""
    return await _carry_out(desk, incident_id, asker, SetCpr(said.in_progress))
