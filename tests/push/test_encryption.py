"""Push messages are encrypted for one device alone (RFC 8291)."""

import json
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from dispatch.push.encryption import MOST_PLAIN_BYTES, BadKey, device_key, device_secret, encrypted
from tests.push.receiving import Device, b64, unb64

# RFC 8291, Appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
DEVICE_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
DEVICE_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text), "big"), ec.SECP256R1())


def _for(device: Device, plain: bytes) -> bytes:
    return encrypted(plain, p256dh=device.keys["p256dh"], auth=device.keys["auth"])


def test_the_standards_own_example_comes_out_byte_by_byte() -> None:
    body = encrypted(PLAIN, p256dh=DEVICE_POINT, auth=AUTH, own_key=_key(SENDER_KEY), salt=unb64(SALT))
    assert b64(body) == BODY


def test_our_device_reads_the_standards_own_example() -> None:
    device = Device(_key(DEVICE_KEY), unb64(AUTH))
    assert b64(device.point) == DEVICE_POINT
    assert device.decrypt(unb64(BODY)) == PLAIN


@pytest.mark.parametrize("length", [0, 1, 100, MOST_PLAIN_BYTES])
def test_what_is_sent_is_what_the_device_reads_at_every_length(length: int) -> None:
    device, plain = Device(), os.urandom(length)
    assert device.decrypt(_for(device, plain)) == plain


def test_the_longest_message_fills_what_a_push_service_must_take() -> None:
    device = Device()
    assert len(_for(device, b"x" * MOST_PLAIN_BYTES)) == 4096
    with pytest.raises(ValueError, match="holds 3993 bytes"):
        _for(device, b"x" * (MOST_PLAIN_BYTES + 1))


def test_no_two_messages_are_alike() -> None:
    device = Device()
    plain = json.dumps({"same": True}).encode()
    assert len({_for(device, plain) for _ in range(20)}) == 20


@pytest.mark.parametrize("key", ["", "AAAA", b64(b"\x04" + b"\x01" * 64), b64(b"\x02" + b"\x01" * 32), "!!!!", "中"])
def test_a_key_that_is_no_point_of_the_curve_is_refused(key: str) -> None:
    with pytest.raises(BadKey):
        device_key(key)


@pytest.mark.parametrize("secret", ["", "AAAA", b64(b"x" * 15), b64(b"x" * 17), "!"])
def test_a_secret_of_another_length_is_refused(secret: str) -> None:
    with pytest.raises(BadKey):
        device_secret(secret)
