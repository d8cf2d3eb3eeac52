"""120 centres' own systems over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from dispatch.access.asking import Admin, CentreOrOperator
from dispatch.access.limits import UnawaitedLimit
from dispatch.centres.cap import MEDIA_TYPE
from dispatch.centres.feed_rows import Choice
from dispatch.centres.schemas import (
    AmbulanceNews,
    AmbulanceTaken,
    CaseIn,
    CaseNumber,
    CaseOut,
    CaseReceipt,
    CentreName,
    Cursor,
    District,
    EventsOut,
    GiveCaseIn,
    MergeCaseIn,
    ReplayIn,
    WebhookChange,
    WebhookIn,
    WebhookList,
    WebhookOut,
)
from dispatch.centres.service import Centres
from dispatch.centres.vocabulary import Drills, EventType
from dispatch.encoding import to_json
from dispatch.locations import checked_datum
from dispatch.openapi import problems
from dispatch.problems import InvalidField, TooMany
from dispatch.rescue.vocabulary import IncidentId
from geo.datum import Datum

router = APIRouter(prefix="/v1", tags=["centres"])

_MOST_EVENTS = 500
# From one centre: several times what a province of 65 million has on its worst day.
CASES_PER_MINUTE = 600


async def _centres(request: Request) -> Centres:
    centres: Centres = request.app.state.centres
    return centres


Parts = Annotated[Centres, Depends(_centres)]


async def _limit(request: Request, asker: CentreOrOperator) -> None:
    """Refuse more cases from one centre than any city has. Raises `TooMany`."""
    limit: UnawaitedLimit = request.app.state.centre_limit
    wait_s = limit.take(str(asker))
    if wait_s > 0:
        raise TooMany(f"Too many cases; try again in {wait_s:.0f} s.", retry_after_s=max(1, round(wait_s)))


def _json(body: object, status_code: int = status.HTTP_200_OK) -> Response:
    return Response(to_json(body), status_code, media_type="application/json")


@router.post(
    "/incidents",
    status_code=status.HTTP_201_CREATED,
    response_model=CaseReceipt,
    responses=problems(400, 401, 403, 413, 422, 429)
    | {200: {"model": CaseReceipt, "description": "This case, or this `request_id`, was told before."}},
    dependencies=[Depends(_limit)],
)
async def open_case(said: CaseIn, asker: CentreOrOperator, parts: Parts) -> Response:
    """Open the incident of a 120 centre's case and alert first-aiders. The same case twice gives the first incident."""
    answer = await parts.cases.open(said, asker)
    return _json(answer.body, status.HTTP_200_OK if answer.repeated else status.HTTP_201_CREATED)


@router.get(
    "/incidents/{incident_id}/cap",
    response_class=Response,
    responses=problems(401, 403, 404, 422)
    | {200: {"content": {MEDIA_TYPE: {}}, "description": "CAP 1.2, in Chinese and English."}},
)
async def cap(incident_id: UUID, asker: CentreOrOperator, parts: Parts) -> Response:
    """The newest of what was told of an incident, in the Common Alerting Protocol."""
    return Response(await parts.cap(IncidentId(str(incident_id)), asker), media_type=MEDIA_TYPE)


_WRITES: dict[str, Any] = {"responses": problems(400, 401, 403, 404, 409, 413, 422)}
_Centre = Annotated[CentreName, Path(description="The centre's name, as in its token.")]
_Case = Annotated[CaseNumber, Path(description="The case's number there.")]


@router.get("/centres/{centre}/cases/{case_number}", response_model=CaseOut, responses=problems(401, 403, 404, 422))
async def case(centre: _Centre, case_number: _Case, asker: CentreOrOperator, parts: Parts) -> Response:
    """How a case stands."""
    return _json(await parts.cases.view(centre, case_number, asker))


@router.put("/centres/{centre}/cases/{case_number}", response_model=CaseOut, **_WRITES)
async def give_case(
    centre: _Centre, case_number: _Case, said: GiveCaseIn, asker: CentreOrOperator, parts: Parts
) -> Response:
    """The centre has a case for somebody's SOS: from now on that incident has its number, and nobody is asked twice."""
    return _json(await parts.cases.give(centre, case_number, asker, IncidentId(str(said.incident_id))))


