"""Commands as plain data and back: one worker has another carry out what it was asked."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final, get_args

from dispatch.rescue.commands import Command
from dispatch.rescue.vocabulary import AedProblem, AlertState, CancelReason

_CLASSES: Final[Mapping[str, type[Command]]] = {each.__name__: each for each in get_args(Command)}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# What is read back from JSON as something else than it was written; by field, which mean the same in every command.
_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "alert_ids": tuple,
    "stage": AlertState,
    "problem": AedProblem,
    "reason": CancelReason,
    "arrives_at": _instant,
    "said_at": _instant,
}


def command_to_json(command: Command) -> dict[str, Any]:
    """A command as plain data for `to_json`; times stay `datetime`."""
    return {"command": type(command).__name__} | {
        each.name: value for each in fields(command) if (value := getattr(command, each.name)) is not None
    }


def command_from_json(said: Mapping[str, Any]) -> Command:
    """The command of that. Raises `KeyError`, `TypeError` or `ValueError` for one that this version does not know."""
    command = _CLASSES[said["command"]]
    values = {name: _READ.get(name, _as_it_is)(value) for name, value in said.items() if name != "command"}
    return command(**values)


def _as_it_is(value: object) -> object:
    return value
