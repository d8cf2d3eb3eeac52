"""Many owners' years, one after the other: what is kept is what was counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from dispatch.aeds.health.rates import PRIOR, OwnerRecord, Rates
from tests.aed_year.owner_year import OwnerYear
from tests.aed_year.tally import Tally
from tests.aed_year.world import OwnerTruth, owners

_WEEKS: Final = 53
# So much of all devices is lived through first, to learn what the office of a province would learn from all of them.
# What is believed of these, from the literature and their own owners alone, is not judged.
_LEARNT_FROM: Final = 0.04


@dataclass(frozen=True, slots=True)
class Lived:
    """What was counted, and what was learned of all owners week by week."""

    tally: Tally
    population: Sequence[Rates]
    learned_from: int


def live(
    devices: int,
    seed: int,
    *,
    worse: float = 1.0,
    one_by_one: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Lived:
    """A year of so many devices. The same seed gives the same year.

    Devices meet only in what their owners' records say. Owner by owner, then, each in time's order, is as all at once,
    and takes no more memory than the largest owner does.
    """
    tally = Tally()
    all_owners = owners(devices, seed, worse=worse)
    first = _first_of(all_owners, devices)
    learned = [OwnerRecord() for _ in range(_WEEKS)]
    for number in range(first):
        apart = Tally()
        year = OwnerYear(all_owners[number], f"{seed}.{number}", apart, [PRIOR] * _WEEKS, one_by_one=one_by_one)
        year.run()
        for week, record in enumerate(year.weekly, start=1):
            learned[min(week, _WEEKS - 1)] += record
        apart.reliability.clear()
        tally.take_in(apart)
        progress(tally.counts["devices"])
    population = [record.rates(PRIOR) for record in learned]
    for number in range(first, len(all_owners)):
        OwnerYear(all_owners[number], f"{seed}.{number}", tally, population, one_by_one=one_by_one).run()
        progress(tally.counts["devices"])
    return Lived(tally, population, sum(each.devices for each in all_owners[:first]))


def _first_of(all_owners: Sequence[OwnerTruth], devices: int) -> int:
    so_far = accumulate(each.devices for each in all_owners)
    return 1 + sum(1 for each in so_far if each < devices * _LEARNT_FROM)
