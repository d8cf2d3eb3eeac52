"""The tree of owners: who stands above whom, and which policy follows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dispatch.aeds.health.policy import care_policy
from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.owners.effective import effective_values
from dispatch.aeds.owners.tree import Owner, OwnerLevel, OwnerTree
from dispatch.aeds.work_orders.assigning import owners_by_level
from dispatch.aeds.work_orders.record import Level

NOON = datetime(2026, 6, 17, 4, tzinfo=UTC)


def owner(number: int, level: str, parent: int | None, name: str = "", **policy: Any) -> Owner:
    return Owner(
        id=UUID(int=number),
        parent_id=None if parent is None else UUID(int=parent),
        level=OwnerLevel(level),
        name=name or f"{level} {number}",
        policy=policy,
        created_at=NOON,
        updated_at=NOON,
    )


TREE = OwnerTree(
    [
        owner(1, "province", None, heartbeat_overdue_s=1000, fence_m=50),
        owner(2, "city", 1, heartbeat_overdue_s=2000, due_within_s={"fault": 3600}),
        owner(3, "district", 2),
        owner(4, "venue", 3, "武林银泰", heartbeat_overdue_s=4000, due_within_s={"used": 7200}),
        owner(5, "venue", 1),
    ]
)


def test_what_a_venue_does_not_decide_is_inherited_value_by_value() -> None:
    policy = TREE.policy_of(UUID(int=4))
    assert (policy.heartbeat_overdue_s, policy.fence_m) == (4000, 50)
    assert (policy.due_within_s[Cause.FAULT], policy.due_within_s[Cause.USED]) == (3600, 7200)
    assert TREE.policy_of(UUID(int=3)).heartbeat_overdue_s == 2000
    assert TREE.policy_of(None) == care_policy([])
    assert TREE.policy_of(UUID(int=99)) == care_policy([])


def test_each_value_says_who_decided_it() -> None:
    owner_id = UUID(int=4)
    found = {
        each.name: each.decided_by.id.int if each.decided_by else None
        for each in effective_values(TREE.chain_of(owner_id), TREE.policy_of(owner_id))
    }
    assert (found["heartbeat_overdue_s"], found["fence_m"], found["battery_low_percent"]) == (4, 1, None)
    assert (found["due_within_s.fault"], found["due_within_s.used"], found["due_within_s.silent"]) == (2, 4, None)


def test_a_subtree_is_an_owner_and_everybody_below() -> None:
    assert {each.int for each in TREE.subtree_of(UUID(int=2))} == {2, 3, 4}
    assert TREE.subtree_of(UUID(int=99)) == frozenset()


def test_a_level_without_an_owner_is_answered_for_by_the_next_one_above() -> None:
    full = owners_by_level(TREE, UUID(int=4))
    assert [full[level].int for level in (Level.VENUE, Level.DISTRICT, Level.CITY, Level.PROVINCE)] == [4, 3, 2, 1]
    short = owners_by_level(TREE, UUID(int=5))
    assert [short[level].int for level in (Level.VENUE, Level.DISTRICT, Level.CITY, Level.PROVINCE)] == [5, 1, 1, 1]
    alone = owners_by_level(OwnerTree([owner(8, "venue", None)]), UUID(int=8))
    assert set(alone.values()) == {UUID(int=8)}


def test_a_name_is_found_however_it_is_spaced_and_only_when_there_is_one() -> None:
    found = TREE.find_by_name(" 武林 银泰")
    assert found is not None
    assert found.id.int == 4
    assert TREE.find_by_name("没有") is None
    twice = OwnerTree([owner(1, "city", None, "A"), owner(2, "city", None, "Ａ")])
    assert twice.find_by_name("a") is None


def test_a_policy_that_is_not_understood_leaves_what_is_above() -> None:
    tree = OwnerTree([owner(1, "city", None, fence_m=70), owner(2, "venue", 1, of_the_future=True)])
    assert tree.policy_of(UUID(int=2)).fence_m == 70


def test_rows_that_go_round_in_a_circle_end_all_the_same() -> None:
    tree = OwnerTree([owner(1, "city", 2), owner(2, "city", 1)])
    assert [each.id.int for each in tree.chain_of(UUID(int=1))] == [1]
    assert tree.all() == []
