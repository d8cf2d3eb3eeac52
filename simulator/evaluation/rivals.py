"""Rival dispatch rules, as far as they are published; what they leave open is decided in their favour and told here.

Every rival knows the same registry: of AEDs, those that are open now, whose hours are known and of which no fault is,
each within the rule's own radius of the patient. Distances are straight lines from the last position fix, as their
systems take them; Freiburg's goes by time of arrival in the responder's own mode. Whoever is sent for an AED and
cannot have it goes on to the patient. A rule without a word on AEDs leaves it to each: whoever sees one on their map
brings it, if the way by it is not much longer (`rivals.on_the_way_factor`).
"""

from collections.abc import Callable, Iterator
from typing import Final

from simulator.evaluation.arrests import Arrest
from simulator.evaluation.rescue import NO_AED, Rescue

_ANYWHERE_M: Final = 3000.0


class Rival:
    """What all of these rules share: nothing is done about what is not told below."""

    def __init__(self) -> None:
        self._rescue: Rescue | None = None
        self._yes = 0

    @property
    def rescue(self) -> Rescue:
        """The rescue it decides in."""
        if self._rescue is None:
            raise RuntimeError("the rule has not begun")
        return self._rescue

    @property
    def arrest(self) -> Arrest:
        """The arrest of that rescue."""
        return self.rescue.arrest

    def begin(self, rescue: Rescue) -> None:
        """Alert the first."""
        self._rescue = rescue
        for person in self.first():
            rescue.ask(person)

    def first(self) -> list[int]:
        """Whom to alert when the call comes."""
        return []

    def answered(self, person: int, *, yes: bool) -> None:
        """Send whoever says yes where `aed_for` says."""
        if yes:
            self._yes += 1
            self.rescue.send(person, self.aed_for(person))

    def aed_for(self, person: int) -> int:
        """Which AED somebody who says yes is to fetch, if any."""
        return self.on_the_way(person)

    def no_aed(self, person: int, aed: int) -> None:
        """They go on to the patient."""

    def collected(self, person: int, aed: int) -> None:
        """Nothing changes."""

    def arrived(self, person: int) -> None:
        """Nothing changes."""

    def gave_up(self, person: int) -> None:
        """Nothing changes."""

    def within(self, radius_m: float, most: int | None = None) -> list[int]:
        """The nearest people within a radius, `most` of them at most."""
        away_m = self.arrest.fix_away_m
        return [person for person in range(len(away_m)) if away_m[person] <= radius_m][:most]

    def nearest_aed(self, person: int, radius_m: float) -> int:
        """The AED by which their way to the patient is shortest, of those within a radius of the patient."""
        arrest = self.arrest
        near = [aed for aed in range(len(arrest.aeds)) if arrest.aed_away_m[aed] <= radius_m]
        return min(near, key=lambda aed: arrest.route_m(person, aed), default=NO_AED)

    def on_the_way(self, person: int) -> int:
        """The AED that somebody brings of their own accord."""
        aed = self.nearest_aed(person, _ANYWHERE_M)
        if aed == NO_AED:
            return NO_AED
        most_m = self.rescue.parameters.rivals.on_the_way_factor * self.arrest.fix_away_m[person]
        return aed if self.arrest.route_m(person, aed) <= most_m else NO_AED


class NoVolunteers(Rival):
    """The ambulance alone."""


class NearestThree(Rival):
    """GoodSAM in London: the three nearest are alerted (London Ambulance Service, 2015). Nobody is replaced."""

    def first(self) -> list[int]:
        """The three nearest, however far."""
        return self.within(_ANYWHERE_M, 3)


class Radius400(Rival):
    """myResponder, Singapore: everybody within 400 m at once (Ministry of Home Affairs, 2023)."""

    def first(self) -> list[int]:
        """All within 400 m."""
        return self.within(400.0)


class Radius1300(Rival):
    """Heartrunner in Sweden: at most 30 within 1.3 km at once (SAMBA, JAMA Cardiology 2023).

    The trial sent most for AEDs, at least one straight. Here the nearest of each five goes straight, the other four
    bring the AED that is nearest on their way.
    """

    _STRAIGHT: Final = 5

    def first(self) -> list[int]:
        """At most 30 within 1.3 km."""
        return self.within(1300.0, 30)

    def aed_for(self, person: int) -> int:
        """Four of five, by distance, bring one."""
        return NO_AED if person % self._STRAIGHT == 0 else self.nearest_aed(person, 1300.0)


