"""Somebody sets the machine's clock in the middle of an emergency: whoever was asked has their 20 seconds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dispatch.clock import SteadyClock
from dispatch.storage.database import Database
from tests.people import NOON, WULIN, MovableClock, beside, run_in_process, settings_for_tests


@dataclass
class Machine:
    """A machine's two clocks: one that is set, one that is not."""

    wall_ns: int = round(NOON.timestamp()) * 10**9
    steady_ns: int = 5 * 10**9

    def is_set(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall_ns += round(seconds * 10**9)


class MovableSteadyClock(SteadyClock, MovableClock):
    """The service's own clock, on a machine whose time a test lets pass."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        SteadyClock.__init__(self, wall_ns=lambda: machine.wall_ns, steady_ns=lambda: machine.steady_ns)

    def move(self, **by: float) -> None:
        """Let time pass on both clocks."""
        passed_ns = timedelta(**by) // timedelta(microseconds=1) * 1000
        self._machine.wall_ns += passed_ns
        self._machine.steady_ns += passed_ns


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_an_offer_has_its_twenty_seconds(
    database: Database, postgis_url: str, tmp_path: Path, step_s: float
) -> None:
    del database
    machine = Machine()
    clock = MovableSteadyClock(machine)
    async with (
        run_in_process(settings_for_tests(tmp_path), postgis_url, clock) as service,
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
    ):
        opened = await service.sos()
        alert = await r1.next("alert")
        respond_by = datetime.fromisoformat(alert["respond_by"])
        assert abs(respond_by - NOON - timedelta(seconds=20)) < timedelta(seconds=1)
        await r1.settled()
        await service.service.acknowledgements.flush()
        machine.is_set(step_s)
        await service.time_passes(seconds=19)
        assert await service.alert_states(opened["incident_id"]) == {"r1": "received"}
        await service.time_passes(seconds=2)
        await service.service.due_times.drain()
        assert await service.alert_states(opened["incident_id"]) == {"r1": "expired"}
        assert clock.steps == 1
