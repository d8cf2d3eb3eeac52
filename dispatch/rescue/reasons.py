"""Why somebody is alerted for what they are alerted for, in a sentence that a person can read."""

from dataclasses import dataclass
from datetime import tzinfo

from dispatch.rescue.scene import AedOption

# Before somebody accepts, distances are given no finer than this: three exact ones would give the place away.
COARSE_M = 50
COARSE_S = 30

# A way that is quicker by less than this needs no explaining.
WORTH_SAYING_S = 15.0

# A device is called less sure when it works less often by this much.
_LESS_SURE = 0.02


def coarse_m(distance_m: float) -> int:
    """A distance as who has not accepted may know it, in metres."""
    return max(COARSE_M, round(distance_m / COARSE_M) * COARSE_M)


def coarse_s(eta_s: float) -> int:
    """A time to arrive as who has not accepted may know it, in seconds: to the second it would give the distance."""
    return max(COARSE_S, round(eta_s / COARSE_S) * COARSE_S)


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
    if aed.carried_by is not None:
        return Reason(f"has an AED along, there in about {minutes} min", f"随身携带AED，约{minutes}分钟到达")
    en = f"brings the AED at {aed.name}, {away_m} m from the patient, in about {minutes} min"
    zh = f"取{aed.name}的AED（距患者约{away_m}米），约{minutes}分钟送达"
    return Reason(en, zh) if why_not is None else Reason(f"{en}; {why_not.en}", f"{zh}；{why_not.zh}")


def why_not_this_one(
    aed: AedOption, *, instead: AedOption, is_open: bool, is_fetched: bool, zone: tzinfo
) -> Reason | None:
    """Why an AED is passed by that would be with the patient sooner; None where no single fact tells.

    `is_open` says whether it is when the runner would be there, `is_fetched` whether somebody else brings it.
    """
    name = aed.name
    if not is_open and aed.open_until is not None:
        closes = f"{aed.open_until.astimezone(zone):%H:%M}"
        return Reason(f"not the one at {name}, which closes at {closes}", f"不取{name}的AED：{closes}关闭")
    if is_fetched:
        return Reason(f"the one at {name} is fetched by somebody else", f"{name}的AED由他人去取")
    if aed.works_probability < instead.works_probability - _LESS_SURE:
        return Reason(f"not the one at {name}, which is less sure to work", f"不取{name}的AED：可用性较低")
    return None


def _minutes(seconds: float) -> int:
    return max(1, round(seconds / 60))
