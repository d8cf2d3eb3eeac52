"""The shapes of load: who comes when and does what, fixed before it begins.

Every shape begins with a quiet part, in the same processes and with the same people: its latencies are what those
under load are compared with. Rates are of independent people (a Poisson process, given how many come), and all times
are known beforehand: an open model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from loadtests.tapping import arrivals, evenly

# Until everybody has told where they are, before the quiet part.
_SETTLE_S: Final = 2.0
# Between the parts, so that what one has begun does not end in the other, and after the last.
_PAUSE_S: Final = 4.0
_QUIET_SOS_PER_S: Final = 2.0
_QUIET_OTHERS_PER_S: Final = 2.0
# At most one in so many of those who arrive, and so many a second.
_QUIET_DUTIES_PER_S: Final = 4.0
_QUIET_DUTIES_SHARE: Final = 10
MOST_SECONDS: Final = 3_600.0
MOST_RESPONDERS: Final = 10_000
MOST_SOS_PER_S: Final = 500.0
MOST_POSITIONS_PER_S: Final = 20_000.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Who plays, for how long, how often. Rates are a second, of everybody together; distances in metres.

    `arriving` is the share of responders that come on duty during the load rather than before it. Operators end an
    incident `incident_s` after it was opened.
    """

    name: str
    what: str
    seconds: float
    responders: int
    quiet_s: float = 15.0
    aeds: int = 60
    operators: int = 2
    callers: int = 4
    arriving: float = 0.0
    sos_per_s: float = 0.0
    crowd_within_m: float = 5_000.0
    callers_within_m: float = 4_000.0
    positions_per_s: float = 0.0
    lookups_per_s: float = 0.0
    reports_per_s: float = 0.0
    office_per_s: float = 0.0
    incident_s: tuple[float, float] = (1.5, 2.5)

    @property
    def quiet_from_s(self) -> float:
        """When the quiet part begins."""
        return min(_SETTLE_S, self.quiet_s)

    @property
    def load_from_s(self) -> float:
        """When the load begins."""
        return self.quiet_from_s + self.quiet_s + self.pause_s

    @property
    def pause_s(self) -> float:
        """How long nothing new is begun after each part; as long as the quiet part at most, for short tries."""
        return min(_PAUSE_S, self.quiet_s)

    @property
    def ends_s(self) -> float:
        """When all is over, counted from the beginning."""
        return self.load_from_s + self.seconds + self.pause_s

    @property
    def early(self) -> int:
        """How many responders are on duty before it begins."""
        return self.responders - round(self.responders * self.arriving)

    def taps_s(self) -> list[float]:
        """When SOS are tapped."""
        quiet = evenly(round(self.quiet_s * _QUIET_SOS_PER_S), self.quiet_s) if self.sos_per_s else []
        return self._both(quiet, self.sos_per_s, "sos")

    def duties_s(self) -> list[float]:
        """When those come on duty who were not there before: a few while it is quiet, the others under load."""
        count = self.responders - self.early
        first = min(count // _QUIET_DUTIES_SHARE, round(self.quiet_s * _QUIET_DUTIES_PER_S))
        quiet = [self.quiet_from_s + at for at in evenly(first, self.quiet_s)]
        return quiet + [self.load_from_s + at for at in arrivals(count - first, self.seconds, seed=f"{self.name} duty")]

    def others_s(self, what: str, per_s: float) -> list[float]:
        """When somebody does something else, `per_s` times a second under load and now and then before."""
        quiet_per_s = min(per_s, _QUIET_OTHERS_PER_S)
        return self._both(evenly(round(self.quiet_s * quiet_per_s), self.quiet_s), per_s, what)

    def positions_per_s_at(self, at_s: float) -> float:
        """How many positions a second everybody together sends then: when it is quiet, as many as phones need to."""
        quiet = min(self.positions_per_s, self.responders / 10.0)
        return self.positions_per_s if self.load_from_s <= at_s <= self.load_from_s + self.seconds else quiet

    def part(self, at_s: float) -> str:
        """Which part a moment belongs to: `quiet`, `load`, or neither (empty)."""
        if self.quiet_from_s <= at_s < self.quiet_from_s + self.quiet_s:
            return "quiet"
        if self.load_from_s <= at_s < self.load_from_s + self.seconds:
            return "load"
        return ""

    def _both(self, quiet: Sequence[float], per_s: float, what: str) -> list[float]:
        load = arrivals(round(per_s * self.seconds), self.seconds, seed=f"{self.name} {what}")
        return [self.quiet_from_s + at for at in quiet] + [self.load_from_s + at for at in load]


SHAPES: Final[Mapping[str, Shape]] = {
    shape.name: shape
    for shape in (
        Shape(
            "morning", "two in three come on duty within a minute, and everybody moves",
            seconds=60, responders=900, arriving=2 / 3, sos_per_s=1, positions_per_s=200, lookups_per_s=10,
            reports_per_s=10, office_per_s=0.5,
        ),
        Shape(
            "storm", "SOS at a steady rate, every role at work",
            seconds=60, responders=600, sos_per_s=5, positions_per_s=100, lookups_per_s=10, reports_per_s=10,
            office_per_s=0.5,
        ),
        Shape(
            "disaster", "200 SOS within a minute in one district, incidents that last",
            seconds=60, responders=1_500, sos_per_s=200 / 60, crowd_within_m=3_000, callers_within_m=1_500,
            positions_per_s=250, lookups_per_s=20, incident_s=(5.0, 9.0),
        ),
        Shape(
            "province", "positions only, at a high rate",
            seconds=60, responders=2_000, crowd_within_m=60_000, positions_per_s=4_000, callers=0,
        ),
        Shape(
            "stampede", "every line is lost at once, and everybody comes back",
            seconds=0, responders=5_000, sos_per_s=5,
        ),
    )
}  # fmt: skip


def scaled(shape: Shape, *, responders: int | None, seconds: float | None, quiet_s: float | None,
           sos_per_s: float | None, positions_per_s: float | None) -> Shape:  # fmt: skip
    """Answer the shape with other numbers of people, seconds or rates; None leaves one as it is."""
    asked = {
        "responders": responders,
        "seconds": seconds,
        "quiet_s": quiet_s,
        "sos_per_s": sos_per_s,
        "positions_per_s": positions_per_s,
    }
    changes: dict[str, float] = {name: value for name, value in asked.items() if value is not None}
    return replace(shape, **changes)  # type: ignore[arg-type] # by name, each of its own type


def share(times_s: Sequence[float], number: int, of: int) -> list[float]:
    """Answer which of `times_s` are those of the `number`-th of so many who share them."""
    return list(times_s[number::of])
