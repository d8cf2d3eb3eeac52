"""What is counted over the whole year."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from dispatch.aeds.record import Readiness

_FINE: Final = 1000
_EXAMPLES: Final = 12


@dataclass(slots=True)
class Reliability:
    """How often devices worked that were believed to with some probability, in a thousand steps."""

    number: list[int] = field(default_factory=lambda: [0] * _FINE)
    believed: list[float] = field(default_factory=lambda: [0.0] * _FINE)
    worked: list[int] = field(default_factory=lambda: [0] * _FINE)

    def add(self, belief: float, *, works: bool) -> None:
        """One look at one device."""
        step = min(_FINE - 1, int(belief * _FINE))
        self.number[step] += 1
        self.believed[step] += belief
        self.worked[step] += works

    def merged(self, other: "Reliability") -> "Reliability":
        """Both together."""
        return Reliability(
            [one + two for one, two in zip(self.number, other.number, strict=True)],
            [one + two for one, two in zip(self.believed, other.believed, strict=True)],
            [one + two for one, two in zip(self.worked, other.worked, strict=True)],
        )

    def bins(self, most: int = 20) -> list[tuple[int, float, float]]:
        """Number, mean belief and share that worked, in equal steps of belief; empty ones are left out."""
        found = []
        width = _FINE // most
        for start in range(0, _FINE, width):
            number = sum(self.number[start : start + width])
            if number:
                believed = sum(self.believed[start : start + width]) / number
                found.append((number, believed, sum(self.worked[start : start + width]) / number))
        return found

    def calibration_error(self) -> float:
        """Expected calibration error: the mean distance of belief from truth, over 20 equal steps."""
        bins = self.bins()
        total = sum(number for number, _, _ in bins)
        return sum(number * abs(believed - worked) for number, believed, worked in bins) / max(1, total)

    def brier(self) -> float:
        """Brier score, to a thousandth: the mean square of belief minus what was so."""
        total = 0.0
        for number, believed, worked in zip(self.number, self.believed, self.worked, strict=True):
            if number:
                mean = believed / number
                total += worked * (1 - mean) ** 2 + (number - worked) * mean**2
        return total / max(1, sum(self.number))

    def skill(self) -> float:
        """How much better these beliefs are than one and the same for all devices, if that were known beforehand.

        Brier's skill score: 0 for that one, less for what is worse, such as to believe that all of them work.
        """
        share = sum(self.worked) / max(1, self.total())
        return 1 - self.brier() / (share * (1 - share)) if 0 < share < 1 else 0.0

    def total(self) -> int:
        """How many looks there were."""
        return sum(self.number)


@dataclass(slots=True)
class Tally:
    """Counts, what was found wrong first, and reliability by state."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    detected: Counter[str] = field(default_factory=Counter)
    slowest_share: dict[str, float] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    reliability: dict[Readiness, Reliability] = field(default_factory=dict)

    def complain(self, count: str, text: str) -> None:
        """Something that must not be."""
        self.counts[count] += 1
        if len(self.complaints) < _EXAMPLES:
            self.complaints.append(f"{count}: {text}")

    def noticed(self, trouble: str, share: float) -> None:
        """A trouble was noticed after so much of the time that policy gives."""
        self.detected[trouble] += 1
        self.slowest_share[trouble] = max(share, self.slowest_share.get(trouble, 0.0))

    def looked(self, readiness: Readiness, belief: float, *, works: bool) -> None:
        """One device was looked at, at a random instant."""
        self.reliability.setdefault(readiness, Reliability()).add(belief, works=works)

    def take_in(self, other: "Tally") -> None:
        """Add what was counted elsewhere."""
        for mine, theirs in (
            (self.counts, other.counts),
            (self.faults, other.faults),
            (self.detected, other.detected),
        ):
            mine.update(theirs)
        for trouble, share in other.slowest_share.items():
            self.slowest_share[trouble] = max(share, self.slowest_share.get(trouble, 0.0))
        self.complaints = [*self.complaints, *other.complaints][:_EXAMPLES]
        for state, reliability in other.reliability.items():
            self.reliability[state] = self.reliability.get(state, Reliability()).merged(reliability)

    def all_states(self) -> Reliability:
        """The reliability of all dispatchable devices together."""
        found = Reliability()
        for each in self.reliability.values():
            found = found.merged(each)
        return found

    def as_dict(self) -> dict[str, Any]:
        """The figures."""
        reliability = self.all_states()
        return {
            **{name: self.counts[name] for name in COUNTS},
            "calibration_error": round(reliability.calibration_error(), 5),
            "calibration_error_by_state": {
                state.value: round(each.calibration_error(), 5) for state, each in sorted(self.reliability.items())
            },
            "looks_by_state": {state.value: each.total() for state, each in sorted(self.reliability.items())},
            "worked_by_state": {
                state.value: round(sum(each.worked) / max(1, each.total()), 5)
                for state, each in sorted(self.reliability.items())
            },
            "brier": round(reliability.brier(), 5),
            "skill": round(reliability.skill(), 4),
            "skill_of_states": round(_skill_of(self.reliability.values(), reliability), 4),
            "reliability": [
                {"looks": number, "believed": round(believed, 4), "worked": round(worked, 4)}
                for number, believed, worked in reliability.bins()
            ],
            "faults_by_kind": dict(sorted(self.faults.items())),
            "detected_by_kind": dict(sorted(self.detected.items())),
            "slowest_share_of_deadline": {
                name: round(self.slowest_share[name], 4) for name in sorted(self.slowest_share)
            },
            "complaints": self.complaints,
        }


def _skill_of(states: Iterable[Reliability], together: Reliability) -> float:
    """The skill of believing of each device what, as it turned out, was true of all in its state."""
    total, share = max(1, together.total()), sum(together.worked) / max(1, together.total())
    left = sum(sum(each.worked) * (1 - sum(each.worked) / each.total()) for each in states)
    return 1 - left / total / (share * (1 - share)) if 0 < share < 1 else 0.0


COUNTS: Final = (
    "devices",
    "reports",
    "reports_one_by_one",
    "late_reports",
    "judged",
    "looked_again",
    "faults",
    "detected",
    "ended_unnoticed",
    "detected_late",
    "orders_opened",
    "orders_closed",
    "orders_twice",
    "orders_astray",
    "compared",
    "states_differ",
    "looked_too_late",
)
MUST_BE_ZERO: Final = ("detected_late", "orders_twice", "orders_astray", "states_differ", "looked_too_late")
