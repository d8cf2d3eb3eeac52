"""The registry's files from the command line."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from dispatch.aeds import own_schema
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.importing.desk import RegisterChanged, SuspiciousImport, WhenAmbiguous, WhenGone
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.importing.rows import UnreadableFile
from dispatch.aeds.importing.sources import source_of
from dispatch.aeds.judging import Judges
from dispatch.aeds.record import Aed
from dispatch.aeds.service import AedService
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.kept import Kept
from dispatch.aeds.settling.settling import Settling
from dispatch.clock import SystemClock
from dispatch.settings import Settings
from dispatch.storage.database import Database
from geo.datum import UnknownDatum, parse_datum

DEFAULT_TIMEZONE = "Asia/Shanghai"

_ASKED_AT_ONCE = 1000
_GEOJSON = frozenset({".geojson", ".json"})


class UnknownForm(ValueError):
    """A file name that does not say which form to write."""


async def import_file(
    database: Database, path: Path, *, source: str | None = None, timezone: str = DEFAULT_TIMEZONE, **how: Any
) -> ImportReport:
    """Take the AEDs of a file in; `how` as in `ImportOrder`.

    Raises `UnreadableFile`, `SuspiciousImport`, `RegisterChanged` and `OSError`.
    """
    data = path.read_bytes()  # noqa: ASYNC240 - a command of its own: nothing else waits on this loop
    judges = Judges(database, SystemClock(), timezone)
    await judges.load()
    service = _service(database, judges.settling)
    return await service.import_file(data, source=source or source_of(path.name), **how)


async def export_file(database: Database, path: Path) -> int:
    """Write every AED to a file, CSV or GeoJSON by its suffix; the number written. Raises `UnknownForm`, `OSError`."""
    suffix = path.suffix.lower()
    if suffix != ".csv" and suffix not in _GEOJSON:
        raise UnknownForm(f"{path.name} must end in .csv or .geojson")
    aeds = await _service(database).export()
    kept = await _kept(database, aeds)
    # The mark tells spreadsheets that the file is UTF-8.
    text = "\ufeff" + own_schema.as_csv(aeds, kept) if suffix == ".csv" else own_schema.as_geojson(aeds, kept)
    # Whole or not at all: a disk that fills up leaves the last export as it was.
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(text.encode("utf-8"))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return len(aeds)


def print_report(report: ImportReport, say: Callable[[str], object] = print) -> None:
    """Print an import's report for people: numbers, columns, every correction and every row left out."""
    for line in report.lines():
        say(line)


async def import_command(
    database: Database,
    file: Path,
    *,
    datum: str | None,
    source: str | None,
    dry_run: bool,
    report: Path | None,
    force: bool = False,
    when_gone: WhenGone = WhenGone.KEEP,
    when_ambiguous: WhenAmbiguous = WhenAmbiguous.REPORT,
    settings: Settings | None = None,
    say: Callable[[str], object] = print,
) -> int:
    """Run `aeds import`: print the report, write it as JSON where asked to. Answers the exit code."""
    try:
        named = None if datum is None else parse_datum(datum)
        if report is not None:
            # Before anything is taken in: an import whose report cannot be written should not have happened.
            report.touch()  # noqa: ASYNC240 - as above
        result = await import_file(
            database,
            file,
            source=source,
            datum=named,
            dry_run=dry_run,
            force=force,
            when_gone=when_gone,
            when_ambiguous=when_ambiguous,
            timezone=DEFAULT_TIMEZONE if settings is None else settings.timezone,
        )
        print_report(result, say)
        if report is not None:
            _write_json(result, report)
    except SuspiciousImport as error:
        print_report(error.report, say)
        if report is not None:
            _write_json(error.report, report)
        say("Nothing was written. If the list is right all the same, add --force.")
        return 3
    except RegisterChanged as error:
        say(str(error))
        return 1
    except UnknownDatum as error:
        say(f"--datum: {error.problem}")
        return 2
    except UnreadableFile as error:
        say(f"{file}: {error}")
        return 1
    except OSError as error:
        say(f"{error.filename or file}: {error.strerror or error}")
        return 1
    return 0


def _write_json(report: ImportReport, path: Path) -> None:
    path.write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


async def export_command(database: Database, file: Path, *, say: Callable[[str], object] = print) -> int:
    """Run `aeds export`: write the registry to a file. Answers the exit code."""
    try:
        count = await export_file(database, file)
    except (UnknownForm, OSError) as error:
        say(str(error))
        return 1
    say(f"{count} AEDs written to {file}")
    return 0


async def _kept(database: Database, aeds: Sequence[Aed]) -> dict[UUID, Kept]:
    """What is known of their condition."""
    kept: dict[UUID, Kept] = {}
    async with database.statement() as connection:
        for begin in range(0, len(aeds), _ASKED_AT_ONCE):
            kept |= await rows.kept_of(connection, [aed.id for aed in aeds[begin : begin + _ASKED_AT_ONCE]])
    return kept


def _service(database: Database, settling: Settling | None = None) -> AedService:
    # The command has no memory to keep: a running service hears of the change from the database.
    return AedService(database, AedDirectory(), SystemClock(), lambda _changed: None, settling)