class DutchThirds(Rival):
    """HartslagNu before 2020: at most 30 within 1,000 m at once, a third straight and two thirds by way of an AED.

    The nearest third goes straight. (Since 2020 up to 100 within 2 km are alerted: more still.)
    """

    _THIRDS: Final = 3

    def first(self) -> list[int]:
        """At most 30 within 1,000 m."""
        return self.within(1000.0, 30)

    def aed_for(self, person: int) -> int:
        """All but the nearest third of those alerted bring one."""
        straight = -(-len(self.rescue.runners) // self._THIRDS)
        return NO_AED if person < straight else self.nearest_aed(person, 1000.0)


class DanishFour(Rival):
    """Heartrunner in Denmark: at most 20 within 1.8 km at once; the first four who accept go for AEDs, others straight.

    (JACC 76, 2020: 1.8 km. Another account has the first who accepts go straight.)
    """

    _FOR_AEDS: Final = 4

    def first(self) -> list[int]:
        """At most 20 within 1.8 km."""
        return self.within(1800.0, 20)

    def aed_for(self, person: int) -> int:
        """The first four who accept bring one."""
        return self.nearest_aed(person, 1800.0) if self._yes <= self._FOR_AEDS else NO_AED


class Freiburg(Rival):
    """Region der Lebensretter 3.0 (Ganter et al., Notfall + Rettungsmedizin 2024): roles by time of arrival.

    Those are alerted who would be there before the ambulance as the centre expects it; of those who accept, the two
    soonest go straight, the third to an AED, the fourth meets the crew. How many are alerted is not published: nine
    at once, as in the system that it grew from (FirstAED, 2015). Who says no is replaced until four have accepted.
    Nobody who is on the way is redirected; roles are given in the order of acceptance, by who is there sooner.
    """

    _AT_ONCE: Final = 9
    _TEAM: Final = 4
    _STRAIGHT: Final = 2

    def __init__(self) -> None:
        super().__init__()
        self._waiting: Iterator[int] = iter(())
        self._straight = 0
        self._fetching = False

    def first(self) -> list[int]:
        """The nine who would be there soonest, in time."""
        arrest = self.arrest
        in_time = [each for each in range(len(arrest.people)) if self._eta_s(each) < arrest.announced_ambulance_s]
        soonest = sorted(in_time, key=lambda each: (self._eta_s(each), each))
        self._waiting = iter(soonest[self._AT_ONCE :])
        return soonest[: self._AT_ONCE]

    def _eta_s(self, person: int) -> float:
        travel = self.rescue.parameters.travel
        people = self.rescue.parameters.people
        turnout_s = people.turnout_night_median_s if self.arrest.is_night else people.turnout_day_median_s
        speed = travel.speeds_m_s[self.arrest.mode[person]]
        return turnout_s + self.arrest.fix_away_m[person] * travel.detour_median / speed

    def answered(self, person: int, *, yes: bool) -> None:
        """Fill the team of four; ask somebody else where one says no."""
        if yes and self._yes < self._TEAM:
            super().answered(person, yes=True)
        elif yes:
            self.rescue.take_back(person)
        elif self._yes < self._TEAM and (another := next(self._waiting, None)) is not None:
            self.rescue.ask(another)

    def aed_for(self, person: int) -> int:
        """Two go straight, one fetches; who comes fourth meets the crew, and helps."""
        if self._straight < self._STRAIGHT:
            self._straight += 1
            return NO_AED
        if not self._fetching:
            aed = self.nearest_aed(person, 2000.0)
            self._fetching = aed != NO_AED
            return aed
        return NO_AED


class NewZealandSeven(Rival):
    """GoodSAM after van den Berg et al. (PLOS One 2026): the seven nearest within 1 km; each who rejects is replaced.

    Silence is not replaced.
    """

    _AT_ONCE: Final = 7

    def __init__(self) -> None:
        super().__init__()
        self._waiting: Iterator[int] = iter(())

    def first(self) -> list[int]:
        """The seven nearest within 1 km."""
        near = self.within(1000.0)
        self._waiting = iter(near[self._AT_ONCE :])
        return near[: self._AT_ONCE]

    def answered(self, person: int, *, yes: bool) -> None:
        """Replace whoever rejects."""
        super().answered(person, yes=yes)
        if not yes and (another := next(self._waiting, None)) is not None:
            self.rescue.ask(another)


RIVALS: Final[dict[str, Callable[[], Rival]]] = {
    "no_volunteers": NoVolunteers,
    "nearest_3": NearestThree,
    "radius_400m": Radius400,
    "radius_1300m_30": Radius1300,
    "dutch_thirds": DutchThirds,
    "danish_four_to_aed": DanishFour,
    "freiburg": Freiburg,
    "new_zealand_7": NewZealandSeven,
}
"""Every rival by name; a new one for each rescue."""
