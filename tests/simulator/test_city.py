"""A small city against the running service, through the public contract only."""

import asyncio
import os
import signal
import sys

from geo.place import Place
from simulator.callers import NOTE_PREFIX
from simulator.city import CityOptions, run_city
from tests.people import LiveService

# Far from where other tests have their incidents: people of this city must not be alerted for them.
CENTRE = Place(36.0671, 120.3826)


def options(service: LiveService, **changes: object) -> CityOptions:
    chosen: dict[str, object] = {
        "url": service.url,
        "admin_token": service.token("admin", "city"),
        "responders": 120,
        "aeds": 30,
        "sos_every_s": 3.0,
        "minutes": 1.5,
        "rescues": 1,
        "speed": 60.0,
        "centre": CENTRE,
        "acceptance": (0.5, 0.7),
    }
    return CityOptions(**(chosen | changes))  # type: ignore[arg-type] # the names are checked by the call itself


async def test_a_city_brings_a_rescue_to_its_end_and_a_second_run_reuses_its_people(
    live_service: LiveService,
) -> None:
    lines: list[str] = []
    journal = await run_city(options(live_service), out=lines.append)
    assert journal.finished >= 1
    assert not journal.going_on
    told = "\n".join(lines)
    for words in (
        "marked as drills",
        "SOS at",
        "alerted",
        "first accept after",
        "CPR on scene after",
        "rescue finished",
    ):
        assert words in told
    rescue = next(each for each in journal.rescues.values() if each.finished)
    assert rescue.first_alert_s is not None
    assert rescue.first_accept_s is not None

    incident = live_service.admin.get(f"/v1/incidents/{rescue.incident_id}").raise_for_status().json()
    assert incident["state"] == "closed"
    assert incident["drill"] is True
    assert incident["note"].startswith(NOTE_PREFIX)
    assert any("on_scene" in alert["stages"] for alert in incident["alerts"])

    again: list[str] = []
    second = await run_city(options(live_service, minutes=0.05, rescues=None), out=again.append)
    assert not second.going_on
    assert any("first-aiders connected" in line for line in again)
    south, north, west, east = 35.6, 36.5, 119.9, 120.9
    found = live_service.admin.get("/v1/aeds", params={"bbox": f"{west},{south},{east},{north}", "limit": 5000}).json()
    names = [each["properties"]["name"] for each in found["features"]]
    assert len(names) == len(set(names)) == 30


async def test_a_stopped_city_leaves_no_incident_open(live_service: LiveService) -> None:
    chosen = options(live_service)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "city", "--url", chosen.url, "--responders", "60", "--aeds", "5",
        "--sos-every-s", "1", "--centre", f"{CENTRE.latitude},{CENTRE.longitude}", "--seed", "2",
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "DISPATCH_ADMIN_TOKEN": chosen.admin_token},
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(60):
        while "SOS at" not in (line := (await process.stdout.readline()).decode()):
            assert line, "".join(lines)
            lines.append(line)
        process.send_signal(signal.SIGTERM)
        rest = (await process.stdout.read()).decode()
        assert await process.wait() == 0
    assert "open incidents are cancelled" in rest
    assert "left open" in rest
    found = live_service.admin.get("/v1/incidents", params={"status": "open", "limit": 200}).json()["incidents"]
    assert not [each for each in found if (each["note"] or "").startswith(NOTE_PREFIX)]
