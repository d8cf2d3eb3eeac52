"""Every custodian in memory: who sees to whose devices now.

While somebody is away their substitute stands in; where that one is away too, theirs, and so on. Of absences that
overlap the one that began last decides (of two that began together the one entered last): a plan made later knows more.
A chain that comes back to somebody who is away, ends with nobody named, or at somebody without a valid certificate,
leaves it to the venue.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.aeds.custodians.record import Absence, Custodian


@dataclass(frozen=True, slots=True)
class Custody:
    """Who sees to a custodian's devices (None: the venue), and when time alone changes that."""

    assignee: str | None
    until: datetime | None


class CustodianRegister:
    """Filled at the start and whenever something changes; asking never waits.

    `timezone` is the one in which a certificate's last day ends, as for first-aiders.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._custodians: dict[str, Custodian] = {}
        self._absences: dict[str, list[Absence]] = {}
        self._stand_ins: dict[str, set[str]] = {}

    def become(self, other: "CustodianRegister") -> None:
        """Hold what another one holds, at once."""
        vars(self).update(vars(other))

    def fill(self, custodians: Iterable[Custodian], absences: Iterable[Absence]) -> None:
        """Hold exactly these; absences that are over need not be among them."""
        self._custodians = {each.subject: each for each in custodians}
        self._absences = {}
        self._stand_ins = {}
        for absence in sorted(absences, key=lambda each: (each.from_at, each.created_at, each.id)):
            self._absences.setdefault(absence.custodian, []).append(absence)
            if absence.substitute is not None:
                self._stand_ins.setdefault(absence.substitute, set()).add(absence.custodian)

    def __len__(self) -> int:
        return len(self._custodians)

    def __iter__(self) -> Iterator[Custodian]:
        return iter(list(self._custodians.values()))

    def get(self, subject: str | None) -> Custodian | None:
        """The custodian of that subject."""
        return None if subject is None else self._custodians.get(subject)

    def name_of(self, subject: str | None) -> str | None:
        """A name to show; of somebody unknown the subject itself."""
        known = self.get(subject)
        return known.name if known is not None else subject

    def phone_of(self, subject: str) -> str | None:
        """The telephone number as it is now."""
        known = self.get(subject)
        return known.phone if known is not None else None

    def absence_of(self, subject: str, at: datetime) -> Absence | None:
        """The absence that decides at that moment, if they are away."""
        holding = [each for each in self._absences.get(subject, ()) if each.holds(at)]
        return holding[-1] if holding else None

    def is_certified(self, custodian: Custodian, at: datetime) -> bool:
        """Whether the certificate is valid on the day of that moment."""
        return custodian.is_certified_on(at.astimezone(self._timezone).date())

    def custody_of(self, subject: str | None, at: datetime) -> Custody:
        """Who sees to the devices of that custodian at a moment."""
        changes: list[datetime] = []
        seen: set[str] = set()
        each = subject
        while each is not None and each not in seen:
            seen.add(each)
            changes += self._changes_of(each, at)
            absence = self.absence_of(each, at)
            if absence is None:
                break
            each = absence.substitute
        else:
            # Nobody named, or round in a circle.
            return Custody(None, min(changes, default=None))
        custodian = self._custodians.get(each)
        may = custodian is not None and self.is_certified(custodian, at)
        return Custody(each if may else None, min(changes, default=None))

    def may_act_for(self, subject: str, custodian: str | None, now: datetime) -> bool:
        """Whether somebody may report on and inspect a custodian's devices: their own, or those they stand in for."""
        seen: set[str] = set()
        each = custodian
        while each is not None and each not in seen:
            if each == subject:
                return True
            seen.add(each)
            absence = self.absence_of(each, now)
            each = absence.substitute if absence is not None else None
        return False

    def who_name(self, substitute: str) -> list[str]:
        """Everybody who has named somebody as their substitute, for now or later."""
        return sorted(self._stand_ins.get(substitute, ()))

    def stood_in_for(self, subject: str, now: datetime) -> list[str]:
        """The custodians whose devices somebody may act for at the moment, their own apart; in a settled order."""
        found: set[str] = set()
        waiting = [subject]
        while waiting:
            for each in self._stand_ins.get(waiting.pop(), ()):
                if each not in found and each != subject and self.may_act_for(subject, each, now):
                    found.add(each)
                    waiting.append(each)
        return sorted(found)

    def _changes_of(self, subject: str, at: datetime) -> list[datetime]:
        """The moments after `at` at which what is to be said of this custodian becomes another thing."""
        moments = [moment for each in self._absences.get(subject, ()) for moment in (each.from_at, each.until_at)]
        custodian = self._custodians.get(subject)
        last_day = custodian.certificate_expires_on if custodian is not None else None
        if last_day is not None and last_day < date.max:
            moments.append(datetime.combine(last_day + timedelta(days=1), time.min, self._timezone))
        return [each for each in moments if each > at]
