"""How likely a candidate says yes this time: their own figure, at this hour, from where they are."""

import math

from dispatch.rescue.plan import PlanRequest
from dispatch.rescue.policy import AcceptancePolicy
from dispatch.rescue.scene import Candidate

_KM = 1000.0


def hour_log_odds(request: PlanRequest) -> float:
    """What this hour adds to the log odds of a yes by day or by night; 0 where nobody has counted by the hour."""
    policy = request.policy.acceptance
    if not policy.by_hour:
        return 0.0
    hour = request.now.astimezone(request.zone).hour
    return _log_odds(policy.by_hour[hour]) - _log_odds(policy.night if request.is_night else policy.day)


def saying_yes(candidate: Candidate, policy: AcceptancePolicy, *, is_night: bool, hour_log_odds: float = 0.0) -> float:
    """The probability that they accept: their own figure or the population's, moved by the hour and by distance.

    Both move the log odds, so that who always comes and who never does are moved least.
    """
    usual = candidate.acceptance
    if usual is None:
        usual = policy.night if is_night else policy.day
    moved = hour_log_odds + policy.odds_per_km * (candidate.distance_m / _KM - policy.usual_km)
    # Not a hair's breadth from what it was where nothing moves it; who never or always comes has no odds to move.
    if moved == 0.0 or not 0.0 < usual < 1.0:
        return usual
    return 1.0 / (1.0 + math.exp(-_log_odds(usual) - moved))


def _log_odds(share: float) -> float:
    return math.log(share / (1.0 - share))
