"""Tokens that are missing, expired, foreign, of the wrong role, or garbage."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from dispatch.access.tokens import Identity, Role, TokenIssuer, secret_of
from tests.people import LiveService, problem_of

NOW = datetime.now(UTC)


def _forged(secret: str, **changed: object) -> str:
    claims: dict[str, object] = {"iss": "dispatch", "sub": "x", "role": "admin", "exp": NOW + timedelta(hours=1)}
    claims |= changed
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm="HS256")


def _expired(secret: str) -> str:
    then = NOW - timedelta(hours=2)
    return TokenIssuer(secret).issue(Identity(Role.ADMIN, "x"), issued_at=then, lifetime=timedelta(hours=1))


BELIEVED_BY_NOBODY: dict[str, Callable[[str], str]] = {
    "garbage": lambda _: "garbage",
    "three parts of garbage": lambda _: "a.b.c",
    "not even text": lambda _: "é.è.ê",
    "expired": _expired,
    "another service's": lambda _: _forged("another secret of thirty-two letters"),
    "signed by nobody": lambda _: jwt.encode({"iss": "dispatch", "sub": "x", "role": "admin"}, "", algorithm="none"),
    "of an unknown role": lambda secret: _forged(secret, role="king"),
    "of no role": lambda secret: _forged(secret, role=None),
    "of a role that is a list": lambda secret: _forged(secret, role=["admin"]),
    "for ever": lambda secret: _forged(secret, exp=None),
    "by another issuer": lambda secret: _forged(secret, iss="elsewhere"),
    "of nobody": lambda secret: _forged(secret, sub=None),
}


def _asked_with(live_service: LiveService, header: str) -> httpx.Response:
    with live_service.client() as client:
        return client.get("/v1/incidents", headers=[(b"authorization", header.encode("latin-1"))])


@pytest.mark.parametrize("name", BELIEVED_BY_NOBODY)
def test_it_is_not_believed(live_service: LiveService, name: str) -> None:
    token = BELIEVED_BY_NOBODY[name](secret_of(live_service.data_dir))
    answer = _asked_with(live_service, f"Bearer {token}")
    assert problem_of(answer, 401)["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_right_one_is_believed(live_service: LiveService) -> None:
    assert _asked_with(live_service, f"Bearer {_forged(secret_of(live_service.data_dir))}").status_code == 200


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "nonsense"])
def test_a_header_that_is_no_bearer_token_is_told_as_such(live_service: LiveService, header: str) -> None:
    assert "Bearer" in problem_of(_asked_with(live_service, header), 401)["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/incidents"),
        ("GET", "/v1/incidents/00000000-0000-4000-8000-000000000000"),
        ("POST", "/v1/incidents/00000000-0000-4000-8000-000000000000/cancel"),
        ("POST", "/v1/responders"),
        ("GET", "/v1/responders/me"),
        ("GET", "/v1/responders/r1"),
        ("POST", "/v1/tokens"),
    ],
)
def test_what_needs_a_token_says_so(live_service: LiveService, method: str, path: str) -> None:
    with live_service.client() as nobody:
        body = {"role": "admin", "subject": "x"} if path == "/v1/tokens" else None
        assert problem_of(nobody.request(method, path, json=body), 401)["code"] == "unauthenticated"


def test_an_expired_token_says_that_it_has_expired(live_service: LiveService) -> None:
    answer = _asked_with(live_service, f"Bearer {_expired(secret_of(live_service.data_dir))}")
    assert "expired" in problem_of(answer, 401)["detail"]


@pytest.mark.parametrize("role", ["operator", "responder", "caller", "custodian", "device"])
def test_only_an_admin_makes_tokens(live_service: LiveService, role: str) -> None:
    wanted = {"role": "operator", "subject": "ann", "minutes": 5}
    made = live_service.admin.post("/v1/tokens", json=wanted).json()
    assert (made["role"], made["subject"]) == ("operator", "ann")
    assert _asked_with(live_service, f"Bearer {made['token']}").status_code == 200
    with live_service.client(role, "x") as client:
        problem_of(client.post("/v1/tokens", json=wanted), 403)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"role": "king", "subject": "x"}, "role"),
        ({"role": "operator"}, "subject"),
        ({"role": "operator", "subject": ""}, "subject"),
        ({"role": "operator", "subject": "x" * 129}, "subject"),
        ({"role": "operator", "subject": "x", "minutes": 0}, "minutes"),
        ({"role": "operator", "subject": "x", "minutes": 10**9}, "minutes"),
        ({"role": "operator", "subject": "x", "minutes": "5"}, "minutes"),
    ],
)
def test_tokens_that_nobody_makes(live_service: LiveService, wanted: dict[str, object], field: str) -> None:
    problem = problem_of(live_service.admin.post("/v1/tokens", json=wanted), 422)
    assert [each["field"] for each in problem["errors"]] == [field]
