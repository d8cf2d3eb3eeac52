"""The command line: `dispatch serve | demo | token | aeds | doctor`."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic import ValidationError

from dispatch.access.endpoints import DEFAULT_TOKEN_MINUTES, MOST_TOKEN_MINUTES, TokenIn
from dispatch.access.tokens import Identity, NoSecret, Role, TokenIssuer, secret_of
from dispatch.settings import Settings, plainly, unknown_settings

cli = typer.Typer(
    help="Emergency response dispatch and AED geolocation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
aeds = typer.Typer(help="The AED registry's files.", no_args_is_help=True)
cli.add_typer(aeds, name="aeds")

Host = Annotated[str | None, typer.Option(help="Address to listen on.", envvar="DISPATCH_HOST")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.", envvar="DISPATCH_PORT")]
Workers = Annotated[int | None, typer.Option(help="Worker processes.", envvar="DISPATCH_WORKERS")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="PostgreSQL with PostGIS; without it: a private one.", envvar="DISPATCH_DATABASE_URL"),
]
RedisUrl = Annotated[
    str | None, typer.Option(help="Redis, which makes several workers one.", envvar="DISPATCH_REDIS_URL")
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the private database and the token secret.", envvar="DISPATCH_DATA_DIR"),
]


@cli.command()
def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    database_url: DatabaseUrl = None,
    redis_url: RedisUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Run the service."""
    from dispatch import serving  # noqa: PLC0415 - `dispatch token` need not wait for the whole service to load

    settings = _settings(
        host=host,
        port=port,
        workers=workers,
        database_url=database_url,
        redis_url=redis_url,
        data_dir=data_dir,
    )
    with _told_plainly():
        listening = serving.bound_socket(settings.host, settings.port)
        serving.serve_supervised(settings, listening, serving.Announcement(serving.address_of(listening)))


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(
    context: typer.Context,
    host: Host = None,
    port: Port = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the demo's own database.")] = None,
) -> None:
    """Run the service with a simulated city in it, and say where to look. Further options go to `simulator city`.

    Always over a private database of its own: nobody simulated must ever stand in a real registry.
    """
    from dispatch.demo import run_demo  # noqa: PLC0415 - as above

    settings = _settings(host=host, port=port, log_level="warning")
    own = {"data_dir": data_dir or settings.data_dir / "demo"}
    nobody_elses = dict.fromkeys(("database_url", "database_direct_url", "database_replica_url", "redis_url"))
    with _told_plainly():
        run_demo(settings.model_copy(update=nobody_elses | own), context.args)


@cli.command()
def token(
    role: Annotated[Role, typer.Option(help="What the token may do.", envvar="DISPATCH_TOKEN_ROLE")],
    subject: Annotated[
        str,
        typer.Option(
            help="Whom it speaks for: an incident's, responder's or AED's id, or a name.",
            envvar="DISPATCH_TOKEN_SUBJECT",
        ),
    ],
    minutes: Annotated[
        int,
        typer.Option(min=1, max=MOST_TOKEN_MINUTES, help="How long it is good.", envvar="DISPATCH_TOKEN_MINUTES"),
    ] = DEFAULT_TOKEN_MINUTES,
    data_dir: DataDir = None,
) -> None:
    """Print a token that the service over the same data folder (or DISPATCH_SECRET) believes."""
    settings = _settings(data_dir=data_dir)
    try:
        wanted = TokenIn(role=role, subject=subject, minutes=minutes)
    except ValidationError as error:
        _fail(f"--subject: {plainly(error.errors()[0]['msg'])}")
    with _told_plainly():
        secret = settings.secret.get_secret_value() if settings.secret else secret_of(settings.data_dir)
        identity = Identity(wanted.role, wanted.subject)
        lifetime = timedelta(minutes=wanted.minutes)
        sys.stdout.write(TokenIssuer(secret).issue(identity, issued_at=datetime.now(UTC), lifetime=lifetime) + "\n")


@cli.command()
def doctor(
    database_url: DatabaseUrl = None,
    redis_url: RedisUrl = None,
    data_dir: DataDir = None,
    for_tests: Annotated[
        bool, typer.Option("--for-tests", help="Also what the tests need.", envvar="DISPATCH_DOCTOR_FOR_TESTS")
    ] = False,
) -> None:
    """Say what is missing on this machine and how to get it."""
    from dispatch.doctor import examine, print_report  # noqa: PLC0415 - as above

    settings = _settings(database_url=database_url, redis_url=redis_url, data_dir=data_dir)
    findings = examine(
        data_dir=settings.data_dir,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        waking=settings,
        for_tests=for_tests,
    )
    raise typer.Exit(print_report(findings))


