"""Devices of one wave acknowledge at both workers in one moment: who decided last writes first, and neither twice."""

from unittest.mock import patch

from dispatch.engine import acknowledgements
from dispatch.metrics import CONFLICTS
from tests.people import WULIN, beside, until
from tests.sharing.conftest import Workers


async def test_who_has_not_decided_last_lets_the_other_go_first(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=90)), other.on_duty("r2", beside(WULIN, north_m=80)):

        async def are_known() -> bool:
            return all(each.service.roster.on_duty_count == 2 for each in workers.each)

        await until(are_known)
        before = _conflicts()
        with patch.object(acknowledgements, "_OTHERS_FIRST_S", 2.0):
            opened = await one.sos()

            async def one_has_written() -> bool:
                return (await one.alert_states(opened["incident_id"]))["r1"] == "received"

            await until(one_has_written)
            assert (await one.alert_states(opened["incident_id"]))["r2"] == "offered"

            async def other_has_written() -> bool:
                return (await one.alert_states(opened["incident_id"]))["r2"] == "received"

            await until(other_has_written)
        assert _conflicts() == before


def _conflicts() -> float:
    return sum(sample.value for metric in CONFLICTS.collect() for sample in metric.samples)
