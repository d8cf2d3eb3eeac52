"""What a map may be narrowed down to: devices of a kind."""

from enum import StrEnum

from dispatch.problems import InvalidField


class Choice(StrEnum):
    """Show these only; of several, those that are all of it."""

    USABLE = "usable"
    PUBLIC = "public"
    ALWAYS = "always"
    INDOOR = "indoor"
    OUTDOOR = "outdoor"
    CHECKED = "checked"
    CHILDREN = "children"


def choices_of(text: str | None) -> frozenset[Choice]:
    """The choices of a list separated by commas. Raises `InvalidField` for an unknown one."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    known = {choice.value for choice in Choice}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidField("only", f"{unknown[0]!r} is not one of {', '.join(sorted(known))}.")
    return frozenset(Choice(name) for name in names)
