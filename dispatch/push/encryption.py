"""Message encryption for Web Push (RFC 8291) in the content coding aes128gcm (RFC 8188), one record."""

import base64
import binascii
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()

_RECORD_SIZE = 4096
_PUBLIC_KEY_BYTES = 65
_AUTH_BYTES = 16
_NO_POINT = "must be an uncompressed point of the curve P-256: 65 bytes in base64url"
_HEADER_BYTES = 16 + 4 + 1 + _PUBLIC_KEY_BYTES
_LAST_RECORD = b"\x02"
_TAG_BYTES = 16

# A push service need not take bodies above 4096 bytes (RFC 8030, 7.2).
MOST_PLAIN_BYTES = _RECORD_SIZE - _HEADER_BYTES - len(_LAST_RECORD) - _TAG_BYTES


class BadKey(ValueError):
    """A subscription's key that cannot be one; the message says what it must be."""


def base64url(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of base64 for URLs, padded or not. Raises `ValueError`."""
    stripped = text.rstrip("=")
    try:
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("must be base64url") from error


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as the 65 bytes of its uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def device_key(p256dh: str) -> ec.EllipticCurvePublicKey:
    """The device's public key. Raises `BadKey`."""
    try:
        point = from_base64url(p256dh)
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError as error:
        raise BadKey(_NO_POINT) from error
    if len(point) != _PUBLIC_KEY_BYTES:
        raise BadKey(_NO_POINT)
    return key


def device_secret(auth: str) -> bytes:
    """The device's authentication secret. Raises `BadKey`."""
    try:
        secret = from_base64url(auth)
    except ValueError as error:
        raise BadKey(f"{error}") from error
    if len(secret) != _AUTH_BYTES:
        raise BadKey(f"must be {_AUTH_BYTES} bytes in base64url, and is {len(secret)}")
    return secret


def encrypted(
    plain: bytes,
    *,
    p256dh: str,
    auth: str,
    own_key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """`plain` for one device alone. A key and a salt are made anew for each message; only the RFC's example gives them.

    Raises `BadKey`, and `ValueError` for more than `MOST_PLAIN_BYTES`.
    """
    if len(plain) > MOST_PLAIN_BYTES:
        raise ValueError(f"a push message holds {MOST_PLAIN_BYTES} bytes, not {len(plain)}")
    own_key = own_key or ec.generate_private_key(CURVE)
    salt = salt or os.urandom(16)
    device = device_key(p256dh)
    own_point = point_of(own_key.public_key())
    # RFC 8291, 3.3: the shared secret and the authentication secret make the keying material of RFC 8188.
    shared = own_key.exchange(ec.ECDH(), device)
    info = b"WebPush: info\0" + point_of(device) + own_point
    material = _derived(shared, salt=device_secret(auth), info=info, length=32)
    key = _derived(material, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derived(material, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + struct.pack("!IB", _RECORD_SIZE, len(own_point)) + own_point
    return header + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)


def _derived(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)
