"""Whether phones could be woken is known before they have to be: `dispatch doctor` looks at the key and the hook."""

import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from dispatch.doctor import examine
from dispatch.finding import Finding, State
from dispatch.push.checkup import check_hook, check_push_contact, check_push_key, check_push_services
from dispatch.push.vapid import KEY_FILE, vapid_key_of
from tests.people import settings_for_tests
from tests.push.phones import HOOK_SECRET
from tests.push.receiving import Listener, b64, listening, own_certificate


def waking(data_dir: Path, **more: object) -> dict[str, Finding]:
    """What is said of waking phones under these settings."""
    settings = settings_for_tests(data_dir, **more)
    without = {each.name for each in examine(data_dir=data_dir)}
    found = examine(data_dir=data_dir, waking=settings)
    return {each.name: each for each in found if each.name not in without}


def test_without_any_settings_web_push_is_set_up_and_nobody_is_named(tmp_path: Path) -> None:
    found = waking(tmp_path / "data")
    assert {name: each.state for name, each in found.items()} == {
        "Web Push key": State.OK,
        "Web Push contact": State.WARNING,
        "push services": State.OK,
        "hook": State.OK,
    }
    assert "DISPATCH_VAPID_SUBJECT" in found["Web Push contact"].remedy
    assert "first start makes" in found["Web Push key"].found
    assert not (tmp_path / "data").exists(), "looking changes nothing"


def test_everything_set_is_found_well(tmp_path: Path, gateway: Listener) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big")
    found = waking(
        tmp_path,
        vapid_subject="mailto:duty@example.org",
        vapid_private_key=b64(key),
        webhook_url=f"{gateway.origin}/way/in",
        webhook_secret=HOOK_SECRET,
    )
    assert {each.state for each in found.values()} == {State.OK}
    assert found["Web Push contact"].found == "mailto:duty@example.org"
    assert found["hook"].found == f"{gateway.origin.removeprefix('http://')} answers"
    said = " ".join(f"{each.found} {each.remedy}" for each in found.values())
    for secret in (b64(key), HOOK_SECRET, "/way/in"):
        assert secret not in said
    assert gateway.heard == [], "nothing is posted"


def test_the_key_of_the_data_folder_is_found_and_must_be_its_owners_alone(tmp_path: Path) -> None:
    vapid_key_of(tmp_path)
    assert check_push_key(tmp_path, None) == Finding("Web Push key", State.OK, str(tmp_path / KEY_FILE))
    (tmp_path / KEY_FILE).chmod(0o644)
    found = check_push_key(tmp_path, None)
    assert (found.state, found.remedy) == (State.WARNING, f"chmod 600 {tmp_path / KEY_FILE}")


def test_a_key_that_is_none_keeps_the_service_from_starting(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("nonsense")
    assert "holds no private key" in check_push_key(tmp_path, None).found
    (tmp_path / KEY_FILE).unlink()
    (tmp_path / KEY_FILE).mkdir()
    assert "cannot be read" in check_push_key(tmp_path, None).found
    for found in (check_push_key(tmp_path, None), check_push_key(tmp_path, "geheim")):
        assert found.state is State.MISSING
        assert "subscribe anew" in found.remedy
        assert "geheim" not in found.found


def test_who_takes_push_services_of_their_own_network_is_warned() -> None:
    assert check_push_services(allow_private=False).state is State.OK
    assert check_push_services(allow_private=True).state is State.WARNING


def test_nobody_to_write_to_is_a_warning() -> None:
    assert check_push_contact(None).state is State.WARNING
    assert check_push_contact("https://example.org").state is State.OK


@pytest.mark.parametrize(
    ("url", "secret", "state", "found"),
    [
        (None, None, State.OK, "none"),
        (None, HOOK_SECRET, State.WARNING, "no address"),
        ("https://sms.example", None, State.MISSING, "needs a webhook_secret"),
        ("https://sms.example", "whsec_c2hvcnQ=", State.MISSING, "24 bytes or more"),
        ("https://", HOOK_SECRET, State.MISSING, "name a host"),
        ("https://sms.example:99999", HOOK_SECRET, State.MISSING, "webhook_url"),
        ("https://sms.example:port", HOOK_SECRET, State.MISSING, "webhook_url"),
        ("https://sms.invalid/way/in", HOOK_SECRET, State.WARNING, "sms.invalid:443: "),
        ("http://127.0.0.1:1/way/in", HOOK_SECRET, State.WARNING, "127.0.0.1:1: Connection refused"),
    ],
)
def test_a_hook_that_cannot_work_is_told_before_it_is_needed(
    url: str | None, secret: str | None, state: State, found: str
) -> None:
    said = check_hook(url, secret)
    assert (said.name, said.state) == ("hook", state)
    assert found in said.found
    assert "/way/in" not in said.found + said.remedy, "a path may be a secret"
    assert bool(said.remedy) == (state is not State.OK)


def test_a_gateway_whose_certificate_nobody_signed_is_told(tmp_path: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(own_certificate(tmp_path / "gateway.pem"))
    with listening(server) as gateway:
        said = check_hook(gateway.origin, HOOK_SECRET)
    assert said.state is State.WARNING
    assert "its certificate is not believed" in said.found


def test_a_name_server_that_hangs_holds_the_doctor_up_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()

    def hangs(*_args: object, **_more: object) -> list[object]:
        ends.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    begun_s = time.monotonic()
    said = check_hook("https://sms.example", HOOK_SECRET)
    took_s = time.monotonic() - begun_s
    ends.set()
    assert took_s < 3
    assert (said.state, said.found) == (State.WARNING, "sms.example:443: no answer within 1 s")
