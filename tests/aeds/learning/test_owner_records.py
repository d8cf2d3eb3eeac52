"""What an owner's devices have shown is summed up, written down and shared."""

from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from dispatch.aeds.health.rates import PRIOR, OwnerRecord
from dispatch.aeds.learning.records import OwnerRecords
from dispatch.storage.database import Database
from dispatch.storage.tables.registry import OWNER_RECORD_SUMS
from tests.people import WULIN, ServiceInProcess


def test_the_table_has_every_sum() -> None:
    assert set(OWNER_RECORD_SUMS) == {each.name for each in fields(OwnerRecord)}


async def _says(service: ServiceInProcess, aed_id: str, **said: Any) -> None:
    await service.call("POST", f"/v1/aeds/{aed_id}/reports", role="device", subject=aed_id, json=said)


async def test_self_tests_that_fail_make_its_owners_devices_less_sure(service: ServiceInProcess) -> None:
    owner = await service.call("POST", "/v1/owners", role="admin", json={"name": "一中", "level": "venue"})
    begun = service.clock.now() - timedelta(days=200)
    for number in range(3):
        aed_id = await service.add_aed(WULIN, name=f"{number}", owner_id=owner["id"])
        for day in (0, 30, 60):
            at = begun + timedelta(days=day)
            await _says(service, aed_id, kind="self_test", outcome="ok", at=at.isoformat())
        await _says(service, aed_id, kind="self_test", outcome="fail", at=(begun + timedelta(days=90)).isoformat())
    records: OwnerRecords = service.service.registry.records
    owner_id = UUID(owner["id"])
    found = records.record_of(owner_id)
    assert found.test_failures == 3
    assert found.tested_days == pytest.approx(270, rel=0.1)
    assert records.rates_of(owner_id) == PRIOR, "not before it is written down"
    await records.write()
    assert records.record_of(owner_id) == found
    assert records.rates_of(owner_id).device.per_day > records.rates_of(None).device.per_day > PRIOR.device.per_day


async def test_what_two_services_learn_is_added_up(database: Database) -> None:
    one, other = OwnerRecords(database), OwnerRecords(database)
    for records in (one, other):
        await records.load()
        records._unwritten[UUID(int=7)] = OwnerRecord.of(tested_days=10, test_failures=1)
    await one.write()
    await other.write()
    await one.write()
    assert one.record_of(UUID(int=7)) == other.record_of(UUID(int=7)) == OwnerRecord.of(tested_days=20, test_failures=2)


@pytest.mark.parametrize("owners", [0, 1, 100, 101, 250])
async def test_a_province_of_owners_is_read_part_by_part(database: Database, owners: int) -> None:
    written, read = OwnerRecords(database), OwnerRecords(database)
    await read.load()
    before = read.record_of(UUID(int=2**64)), read.rates_of(None)
    for number in range(owners):
        written._unwritten[UUID(int=2**64 + number)] = OwnerRecord.of(unaided_days=1000.0 * (number + 1))
    await written.write()
    await read.load()
    assert before == (OwnerRecord(), PRIOR)
    days = [read.record_of(UUID(int=2**64 + number)).unaided_days for number in range(owners)]
    assert days == [1000.0 * (number + 1) for number in range(owners)]
    everybody = OwnerRecord.of(unaided_days=sum(days)).rates()
    assert read.rates_of(None).place.per_day == pytest.approx(everybody.place.per_day)


async def test_what_cannot_be_written_is_written_the_next_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = OwnerRecords(database)
    records._unwritten[UUID(int=7)] = OwnerRecord.of(doubts=1)

    async def fails(_found: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(records, "_add", fails)
        with pytest.raises(ConnectionError):
            await records.write()
    assert records.record_of(UUID(int=7)).doubts == 1
    await records.write()
    assert records.record_of(UUID(int=7)).doubts == 1
