"""The owner's policy: the defaults of `rescue.policy`, with what a file says instead."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dispatch.rescue.policy import Policy

_POLICY = TypeAdapter(Policy)

# Beyond these nobody means what the file says.
_LARGEST = 1e8
_MOST_PAIRS = 10
_MOST_LOOKED_AT = 1000
_STEEPEST = 10
_HOURS = 24


class PolicyFileError(ValueError):
    """A policy file that cannot be used; the message names the file and the fields at fault."""


def policy_of(file: Path | None) -> Policy:
    """The policy with what `file` changes. Raises `PolicyFileError`; a service does not start on half a policy."""
    if file is None:
        return Policy()
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyFileError(f"{file}: {error.strerror or error}") from error
    except ValueError as error:
        raise PolicyFileError(f"{file} is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise PolicyFileError(f"{file} must hold an object of policy values")
    defaults = json.loads(_POLICY.dump_json(Policy()))
    faults = _unknown(said, defaults, ())
    if not faults:
        try:
            policy = _POLICY.validate_python(_merged(defaults, said))
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        else:
            faults = _impossible(policy)
            if not faults:
                return policy
    raise PolicyFileError(f"{file}: " + "; ".join(faults))


def _unknown(said: Mapping[str, Any], known: Mapping[str, Any], above: tuple[str, ...]) -> list[str]:
    faults: list[str] = []
    for name, value in said.items():
        path = (*above, name)
        if name not in known:
            faults.append(f"{'.'.join(path)}: there is no such value")
        elif isinstance(known[name], dict):
            if isinstance(value, dict):
                faults += _unknown(value, known[name], path)
            else:
                faults.append(f"{'.'.join(path)}: must be an object")
    return faults


def _merged(known: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _merged(value, said.get(name, {})) if isinstance(value, dict) else said.get(name, value)
        for name, value in known.items()
    }


def _impossible(policy: Policy) -> list[str]:
    """What no service could work with."""
    numbers = _numbers(json.loads(_POLICY.dump_json(policy)), "")
    endless = [f"{path}: must be a number of an ordinary size" for path, each in numbers if not _is_ordinary(each)]
    if endless:
        return endless
    rules = {
        "travel.speed_m_s: every speed must be above 0": all(each > 0 for each in policy.travel.speed_m_s.values()),
        "travel.detour_factor: no way is shorter than a straight line": all(
            each >= 1 for each in policy.travel.detour_factor.values()
        ),
        "travel: times must be 0 or more": min(
            policy.travel.turnout_day_s,
            policy.travel.turnout_night_s,
            policy.travel.collection_s,
            policy.travel.floor_s,
        )
        >= 0,
        "fix: lifetime_s must be above 0 and drift_m_s 0 or more": policy.fix.lifetime_s > 0
        and policy.fix.drift_m_s >= 0,
        "benefit: weights must be 0 or more, ambulance_s above 0": min(
            policy.benefit.cpr_per_min, policy.benefit.shock_per_min, policy.benefit.worth_beside_cpr
        )
        >= 0
        and policy.benefit.ambulance_s > 0
        and policy.benefit.ambulance_least_s > 0,
        "benefit: fades_per_min and slopes_at_s must be 0 or more": min(
            policy.benefit.fades_per_min, policy.benefit.slopes_at_s
        )
        >= 0,
        # With weights that rise, more alerts could be worth more than the sum of theirs, and no bound would hold.
        "benefit.pair_worth: one weight or more, falling, none below 0": bool(policy.benefit.pair_worth)
        and list(policy.benefit.pair_worth) == sorted(policy.benefit.pair_worth, reverse=True)
        and policy.benefit.pair_worth[-1] >= 0,
        "price: no price may be below 0": min(
            policy.price.alert,
            policy.price.dearer_per_recent_alert,
            policy.price.journey,
            policy.price.change,
            policy.price.at_night,
        )
        >= 0,
        "price: recent_alerts_limit must be 1 or more, recent_s above 0": policy.price.recent_alerts_limit >= 1
        and policy.price.recent_s > 0,
        "benefit.pair_worth: ten weights at most": len(policy.benefit.pair_worth) <= _MOST_PAIRS,
        "acceptance: day and night must be between 0 and 1, floors from 0 to 1, prior_alerts above 0": 0
        < policy.acceptance.day
        < 1
        and 0 < policy.acceptance.night < 1
        and 0 <= policy.acceptance.cpr_floor <= 1
        and 0 <= policy.acceptance.aed_floor <= 1
        and policy.acceptance.prior_alerts > 0,
        "acceptance.by_hour must be 24 values between 0 and 1, or none": len(policy.acceptance.by_hour) in {0, _HOURS}
        and all(0 < each < 1 for each in policy.acceptance.by_hour),
        "acceptance: odds_per_km must be from -10 to 10, usual_km 0 or more": abs(policy.acceptance.odds_per_km)
        <= _STEEPEST
        and policy.acceptance.usual_km >= 0,
        "acceptance: kept, fetched and without_way must be above 0 and at most 1": 0 < policy.acceptance.kept <= 1
        and 0 < policy.acceptance.fetched <= 1
        and 0 < policy.acceptance.without_way <= 1,
        "respond_within_s, look_again_s and no_ack_s must be 1 or more": min(
            policy.respond_within_s, policy.look_again_s, policy.no_ack_s
        )
        >= 1,
        "look_out_below must be from 0 to 1": 0 <= policy.look_out_below <= 1,
        # Nobody would be asked twice, and the first would be sent home before they could answer.
        "give_up_s must not be less than respond_within_s": policy.give_up_s >= policy.respond_within_s,
        "movement: look_every_s and reply_within_s must be 1 or more, lag_s above 0": min(
            policy.movement.look_every_s, policy.movement.reply_within_s
        )
        >= 1
        and policy.movement.lag_s > 0,
        "movement.still_share must be above 0 and at most 1": 0 < policy.movement.still_share <= 1,
        f"alert_cap, candidates and aeds must be from 1 to {_MOST_LOOKED_AT}": 1
        <= min(policy.alert_cap, policy.candidates, policy.aeds)
        <= max(policy.alert_cap, policy.candidates, policy.aeds)
        <= _MOST_LOOKED_AT,
        "enough_cpr, enough_aed and enough_cpr_without_aed must be 0 or more": min(
            policy.enough_cpr, policy.enough_aed, policy.enough_cpr_without_aed
        )
        >= 0,
        "widen_factor must be 1 or more, widen_cap 0 or more": policy.widen_factor >= 1 and policy.widen_cap >= 0,
        "reach_m and aed_reach_m must be above 0": min(policy.reach_m, policy.aed_reach_m) > 0,
    }
    return [rule for rule, holds in rules.items() if not holds]


def _numbers(known: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in known.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{above}{name}.")
        else:
            for each in value if isinstance(value, list) else [value]:
                yield f"{above}{name}", each


def _is_ordinary(value: object) -> bool:
    # What is not finite comes back from JSON as null.
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _LARGEST
