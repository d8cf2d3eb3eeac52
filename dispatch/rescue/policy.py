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
    # Street distance over straight line: 1.3 as seen for alerted responders; 2,699 recorded walks have quartiles
    # 1.28, 1.48 and 1.79, pushed up by walks for pleasure. Cars and bikes are bound to streets and their directions.
    detour_factor: dict[TravelMode, float] = field(
        default_factory=lambda: {
            TravelMode.WALK: 1.3,
            TravelMode.RUN: 1.3,
            TravelMode.BIKE: 1.35,
            TravelMode.EBIKE: 1.35,
            TravelMode.CAR: 1.4,
        }
    )
    # Alert to moving: median 1:45, at night 2:22.
    turnout_day_s: float = 105.0
    turnout_night_s: float = 142.0
    # Finding the cabinet, opening it, taking the device out.
    collection_s: float = 30.0
    # Three metres of stairs at a quarter of a metre a second.
    floor_s: float = 12.0


@dataclass(frozen=True, slots=True)
class FixPolicy:
    """How long a position says where somebody is, and how fast it wears out."""

    # An older fix says too little about where somebody is.
    lifetime_s: float = 600.0
    # Most people stay where they are, some walk at 1.4 m/s: on average they get away from their last fix by this.
    drift_m_s: float = 0.3


@dataclass(frozen=True, slots=True)
class BenefitPolicy:
    """What time is worth: the probability of survival that a minute costs, all alike or early ones more than late."""

    # M. Larsen et al., "Predicting survival from out-of-hospital cardiac arrest: a graphic model", Annals of Emergency
    # Medicine 22, 1993: 0.67 - 0.023 a minute to CPR - 0.011 a minute to the shock - 0.021 a minute to advanced care.
    cpr_per_min: float = 0.023
    shock_per_min: float = 0.011
    # Survival falls by a share each minute, not by as much each minute: T. Valenzuela et al., Circulation 96, 1997,
    # have 0.245 (0.106 to CPR and 0.139 to the shock, in the logit), V. De Maio et al., Annals of Emergency Medicine
    # 42, 2003, 0.262 to the shock. So much less is a minute worth than the one before it, and the two above hold
    # `slopes_at_s` after the call. With 0 every minute is worth the same, as in Larsen's model.
    fades_per_min: float = 0.0
    slopes_at_s: float = 480.0
    # Compressions are shared by two who change every two minutes (ERC Guidelines 2021): a second pair of hands counts,
    # but far less than the first. A judgement, not a measurement.
    pair_worth: tuple[float, ...] = (1.0, 0.1)
    # What the first trained pair of hands is still worth where somebody does CPR already, on telephone advice perhaps.
    worth_beside_cpr: float = 0.3
    # When no ambulance has been announced: late for a city, where means are 9-12 minutes from the call. Where even the
    # nearest would take longer, they are asked all the same.
    ambulance_s: float = 1200.0
    # An ambulance that was announced and is not there yet is taken to need at least this long.
    ambulance_least_s: float = 180.0


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """What an alert costs, in the same probability of survival: people who are woken in vain stop answering.

    Judgements, to be weighed against simulations: 0.0003 is what 0.8 seconds without CPR cost.
    """

    alert: float = 0.0003
    # Somebody who has had alerts lately is dearer by this share for each, and nobody gets more than so many.
    dearer_per_recent_alert: float = 0.25
    recent_alerts_limit: int = 20
    recent_s: float = 7 * 86_400.0
    # Waking somebody at night weighs more.
    at_night: float = 1.5
    # Somebody on the way, perhaps in vain.
    journey: float = 0.003
    # A change of role on the way has to bring this much more (the worth of 20 seconds without CPR): it confuses.
    change: float = 0.0075


