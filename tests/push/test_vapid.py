"""The key that says who sends: made once, kept for its owner alone, and never another one unasked."""

import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dispatch.push.vapid import KEY_FILE, NoVapidKey, Vapid, vapid_key_from, vapid_key_of
from tests.people import NOON
from tests.push.receiving import b64, vapid_claims

SERVICE = "https://push.example:8443"


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Vapid(vapid_key_of(folder), None)
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in folder.iterdir()] == [KEY_FILE]
    assert Vapid(vapid_key_of(folder), None).public_key == first.public_key


def test_two_that_start_at_once_end_with_one_key(tmp_path: Path) -> None:
    keys: list[str] = []

    def start() -> None:
        keys.append(Vapid(vapid_key_of(tmp_path), None).public_key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]


def test_the_header_says_for_whom_from_whom_and_until_when() -> None:
    vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), "mailto:duty@example.org")
    claims = vapid_claims(vapid.authorization(SERVICE, NOON), vapid.public_key)
    assert claims == {
        "aud": SERVICE,
        "sub": "mailto:duty@example.org",
        "exp": int((NOON + timedelta(hours=12)).timestamp()),
    }


def test_without_a_subject_none_is_claimed() -> None:
    vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), None)
    assert "sub" not in vapid_claims(vapid.authorization(SERVICE, NOON), vapid.public_key)


def test_a_token_serves_for_hours_and_is_renewed_long_before_it_ends() -> None:
    vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), None)
    first = vapid.authorization(SERVICE, NOON)
    assert vapid.authorization(SERVICE, NOON + timedelta(hours=5)) == first
    assert vapid.authorization("https://other.example", NOON) != first
    later = NOON + timedelta(hours=6)
    left = vapid_claims(vapid.authorization(SERVICE, later), vapid.public_key)["exp"] - later.timestamp()
    assert left == 12 * 3600


def test_a_clock_that_went_back_makes_a_new_token() -> None:
    # One made by a clock that was ahead would be refused as lasting too long.
    vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), None)
    vapid.authorization(SERVICE, NOON + timedelta(days=1))
    claims = vapid_claims(vapid.authorization(SERVICE, NOON), vapid.public_key)
    assert claims["exp"] - NOON.timestamp() == 12 * 3600


def test_a_key_from_the_settings_is_the_one_that_is_used() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    raw = key.private_numbers().private_value.to_bytes(32, "big")
    assert Vapid(vapid_key_from(b64(raw)), None).public_key == Vapid(key, None).public_key


@pytest.mark.parametrize("text", ["", "AAAA", "!", b64(b"\x00" * 32), b64(b"\xff" * 32), b64(b"\x00" + b"\x01" * 32)])
def test_a_setting_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoVapidKey):
        vapid_key_from(text)


def test_a_file_that_holds_no_such_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / KEY_FILE
    other = ec.generate_private_key(ec.SECP384R1())
    for held in (b"", b"nonsense", other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
        path.write_bytes(held)
        with pytest.raises(NoVapidKey):
            vapid_key_of(tmp_path)
        assert path.read_bytes() == held


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoVapidKey, match="cannot be read or made"):
        vapid_key_of(tmp_path / "file" / "data")
