"""What happens to owners: they are entered, changed, removed. Memory follows the commit, here and elsewhere."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from dispatch.aeds.due.rows import look_again_at_owners
from dispatch.aeds.owners import repository
from dispatch.aeds.owners.checking import check_owner
from dispatch.aeds.owners.effective import EffectiveValue, effective_values
from dispatch.aeds.owners.schemas import OwnerChange, OwnerIn
from dispatch.aeds.owners.tree import Owner, OwnerTree
from dispatch.clock import Clock
from dispatch.problems import Conflict, InvalidField, NotFound
from dispatch.storage.database import Database
from dispatch.storage.notifications import listen

# By then every process has heard of the change: a device looked at sooner might be judged by what held before.
_HEARD_WITHIN = timedelta(seconds=1)

# Some thousand devices.
_OWNERS_AT_ONCE = 100

# How long after a change it is made sure, at a start, that all devices concerned are looked at again.
_LATELY = timedelta(minutes=10)

# Not null where they are said at all.
_NEEDED = ("level", "name", "policy")


class Owners:
    """The one way to change the tree. `tree` answers from memory."""

    def __init__(self, database: Database, clock: Clock, tree: OwnerTree | None = None) -> None:
        self._database = database
        self._clock = clock
        self._loading = asyncio.Lock()
        self.tree = OwnerTree() if tree is None else tree

    async def load(self) -> None:
        """Hold what the database holds."""
        # One after the other: of two at once, the one that had read first might end last, and hold what was before.
        async with self._loading:
            async with self._database.statement() as connection:
                owners = await repository.all_owners(connection)
            # Tens of milliseconds for a province: not on the loop that answers an SOS.
            self.tree.become(await asyncio.to_thread(OwnerTree, owners))

    async def follow(self) -> None:
        """Hear what other processes change, for ever. Whatever was missed meanwhile has devices judged anew."""
        async for payload in listen(self._database.url, repository.NOTIFY_CHANNEL):
            before = self.tree.as_it_is()
            await self.load()
            if payload is None:
                await self._judge_anew(before)

    async def create(self, given: OwnerIn) -> Owner:
        """Enter an owner. Raises `InvalidField`, `Conflict`."""
        now = self._clock.now()
        owner = Owner(
            id=uuid4(),
            parent_id=given.parent_id,
            level=given.level,
            name=given.name,
            district_code=given.district_code,
            phone=given.phone,
            policy=given.policy,
            created_at=now,
            updated_at=now,
        )
        async with self._database.transaction() as connection:
            await repository.hold(connection)
            tree = await asyncio.to_thread(OwnerTree, await repository.all_owners(connection))
            await asyncio.to_thread(check_owner, tree, owner)
            await repository.add(connection, owner)
            await repository.tell_changed(connection)
        await self.load()
        return owner

    async def change(self, owner_id: UUID, change: OwnerChange) -> Owner:
        """Change what is said. The devices for which it changes the policy are looked at again from then on.

        Raises `NotFound`, `InvalidField`, `Conflict`.
        """
        for field in _NEEDED:
            if field in change.model_fields_set and getattr(change, field) is None:
                raise InvalidField(field, "cannot be null; leave it out to keep it")
        values: Mapping[str, Any] = {name: getattr(change, name) for name in change.model_fields_set}
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await repository.hold(connection)
            held = await repository.all_owners(connection)
            tree = await asyncio.to_thread(OwnerTree, held)
            before = _found(tree.get(owner_id))
            after = replace(before, **values, updated_at=max(now, before.updated_at))
            await asyncio.to_thread(check_owner, tree, after)
            await repository.put(connection, after)
            await repository.tell_changed(connection)
        fresh = [each if each.id != owner_id else after for each in held]
        changed = await asyncio.to_thread(lambda: _judged_otherwise(tree, OwnerTree(fresh)))
        await self.load()
        await self._look_again(changed, now + _HEARD_WITHIN)
        return after

    async def remove(self, owner_id: UUID) -> None:
        """Forget an owner on whom nothing hangs. Raises `NotFound`, `Conflict`."""
        async with self._database.transaction() as connection:
            await repository.hold(connection)
            tree = await asyncio.to_thread(OwnerTree, await repository.all_owners(connection))
            owner = _found(tree.get(owner_id))
            hanging = await repository.hanging_on(connection, owner_id)
            if any(hanging.values()):
                what = ", ".join(f"{count} {name}" for name, count in hanging.items() if count)
                raise Conflict(f"Something hangs on {owner.name} still: {what}.", code="not_empty")
            await repository.remove(connection, owner)
            await repository.tell_changed(connection)
        await self.load()

    def one(self, owner_id: UUID) -> Owner:
        """The owner of that id. Raises `NotFound`."""
        return _found(self.tree.get(owner_id))

    def find_by_name(self, name: str) -> Owner | None:
        """The one owner of that name, for lists that name owners; None when there is none, or several."""
        return self.tree.find_by_name(name)

    def effective_policy(self, owner_id: UUID) -> list[EffectiveValue]:
        """What holds for the devices of an owner, and who decided it. Raises `NotFound`."""
        self.one(owner_id)
        return effective_values(self.tree.chain_of(owner_id), self.tree.policy_of(owner_id))

    async def _judge_anew(self, before: OwnerTree) -> None:
        now = self._clock.now()
        changed = set(await asyncio.to_thread(_judged_otherwise, before, self.tree.as_it_is()))
        # Somebody may have changed these and died before all their devices were to be looked at.
        for owner in self.tree.all():
            if owner.updated_at > now - _LATELY and owner.updated_at != owner.created_at:
                changed |= self.tree.subtree_of(owner.id)
        await self._look_again(sorted(changed), now)

    async def _look_again(self, owner_ids: Sequence[UUID], at: datetime) -> None:
        """Have devices judged anew: some owners' at a time, or whoever reports for any of them would wait for all."""
        for begin in range(0, len(owner_ids), _OWNERS_AT_ONCE):
            async with self._database.transaction() as connection:
                await look_again_at_owners(connection, owner_ids[begin : begin + _OWNERS_AT_ONCE], at)


def _judged_otherwise(before: OwnerTree, after: OwnerTree) -> list[UUID]:
    """The owners whose devices are judged by another policy, or whose orders go up to somebody else."""
    return [
        owner.id
        for owner in after.all()
        if before.policy_of(owner.id) != after.policy_of(owner.id)
        or _ids(before.chain_of(owner.id)) != _ids(after.chain_of(owner.id))
    ]


def _ids(chain: tuple[Owner, ...]) -> list[tuple[UUID, str]]:
    return [(each.id, each.level.value) for each in chain]


def _found(owner: Owner | None) -> Owner:
    if owner is None:
        raise NotFound("There is no owner of this id.")
    return owner
