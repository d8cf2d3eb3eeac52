"""Reports need the database: while it is away devices are told to keep theirs, and nothing is lost silently."""

from uuid import uuid4

from tests.people import WULIN, ServiceInProcess, until
from tests.stoppable_database import StoppableDatabase


async def test_devices_are_told_to_come_again_and_their_reports_are_taken_then(
    away_service: ServiceInProcess, stoppable: StoppableDatabase
) -> None:
    aed_id = await away_service.add_aed(WULIN, pads_expire_on="2026-06-17")
    path, said = f"/v1/aeds/{aed_id}/reports", {"kind": "fault", "code": "e7", "report_id": str(uuid4())}
    await stoppable.stops()
    async with away_service.client("device", aed_id) as device:
        for body, where in ((said, path), ({"reports": [said]}, f"{path}/batch")):
            refused = await device.post(where, json=body)
            assert (refused.status_code, refused.json()["code"]) == (503, "database_away")
            assert int(refused.headers["retry-after"]) > 0
        # What was due meanwhile is acted upon when it is back.
        away_service.clock.move(days=1)
        await stoppable.comes_back()

        async def taken() -> bool:
            return (await device.post(path, json=said)).status_code == 201

        await until(taken, within_s=30)

        async def both_known() -> bool:
            reasons = (await device.get(f"/v1/aeds/{aed_id}")).json()["readiness_reasons"]
            return {"pads_expired", "fault_e7"} <= set(reasons)

        await until(both_known, within_s=30)
