"""What the decisions need to know of the world at one moment."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from dispatch.rescue.policy import Policy
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.place import Place


# Nobody changes one; but fifty are made for every SOS, and to make a frozen one takes three times as long.
@dataclass(slots=True, unsafe_hash=True)
class Candidate:
    """A responder who may be alerted: on duty, certified, free, with a fresh fix.

    `distance_m` is the straight line from the fix to the patient, `spread_m` how far from the fix they may be (root
    mean square), from its accuracy and age. `acceptance` is the probability that they say yes (None: the population's
    figure), `recent_alerts` how many alerts they have had lately. Without `has_way` they were heard a moment ago, but
    nothing leads to them now: they are told when they are back.
    """

    responder_id: ResponderId
    place: Place
    distance_m: float
    mode: TravelMode
    spread_m: float = 0.0
    acceptance: float | None = None
    recent_alerts: int = 0
    has_way: bool = True


@dataclass(frozen=True, slots=True)
class AedOption:
    """An AED that can be fetched: usable now, reachable until `open_until` (None: no end known).

    One that moves is `carried_by` a responder: nobody else can fetch it, and they have it with them.
    """

    aed_id: AedId
    name: str
    place: Place
    distance_m: float
    works_probability: float
    open_until: datetime | None = None
    carried_by: ResponderId | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One moment: the time, whether it is night there, who and what is near, and the owner's policy.

    `under_way` are those on offer or on the way in this incident, where they are now. `streets` is what a routing
    engine says of the ways, if one was asked in time. `zone` is where closing times are told in.
    """

    now: datetime
    is_night: bool = False
    candidates: tuple[Candidate, ...] = ()
    aeds: tuple[AedOption, ...] = ()
    policy: Policy = field(default_factory=Policy)
    under_way: tuple[Candidate, ...] = ()
    streets: StreetTimes | None = None
    zone: tzinfo = UTC
