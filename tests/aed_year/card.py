"""What the register knows of one device: the code under test, put together as the service does."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dispatch.aeds.health.belief import Belief
from dispatch.aeds.health.conclusion import Conclusion, Facts, Finding, conclude
from dispatch.aeds.health.evidence import EMPTY, Evidence, Latest, latest_of
from dispatch.aeds.health.learning import learned
from dispatch.aeds.health.needs import needs
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.probability import belief_of
from dispatch.aeds.health.rates import OwnerRecord, Rates
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.work_orders.reconciling import Changes, reconcile
from dispatch.aeds.work_orders.record import Assignment, WorkOrder
from tests.aeds.health.by_the_book import by_the_book

_SEEN = ("battery_expires_on", "pads_adult_expires_on", "pads_child_expires_on")
_CUSTODIAN = Assignment("custodian")


@dataclass(slots=True)
class Card:
    """Latest evidence, conclusion, belief and open orders; and every report, for the recomputation from scratch."""

    aed_id: UUID
    facts: Facts
    policy: CarePolicy
    conclusion: Conclusion
    belief: Belief
    latest: Latest = EMPTY
    orders: tuple[WorkOrder, ...] = ()
    orders_for: tuple[Finding, ...] = ()
    dates_at: datetime | None = None
    history: list[Evidence] = field(default_factory=list)

    @staticmethod
    def new(aed_id: UUID, facts: Facts, policy: CarePolicy, now: datetime, rates: Rates) -> "Card":
        """The card of a device that has just been entered."""
        conclusion = conclude(EMPTY, facts, policy, now)
        return Card(aed_id, facts, policy, conclusion, belief_of(EMPTY, conclusion, facts, policy, now, rates))

    def take(self, reports: Iterable[Evidence]) -> OwnerRecord | None:
        """Take reports in, and answer what they add to the owner's record, if anything. `judge` comes next."""
        record: OwnerRecord | None = None
        for report in reports:
            self.history.append(report)
            added = learned(self.latest, report)
            if added:
                record = added if record is None else record + added
            self.latest = self.latest.with_(report)
            if report.kind is ReportKind.INSPECTION:
                self._see_dates(report)
        return record

    def _see_dates(self, report: Evidence) -> None:
        seen: dict[str, Any] = {name: date.fromisoformat(report.data[name]) for name in _SEEN if name in report.data}
        if seen and (self.dates_at is None or report.at > self.dates_at):
            self.dates_at = report.at
            self.facts = replace(self.facts, **seen)

    def judge(self, now: datetime, rates: Rates) -> Changes | None:
        """Conclude at `now`. None when nothing but the belief and the next look may be different."""
        self.conclusion = conclude(self.latest, self.facts, self.policy, now)
        self.belief = belief_of(self.latest, self.conclusion, self.facts, self.policy, now, rates)
        if self.conclusion.findings == self.orders_for:
            return None
        self.orders_for = self.conclusion.findings
        wanted = needs(self.conclusion, self.latest, self.facts, self.policy, now)
        changes = reconcile(self.orders, wanted, aed_id=self.aed_id, assignee=_CUSTODIAN, policy=self.policy, now=now)
        gone = {each.id for each in changes.closed} | {each.before.id for each in changes.changed}
        kept = tuple(each for each in self.orders if each.id not in gone)
        self.orders = (*kept, *(each.after for each in changes.changed), *changes.opened)
        return changes

    def is_right_at(self, now: datetime) -> bool:
        """Whether what is concluded still holds: that nothing was to be looked at again and was not."""
        return conclude(self.latest, self.facts, self.policy, now).findings == self.conclusion.findings

    def is_as_from_scratch(self, now: datetime, routine: Callable[[], list[Evidence]], chance: random.Random) -> bool:
        """Whether all reports together say the same as one after the other did.

        Twice: merged in any order by the code under test, and read line by line by somebody who does not know it.
        """
        reports = [*self.history, *routine()]
        chance.shuffle(reports)
        latest = latest_of(reports)
        kept = Latest.of_json(self.latest.as_json())
        said = {(each.text, each.state, each.cause) for each in self.conclusion.findings}
        return (
            latest == self.latest == kept
            and conclude(latest, self.facts, self.policy, now).findings == self.conclusion.findings
            and by_the_book(reports, self.facts, self.policy, now) == (self.conclusion.readiness, said)
        )

    @property
    def has_an_order_for_everything(self) -> bool:
        """Whether there is an open order for each thing that somebody has to see to, and for nothing else."""
        wanted = {each.cause for each in self.conclusion.findings} - {None}
        return {each.cause for each in self.orders} == wanted
