"""An AED failed and the process died before anybody was told: the next one tells whoever runs for it."""

from pathlib import Path
from typing import Any

import pytest

from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests, until
from tests.stoppable_database import StoppableDatabase


async def test_a_runner_is_sent_elsewhere_by_the_next_process(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for_tests(tmp_path)

    def nobody_is_told(_changed: Any) -> None:
        """The process dies here."""

    async with run_in_process(settings, stoppable.url, clock) as service:
        aed = await service.add_aed(beside(WULIN, north_m=150))
        async with (
            service.on_duty("r1", beside(WULIN, north_m=160)) as r1,
            service.on_duty("r2", beside(WULIN, north_m=50)) as r2,
        ):
            opened = await service.sos()
            for person in (r1, r2):
                await person.answer(await person.next("alert"), "accept")
                await person.next("assignment")
                await person.settled()
            await service.service.responders.save_moved()
            roles = {each["role"] for each in (await service.incident(opened["incident_id"]))["alerts"]}
            assert roles == {"aed", "cpr"}
            monkeypatch.setattr(service.service.registry_links, "registry_changed", nobody_is_told)
            report = {"kind": "fault", "code": "broken"}
            await service.call("POST", f"/v1/aeds/{aed}/reports", role="admin", json=report)
    async with run_in_process(settings, stoppable.url, clock) as service:

        async def is_noticed() -> bool:
            return "aed_lost" in await service.timeline_kinds(opened["incident_id"])

        await until(is_noticed)
        alerts = (await service.incident(opened["incident_id"]))["alerts"]
    assert [(each["role"], each["aed"]) for each in alerts] == [("cpr", None), ("cpr", None)]
