"""Who is to see to an AED's orders now, from its custodian and its owner."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from dispatch.aeds.custodians.register import CustodianRegister
from dispatch.aeds.owners.tree import OwnerLevel, OwnerTree
from dispatch.aeds.record import Aed
from dispatch.aeds.work_orders.record import Assignment, Level


class Assigner:
    """Answers from memory, for `reconcile`."""

    def __init__(self, tree: OwnerTree, register: CustodianRegister) -> None:
        self._tree = tree
        self._register = register

    def of_aed(self, aed: Aed, now: datetime) -> Assignment:
        """The assignment of an AED as its record stands."""
        return self.of(aed.custodian, aed.owner_id, now)

    def of(self, custodian: str | None, owner_id: UUID | None, now: datetime) -> Assignment:
        """The assignment of an AED with that custodian and owner."""
        custody = self._register.custody_of(custodian, now)
        return Assignment(custody.assignee, owners_by_level(self._tree, owner_id), custody.until)


def owners_by_level(tree: OwnerTree, owner_id: UUID | None) -> Mapping[Level, UUID]:
    """Who answers at each level: its own owner, or the next one above, or else the highest there is."""
    chain = tree.chain_of(owner_id)
    if not chain:
        return {}
    found: dict[Level, UUID] = {}
    for level in (Level.VENUE, Level.DISTRICT, Level.CITY, Level.PROVINCE):
        rank = OwnerLevel(level.value).rank
        # From the bottom up: the first that stands as high as this level, or higher.
        found[level] = next((each.id for each in reversed(chain) if each.level.rank <= rank), chain[0].id)
    return found
