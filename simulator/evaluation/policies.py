"""The policy that ours is evaluated with: a file in the form that the service reads, over the defaults of the core."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final

from dispatch.rescue.policy import Policy
from simulator.evaluation.parameters import BadParametersError

# What the simulation speaks for (decision 20): promises are not certain, and who says yes is rarely sent home.
EVALUATED: Final = Path(__file__).with_name("policy.json")


def read_policy(path: Path = EVALUATED) -> Policy:
    """The defaults with what a file says instead. Raises BadParametersError, which names the value at fault."""
    try:
        said = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadParametersError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadParametersError(f"{path} is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise BadParametersError(f"{path}: has to hold an object of policy values")
    policy = _changed(Policy(), said, "")
    if not isinstance(policy, Policy):
        raise BadParametersError(f"{path}: has to hold an object of policy values")
    return policy


def _changed(defaults: Any, said: Mapping[str, Any], above: str) -> Any:
    known = {each.name for each in fields(defaults)}
    values: dict[str, Any] = {}
    for name, value in said.items():
        path = f"{above}{name}"
        if name not in known:
            raise BadParametersError(f"{path}: there is no such value in a policy")
        default = getattr(defaults, name)
        if is_dataclass(default):
            if not isinstance(value, dict):
                raise BadParametersError(f"{path}: has to be an object")
            values[name] = _changed(default, value, f"{path}.")
        elif isinstance(default, float | int) and not isinstance(value, float | int):
            raise BadParametersError(f"{path}: has to be a number, not {value!r}")
        elif isinstance(default, tuple):
            values[name] = tuple(value)
        elif isinstance(default, dict):
            values[name] = default | {type(next(iter(default)))(key): each for key, each in value.items()}
        else:
            values[name] = value
    return replace(defaults, **values)
