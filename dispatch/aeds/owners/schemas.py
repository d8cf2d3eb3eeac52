"""What crosses the wire about owners."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from dispatch.aeds.owners.tree import OwnerLevel
from dispatch.encoding import to_json
from dispatch.phones import Phone

OwnerName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
]
DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


def _that_can_be_kept(policy: dict[str, Any]) -> dict[str, Any]:
    try:
        to_json(policy)
    except TypeError as error:
        raise ValueError("holds text that is no Unicode, or a number without end") from error
    return policy


OwnPolicy = Annotated[dict[str, Any], AfterValidator(_that_can_be_kept)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OwnerIn(_In):
    """A new owner."""

    level: OwnerLevel
    name: OwnerName
    parent_id: UUID | None = Field(None, description="Who stands above: of a higher level. Without it: at the top.")
    district_code: DistrictCode | None = Field(None, description="GB/T 2260.")
    phone: Phone | None = Field(None, description="Told what is escalated to this owner.")
    policy: OwnPolicy = Field(default_factory=dict, description="What is decided here; the rest is inherited.")


class OwnerChange(_In):
    """What is to be different; what is left out stays. `policy` is all that is decided here: the rest is inherited."""

    level: OwnerLevel | None = None
    name: OwnerName | None = None
    parent_id: UUID | None = None
    district_code: DistrictCode | None = None
    phone: Phone | None = None
    policy: OwnPolicy | None = None


class OwnerOut(BaseModel):
    """An owner as the office sees it."""

    id: UUID
    parent_id: UUID | None
    level: OwnerLevel
    name: str
    district_code: str | None
    phone: str | None
    policy: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class OwnersOut(BaseModel):
    """The tree as a list, parents before their children."""

    owners: list[OwnerOut]


class DecidedByOut(BaseModel):
    """The owner that decided a value."""

    owner_id: UUID
    name: str
    level: OwnerLevel


class PolicyValueOut(BaseModel):
    """One value of an effective policy. `name` is a path such as `due_within_s.fault`; `from` null: the default."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    value: Any
    decided_by: DecidedByOut | None = Field(serialization_alias="from")


class PolicyOut(BaseModel):
    """What holds for the devices of an owner, and who decided it."""

    owner_id: UUID
    values: list[PolicyValueOut]
