"""A real incident run again: what is known of it stays, what is not is drawn, and the table says which is which."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from geo.place import Place
from simulator.cli import app
from simulator.evaluation.draws import Draws
from simulator.evaluation.estimates import column
from simulator.evaluation.past_incident import NoSuchPastError, PastAed, PastAlert, PastIncident, fetch, read
from simulator.evaluation.policies import read_policy
from simulator.evaluation.replaying import replay, scene_again, table
from simulator.evaluation.rivals import RIVALS
from tests.people import WULIN, LiveService, ServiceInProcess, beside
from tests.simulator.evaluation.cases import PARAMETERS

SHANGHAI = ZoneInfo("Asia/Shanghai")


def a_past(**changes: object) -> PastIncident:
    """Five people who were asked: one came, one refused, one was silent, two were taken back."""

    def asked(name: str, away_m: float, *, yes: bool | None, answered_s: float | None = None) -> PastAlert:
        return PastAlert(name, None, away_m, 105 + away_m, 0.0, answered_s, yes, 300.0 if yes else None)

    known: dict[str, object] = {
        "incident_id": "i",
        "opened_at": datetime(2026, 3, 2, 4, 0, tzinfo=UTC),
        "zone": SHANGHAI,
        "place": Place(30.25, 120.16),
        "floor": 2,
        "cpr_in_progress": False,
        "ambulance_s": 900.0,
        "considered": 12,
        "alerts": (
            asked("came", 200.0, yes=True, answered_s=12.0),
            asked("refused", 150.0, yes=False, answered_s=8.0),
            asked("silent", 250.0, yes=False),
            asked("taken back", 300.0, yes=None),
            asked("taken back too", 350.0, yes=None),
        ),
        "aeds": (PastAed("a", "AED", Place(30.2515, 120.16), verified=True),),
        "alerts_sent": 5,
        "first_there_s": 300.0,
        "first_aed_there_s": None,
    }
    return PastIncident(**(known | changes))  # type: ignore[arg-type] # the names are checked by the call itself


def test_what_is_known_is_the_same_in_every_draw() -> None:
    past = a_past()
    for number in range(20):
        scene = scene_again(past, PARAMETERS, "medium", Draws(3, number))
        assert scene.fix_away_m == sorted(scene.fix_away_m)
        refused, came, silent = (scene.fix_away_m.index(each) for each in (150.0, 200.0, 250.0))
        assert [scene.says_yes[each] for each in (refused, came, silent)] == [False, True, False]
        assert [scene.says_anything[each] for each in (refused, came, silent)] == [True, True, False]
        assert [scene.answers_after_s[each] for each in (refused, came)] == [8.0, 12.0]
        assert scene.ambulance_s == 900.0
        # Seven more were looked at, beyond the nearest that was asked.
        assert len(scene.people) == 12
        assert min(scene.fix_away_m) == 150.0
        assert scene.place(0.0, 0.0) == past.place


def test_who_came_comes_when_they_came() -> None:
    # Alone, asked at once and never by way of an AED: the nearest of three is the only one there is.
    past = a_past(alerts=(a_past().alerts[0],), considered=1, aeds=())
    found = replay(past, PARAMETERS, "medium", read_policy(), seed=1, draws=40)
    came_s = sorted(column(found.outcomes["nearest_3"], "cpr_s").tolist())
    assert came_s[20] == pytest.approx(300.0, abs=5.0)


def test_the_same_seed_draws_the_same_and_every_rule_has_a_line() -> None:
    past = replace(a_past(), ambulance_s=None)
    first, again, other = (
        list(table(replay(past, PARAMETERS, "medium", read_policy(), seed=seed, draws=6))) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    text = "\n".join(first)
    assert "5 alerts to 5 people, 1 said yes" in text
    assert "first there after 5:00, with an AED never" in text
    assert "ambulance not known, and drawn" in text
    assert sum(line.count(" to ") >= 2 and "%" in line for line in first) >= len(RIVALS) + 1


def test_an_incident_without_a_plan_is_nothing_to_run_again() -> None:
    with pytest.raises(NoSuchPastError, match="nothing was ever planned"):
        read(
            {"opened_at": "2026-03-02T04:00:00+00:00", "alerts": [], "timeline": []},
            [],
            SHANGHAI,
        )


async def test_a_real_incident_is_read_through_the_contract(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(beside(WULIN, north_m=-150), name="AED")
    async with contextlib.AsyncExitStack() as stack:
        people = {
            name: await stack.enter_async_context(service.on_duty(name, beside(WULIN, north_m=80 + 60 * number)))
            for number, name in enumerate(("ra", "rb", "rc"))
        }
        opened = await service.sos(floor=2)
        incident_id = opened["incident_id"]
        alerts = {name: await client.next("alert") for name, client in people.items()}
        helper = next(name for name, alert in alerts.items() if alert["role"] == "cpr")
        refuser = next(name for name in alerts if name != helper)
        await people[refuser].answer(alerts[refuser], "decline")
        await people[helper].answer(alerts[helper], "accept")
        await people[helper].next("assignment")
        await people[helper].progress(alerts[helper], "on_scene")
        await service.call("POST", f"/v1/incidents/{incident_id}/ambulance", role="operator", json={"eta_s": 600})
        await people[helper].settled()

        token = service.token("operator", "ann")
        past = await asyncio.to_thread(fetch, service.url, token, incident_id)
        by_name = {each.responder_id: each for each in past.alerts}
        assert by_name[helper].said_yes is True
        assert by_name[helper].there_s is not None
        assert by_name[refuser].said_yes is False
        assert [each.aed_id for each in past.aeds] == [aed_id]
        assert past.floor == 2
        assert past.considered == 3
        assert past.zone.key == "Asia/Shanghai"
        assert past.opened_at - datetime.now(UTC) < timedelta(days=3650)

        run = lambda: CliRunner().invoke(  # noqa: E731 - called in a thread, for the service is on this loop
            app, ["replay", incident_id, "--url", service.url, "--token", token, "--draws", "3"]
        )
        result = await asyncio.to_thread(run)
        assert result.exit_code == 0, result.output
        assert incident_id in result.output
        assert "nearest 3 (GoodSAM, London)" in result.output

        caller = service.token("caller", incident_id)
        with pytest.raises(NoSuchPastError, match="operator"):
            await asyncio.to_thread(fetch, service.url, caller, incident_id)


def test_an_incident_that_does_not_exist_is_said(live_service: LiveService) -> None:
    with pytest.raises(NoSuchPastError, match="404"):
        fetch(live_service.url, live_service.token("operator", "ann"), "00000000-0000-4000-8000-000000000000")
