"""Who may report what about which AED, and in whose name it is kept."""

from collections.abc import Callable
from datetime import datetime

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import BY_PUBLIC
from dispatch.problems import Forbidden, Unauthenticated

# The subject of a token of role `device` that speaks for a maker's devices: `gateway:` and the gateway's name.
GATEWAY = "gateway:"

# Whether somebody stands in for a custodian at an instant: `(subject, custodian, at)`.
StandsIn = Callable[[str, str, datetime], bool]


def nobody_stands_in(_subject: str, _custodian: str, _at: datetime) -> bool:
    """Without custodians' absences everybody answers for their own devices alone."""
    return False


def reporter(
    asker: Identity | None, aed: Aed, kind: ReportKind, now: datetime, stands_in: StandsIn = nobody_stands_in
) -> str:
    """In whose name a report is kept: `role:subject`, or `public`.

    The device itself, its maker's gateway, its custodian or who stands in for them, and administrators report
    everything. A first-aider who stands before it has no reason to make a fault up; from anybody else a fault is a
    word of the public. Raises `Unauthenticated` or `Forbidden`.
    """
    if asker is not None and (_answers_for(asker, aed, now, stands_in) or _saw_a_fault(asker, kind)):
        return str(asker)
    if kind is ReportKind.FAULT:
        return BY_PUBLIC
    if asker is None:
        raise Unauthenticated("Without a token only a `fault` may be reported.")
    raise Forbidden("This takes the token of the device itself, its gateway, its custodian, or an administrator.")


def is_gateway(asker: Identity | None) -> bool:
    """Whether a token speaks for the devices of a maker."""
    return asker is not None and asker.role is Role.DEVICE and asker.subject.startswith(GATEWAY)


def _answers_for(asker: Identity, aed: Aed, now: datetime, stands_in: StandsIn) -> bool:
    match asker.role:
        case Role.ADMIN:
            return True
        case Role.DEVICE:
            return asker.subject == str(aed.id) or is_gateway(asker)
        case Role.CUSTODIAN:
            return aed.custodian is not None and (
                asker.subject == aed.custodian or stands_in(asker.subject, aed.custodian, now)
            )
        case _:
            return False


def _saw_a_fault(asker: Identity, kind: ReportKind) -> bool:
    return asker.role is Role.RESPONDER and kind is ReportKind.FAULT
