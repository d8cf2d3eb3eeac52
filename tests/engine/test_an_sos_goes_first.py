"""While an SOS is under way nothing else is begun."""

import asyncio

import pytest

from dispatch.engine import ledger, turns
from dispatch.rescue.commands import Close
from dispatch.rescue.vocabulary import IncidentId
from tests.people import WULIN, ServiceInProcess, beside


async def test_a_command_begins_when_the_sos_is_written(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_HELD_S", 60.0)
    engine = service.service.engine
    first = await service.sos()
    # However long that one took: commands would be let through for as long.
    monkeypatch.setattr(engine.turns, "_may_be_held_from_s", 0.0)
    under_way, go_on = asyncio.Event(), asyncio.Event()
    record = ledger.record_opening

    async def slowly(*arguments, **named):  # type: ignore[no-untyped-def]
        under_way.set()
        await go_on.wait()
        return await record(*arguments, **named)

    monkeypatch.setattr(ledger, "record_opening", slowly)
    tapping = asyncio.create_task(service.sos(beside(WULIN, north_m=3000)))
    await under_way.wait()
    closing = asyncio.create_task(engine.command(IncidentId(first["incident_id"]), Close(), by="operator:ann"))
    # Time enough to be through, were it not for the SOS.
    await asyncio.wait([closing], timeout=0.5)
    assert not closing.done()
    go_on.set()
    assert (await tapping)["incident_id"] != first["incident_id"]
    assert (await closing).is_ended
