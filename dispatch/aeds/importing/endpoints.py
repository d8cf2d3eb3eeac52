"""Lists of AEDs in, over HTTP."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from dispatch.access.asking import Admin
from dispatch.aeds.importing.desk import (
    ImportDesk,
    ImportOrder,
    RegisterChanged,
    SuspiciousImport,
    WhenAmbiguous,
    WhenGone,
)
from dispatch.aeds.importing.rows import UnreadableFile
from dispatch.aeds.importing.schemas import ImportOut
from dispatch.aeds.importing.sources import source_of
from dispatch.encoding import to_json
from dispatch.openapi import problems
from dispatch.problems import Conflict, FieldProblem, InvalidField, TooLarge
from geo.datum import Datum, UnknownDatum, parse_datum

router = APIRouter()


async def _desk(request: Request) -> ImportDesk:
    desk: ImportDesk = request.app.state.aeds.imports
    return desk


def _datum(
    datum: Annotated[str | None, Form(description="Datum of the file; else as it says itself, or wgs84.")] = None,
) -> Datum | None:
    if datum is None or not datum.strip():
        return None
    try:
        return parse_datum(datum)
    except UnknownDatum as error:
        raise InvalidField("datum", error.problem) from error


@router.post("/import", response_model=ImportOut, responses=problems(400, 401, 403, 409, 413, 422))
async def import_list(
    request: Request,
    _admin: Admin,
    desk: Annotated[ImportDesk, Depends(_desk)],
    file: Annotated[
        UploadFile, File(description="CSV, GeoJSON or other JSON, xlsx, or a page's table, in any usual encoding.")
    ],
    datum: Annotated[Datum | None, Depends(_datum)],
    source: Annotated[str | None, Form(max_length=200, pattern=r"^[^\x00]*$")] = None,
    dry_run: Annotated[bool, Form(description="Say what would happen, and do nothing.")] = False,
    force: Annotated[bool, Form(description="Take it though it looks like a mistake.")] = False,
    gone: Annotated[
        WhenGone, Form(description="What becomes of this source's devices that the list has no more.")
    ] = WhenGone.KEEP,
    ambiguous: Annotated[
        WhenAmbiguous, Form(description="What becomes of rows that may be about several devices.")
    ] = WhenAmbiguous.REPORT,
) -> Response:
    """Take in a list of AEDs. Every row is taken, taken with a note, or named as left out with its line and reason.

    A list that looks like a mistake is refused as 409 `suspicious_import`, with the reasons in `errors`; a dry run
    tells them among the rest.
    """
    most: int = request.app.state.settings.max_import_bytes
    data = await file.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"The file may have {most} bytes at the most.")
    order = ImportOrder(
        source=(source or "").strip() or source_of(file.filename),
        datum=datum,
        dry_run=dry_run,
        force=force,
        when_gone=gone,
        when_ambiguous=ambiguous,
    )
    try:
        report = await desk.take(data, order)
    except UnreadableFile as error:
        raise InvalidField("file", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    except SuspiciousImport as error:
        raise Conflict(
            f"This import looks like a mistake and was not taken: {error} If it is right all the same, send `force`.",
            errors=[FieldProblem("file", each.detail) for each in error.report.suspicions],
            code="suspicious_import",
        ) from error
    except RegisterChanged as error:
        raise Conflict(str(error), code="register_changed") from error
    # A note for each of 200,000 rows takes a second to write down: not on the loop that answers an SOS.
    return Response(await asyncio.to_thread(lambda: to_json(report.as_dict())), media_type="application/json")
