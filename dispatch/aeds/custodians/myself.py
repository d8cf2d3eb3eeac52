"""What one custodian sees: their devices, what is to be done, who stands in for whom."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from dispatch.aeds.custodians import repository
from dispatch.aeds.custodians.service import Custodians
from dispatch.aeds.health.explaining import explained
from dispatch.aeds.record import Readiness
from dispatch.aeds.work_orders.listing import OrderFilter
from dispatch.aeds.work_orders.service import WorkOrders
from dispatch.clock import Clock
from dispatch.locations import location_json
from dispatch.storage.database import Database
from geo.place import Place

# Nobody carries more devices than these about in their head; a page says when there are more.
_MOST_DEVICES = 500
_MOST_ORDERS = 500

# The ways to somebody's phones, for views.
WaysOf = Callable[[str, datetime], list[dict[str, Any]]]


class Myself:
    """Puts a custodian's page together. `ways_of` answers by subject."""

    def __init__(
        self, database: Database, clock: Clock, custodians: Custodians, orders: WorkOrders, ways_of: WaysOf
    ) -> None:
        self._database = database
        self._clock = clock
        self._custodians = custodians
        self._orders = orders
        self._ways_of = ways_of

    async def of(self, subject: str) -> dict[str, Any]:
        """Everything that concerns somebody now; of somebody whom the office has not entered, the devices alone."""
        now = self._clock.now()
        register = self._custodians.register
        custodian = register.get(subject)
        standing_in_for = register.stood_in_for(subject, now)
        async with self._database.statement() as connection:
            devices = await repository.devices_of(connection, [subject, *standing_in_for], _MOST_DEVICES + 1)
        orders, more = await self._orders.page(OrderFilter(concerns=subject), limit=_MOST_ORDERS)
        absences = await self._custodians.absences_of(subject)
        return {
            "custodian": None if custodian is None else self._custodians.as_json(custodian),
            "channels": self._ways_of(subject, now),
            "devices": [_device(row) for row in devices[:_MOST_DEVICES]],
            "devices_truncated": len(devices) > _MOST_DEVICES,
            "orders": orders,
            "orders_truncated": more is not None,
            "absences": [self._custodians.absence_as_json(each) for each in absences],
            "standing_in_for": standing_in_for,
        }


def _device(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "address": row.address,
        "place_detail": row.place_detail,
        "floor": row.floor,
        "location": location_json(Place(row.latitude, row.longitude)),
        "custodian": row.custodian,
        "readiness": row.readiness,
        "readiness_reasons": list(row.readiness_reasons),
        "readiness_at": row.readiness_at,
        "why": explained(row.readiness_reasons, Readiness(row.readiness)),
        "battery_expires_on": row.battery_expires_on,
        "pads_expire_on": row.pads_expire_on,
        "pads_child_expire_on": row.pads_child_expire_on,
    }
