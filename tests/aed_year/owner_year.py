"""One owner's devices through a year of virtual time, and the register that has to keep up with them.

What an untroubled device says by the clock changes nothing but until when it is not silent: the newest word of it is
taken in when somebody looks at the device, which the register does at `look_again_at` at the latest, that is before
its silence would show. Whatever is out of the ordinary (`Device.is_ordinary`, or any finding) makes every single word
an event of its own. `one_by_one` makes all of them events; a test compares the two.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from dispatch.aeds.health.deadlines import Trouble
from dispatch.aeds.health.evidence import Evidence
from dispatch.aeds.health.rates import OwnerRecord, Rates
from dispatch.aeds.health.vocabulary import Cause, ReportKind
from dispatch.aeds.record import Readiness
from dispatch.aeds.work_orders.reconciling import Changes
from tests.aed_year import befalling, visiting
from tests.aed_year.clock import DEADLINE, LOOK_AGAIN, Clock
from tests.aed_year.device import NORMAL, Device
from tests.aed_year.making import new_device
from tests.aed_year.tally import Tally
from tests.aed_year.troubles import Open, without
from tests.aed_year.world import DAY, START, YEAR, OwnerTruth

# From a device's word to the register's conclusion.
LATENCY: Final = timedelta(seconds=2)
_WEEK: Final = timedelta(days=7)
_LOOKS_A_DEVICE: Final = 6
_COMPARED: Final = 0.15


class OwnerYear:
    """A year of one owner. `population`: what is known of all owners, week by week."""

    def __init__(
        self, truth: OwnerTruth, name: str, tally: Tally, population: Sequence[Rates], *, one_by_one: bool = False
    ) -> None:
        self.truth = truth
        self.tally = tally
        self.clock = Clock(START)
        self.record = OwnerRecord()
        self.weekly: list[OwnerRecord] = []
        self.rates = population[0]
        self._population = population
        self._one_by_one = one_by_one
        self._aside = random.Random(f"{name} aside")
        self._look_at: dict[int, datetime] = {}
        self._unheard: dict[int, list[tuple[int, int, int]]] = {}
        self.devices = [new_device(truth, f"{name}.{number}", number, self.rates) for number in range(truth.devices)]

    def run(self) -> None:
        """Live through it, and compare every device with a recomputation at the end."""
        self.tally.counts["devices"] += len(self.devices)
        for device in self.devices:
            self.clock.at(device.begins_at, self._begin, device)
        for week in range(1, YEAR // _WEEK + 1):
            self.clock.at(START + week * _WEEK, self._learn, week)
        self.clock.run_until(START + YEAR)
        for device in self.devices:
            self.catch_up(device)
            self._compare(device)

    def _begin(self, device: Device) -> None:
        befalling.begin(self, device)
        self.judge(device)
        self.watch(device)
        left_s = (START + YEAR - self.clock.now).total_seconds()
        for _ in range(_LOOKS_A_DEVICE):
            self.clock.at(
                self.clock.now + timedelta(seconds=self._aside.random() * left_s), self._look_at_random, device
            )

    def _learn(self, week: int) -> None:
        self.weekly.append(self.record)
        self.rates = self.record.rates(self._population[min(week, len(self._population) - 1)])

    def hear(self, device: Device, *reports: Evidence) -> None:
        """These reports arrive now."""
        self.catch_up(device)
        late = [each for each in reports if self.clock.now - each.at > timedelta(minutes=5)]
        self.tally.counts["reports"] += len(reports)
        self.tally.counts["reports_one_by_one"] += len(reports)
        self.tally.counts["late_reports"] += len(late)
        self._remember(device.card.take(reports))
        self.judge(device)

    def _remember(self, added: OwnerRecord | None) -> None:
        if added is not None:
            self.record += added

    def hear_later(self, device: Device, report: Evidence, after: timedelta) -> None:
        """This report arrives then; one in a hundred arrives a second time."""
        self.clock.at(self.clock.now + after, self.hear, device, report)
        if device.chance.random() < 0.01:
            self.clock.at(self.clock.now + after + device.chance.random() * 3 * DAY, self.hear, device, report)

    def judge(self, device: Device) -> None:
        """Conclude, open and close orders, and see whether anything has been noticed."""
        card = device.card
        changes = card.judge(self.clock.now, self.rates)
        self.tally.counts["judged"] += 1
        again_at = card.conclusion.look_again_at
        if again_at is not None and self._look_at.get(device.number) != again_at:
            self._look_at[device.number] = again_at
            self.clock.at(again_at, self._look_again, device, again_at, order=LOOK_AGAIN)
        if changes:
            self._count_orders(device, changes)
            visiting.plan(self, device)
        if device.troubles:
            self._notice(device)
        self.watch(device)

    def _count_orders(self, device: Device, changes: Changes) -> None:
        self.tally.counts["orders_opened"] += len(changes.opened)
        self.tally.counts["orders_closed"] += len(changes.closed)
        causes = [each.cause for each in device.card.orders]
        if len(set(causes)) != len(causes):
            self.tally.complain("orders_twice", f"{device.name}: {causes} at {self.clock.now}")

    def _look_again(self, device: Device, again_at: datetime) -> None:
        if self._look_at.get(device.number) != again_at:
            return
        del self._look_at[device.number]
        self.tally.counts["looked_again"] += 1
        self.catch_up(device)
        still_at = device.card.conclusion.look_again_at
        if still_at is not None and still_at <= self.clock.now:
            self.judge(device)

    # What devices say by the clock.

    def catch_up(self, device: Device) -> None:
        """Take in the newest of what the device has said by the clock, if all of it was that all is well."""
        if device.watched:
            return
        fresh: list[Evidence] = []
        for index, stream in enumerate(device.streams):
            last = (self.clock.now - LATENCY - stream.first) // stream.every
            if last < stream.next:
                continue
            if stream.next == 0 and last > 0:
                fresh.append(self._word(device, index, 0))
            first = max(stream.next, 1)
            if last > first:
                self._unheard.setdefault(device.number, []).append((index, first, last))
            fresh.append(self._word(device, index, last))
            self.tally.counts["reports"] += last + 1 - stream.next
            stream.next = last + 1
        if fresh:
            self._remember(device.card.take(sorted(fresh, key=lambda each: each.at)))
            self.judge(device)

    def watch(self, device: Device) -> None:
        """Make every word of the device an event as long as anything is out of the ordinary."""
        if device.watched or not device.streams or (self._is_quiet(device) and not self._one_by_one):
            return
        device.watched = True
        for index, stream in enumerate(device.streams):
            self.clock.at(stream.at(stream.next) + LATENCY, self._say, device, index, stream.next)

    def _is_quiet(self, device: Device) -> bool:
        return device.is_ordinary and all(each.state is Readiness.READY for each in device.card.conclusion.findings)

    def _say(self, device: Device, index: int, number: int) -> None:
        stream = device.streams[index]
        if stream.next != number or not device.watched:
            return
        stream.next += 1
        if device.speaks(stream.kind):
            word = self._word(device, index, number)
            if device.link_lost:
                device.buffer.append(word)
            else:
                self.hear(device, word)
        if self._is_quiet(device) and not self._one_by_one:
            device.watched = False
        else:
            self.clock.at(stream.at(stream.next) + LATENCY, self._say, device, index, stream.next)

    def _word(self, device: Device, index: int, number: int) -> Evidence:
        stream = device.streams[index]
        at = stream.at(number)
        return _by_the_clock(device, index, number, device.words(stream.kind, at))

    def _ordinary_words(self, device: Device) -> list[Evidence]:
        """The words that were passed over for a newer one of the same kind."""
        ordinary: dict[ReportKind, Mapping[str, Any]] = {
            ReportKind.HEARTBEAT: NORMAL,
            ReportKind.SELF_TEST: {"outcome": "ok"},
            ReportKind.LOCATION: device.words(ReportKind.LOCATION, START),
        }
        return [
            _by_the_clock(device, index, number, ordinary[device.streams[index].kind])
            for index, first, last in self._unheard.get(device.number, ())
            for number in range(first, last)
        ]

    # What has to be noticed.

    def trouble(
        self,
        device: Device,
        trouble: Trouble,
        what: str,
        within: timedelta | None,
        causes: frozenset[Cause],
        reasons: frozenset[str] = frozenset(),
    ) -> None:
        """The register has to notice this within that time; None: policy lets nobody look."""
        self.tally.counts["faults"] += 1
        self.tally.faults[trouble.value] += 1
        deadline = None if within is None else self.clock.now + within
        opened = Open(trouble, what, self.clock.now, deadline, causes, reasons)
        device.troubles.append(opened)
        self._notice(device)
        if opened in device.troubles:
            self.expect(device, opened)

    def expect(self, device: Device, opened: Open) -> None:
        """Look at the trouble again when it must have been noticed."""
        if opened.deadline is not None:
            self.clock.at(opened.deadline, self._is_late, device, opened, opened.deadline, order=DEADLINE)

    def end(self, device: Device, what: str) -> None:
        """This has been put right, or was over by itself."""
        left = without(device.troubles, what)
        self.tally.counts["ended_unnoticed"] += len(device.troubles) - len(left)
        device.troubles = left

    def _notice(self, device: Device) -> None:
        conclusion = device.card.conclusion
        for each in list(device.troubles):
            if each.shows_in(conclusion):
                device.troubles.remove(each)
                self.tally.counts["detected"] += 1
                given = None if each.deadline is None else (each.deadline - each.since).total_seconds()
                took = (self.clock.now - each.since).total_seconds()
                self.tally.noticed(each.trouble.value, took / given if given else 0.0)

    def _is_late(self, device: Device, opened: Open, deadline: datetime) -> None:
        if opened.deadline == deadline and any(each is opened for each in device.troubles):
            device.troubles = [each for each in device.troubles if each is not opened]
            self.tally.complain(
                "detected_late",
                f"{device.name} ({device.build}) {opened.trouble} {opened.what} since {opened.since}: "
                f"{device.card.conclusion.reasons} at {deadline}",
            )

    # What is compared with the truth.

    def _look_at_random(self, device: Device) -> None:
        if not device.card.is_right_at(self.clock.now):
            self.tally.complain("looked_too_late", f"{device.name} at {self.clock.now}: {device.card.conclusion}")
        self.catch_up(device)
        if self._aside.random() < _COMPARED:
            self._compare(device)
        readiness = device.card.conclusion.readiness
        if readiness in Readiness.dispatchable():
            self.tally.looked(readiness, device.card.belief.at(self.clock.now), works=device.works)

    def _compare(self, device: Device) -> None:
        self.tally.counts["compared"] += 1
        if not device.card.is_as_from_scratch(self.clock.now, lambda: self._ordinary_words(device), self._aside):
            self.tally.complain("states_differ", f"{device.name} at {self.clock.now}: {device.card.conclusion}")
        if not device.card.has_an_order_for_everything:
            self.tally.complain("orders_astray", f"{device.name} at {self.clock.now}: {device.card.orders}")


def _by_the_clock(device: Device, index: int, number: int, data: Mapping[str, Any]) -> Evidence:
    stream = device.streams[index]
    report_id = f"{device.name}:{index}.{number:06d}"
    return Evidence(stream.kind, stream.at(number), trusted=True, data=data, report_id=report_id)
