"""By what devices are judged in this registry: their owners' policy, who sees to them, and what was learned."""

from zoneinfo import ZoneInfo

from dispatch.aeds.custodians.service import Custodians
from dispatch.aeds.learning.records import OwnerRecords
from dispatch.aeds.owners import districts
from dispatch.aeds.owners.service import Owners
from dispatch.aeds.settling.settling import Judging, Settling
from dispatch.aeds.work_orders.assigning import Assigner
from dispatch.clock import Clock
from dispatch.storage.database import Database


class Judges:
    """Owners, custodians and records of one process, and the `settling` that asks them.

    `timezone` is the IANA name of the one in which dates are judged where a place does not tell.
    """

    def __init__(self, database: Database, clock: Clock, timezone: str) -> None:
        self.owners = Owners(database, clock)
        self.custodians = Custodians(database, clock, ZoneInfo(timezone))
        self.records = OwnerRecords(database)
        tree = self.owners.tree
        judging = Judging(
            policy_of=tree.policy_of,
            assignment_of=Assigner(tree, self.custodians.register).of_aed,
            rates_of=self.records.rates_of,
            default_zone=timezone,
        )
        self.settling = Settling(judging)
        self.settling.place_in_districts = districts.place

    async def load(self) -> None:
        """Hold what the database holds."""
        await self.owners.load()
        await self.custodians.load()
        await self.records.load()
