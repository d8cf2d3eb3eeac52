"""How far somebody may be from where they were last seen.

A position fix tells a place, how exact it is and when it was. Both widen where the person may be now:

- *Accuracy.* The W3C's Geolocation specification makes it the radius in metres, and a platform should give it with
  95 % confidence. For a circular normal distribution with standard deviation σ along each axis, the distance r from the
  centre has P(r > R) = exp(-R²/2σ²) and the mean square 2σ². With P(r > R) = 5 % at R = accuracy,
  2σ² = accuracy²/ln 20.
- *Age.* Who may have walked off in any direction at `drift_m_s` is `drift_m_s`·age away by now.

The two are independent and have no preferred direction, so their mean squares add, and the square root of the sum is
the spread s. For a person whose possible places spread by s around the fix without preferred direction, the mean
square of the distance from a point at distance d of the fix is d² + s² (the mixed term averages to nothing on a
plane, which the few kilometres in question are). So `sqrt(d² + s²)` is the root-mean-square distance, by which the
index ranks: never less than d, equal to it for what is certainly where it is, and 200 m more of doubt weigh much for
who is near and nothing for who is far.
"""

import math
from dataclasses import dataclass

MEAN_SQUARE_DIVISOR = math.log(20.0)
"""What the square of a 95 % radius is divided by to be the mean square of the distance."""


@dataclass(frozen=True, slots=True)
class FixAging:
    """How fixes age, for one question: policy data that comes from whoever asks.

    A fix more than `lifetime_s` seconds older than `now_s` does not count. `now_s` is on the clock that the fixes were
    dated by; a fix dated later than that is as good as new. `drift_m_s` is how fast somebody is assumed to move off.
    """

    now_s: float
    lifetime_s: float
    drift_m_s: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.now_s) or not self.lifetime_s >= 0.0 or not 0.0 <= self.drift_m_s < math.inf:
            raise ValueError(f"Fixes cannot age like this: {self}.")

    def spread_m(self, accuracy_m: float, fixed_at_s: float) -> float | None:
        """Return the root-mean-square distance from a fix to where its owner is now; None for one too old."""
        age_s = max(0.0, self.now_s - fixed_at_s)
        if age_s > self.lifetime_s:
            return None
        way_m = self.drift_m_s * age_s
        return math.sqrt(accuracy_m * accuracy_m / MEAN_SQUARE_DIVISOR + way_m * way_m)
