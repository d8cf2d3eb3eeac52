"""What the decisions need to know of the world at one moment."""

from dataclasses import dataclass, field
from datetime import datetime

from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.place import Place


@dataclass(frozen=True, slots=True)
class Candidate:
    """A responder who may be alerted: on duty, certified, free, with a fresh fix.

    `distance_m` is the straight line to the patient; `fix_age_s` and `accuracy_m` say how well `place` is known.
    """

    responder_id: ResponderId
    place: Place
    distance_m: float
    mode: TravelMode
    fix_age_s: float = 0.0
    accuracy_m: float = 0.0


@dataclass(frozen=True, slots=True)
class AedOption:
    """An AED that can be fetched: usable now, reachable until `open_until` (None: no end known)."""

    aed_id: AedId
    name: str
    place: Place
    distance_m: float
    works_probability: float
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One moment: the time, whether it is night there, who and what is near, and the owner's policy."""

    now: datetime
    is_night: bool = False
    candidates: tuple[Candidate, ...] = ()
    aeds: tuple[AedOption, ...] = ()
    policy: Policy = field(default_factory=Policy)
