"""The console script `simulator`."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from geo.place import MAX_LONGITUDE, Place
from simulator.city import CityOptions, CityStoppedError, run_city
from simulator.evaluation.parameters import OWN_FILE, BadParametersError, read_parameters
from simulator.people import ACCEPTANCE

app = typer.Typer(
    help="A simulated city for a running dispatch service, and in virtual time.",
    no_args_is_help=True,
    add_completion=False,
)


# Nearer a pole the city would be bent out of shape; and most swapped pairs are caught by it.
_FARTHEST_LATITUDE: Final = 75.0
# What the simulation speaks for: decision 20.
_EVALUATED: Final = OWN_FILE.with_name("policy.json")


def _pair(text: str, what: str) -> tuple[float, float]:
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not {what}") from error
    return first, second


def parse_centre(text: str) -> Place:
    """Read `latitude,longitude`."""
    latitude, longitude = _pair(text, "latitude,longitude")
    if not (abs(latitude) <= _FARTHEST_LATITUDE and abs(longitude) <= MAX_LONGITUDE):
        raise typer.BadParameter(f"{text!r} is not latitude,longitude between 75 degrees south and north")
    return Place(latitude, longitude)


def parse_acceptance(text: str) -> tuple[float, float]:
    """Read `low,high`, two shares."""
    low, high = _pair(text, "low,high")
    if not 0 <= low <= high <= 1:
        raise typer.BadParameter(f"{text!r} is not two shares between 0 and 1, the lower first")
    return low, high


@app.command()
def city(
    *,
    url: Annotated[str, typer.Option(help="Where the service runs.")] = "http://127.0.0.1:8000",
    admin_token: Annotated[
        str,
        typer.Option(envvar="DISPATCH_ADMIN_TOKEN", help="Token of the role admin: `dispatch token --role admin`."),
    ] = "",
    responders: Annotated[int, typer.Option(min=1, max=9_999, help="How many first-aiders live in the city.")] = 300,
    aeds: Annotated[int, typer.Option(min=0, max=9_999, help="How many AEDs hang in it.")] = 250,
    sos_every_s: Annotated[
        float, typer.Option(min=0.1, help="Mean seconds of the wall clock between two taps.")
    ] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same city.")] = 1,
    minutes: Annotated[float | None, typer.Option(min=0, help="End after so many minutes of the wall clock.")] = None,
    rescues: Annotated[int | None, typer.Option(min=1, help="End after so many finished rescues.")] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="How much faster than the clock people live.")] = 1.0,
    centre: Annotated[str, typer.Option(help="Lay the city around latitude,longitude (WGS-84).")] = "30.2741,120.1551",
    acceptance: Annotated[
        str, typer.Option(help="Between which shares of alerts a first-aider accepts.")
    ] = f"{ACCEPTANCE[0]},{ACCEPTANCE[1]}",
    visitor: Annotated[
        str | None, typer.Option(help="Also make a first-aider of this id whom nobody plays: you do, on the page.")
    ] = None,
    real: Annotated[bool, typer.Option("--real", help="Do not mark the incidents as drills.")] = False,
) -> None:
    """Drive a running service: first-aiders, AEDs, callers and an operator, until stopped or over."""
    if not admin_token:
        raise typer.BadParameter("give --admin-token or DISPATCH_ADMIN_TOKEN")
    options = CityOptions(
        url=url,
        admin_token=admin_token,
        responders=responders,
        aeds=aeds,
        sos_every_s=sos_every_s,
        seed=seed,
        minutes=minutes,
        rescues=rescues,
        speed=speed,
        centre=parse_centre(centre),
        acceptance=parse_acceptance(acceptance),
        visitor=visitor,
        real=real,
    )
    try:
        asyncio.run(_run_until_signal(options))
    except CityStoppedError as error:
        typer.echo(f"the city stopped: {error}", err=True)
        raise typer.Exit(1) from error


@app.command()
def evaluate(
    *,
    arrests: Annotated[int, typer.Option(min=1, max=9_000_000, help="How many in each density.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures, whatever --jobs.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="How many processes.")] = os.cpu_count() or 1,
    density: Annotated[str, typer.Option(help="One of the parameters' densities, or all.")] = "all",
    parameters: Annotated[Path, typer.Option(help="What the cities are like.")] = OWN_FILE,
    policy: Annotated[
        Path, typer.Option(help="The policy of ours, as the service reads it; its price of an alert is varied.")
    ] = _EVALUATED,
    out: Annotated[Path, typer.Option(help="Where the figures go; a table beside it as .csv.")] = Path(
        "build/bench/evaluate.json"
    ),
    report: Annotated[
        Path | None, typer.Option(help="A folder for the report: evaluation.md and its pictures.")
    ] = None,
    sensitivity_arrests: Annotated[int, typer.Option(min=1, help="How many for the table of sensitivities.")] = 1000,
    tuning_arrests: Annotated[int, typer.Option(min=10, max=500, help="How many to find the prices by.")] = 150,
) -> None:
    """Compare dispatch rules on the same cardiac arrests, in virtual time: times, survival, alerts."""
    # The compiled core takes a second to load, which a city has no use for.
    from simulator.evaluation.commands import EvaluateOptions, run_evaluation  # noqa: PLC0415

    options = EvaluateOptions(
        arrests=arrests,
        seed=seed,
        jobs=jobs,
        density=density,
        parameters=parameters,
        policy=policy,
        out=out,
        report=report,
        sensitivity_arrests=sensitivity_arrests,
        tuning_arrests=tuning_arrests,
    )
    try:
        run_evaluation(options, partial(print, flush=True))
    except BadParametersError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def replay(
    incident: Annotated[str, typer.Argument(help="The id of an incident that has happened.")],
    *,
    url: Annotated[str, typer.Option(help="Where the service runs.")] = "http://127.0.0.1:8000",
    token: Annotated[
        str, typer.Option(envvar="DISPATCH_ADMIN_TOKEN", help="A token of the role operator or admin.")
    ] = "",
    draws: Annotated[int, typer.Option(min=1, max=10_000, help="How often what is not known is drawn anew.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same.")] = 1,
    density: Annotated[str, typer.Option(help="What the place is like, where nothing is known of it.")] = "medium",
    parameters: Annotated[Path, typer.Option(help="What people, devices and ambulances are like.")] = OWN_FILE,
    policy: Annotated[Path, typer.Option(help="The policy of ours, as the service reads it.")] = _EVALUATED,
) -> None:
    """Run a real incident again under the rival rules, and print what each would have come to."""
    if not token:
        raise typer.BadParameter("give --token or DISPATCH_ADMIN_TOKEN")
    # As above.
    from simulator.evaluation.past_incident import NoSuchPastError, fetch  # noqa: PLC0415
    from simulator.evaluation.policies import read_policy  # noqa: PLC0415
    from simulator.evaluation.replaying import replay as run_again  # noqa: PLC0415
    from simulator.evaluation.replaying import table  # noqa: PLC0415

    try:
        told, changed = read_parameters(parameters), read_policy(policy)
    except BadParametersError as error:
        raise typer.BadParameter(str(error)) from error
    if density not in told.density:
        raise typer.BadParameter(f"density.{density}: there is no such section in {parameters}")
    try:
        past = fetch(url, token, incident)
    except NoSuchPastError as error:
        typer.echo(f"nothing to run again: {error}", err=True)
        raise typer.Exit(1) from error
    for line in table(run_again(past, told, density, changed, seed=seed, draws=draws)):
        typer.echo(line)


async def _run_until_signal(options: CityOptions) -> None:
    """Run the city; the first SIGINT or SIGTERM lets it say goodbye, a second one ends it at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, on_signal)
    # Flushed line by line: whoever started us through a pipe follows along too.
    await run_city(options, stop=stop, out=partial(print, flush=True))


def main() -> None:
    """Run the console script."""
    app()
