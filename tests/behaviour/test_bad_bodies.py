"""Bodies that are no JSON, too large, or of the wrong shape."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.people import WULIN, LiveService, problem_of

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def phone(live_service: LiveService) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with live_service.client() as client:
        yield client


@pytest.fixture(scope="module")
def incident_path(live_service: LiveService) -> str:
    """An open incident that nothing here may change."""
    location = {"latitude": WULIN.latitude, "longitude": WULIN.longitude}
    opened = live_service.admin.post("/v1/sos", json={"request_id": str(uuid4()), "location": location}).json()
    return f"/v1/incidents/{opened['incident_id']}"


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"{'a': 1}", b"\xff\xfe\x00", b'{"request_id": }', b"not json", b'{"a": "\x01"}', b'{"a": 1}}'],
    ids=repr,
)
def test_broken_json_is_told_as_such(phone: httpx.Client, body: bytes) -> None:
    answer = phone.post("/v1/sos", content=body, headers=JSON)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    if body:
        assert (answer.status_code, problem["code"]) == (400, "invalid_json")
    else:
        assert (answer.status_code, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["field"] == "body"


@pytest.mark.parametrize(
    "body", [b"[" * 30_000, b'{"a":' * 9_000, b"[1" + b"0" * 5_000 + b"]"], ids=["[", "{", "number"]
)
def test_json_that_nobody_can_read_is_no_reason_to_fall_over(phone: httpx.Client, body: bytes) -> None:
    answer = phone.post("/v1/sos", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert phone.get("/health/live").json() == {"status": "live"}


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"[1, 2]"], ids=repr)
def test_json_that_is_no_object_is_told_as_such(phone: httpx.Client, body: bytes) -> None:
    problem = problem_of(phone.post("/v1/sos", content=body, headers=JSON), 422)
    assert problem["errors"][0]["field"] == "body"


def test_a_field_name_that_is_no_text_is_told_as_such(phone: httpx.Client) -> None:
    body = b'{"\\ud800": 1, "request_id": "%s"}' % str(uuid4()).encode()
    problem_of(phone.post("/v1/sos", content=body, headers=JSON), 422)


def test_a_form_is_no_json(phone: httpx.Client) -> None:
    problem_of(phone.post("/v1/sos", data={"request_id": str(uuid4())}), 422)


def test_a_body_that_says_it_is_too_large_is_refused_unread(phone: httpx.Client) -> None:
    problem = problem_of(phone.post("/v1/sos", content=b"x" * (64 * 1024 + 1), headers=JSON), 413)
    assert problem["code"] == "too_large"
    assert "65536" in problem["detail"]


def test_a_body_that_turns_out_too_large_is_refused_all_the_same(phone: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"note": "'
        for _ in range(32):
            yield b"x" * 4096
        yield b'"}'

    problem = problem_of(phone.post("/v1/sos", content=pieces(), headers=JSON), 413)
    assert problem["code"] == "too_large"
    assert phone.get("/health/live").status_code == 200


def test_a_body_just_small_enough_is_read(phone: httpx.Client) -> None:
    padding = b" " * (64 * 1024 - 2)
    problem = problem_of(phone.post("/v1/sos", content=b"{" + padding + b"}", headers=JSON), 422)
    assert problem["code"] == "invalid"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("cancel", {"reason": "bored"}, "reason"),
        ("cancel", {"because": "x"}, "because"),
        ("cancel", [], "body"),
        ("close", {"note": 1}, "note"),
        ("widen", {"by": 2}, "by"),
        ("ambulance", {}, "body"),
        ("ambulance", {"eta_s": -1}, "eta_s"),
        ("ambulance", {"eta_s": "soon"}, "eta_s"),
        ("ambulance", {"eta_s": 60, "arrived": True}, "body"),
        ("ambulance", {"arrived": False}, "arrived"),
        ("cpr", {}, "in_progress"),
        ("cpr", {"in_progress": "yes"}, "in_progress"),
    ],
)
def test_what_an_incident_cannot_be_told(
    live_service: LiveService, incident_path: str, path: str, body: object, field: str
) -> None:
    problem = problem_of(live_service.admin.post(f"{incident_path}/{path}", json=body), 422)
    assert field in [each["field"] for each in problem["errors"]]
    assert live_service.admin.get(incident_path).json()["version"] == 2


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/incidents/not-a-uuid", "incident_id"),
        ("/v1/incidents?status=finished", "status"),
        ("/v1/incidents?limit=0", "limit"),
        ("/v1/incidents?limit=many", "limit"),
        ("/v1/responders/%20", "responder_id"),
    ],
)
def test_bad_ids_and_questions_are_told_by_name(live_service: LiveService, path: str, field: str) -> None:
    problem = problem_of(live_service.admin.get(path), 422)
    assert [each["field"] for each in problem["errors"]] == [field]


def test_paths_and_methods_that_there_are_not(phone: httpx.Client) -> None:
    assert problem_of(phone.get("/v1/nothing"), 404)["code"] == "not_found"
    assert problem_of(phone.delete("/v1/sos"), 405)["code"] == "method_not_allowed"
