"""The service does what its OpenAPI says, for data that fits it and for data that does not."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dispatch.app import create_app
from tests.people import WULIN, LiveService, settings_for_tests

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def _described() -> dict[str, Any]:
    """What there is; no running service is needed to know. The last test compares it with what one says."""
    with tempfile.TemporaryDirectory() as folder:
        return create_app(settings_for_tests(Path(folder)), "postgresql://unused/unused").openapi()


DESCRIBED = _described()
OPERATIONS = [
    (method.upper(), path, mode)
    for path, methods in DESCRIBED["paths"].items()
    for method, operation in methods.items()
    for mode in GenerationMode
    # Where nothing is asked, nothing can be asked wrongly.
    if mode is GenerationMode.POSITIVE or {"parameters", "requestBody", "security"} & operation.keys()
]


@pytest.fixture(scope="module")
def known(live_service: LiveService) -> dict[str, str]:
    """Ids of what there is, for paths that lead somewhere."""
    location = {"latitude": WULIN.latitude, "longitude": WULIN.longitude}
    admin = live_service.admin
    certificate = {"number": "ZJ-1", "expires_on": "2099-12-31"}
    admin.post("/v1/responders", json={"id": "known", "name": "王", "certificate": certificate}).raise_for_status()
    sos = admin.post("/v1/sos", json={"request_id": str(uuid4()), "location": location})
    aed = admin.post("/v1/aeds", json={"name": "站厅", "location": location, "access": "public"})
    return {
        "incident_id": sos.raise_for_status().json()["incident_id"],
        "aed_id": aed.raise_for_status().json()["id"],
        "responder_id": "known",
    }


@cache
def _described_at(url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS, ids=[" ".join(each) for each in OPERATIONS])
def test_it_answers_as_described(
    live_service: LiveService, known: dict[str, str], method: str, path: str, mode: GenerationMode
) -> None:
    operation = _described_at(live_service.url)[path][method]
    who = ("responder", "known") if path.startswith("/v1/responders/me") else ("admin", "fuzz")
    headers = {"Authorization": f"Bearer {live_service.token(*who)}"}

    @settings(
        max_examples=40,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), leads_somewhere=st.booleans())
    def answers(case: schemathesis.Case[Any], leads_somewhere: bool) -> None:
        if leads_somewhere:
            case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    answers()


def test_every_operation_is_tried_here(live_service: LiveService) -> None:
    assert live_service.admin.get("/openapi.json").json()["paths"].keys() == DESCRIBED["paths"].keys()
    assert len(OPERATIONS) > 20
