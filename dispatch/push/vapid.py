"""Who sends (VAPID, RFC 8292): one key pair that every subscription is made for, and the header it signs."""

import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from dispatch.push.encryption import CURVE, base64url, from_base64url, point_of

KEY_FILE = "vapid.pem"

# The standard allows 24 h; a device's service whose clock is off must still believe it.
_TOKEN_LASTS = timedelta(hours=12)
_TOKEN_RENEWED_AFTER = timedelta(hours=6)

# Services are a handful; whoever subscribes with ever new ones must not fill memory.
_TOKENS_KEPT = 1000


class NoVapidKey(Exception):
    """There is no key and none can be made; the message says why."""


class Vapid:
    """Signs for one application server; a token is made once for each push service and used for hours."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str | None) -> None:
        self._key = key
        self._subject = subject
        self.public_key = base64url(point_of(key.public_key()))
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def authorization(self, service: str, now: datetime) -> str:
        """The Authorization header for a push service, named by its origin (`https://push.example:8443`)."""
        token, made_at = self._tokens.get(service, ("", now))
        if not token or not timedelta(0) <= now - made_at < _TOKEN_RENEWED_AFTER:
            if len(self._tokens) >= _TOKENS_KEPT:
                self._tokens.clear()
            token = self._token(service, now)
            self._tokens[service] = (token, now)
        return f"vapid t={token}, k={self.public_key}"

    def _token(self, service: str, now: datetime) -> str:
        claims: dict[str, object] = {"aud": service, "exp": now + _TOKEN_LASTS}
        if self._subject:
            claims["sub"] = self._subject
        return jwt.encode(claims, self._key, algorithm="ES256")


def vapid_key_of(data_dir: Path) -> ec.EllipticCurvePrivateKey:
    """The key kept in the data folder; made, readable by its owner alone, when there is none yet.

    Every subscription is bound to it: a new key makes all of them useless. Raises `NoVapidKey`.
    """
    try:
        _make_where_there_is_none(data_dir)
    except OSError as error:
        raise NoVapidKey(f"the push key in {data_dir} cannot be read or made: {error.strerror}") from error
    key = kept_vapid_key(data_dir)
    if key is None:
        raise NoVapidKey(f"the push key in {data_dir} was taken away as soon as it was made")
    return key


def kept_vapid_key(data_dir: Path) -> ec.EllipticCurvePrivateKey | None:
    """The key kept in the data folder; None when there is none yet. Raises `NoVapidKey` for one that is of no use."""
    path = data_dir / KEY_FILE
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoVapidKey(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise NoVapidKey(f"{path} holds no private key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise NoVapidKey(f"{path} holds a key that is not of the curve P-256")
    return key


def vapid_key_from(text: str) -> ec.EllipticCurvePrivateKey:
    """The key that a setting gives: its 32 bytes in base64url, as the usual tools print it. Raises `NoVapidKey`."""
    try:
        raw = from_base64url(text)
        key = ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)
    except ValueError as error:
        raise NoVapidKey(f"the push key of the settings is none: {error}") from error
    if len(raw) != CURVE.key_size // 8:
        raise NoVapidKey(f"the push key of the settings must be {CURVE.key_size // 8} bytes, and is {len(raw)}")
    return key


def _make_where_there_is_none(data_dir: Path) -> None:
    path = data_dir / KEY_FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole under a name of its own first: two processes that start at once must end with one key.
        draft = data_dir / f"{KEY_FILE}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        key = ec.generate_private_key(CURVE)
        draft.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
