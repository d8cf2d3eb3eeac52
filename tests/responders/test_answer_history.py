"""What people answered is learned as it happens, and found again after a restart."""

from pathlib import Path

from dispatch.rescue.acceptance import AnswerRecord, acceptance
from dispatch.rescue.policy import AcceptancePolicy
from dispatch.rescue.vocabulary import ResponderId
from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests

R1, R2, R3 = (ResponderId(name) for name in ("r1", "r2", "r3"))


async def _an_emergency(service: ServiceInProcess) -> None:
    """One says yes, one says no, one says nothing."""
    async with (
        service.on_duty(R1, beside(WULIN, north_m=300)) as yes,
        service.on_duty(R2, beside(WULIN, north_m=100)) as no,
        service.on_duty(R3, beside(WULIN, north_m=120)) as silent,
    ):
        opened = await service.sos()
        await yes.answer(await yes.next("alert"), "accept")
        await yes.next("assignment")
        await no.answer(await no.next("alert"), "decline")
        await no.settled()
        await silent.next("alert")
        await service.time_passes(seconds=21)
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")


def _expected_of(service: ServiceInProcess) -> dict[str, list[float | None]]:
    """How likely each of them is taken to say yes, by day and by night."""
    histories = service.service.roster.histories
    return {
        each: [histories.acceptance_of(each, AcceptancePolicy(), is_night=is_night) for is_night in (False, True)]
        for each in (R1, R2, R3)
    }


def _from(record: AnswerRecord) -> list[float | None]:
    return [acceptance(record, AcceptancePolicy(), is_night=is_night) for is_night in (False, True)]


async def test_answers_are_learned_and_outlive_the_process(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, postgis_url, clock) as service:
        await _an_emergency(service)
        learned = _expected_of(service)
    # Noon in Hangzhou.
    assert learned == {
        R1: _from(AnswerRecord(asked_by_day=1, accepted_by_day=1)),
        R2: _from(AnswerRecord(asked_by_day=1)),
        R3: _from(AnswerRecord(asked_by_day=1)),
    }
    async with run_in_process(settings, postgis_url, clock) as service:
        assert _expected_of(service) == learned


async def test_at_night_another_record_is_kept(service: ServiceInProcess) -> None:
    service.clock.move(seconds=12 * 3600)
    await _an_emergency(service)
    assert _expected_of(service)[R1] == _from(AnswerRecord(asked_by_night=1, accepted_by_night=1))
    histories = service.service.roster.histories
    policy = AcceptancePolicy()
    said_yes, said_no = (histories.acceptance_of(each, policy, is_night=True) for each in (R1, R2))
    assert said_yes is not None
    assert said_no is not None
    assert said_yes > policy.night > said_no
    assert histories.acceptance_of(ResponderId("never asked"), policy, is_night=True) is None


async def test_an_alert_counts_as_recent_for_a_week(service: ServiceInProcess) -> None:
    await _an_emergency(service)
    roster, policy = service.service.roster, service.service.engine.surveyor.policy
    (candidate,) = roster.whereabouts([R1], WULIN, now=service.clock.now(), policy=policy)
    assert candidate.recent_alerts == 1
    service.clock.move(seconds=8 * 86_400)
    async with service.on_duty("r4", WULIN), service.socket("responder", R1) as r1:
        await r1.say(type="position", latitude=WULIN.latitude, longitude=WULIN.longitude)
        await r1.settled()
        (candidate,) = roster.whereabouts([R1], WULIN, now=service.clock.now(), policy=policy)
    assert candidate.recent_alerts == 0
