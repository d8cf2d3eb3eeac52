"""The tree of owners in memory: who stands above whom, and which policy follows."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from dispatch.aeds.health.policy import CarePolicy, InvalidPolicy, care_policy

log = structlog.get_logger()


class OwnerLevel(StrEnum):
    """How high an owner stands. A parent always stands higher; levels may be left out."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    VENUE = "venue"

    @property
    def rank(self) -> int:
        """0 at the top."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(OwnerLevel)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One node. `policy` holds what is decided here; the rest is inherited. `phone` is told what is escalated."""

    id: UUID
    parent_id: UUID | None
    level: OwnerLevel
    name: str
    district_code: str | None = None
    phone: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime


def plain_name(name: str) -> str:
    """A name as it is compared: case, width and spaces make no difference."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


class OwnerTree:
    """Every owner. Filled at the start and whenever something changes; asking never waits.

    Of owners that are not known, or of none, the chain is empty and the policy the default.
    """

    def __init__(self, owners: Iterable[Owner] = ()) -> None:
        self._owners: dict[UUID, Owner] = {}
        self._children: dict[UUID | None, list[UUID]] = {}
        self._chains: dict[UUID, tuple[Owner, ...]] = {}
        self._policies: dict[UUID | None, CarePolicy] = {}
        self.fill(owners)

    def become(self, other: "OwnerTree") -> None:
        """Hold what another one holds, at once: filling a large one takes a while, and may be done elsewhere."""
        vars(self).update(vars(other))

    def as_it_is(self) -> "OwnerTree":
        """The tree of this moment, for whoever looks at it in a thread while this one becomes another."""
        same = OwnerTree()
        same.become(self)
        return same

    def fill(self, owners: Iterable[Owner]) -> None:
        """Hold exactly these."""
        self._owners = {owner.id: owner for owner in owners}
        self._children = {}
        for owner in sorted(self._owners.values(), key=lambda each: (each.level.rank, each.name, each.id)):
            self._children.setdefault(owner.parent_id, []).append(owner.id)
        self._chains = {owner_id: self._climbed(owner_id) for owner_id in self._owners}
        self._by_name: dict[str, list[UUID]] = {}
        for owner in self._owners.values():
            self._by_name.setdefault(plain_name(owner.name), []).append(owner.id)
        # Made when first asked for: most owners of a province are venues that decide nothing themselves.
        self._policies = {}

    def __len__(self) -> int:
        return len(self._owners)

    def get(self, owner_id: UUID | None) -> Owner | None:
        """The owner of that id."""
        return None if owner_id is None else self._owners.get(owner_id)

    def all(self) -> list[Owner]:
        """Everybody, parents before their children."""
        listed: list[Owner] = []
        waiting = list(reversed(self._children.get(None, [])))
        while waiting:
            owner_id = waiting.pop()
            listed.append(self._owners[owner_id])
            waiting += reversed(self._children.get(owner_id, []))
        return listed

    def chain_of(self, owner_id: UUID | None) -> tuple[Owner, ...]:
        """From the top of the tree down to that owner."""
        return () if owner_id is None else self._chains.get(owner_id, ())

    def children_of(self, owner_id: UUID | None) -> tuple[Owner, ...]:
        """Who stands right below; of None: who stands at the top."""
        return tuple(self._owners[each] for each in self._children.get(owner_id, ()))

    def subtree_of(self, owner_id: UUID) -> frozenset[UUID]:
        """That owner and everybody below; empty for one that is not known."""
        if owner_id not in self._owners:
            return frozenset()
        found: set[UUID] = set()
        waiting = [owner_id]
        while waiting:
            each = waiting.pop()
            found.add(each)
            waiting += self._children.get(each, ())
        return frozenset(found)

    def find_by_name(self, name: str) -> Owner | None:
        """The one owner of that name, however it is spaced or written wide; None when there is none, or several."""
        found = self._by_name.get(plain_name(name), [])
        return self._owners[found[0]] if len(found) == 1 else None

    def policy_of(self, owner_id: UUID | None) -> CarePolicy:
        """What holds for the devices of that owner."""
        known = self._policies.get(owner_id)
        if known is None:
            known = self._policies[owner_id] = self._policy(owner_id)
        return known

    def _policy(self, owner_id: UUID | None) -> CarePolicy:
        chain = self.chain_of(owner_id)
        try:
            return care_policy([owner.policy for owner in chain])
        except InvalidPolicy as error:
            # Taken by another version of the service: what is above holds, rather than that nothing is looked after.
            log.error("an owner's policy is not understood", owner_id=str(owner_id), error=str(error))  # noqa: TRY400
            return self.policy_of(chain[-1].parent_id)

    def _climbed(self, owner_id: UUID) -> tuple[Owner, ...]:
        chain: list[Owner] = []
        each: UUID | None = owner_id
        while each is not None and each in self._owners:
            owner = self._owners[each]
            # The rank falls with every step, so this ends whatever the rows say.
            if chain and owner.level.rank >= chain[-1].level.rank:
                break
            chain.append(owner)
            each = owner.parent_id
        return tuple(reversed(chain))
