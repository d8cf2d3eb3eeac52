"""What the search among those on duty goes by, besides their places: marks, and how sure and how old a fix is."""

from datetime import datetime
from enum import IntFlag

from dispatch.rescue.policy import Policy
from dispatch.responders.responder import Fix
from geo.fixes import FixAging

# A phone that said where it is a moment ago comes back by itself: a restart must not make everybody unreachable.
HEARD_LATELY_S = 120.0

# A phone that does not say how exact its fix is has not measured well.
_UNTOLD_ACCURACY_M = 50.0


class Mark(IntFlag):
    """What the index of those on duty knows of them besides their place."""

    FREE = 1
    # A session, or another way to them that has proven to work.
    WAY = 2
    # A session in this very process.
    HERE = 4
    # No worker of whom nothing is heard may be asking them.
    SURE = 8


def aging_of(policy: Policy, now: datetime, *, lifetime_s: float | None = None) -> FixAging:
    """How fixes grow old by a policy, as of `now`; forgotten after `lifetime_s` where that is given."""
    return FixAging(now.timestamp(), policy.fix.lifetime_s if lifetime_s is None else lifetime_s, policy.fix.drift_m_s)


def accuracy_m_of(fix: Fix) -> float:
    """How exact a fix is, a radius in metres."""
    return _UNTOLD_ACCURACY_M if fix.accuracy_m is None else fix.accuracy_m
