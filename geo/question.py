"""What is asked of the index, in the form that compiled code reads."""

from typing import Any, NamedTuple

from numba import boolean, float64, int64, types


class Question(NamedTuple):
    """What is looked for: from where on a sphere of what radius, how far, with which marks, and how fixes age.

    x, y and z are the unit vector to the place. A point answers that has every mark of `all_of`, one of `any_of` at
    least (unless that is none) and none of `none_of`. The rest is `geo.fixes.FixAging`, if `aging` says that there is
    one.
    """

    radius_m: float
    x: float
    y: float
    z: float
    within_m: float
    all_of: int
    any_of: int
    none_of: int
    aging: bool
    now_s: float
    lifetime_s: float
    drift_m_s: float


_types: Any = types

QUESTION = _types.NamedTuple(
    (*(float64,) * 5, *(int64,) * 3, boolean, *(float64,) * 3),
    Question,
)
