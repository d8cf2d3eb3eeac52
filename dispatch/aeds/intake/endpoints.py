"""Reports about AEDs over HTTP."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, status

from dispatch.access.asking import Anyone
from dispatch.access.limits import report_limit
from dispatch.access.tokens import Role
from dispatch.aeds.intake.desk import BatchResult, ReportDesk
from dispatch.aeds.intake.schemas import BatchIn, BatchOut, GatewayBatchIn, ReportIn, ReportOut
from dispatch.encoding import to_json
from dispatch.openapi import problems
from dispatch.problems import problem_body

router = APIRouter(prefix="/v1/aeds", tags=["aeds"])


async def _desk(request: Request) -> ReportDesk:
    desk: ReportDesk = request.app.state.aeds.reports
    return desk


Desk = Annotated[ReportDesk, Depends(_desk)]


async def _limit_the_public(request: Request, asker: Anyone) -> None:
    """The one place where reports are limited by address: for those without a token, or with one that anybody gets."""
    if asker is None or asker.role is Role.CALLER:
        await report_limit(request)


@router.post(
    "/reports",
    response_class=Response,
    responses={200: {"model": BatchOut}, **problems(400, 401, 413, 422, 503)},
)
async def report_of_many(said: GatewayBatchIn, asker: Anyone, desk: Desk) -> Response:
    """Take reports of many devices, from a maker's gateway (token of role `device`, subject `gateway:NAME`).

    The answer says of each what became of it; it comes when all that were taken are on disk. After a 503 send all of
    them again: those that were taken are known by their ids.
    """
    return batch_answer(await desk.batch(said.reports, asker))


@router.post(
    "/{aed_id}/reports/batch",
    response_class=Response,
    responses={200: {"model": BatchOut}, **problems(400, 401, 404, 413, 422, 503)},
)
async def report_what_was_kept(aed_id: UUID, said: BatchIn, asker: Anyone, desk: Desk) -> Response:
    """Take what a device has kept while nobody could be reached; late ones find their place by their own time."""
    return batch_answer(await desk.batch(said.reports, asker, of=aed_id))


@router.post(
    "/{aed_id}/reports",
    status_code=status.HTTP_201_CREATED,
    response_model=ReportOut,
    responses=problems(400, 401, 403, 404, 409, 413, 422, 429, 503),
    dependencies=[Depends(_limit_the_public)],
)
async def report(aed_id: UUID, said: ReportIn, asker: Anyone, desk: Desk) -> dict[str, Any]:
    """Say something about an AED's condition; the answer is the readiness that follows, and comes when it is on disk.

    The device itself, its maker's gateway, its custodian, whoever stands in for them and administrators report
    everything; a first-aider and anyone else report a `fault`. A word of the public is a doubt and takes no device out.

    | kind | fields |
    |---|---|
    | `heartbeat` | `battery_percent temperature_c signal_dbm pads_ok` |
    | `self_test` | `outcome`, `code` or `codes`, and those of a heartbeat |
    | `door` | `open` |
    | `location` | `location` |
    | `inspection` | `outcome code items photos battery_fitted_on battery_expires_on pads_… pads_child_…` |
    | `used` | `incident_id` |
    | `fault` | `code` or `codes` (also `missing`, `locked`, `broken`), `photos` |
    """
    reported = await desk.report(aed_id, said, asker)
    aed = reported.aed
    return {
        "report_id": reported.report.id,
        "aed_id": aed.id,
        "readiness": aed.readiness.value,
        "readiness_reasons": list(aed.readiness_reasons),
        "readiness_at": aed.readiness_at,
    }


def batch_answer(results: Sequence[BatchResult]) -> Response:
    """What became of a batch, as JSON; not through the framework's models, which would hold up the loop."""
    return Response(to_json(batch_body(results)), media_type="application/json")


def batch_body(results: Sequence[BatchResult]) -> dict[str, Any]:
    """What became of a batch, in the shape of `BatchOut`."""
    counts = Counter(each.status for each in results)
    return {
        **{name: counts[name] for name in ("taken", "repeated", "refused")},
        "results": [_result(each) for each in results],
    }


def _result(each: BatchResult) -> dict[str, Any]:
    shown: dict[str, Any] = {"report_id": each.report_id, "aed_id": each.aed_id, "status": each.status}
    if each.problem is not None:
        body = problem_body(each.problem)
        return shown | {name: body[name] for name in ("code", "detail", "errors")}
    return shown | {"readiness": None if each.aed is None else each.aed.readiness.value}
