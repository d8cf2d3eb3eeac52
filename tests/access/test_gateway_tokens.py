"""A token for a maker's gateway names it; other words for a device are refused."""

import pytest

from tests.people import ServiceInProcess


async def test_a_gateway_has_a_token_that_may_report(service: ServiceInProcess) -> None:
    made = await service.call("POST", "/v1/tokens", role="admin", json={"role": "device", "subject": "gateway:mairui"})
    assert made["subject"] == "gateway:mairui"


@pytest.mark.parametrize(
    ("role", "subject"),
    [("device", "gateway:"), ("device", "gateway:a b"), ("device", "mairui"), ("caller", "gateway:x")],
)
async def test_what_names_neither_a_device_nor_a_gateway_is_refused(
    service: ServiceInProcess, role: str, subject: str
) -> None:
    problem = await service.refused("POST", "/v1/tokens", 422, role="admin", json={"role": role, "subject": subject})
    assert "gateway" in problem["errors"][0]["problem"] or role == "caller"
