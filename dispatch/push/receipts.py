"""Receipts: capabilities inside a pushed message with which a device says "I have it" without logging in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt

from dispatch.access.tokens import ISSUER

# Neither kind of token passes for the other: this one names an audience, those that say who is asking name a role.
_AUDIENCE = "push-receipt"

# A phone that was off for a week has nothing to tell any more.
_LASTS = timedelta(days=7)


class BadReceipt(ValueError):
    """A receipt that cannot be believed; the message says why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which job has arrived, and with whom."""

    job_id: UUID
    responder_id: str


class ReceiptIssuer:
    """Makes and reads receipts with the service's secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def issue(self, *, job_id: str, responder_id: str, created_at: datetime) -> str:
        """The receipt of a job; the same for every attempt to send it."""
        claims = {
            "iss": ISSUER,
            "aud": _AUDIENCE,
            "sub": responder_id,
            "jti": job_id,
            "exp": int((created_at + _LASTS).timestamp()),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def read(self, receipt: str, now: datetime) -> Receipt:
        """What a receipt says. Raises `BadReceipt`."""
        try:
            claims = jwt.decode(
                receipt,
                self._secret,
                algorithms=["HS256"],
                issuer=ISSUER,
                audience=_AUDIENCE,
                # Judged below, by the service's clock.
                options={"require": ["exp", "sub", "jti", "aud", "iss"], "verify_exp": False},
            )
            found = Receipt(UUID(str(claims["jti"])), str(claims["sub"]))
            expired = int(claims["exp"]) <= now.timestamp()
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise BadReceipt("is malformed or not signed by this service") from error
        if expired:
            raise BadReceipt("has expired")
        return found
