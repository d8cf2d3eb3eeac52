"""Batches through the whole service: their size, and who may send them."""

from uuid import uuid4

from tests.people import WULIN, ServiceInProcess


async def test_a_whole_batch_is_larger_than_other_bodies_may_be(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(WULIN)
    said = [
        {
            "kind": "door",
            "open": bool(number % 2),
            "report_id": str(uuid4()),
            "note": "x" * 60,
            "at": f"2026-06-17T0{number % 4}:00:00Z",
        }
        for number in range(1000)
    ]
    answer = await service.call(
        "POST", f"/v1/aeds/{aed_id}/reports/batch", role="device", subject=aed_id, json={"reports": said}
    )
    assert (answer["taken"], answer["refused"]) == (1000, 0)
    many = [each | {"aed_id": aed_id} for each in said]
    again = await service.call(
        "POST", "/v1/aeds/reports", role="device", subject="gateway:maker", json={"reports": many}
    )
    assert (again["repeated"], again["refused"]) == (1000, 0)
    too_large = {"reports": [{"kind": "door", "open": True, "note": "x" * 1900}] * 600}
    await service.refused(
        "POST", f"/v1/aeds/{aed_id}/reports/batch", 413, role="device", subject=aed_id, json=too_large
    )
    await service.refused("POST", f"/v1/aeds/{aed_id}/reports", 413, role="device", subject=aed_id, json=too_large)