@router.put("/centres/{centre}/cases/{case_number}/ambulance", response_model=CaseOut, **_WRITES)
async def case_ambulance(
    centre: _Centre, case_number: _Case, said: AmbulanceNews, asker: CentreOrOperator, parts: Parts
) -> Response:
    """When a case's ambulance will be there, or that it is; then everybody is stood down."""
    return _json(await parts.cases.tell_of_ambulance(centre, case_number, asker, said))


@router.put("/centres/{centre}/incidents/{incident_id}/ambulance", response_model=AmbulanceTaken, **_WRITES)
async def incident_ambulance(
    centre: _Centre, incident_id: UUID, said: AmbulanceNews, asker: CentreOrOperator, parts: Parts
) -> Response:
    """The same of an incident for which the centre has no case: somebody's SOS."""
    return _json(await parts.cases.tell_of_ambulance_to(centre, IncidentId(str(incident_id)), asker, said))


@router.post("/centres/{centre}/cases/{case_number}/merge", response_model=CaseOut, **_WRITES)
async def merge_case(
    centre: _Centre, case_number: _Case, said: MergeCaseIn, asker: CentreOrOperator, parts: Parts
) -> Response:
    """The case tells of the same emergency as another incident, which goes on for both, under the case's number."""
    return _json(await parts.cases.merge(centre, case_number, asker, IncidentId(str(said.into))))


@router.get("/centres/events", response_model=EventsOut, responses=problems(401, 403, 422))
async def events(
    asker: CentreOrOperator,
    parts: Parts,
    after: Annotated[Cursor, Query(description="The `next` of the last answer; 0 for the oldest.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_EVENTS)] = 100,
    types: Annotated[list[EventType] | None, Query(description="Empty: all.")] = None,
    districts: Annotated[list[District] | None, Query(description="Beginnings of GB/T 2260 codes.")] = None,
    drills: Drills = Drills.WITH,
    datum: str = Datum.WGS84.value,
) -> Response:
    """What has happened since a cursor, oldest first: for whoever was away, or takes no calls."""
    try:
        known = checked_datum(datum)
    except ValueError as error:
        raise InvalidField("datum", str(error)) from error
    choice = Choice(None, [each.value for each in types or ()], districts or (), drills)
    return _json(await parts.events(asker, choice, after=after, limit=limit, datum=known))


@router.post(
    "/centres/webhooks",
    status_code=status.HTTP_201_CREATED,
    response_model=WebhookOut,
    responses=problems(400, 401, 403, 409, 413, 422),
)
async def add_webhook(said: WebhookIn, _admin: Admin, parts: Parts) -> Response:
    """Have what happens posted to an address. The answer has the secret, which is not shown again."""
    return _json(await parts.webhooks.add(said), status.HTTP_201_CREATED)


@router.get("/centres/webhooks", response_model=WebhookList, responses=problems(401, 403))
async def webhooks(_admin: Admin, parts: Parts) -> Response:
    """Who is told, and how each stands."""
    return _json({"webhooks": await parts.webhooks.listed()})


@router.get("/centres/webhooks/{webhook_id}", response_model=WebhookOut, responses=problems(401, 403, 404, 422))
async def webhook(webhook_id: UUID, _admin: Admin, parts: Parts) -> Response:
    """One webhook, and how it stands."""
    return _json(await parts.webhooks.view(webhook_id))


@router.patch("/centres/webhooks/{webhook_id}", response_model=WebhookOut, **_WRITES)
async def change_webhook(webhook_id: UUID, said: WebhookChange, _admin: Admin, parts: Parts) -> Response:
    """Change a webhook, pause it, or go on with one that was given up, from where it stands."""
    return _json(await parts.webhooks.change(webhook_id, said))


@router.post("/centres/webhooks/{webhook_id}/replay", response_model=WebhookOut, **_WRITES)
async def replay(webhook_id: UUID, said: ReplayIn, _admin: Admin, parts: Parts) -> Response:
    """Tell it again what came after a cursor, under the same ids."""
    return _json(await parts.webhooks.replay(webhook_id, said.after))


@router.delete(
    "/centres/webhooks/{webhook_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=problems(401, 403, 404, 422),
)
async def remove_webhook(webhook_id: UUID, _admin: Admin, parts: Parts) -> None:
    """Tell it nothing more."""
    await parts.webhooks.remove(webhook_id)
