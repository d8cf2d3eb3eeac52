"""How often devices fail, learned from what was found: Gamma-Poisson for rates, Beta for shares.

The method and its sources: `docs/decisions/0017-readiness-and-its-probability.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

_YEAR_DAYS: Final = 365.25


@dataclass(frozen=True, slots=True)
class Wear:
    """A rate of failure that is not known for sure: Gamma with shape `failures` and rate `days`."""

    failures: float
    days: float

    @property
    def per_day(self) -> float:
        """The expected rate."""
        return self.failures / self.days

    def survival(self, days: float) -> float:
        """The probability that nothing fails for so long: the expectation of exp(-rate x days) over the rate."""
        return float((self.days / (self.days + days)) ** self.failures)

    def hazard(self, days: float) -> float:
        """The rate, per day, of what has lasted for so long: the longer it lasts, the better it seems to be."""
        return self.failures / (self.days + days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What is expected of the devices of one owner.

    `device`: failures that a self-test sees. `place`: those that only a person sees (pads, theft, a locked door).
    Shares: `first_fit` of devices that nobody has looked at yet work; `doubt_true` of the doubts that passers-by raise,
    and `silent_unfit` of the devices that fall silent, turn out to be unfit.
    """

    device: Wear
    place: Wear
    first_fit: float
    doubt_true: float
    silent_unfit: float


# An owner's devices fail more, or less, often than others' by a factor that is taken to be Gamma with this shape:
# a coefficient of variation of 0.7. So many failures of its own weigh as much as what is known of all owners.
_OWNER_SHAPE: Final = 2.0
# So many cases of its own weigh as much as the share among all owners.
_OWNER_CASES: Final = 8.0

# Of public AEDs inspected over five years, over 97 % operated normally and 15 % were not ready all the same,
# mostly for their pads: of five that are not ready, a self-test would have told of one. That 15 % come together in
# about two years without care makes 0.08 failures a year.
_NOT_READY: Final = 0.15
_OF_THEM_DEVICE: Final = 0.2
_FAILURES_PER_DAY: Final = 0.08 / _YEAR_DAYS

# Not known from anywhere, and learned: one in two doubts is true, one silence in six is a dead device.
PRIOR: Final = Rates(
    device=Wear(_OWNER_SHAPE, _OWNER_SHAPE / (_FAILURES_PER_DAY * _OF_THEM_DEVICE)),
    place=Wear(_OWNER_SHAPE, _OWNER_SHAPE / (_FAILURES_PER_DAY * (1 - _OF_THEM_DEVICE))),
    first_fit=1 - _NOT_READY,
    doubt_true=0.5,
    silent_unfit=1 / 6,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRecord:
    """What was found at the devices of an owner, or of all owners: sums, so that records are added up.

    Device-days that were looked back upon, and what had failed in them: `tested_days` by self-tests, with
    `test_failures`; `seen_days` by people, of devices that report self-tests, and `unaided_days` of those that do not,
    with `found_by_people`. Cases: `first_looks` at devices that nobody had looked at, of which `first_unfit`; `doubts`
    of the public that were looked into, of which `doubts_true`; `silences` that ended, of which `silent_unfit`.
    """

    tested_days: float = 0.0
    test_failures: float = 0.0
    seen_days: float = 0.0
    unaided_days: float = 0.0
    found_by_people: float = 0.0
    first_looks: float = 0.0
    first_unfit: float = 0.0
    doubts: float = 0.0
    doubts_true: float = 0.0
    silences: float = 0.0
    silent_unfit: float = 0.0

    @staticmethod
    def of(**counts: float) -> "OwnerRecord":
        """A record with these sums, the rest zero."""
        return OwnerRecord(**counts)

    def __add__(self, other: "OwnerRecord") -> "OwnerRecord":
        return OwnerRecord(**{name: getattr(self, name) + getattr(other, name) for name in _FIELDS})

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in _FIELDS)

    def as_json(self) -> dict[str, float]:
        """As it is kept: what is not zero."""
        return {name: value for name in _FIELDS if (value := getattr(self, name))}

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> "OwnerRecord":
        """As it was kept; names of another version are passed over."""
        return OwnerRecord(**{name: float(data[name]) for name in _FIELDS if name in data})

    def rates(self, among: Rates = PRIOR) -> Rates:
        """What to expect of this owner's devices, who is one `among` others: the less is known, the more like them."""
        device, place = among.device.per_day, among.place.per_day
        # What people find at devices that tell of no self-test may be of either sort: shared out as it is elsewhere.
        of_place = place * (self.seen_days + self.unaided_days)
        of_device = device * self.unaided_days
        share = of_place / (of_place + of_device) if of_place + of_device > 0 else 1.0
        return Rates(
            device=Wear(
                _OWNER_SHAPE + self.test_failures + self.found_by_people * (1 - share),
                _OWNER_SHAPE / device + self.tested_days + self.unaided_days,
            ),
            place=Wear(
                _OWNER_SHAPE + self.found_by_people * share,
                _OWNER_SHAPE / place + self.seen_days + self.unaided_days,
            ),
            first_fit=1 - _share(self.first_unfit, self.first_looks, 1 - among.first_fit),
            doubt_true=_share(self.doubts_true, self.doubts, among.doubt_true),
            silent_unfit=_share(self.silent_unfit, self.silences, among.silent_unfit),
        )


_FIELDS: Final = tuple(each.name for each in fields(OwnerRecord))


def _share(cases: float, of: float, elsewhere: float) -> float:
    """The expected share, Beta with what holds elsewhere as so many cases."""
    return (_OWNER_CASES * elsewhere + cases) / (_OWNER_CASES + of)
