"""A work order as others see it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from dispatch.aeds.custodians.register import CustodianRegister
from dispatch.aeds.owners.tree import OwnerTree
from dispatch.aeds.work_orders.repository import order_of
from dispatch.locations import location_json
from geo.place import Place


def as_json(row: Row[Any], tree: OwnerTree, register: CustodianRegister, now: datetime) -> dict[str, Any]:
    """A row of `listing`, with names."""
    order = order_of(row)
    owner = tree.get(order.owner_id)
    return {
        "id": order.id,
        "aed_id": order.aed_id,
        "aed_name": row.aed_name,
        "aed_location": location_json(Place(row.latitude, row.longitude)),
        "cause": order.cause,
        "urgency": order.urgency,
        "state": "open" if order.is_open else "closed",
        "opened_at": order.opened_at,
        "since": order.since,
        "due_at": order.due_at,
        "overdue": order.due_at < (order.closed_at or now),
        "level": order.level,
        "assignee": order.assignee,
        "assignee_name": register.name_of(order.assignee),
        "owner_id": order.owner_id,
        "owner_name": owner.name if owner is not None else None,
        "what": {"zh": order.what.get("zh", ""), "en": order.what.get("en", "")},
        "escalations": [each.as_json() for each in order.escalations],
        "acknowledged_at": order.acknowledged_at,
        "acknowledged_by": order.acknowledged_by,
        "closed_at": order.closed_at,
        "closed_by": order.closed_by,
        "note": order.note,
    }
