"""The request id of an SOS has opened another incident meanwhile: both are kept, and each is told once."""

from uuid import uuid4

from tests.people import WULIN, ServiceInProcess, beside
from tests.stoppable_database import StoppableDatabase, is_back, is_known_to_be_away, unnoticed

HERE = beside(WULIN, north_m=100)
FAR = beside(WULIN, north_m=9000)


async def test_an_incident_written_under_another_request_id_is_told_once(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE):
        other = await service.sos(FAR)
        await stoppable.stops()
        await is_known_to_be_away(service)
        request_id = str(uuid4())
        opened = await service.sos(request_id=request_id)
        with unnoticed():
            await stoppable.comes_back()
            stoppable.sql(
                "update incidents set request_id = %s,"
                " receipt = jsonb_set(receipt::jsonb, '{incident_id}', to_jsonb(id::text)) where id = %s",
                request_id,
                other["incident_id"],
            )
        await is_back(service)
    told = stoppable.sql(
        "select recipient from messages where incident_id = %s and recipient like 'caller%%'", opened["incident_id"]
    )
    assert told == [(f"caller:{opened['incident_id']}",)]
