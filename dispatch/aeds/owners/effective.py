"""What holds for the devices of an owner, value by value, and who decided each: pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.aeds.health.policy import CARE_FIELDS, CarePolicy
from dispatch.aeds.owners.tree import Owner

# Overridden cause by cause; everything else as a whole.
_BY_CAUSE = "due_within_s"


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One value; `decided_by` None: nobody decided it, it is the default."""

    name: str
    value: Any
    decided_by: Owner | None


def effective_values(chain: Sequence[Owner], policy: CarePolicy) -> list[EffectiveValue]:
    """The values of `policy`, which is that of this chain (from the top down)."""
    return list(_values(chain, policy))


def _values(chain: Sequence[Owner], policy: CarePolicy) -> Iterator[EffectiveValue]:
    for name in CARE_FIELDS:
        if name != _BY_CAUSE:
            yield EffectiveValue(name, getattr(policy, name), _last(chain, (name,)))
            continue
        for cause, seconds in policy.due_within_s.items():
            yield EffectiveValue(f"{name}.{cause.value}", seconds, _last(chain, (name, cause.value)))


def _last(chain: Sequence[Owner], path: tuple[str, ...]) -> Owner | None:
    """The lowest owner that says something there."""
    return next((owner for owner in reversed(chain) if _says(owner.policy, path)), None)


def _says(policy: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not hasattr(policy, "keys") or name not in policy:
            return False
        policy = policy[name]
    return True