@aeds.command("import")
def import_aeds(
    file: Annotated[Path, typer.Argument(help="CSV, GeoJSON or xlsx.")],
    datum: Annotated[
        str | None,
        typer.Option(
            help="Datum of its coordinates: wgs84, gcj02 or bd09. Without it: as the file says.",
            envvar="DISPATCH_IMPORT_DATUM",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Name of the data set; without it: the file's name.", envvar="DISPATCH_IMPORT_SOURCE"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report, write nothing.", envvar="DISPATCH_IMPORT_DRY_RUN")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Take a list in that looks wrong as a whole.", envvar="DISPATCH_IMPORT_FORCE"),
    ] = False,
    gone: Annotated[
        Literal["keep", "remove"],
        typer.Option(help="What becomes of the source's AEDs that it has no more.", envvar="DISPATCH_IMPORT_GONE"),
    ] = "keep",
    ambiguous: Annotated[
        Literal["report", "new"],
        typer.Option(help="What becomes of a row that may be one of several AEDs.", envvar="DISPATCH_IMPORT_AMBIGUOUS"),
    ] = "report",
    report: Annotated[
        Path | None, typer.Option(help="Write the report here, as JSON.", envvar="DISPATCH_IMPORT_REPORT")
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Take the AEDs of a file into the registry. Every row is taken, corrected with a note, or reported."""
    from dispatch.aeds.commands import import_command  # noqa: PLC0415 - as above
    from dispatch.aeds.importing.desk import WhenAmbiguous, WhenGone  # noqa: PLC0415 - as above

    _with_database(
        _settings(database_url=database_url, data_dir=data_dir),
        lambda database, settings: import_command(
            database,
            file,
            datum=datum,
            source=source,
            dry_run=dry_run,
            report=report,
            force=force,
            when_gone=WhenGone(gone),
            when_ambiguous=WhenAmbiguous(ambiguous),
            settings=settings,
        ),
    )


@aeds.command("export")
def export_aeds(
    file: Annotated[Path, typer.Argument(help="Ends in .csv or .geojson.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Write the registry to a file that the import takes back without loss."""
    from dispatch.aeds.commands import export_command  # noqa: PLC0415 - as above

    _with_database(
        _settings(database_url=database_url, data_dir=data_dir),
        lambda database, _settings: export_command(database, file),
    )


def main() -> None:
    """The console script."""
    cli()


def _with_database(settings: Settings, work: Any) -> None:
    from dispatch.serving import database_for  # noqa: PLC0415 - as above
    from dispatch.storage.database import Database  # noqa: PLC0415 - as above

    async def run(url: str) -> int:
        database = Database(url)
        try:
            result: int = await work(database, settings)
        finally:
            await database.close()
        return result

    with _told_plainly(), database_for(settings) as url:
        code = asyncio.run(run(url))
    if code:
        raise typer.Exit(code)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turn the faults that a person can mend into one line and exit code 1."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - as above

    from dispatch.policies import PolicyFileError  # noqa: PLC0415 - as above
    from dispatch.serving import CannotServe  # noqa: PLC0415 - as above
    from dispatch.storage.cluster_errors import PrivateDatabaseError  # noqa: PLC0415 - as above
    from dispatch.storage.pooling import PoolerInBetween  # noqa: PLC0415 - as above

    try:
        yield
    except (CannotServe, PolicyFileError, PoolerInBetween, PrivateDatabaseError, NoSecret) as error:
        _fail(str(error))
    except OperationalError as error:
        _fail(f"the database does not answer: {error.orig}")


def _settings(**given: Any) -> Settings:
    """The environment's settings with the options given on the command line before them."""
    for name in unknown_settings():
        sys.stderr.write(f"dispatch: there is no setting {name}; it is ignored\n")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        _fail("; ".join(f"{_named(str(each['loc'][0]), given)}: {plainly(each['msg'])}" for each in error.errors()))


def _named(setting: str, given: dict[str, Any]) -> str:
    variable = f"DISPATCH_{setting.upper()}"
    return f"--{setting.replace('_', '-')} or {variable}" if setting in given else variable


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"dispatch: {message}\n")
    raise typer.Exit(1)
