"""A phone that loses its network in the middle of the tap is no fault of the service."""

import asyncio
import json
import logging
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from tests.people import WULIN, ServiceInProcess


def _noted(status: str) -> float:
    labels = {"method": "POST", "route": "/v1/sos", "status": status}
    return REGISTRY.get_sample_value("dispatch_http_seconds_count", labels) or 0.0


async def test_half_an_sos_opens_nothing_and_is_not_called_a_fault(
    service: ServiceInProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    gone_before, faults_before = _noted("499"), _noted("500")
    parts = urlsplit(service.url)
    body = json.dumps(
        {"request_id": str(uuid4()), "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude}}
    ).encode()
    head = f"POST /v1/sos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for said in (b"", body[:30]):
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(head.encode() + said)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
    async with asyncio.timeout(5):
        noted = gone_before
        while noted < gone_before + 2:
            await asyncio.sleep(0.01)
            noted = _noted("499")
    assert _noted("500") == faults_before
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    listed = await service.call("GET", "/v1/incidents?status=all", role="operator")
    assert listed["incidents"] == []
