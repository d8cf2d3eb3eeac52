"""A custodian and their planned absences."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Somebody answerable for AEDs; `subject` is that of their token and what `aeds.custodian` names.

    `certificate_expires_on` is the last valid day. Without a certificate nothing is assigned to them by itself.
    """

    subject: str
    name: str
    phone: str | None = None
    language: Literal["zh", "en"] = "zh"
    owner_id: UUID | None = None
    certificate_number: str | None = None
    certificate_expires_on: date | None = None
    created_at: datetime
    updated_at: datetime

    def is_certified_on(self, day: date) -> bool:
        """Whether the certificate is valid on that day."""
        return (
            self.certificate_number is not None
            and self.certificate_expires_on is not None
            and day <= self.certificate_expires_on
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """From `from_at` until before `until_at` the custodian is away, and `substitute` stands in (None: the venue)."""

    id: UUID
    custodian: str
    from_at: datetime
    until_at: datetime
    substitute: str | None
    handed_over_at: datetime | None = None
    handed_back_at: datetime | None = None
    created_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether the custodian is away at that moment."""
        return self.from_at <= at < self.until_at
