"""Why somebody is alerted for what they are alerted for, in a sentence that a person can read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from dispatch.rescue.scene import AedOption
from dispatch.rescue.vocabulary import AedId

# Before somebody accepts, distances are given no finer than this: three exact ones would give the place away.
COARSE_M = 50

# A way that is quicker by less than this needs no explaining.
_WORTH_SAYING_S = 15.0

# A device is called less sure when it works less often by this much.
_LESS_SURE = 0.02


def coarse_m(distance_m: float) -> int:
    """A distance as who has not accepted may know it, in metres."""
    return max(COARSE_M, round(distance_m / COARSE_M) * COARSE_M)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, in English and in Chinese."""

    en: str
    zh: str


def going_straight(distance_m: float, eta_s: float) -> Reason:
    """Why somebody goes to the patient."""
    away_m, minutes = coarse_m(distance_m), _minutes(eta_s)
    return Reason(
        en=f"about {away_m} m from the patient, there in about {minutes} min",
        zh=f"距患者约{away_m}米，约{minutes}分钟到达",
    )


def fetching(aed: AedOption, eta_s: float, why_not: Reason | None) -> Reason:
    """Why somebody fetches an AED; `why_not` says why it is not the one that would be quicker."""
    away_m, minutes = coarse_m(aed.distance_m), _minutes(eta_s)
    en = f"brings the AED at {aed.name}, {away_m} m from the patient, in about {minutes} min"
    zh = f"取{aed.name}的AED（距患者约{away_m}米），约{minutes}分钟送达"
    return Reason(en, zh) if why_not is None else Reason(f"{en}; {why_not.en}", f"{zh}；{why_not.zh}")


@dataclass(frozen=True, slots=True)
class Way:
    """One AED as one responder could fetch it: when they would be with the patient, and whether it is open by then."""

    aed: AedOption
    eta_s: float
    is_open: bool


def why_not_the_quickest(chosen: Way, ways: Sequence[Way], fetched: Collection[AedId], zone: tzinfo) -> Reason | None:
    """Why the quickest way was not taken, where it is not the chosen one and the reason is known.

    `fetched` are the AEDs that others fetch.
    """
    quicker = [each for each in ways if each.eta_s < chosen.eta_s - _WORTH_SAYING_S]
    if not quicker:
        return None
    quickest = min(quicker, key=lambda each: (each.eta_s, each.aed.aed_id))
    name = quickest.aed.name
    if not quickest.is_open and quickest.aed.open_until is not None:
        closes = _clock(quickest.aed.open_until, zone)
        return Reason(f"not the one at {name}, which closes at {closes}", f"不取{name}的AED：{closes}关闭")
    if quickest.aed.aed_id in fetched:
        return Reason(f"the one at {name} is fetched by somebody else", f"{name}的AED由他人去取")
    if quickest.aed.works_probability < chosen.aed.works_probability - _LESS_SURE:
        return Reason(f"not the one at {name}, which is less sure to work", f"不取{name}的AED：可用性较低")
    return None


def _minutes(seconds: float) -> int:
    return max(1, round(seconds / 60))


def _clock(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"
