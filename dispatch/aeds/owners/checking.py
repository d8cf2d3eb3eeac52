"""Whether an owner may stand where it is put: pure. What is wrong is said with the names of those concerned."""

from dispatch.aeds.health.policy import InvalidPolicy, care_policy
from dispatch.aeds.owners.tree import Owner, OwnerTree, plain_name
from dispatch.problems import Conflict, InvalidField


def check_owner(tree: OwnerTree, owner: Owner) -> None:
    """Raises `InvalidField` or `Conflict` when the tree with this owner, new or changed, would not be in order."""
    _check_parent(tree, owner)
    _check_name(tree, owner)
    _check_policies(tree, owner)


def _check_parent(tree: OwnerTree, owner: Owner) -> None:
    if owner.parent_id is not None:
        parent = tree.get(owner.parent_id)
        if owner.parent_id == owner.id:
            raise InvalidField("parent_id", f"{owner.name} cannot stand above itself.")
        if parent is None:
            raise InvalidField("parent_id", "There is no owner of this id.")
        if parent.id in tree.subtree_of(owner.id):
            raise InvalidField("parent_id", f"{parent.name} stands below {owner.name}: it cannot stand above it too.")
        if parent.level.rank >= owner.level.rank:
            raise InvalidField(
                "level",
                f"{owner.name} is a {owner.level} and cannot stand below {parent.name}, a {parent.level}: "
                "the order is province, city, district, venue.",
            )
    for child in tree.children_of(owner.id):
        if child.level.rank <= owner.level.rank:
            raise InvalidField(
                "level",
                f"{child.name}, a {child.level}, stands below {owner.name} and cannot stand below a {owner.level}.",
            )


def _check_name(tree: OwnerTree, owner: Owner) -> None:
    wanted = plain_name(owner.name)
    for sibling in tree.children_of(owner.parent_id):
        if sibling.id != owner.id and plain_name(sibling.name) == wanted:
            # Lists name owners by name alone.
            raise Conflict(f"There is an owner {sibling.name} in the same place already.", code="name_taken")


def _check_policies(tree: OwnerTree, owner: Owner) -> None:
    above = [each.policy for each in tree.chain_of(owner.parent_id)]
    try:
        care_policy([*above, owner.policy])
    except InvalidPolicy as error:
        raise InvalidField(f"policy.{error.field}", error.problem) from error
    # What is in order here may go badly with what somebody below has decided.
    for below_id in tree.subtree_of(owner.id) - {owner.id}:
        chain = tree.chain_of(below_id)
        if not chain[-1].policy:
            continue
        under = [each.policy for each in chain[[each.id for each in chain].index(owner.id) + 1 :]]
        try:
            care_policy([*above, owner.policy, *under])
        except InvalidPolicy as error:
            problem = f"with it, the policy of {chain[-1].name} would not hold: {error.problem}"
            raise InvalidField(f"policy.{error.field}", problem) from error
