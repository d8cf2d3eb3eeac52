"""Numbers that an owner may set otherwise: how long, how far, how many. Data, each with its source."""

from dataclasses import dataclass, field, replace

from dispatch.rescue.vocabulary import TravelMode


@dataclass(frozen=True, slots=True)
class TravelPolicy:
    """What a way takes. Speeds in metres per second along the street."""

    # Walk: brisk adult walking. Bike: median of real rides, 3.0 m/s. Run: upper half of the 2.3 m/s median
    # (IQR 1.4-4.0) seen for alerted responders. E-bike and car: city averages of about 20 and 25 km/h.
    speed_m_s: dict[TravelMode, float] = field(
        default_factory=lambda: {
            TravelMode.WALK: 1.4,
            TravelMode.RUN: 2.8,
            TravelMode.BIKE: 3.0,
            TravelMode.EBIKE: 5.5,
            TravelMode.CAR: 6.9,
        }
    )
    # Street distance over straight line, as seen for alerted responders.
    detour_factor: float = 1.3
    # Alert to moving: median 1:45, at night 2:22.
    turnout_day_s: float = 105.0
    turnout_night_s: float = 142.0
    # Finding the cabinet, opening it, taking the device out.
    collection_s: float = 30.0
    # Three metres of stairs at a quarter of a metre a second.
    floor_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How the service searches, alerts and decides that enough are coming."""

    travel: TravelPolicy = field(default_factory=TravelPolicy)
    # An unanswered alert is replaced after this long (Mobile Retter: 20 s).
    respond_within_s: float = 20.0
    # While somebody is lacking and nobody is left to wait for, the neighbourhood is looked at again this often.
    look_again_s: float = 20.0
    # How many may be on offer or engaged at once.
    alert_cap: int = 20
    # What each widening adds to the cap, and what it multiplies the reach by; it also asks for one more whole team.
    widen_cap: int = 10
    widen_factor: float = 2.0
    # Nobody farther than this is asked: help that comes later is the ambulance.
    reach_m: float = 3000.0
    aed_reach_m: float = 2000.0
    # How many of the nearest are looked at when a plan is made.
    candidates: int = 60
    aeds: int = 12
    # Runners sent to one AED at most: a second one is a spare in case the first does not come.
    runners_per_aed: int = 3
    # An older fix says too little about where somebody is.
    fix_lifetime_s: float = 600.0
    # Acceptance of one alert: published 17-35 %, 8 % at night.
    acceptance: float = 0.25
    # A team is whole with this many on each role; without any AED to fetch, with so many on CPR.
    enough_cpr: int = 1
    enough_aed: int = 1
    enough_cpr_without_aed: int = 2
    # An SOS this near and this soon after another is shown as a likely duplicate.
    duplicate_m: float = 50.0
    duplicate_s: float = 180.0

    def widened(self, times: int) -> "Policy":
        """The policy after the operator has widened the search so many times."""
        if times == 0:
            return self
        return replace(
            self,
            alert_cap=self.alert_cap + self.widen_cap * times,
            reach_m=self.reach_m * self.widen_factor**times,
            aed_reach_m=self.aed_reach_m * self.widen_factor**times,
            candidates=self.candidates * (times + 1),
            enough_cpr=self.enough_cpr * (times + 1),
            enough_aed=self.enough_aed * (times + 1),
            enough_cpr_without_aed=self.enough_cpr_without_aed * (times + 1),
        )
