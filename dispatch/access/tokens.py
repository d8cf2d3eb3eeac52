"""Signed tokens (JWT, HS256) that say a role and a subject."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import jwt

from dispatch.clock import Clock, SystemClock

ISSUER = "dispatch"


class Role(StrEnum):
    """What kind of person or thing is asking."""

    CALLER = "caller"
    RESPONDER = "responder"
    OPERATOR = "operator"
    CUSTODIAN = "custodian"
    DEVICE = "device"
    CENTRE = "centre"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: `subject` is the incident's id for a caller, the AED's for a device, the person's otherwise.

    Of a centre it is the name of the 120 centre whose own system asks.
    """

    role: Role
    subject: str

    @property
    def is_operator(self) -> bool:
        """Whether the asker may do what the 120 centre may."""
        return self.role in {Role.OPERATOR, Role.ADMIN}

    def __str__(self) -> str:
        return f"{self.role}:{self.subject}"


class BadToken(ValueError):
    """A token that cannot be believed; the message says why."""


class NoSecret(Exception):
    """The data folder holds no secret and none can be made; the message says why."""


class TokenIssuer:
    """Makes and reads tokens with one secret; whether one has expired goes by `clock`."""

    def __init__(self, secret: str, clock: Clock | None = None) -> None:
        self._secret = secret
        self._clock = clock or SystemClock()

    def issue(self, identity: Identity, *, issued_at: datetime, lifetime: timedelta) -> str:
        """A token for `identity`. The same arguments give the same token, so a repeated SOS repeats its answer."""
        issued = issued_at.astimezone(UTC).replace(microsecond=0)
        claims = {
            "iss": ISSUER,
            "sub": identity.subject,
            "role": identity.role.value,
            "iat": issued,
            "exp": issued + lifetime,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def read(self, token: str) -> Identity:
        """Who the token speaks for. Raises `BadToken`."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                issuer=ISSUER,
                # Expiry is judged below, by the service's clock. A token made a moment ago by a machine whose clock
                # is ahead is no reason to send anybody away, so when it was made is not looked at.
                options={"require": ["exp", "sub", "role", "iss"], "verify_exp": False, "verify_iat": False},
            )
            identity = Identity(Role(claims["role"]), str(claims["sub"]))
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except jwt.PyJWTError as error:
            raise BadToken("the token is malformed or not signed by this service") from error
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise BadToken("the token names an unknown role or no time of expiry") from error
        if expires_at <= self._clock.now():
            raise BadToken("the token has expired")
        return identity


def secret_of(data_dir: Path) -> str:
    """The secret kept in the data folder; made, readable by its owner alone, when there is none yet.

    Raises `NoSecret`.
    """
    try:
        return _secret_in(data_dir)
    except OSError as error:
        raise NoSecret(f"the token secret in {data_dir} cannot be read or made: {error.strerror}") from error


def _secret_in(data_dir: Path) -> str:
    path = data_dir / "token.secret"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole under another name first: two processes that start at once must end with one secret.
        draft = data_dir / f"token.secret.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
