"""One first-aider, as the service holds them in memory."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId, TravelMode
from geo.place import Place

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Fix:
    """Where somebody was at one moment, and how well that is known (radius in metres, 95 %)."""

    place: Place
    at: datetime
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """An alert that a responder is on offer for or engaged in."""

    incident_id: IncidentId
    alert_id: AlertId
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Certificate, duty, mode and last known position. `certificate_expires_on` is the last valid day."""

    responder_id: ResponderId
    name: str
    phone: str | None
    certificate_number: str
    certificate_expires_on: date
    mode: TravelMode
    language: Language
    on_duty: bool
    created_at: datetime
    fix: Fix | None = None

    def at(self, fix: Fix) -> "Responder":
        """The same person somewhere else. Written out: positions come by the thousand, and `replace` takes thrice."""
        return Responder(
            responder_id=self.responder_id,
            name=self.name,
            phone=self.phone,
            certificate_number=self.certificate_number,
            certificate_expires_on=self.certificate_expires_on,
            mode=self.mode,
            language=self.language,
            on_duty=self.on_duty,
            created_at=self.created_at,
            fix=fix,
        )

    def is_certified_on(self, day: date) -> bool:
        """Whether the certificate is valid on `day`, the calendar day where the service runs."""
        return day <= self.certificate_expires_on