@dataclass(frozen=True, slots=True)
class AcceptancePolicy:
    """How likely a yes is, before anything is known of the person, and how soon their own answers outweigh that."""

    # Published: 17-35 % typically, from 8 % at night to 47 %.
    day: float = 0.25
    night: float = 0.12
    # The population's figure weighs as much as so many answers of their own.
    prior_alerts: float = 8.0
    # The population's figure at each hour of the day, where it has been counted: 24 of them, or none. From 8 % by night
    # to 47 % in the evening have been published, and a day's mean hides half of that.
    by_hour: tuple[float, ...] = ()
    # What a kilometre of straight line takes from the log odds of a yes, as far as somebody is farther away than is
    # usual: distance predicts who accepts (London and the East Midlands, Resuscitation Plus 6, 2021).
    odds_per_km: float = 0.0
    usual_km: float = 0.6
    # How likely somebody who said yes is there about when promised, and how likely an AED that is on the list can be
    # taken out of its place. With 1 the plan takes promises for certain: whoever is needed only if one of them fails
    # is sent home. In the simulated city 0.75 and 0.85 save more for as many alerts (decision 20).
    kept: float = 1.0
    fetched: float = 1.0
    # How likely somebody whose line was lost a moment ago is told in time to be of use, with no other way to them that
    # has proven to work. A judgement: most are back within seconds, some have gone into a lift or under the ground.
    without_way: float = 0.5
    # Policy may demand that each role is accepted with at least this probability, whatever the alerts cost.
    cpr_floor: float = 0.0
    aed_floor: float = 0.0


@dataclass(frozen=True, slots=True)
class MovementPolicy:
    """When somebody who said yes and does not come nearer is asked, and when they are no longer counted on.

    Judgements: half of all people take longer than the median turnout, which the promised arrival is made of.
    """

    # The way ahead of those on their way is looked at this often.
    look_every_s: float = 30.0
    # So far behind what was promised, by their position, they are asked whether they are on their way...
    lag_s: float = 90.0
    # ...and have this long to answer or to move.
    reply_within_s: float = 20.0
    # Who falls behind by less than this share of the time that passes is moving.
    still_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Policy:
    """How the service searches, alerts and decides that enough are coming."""

    travel: TravelPolicy = field(default_factory=TravelPolicy)
    fix: FixPolicy = field(default_factory=FixPolicy)
    benefit: BenefitPolicy = field(default_factory=BenefitPolicy)
    price: PricePolicy = field(default_factory=PricePolicy)
    acceptance: AcceptancePolicy = field(default_factory=AcceptancePolicy)
    movement: MovementPolicy = field(default_factory=MovementPolicy)
    # An unanswered alert is replaced after this long (Mobile Retter: 20 s).
    respond_within_s: float = 20.0
    # A device that has not said within this time that it has the alert: the next channels are tried.
    no_ack_s: float = 10.0
    # After this long nobody is looked for any more: an incident that nobody closed must not wake people all night.
    give_up_s: float = 7200.0
    # While somebody is lacking and nobody is left to wait for, the neighbourhood is looked at again this often.
    look_again_s: float = 20.0
    # As long as somebody to do CPR is less likely than this to come, whoever arrives is looked at at once.
    look_out_below: float = 0.7
    # How many may be on offer or engaged at once. Whom nothing leads to now takes no place from those who are there.
    alert_cap: int = 20
    # What each widening adds to the cap, and what it multiplies the reach by; it also asks for one more whole team.
    widen_cap: int = 10
    widen_factor: float = 2.0
    # Nobody farther than this is asked: help that comes later is the ambulance.
    reach_m: float = 3000.0
    aed_reach_m: float = 2000.0
    # How many of the nearest are looked at when a plan is made. Of 160 people and 30 AEDs within 2 km, plans from these
    # are worth 0.3 % less on average than plans from all of them; 60 and 12 come to 0.1 % in half as much time again.
    candidates: int = 40
    aeds: int = 8
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
        benefit = self.benefit
        return replace(
            self,
            alert_cap=self.alert_cap + self.widen_cap * times,
            reach_m=self.reach_m * self.widen_factor**times,
            aed_reach_m=self.aed_reach_m * self.widen_factor**times,
            candidates=self.candidates * (times + 1),
            enough_cpr=self.enough_cpr * (times + 1),
            enough_aed=self.enough_aed * (times + 1),
            enough_cpr_without_aed=self.enough_cpr_without_aed * (times + 1),
            # Each team more is worth as much as the first, and however long its way is.
            benefit=replace(
                benefit,
                pair_worth=benefit.pair_worth[:1] * (times + 1) + benefit.pair_worth[1:],
                ambulance_s=benefit.ambulance_s * self.widen_factor**times,
            ),
        )
