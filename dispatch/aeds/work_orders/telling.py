"""Tells people of their work orders: what has gathered for one person is one message, and nobody is told all the time.

One message to one person in a quarter of an hour at the most; where something is urgent, in a minute. Custodians are
told by their devices and, with a hook, by telephone; owners by telephone. Alerts share those ways: only a few messages
of this kind are queued at any time (see `dispatch.push.order_jobs`), the rest waits in its own table.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.custodians.register import CustodianRegister
from dispatch.aeds.owners.tree import OwnerTree
from dispatch.aeds.work_orders import waiting
from dispatch.aeds.work_orders.record import URGENT
from dispatch.aeds.work_orders.waiting import OrderTold
from dispatch.clock import Clock
from dispatch.push import order_jobs
from dispatch.push.order_jobs import Device, OrderMessage, Room
from dispatch.push.vocabulary import HOOK_SERVICE, custodian_of, owner_of
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

_LOOK_EVERY_S = 1.0
_FORGET_EVERY_S = 60.0
# Forgotten a little before they are too late: what is too late is a dead letter, which the 120 centre would look after.
_FORGOTTEN_BEFORE = timedelta(seconds=2 * _FORGET_EVERY_S)

# Recipients told in one transaction.
_AT_ONCE = 20
# Of several orders only the first are told whole; a push message has four kilobytes.
_SHOWN = 3

_PASSED_OVER_FOR = timedelta(seconds=10)
_USEFUL_FOR = timedelta(days=1)


class Telling:
    """Any number of these share the notices. What is told, and that it was told, is one transaction.

    `has_hook`: whether telephones can be told; `on_queued` is called when there is something new to be sent.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tree: OwnerTree,
        register: CustodianRegister,
        timezone: ZoneInfo,
        *,
        has_hook: bool,
        on_queued: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._tree = tree
        self._register = register
        self._timezone = timezone
        self._has_hook = has_hook
        self._on_queued = on_queued
        # Who waits because all ways to them are full keeps nobody waiting to whom there is room.
        self._passed_over: dict[str, datetime] = {}

    async def run(self) -> None:
        """Tell, again and again, until cancelled."""
        while True:
            try:
                told = _AT_ONCE
                while told >= _AT_ONCE:
                    told = await self.act()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("work orders not told")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def run_forgetting(self) -> None:
        """Forget what nobody asks about any more, until cancelled."""
        while True:
            try:
                await self.forget()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("old notices of work orders not forgotten")
            await asyncio.sleep(_FORGET_EVERY_S)

    async def forget(self) -> None:
        """Forget what was told long ago, and what could not be sent in time."""
        now = self._clock.now()
        async with self._database.statement() as connection:
            await waiting.forget_old(connection, now)
            await order_jobs.forget_late(connection, now + _FORGOTTEN_BEFORE)

    async def act(self) -> int:
        """Tell those whose turn it is, unless somebody else does; how many those were."""
        now = self._clock.now()
        async with self._database.statement() as connection:
            recipients = await waiting.ready(connection, now, most=_AT_ONCE, passed_over=self._waiting(now))
        if not recipients:
            return 0
        async with self._database.transaction() as connection:
            taken = await waiting.take(connection, recipients)
            news = await waiting.still_news(connection, taken)
            messages, without_room = await self._messages(connection, news, now)
            await order_jobs.add(connection, messages, now)
            told = {each.recipient: {order.order_id for order in news[each.recipient]} for each in messages}
            await waiting.mark_told(connection, told, now)
            over = {
                recipient: of_one.keys() - told.get(recipient, set())
                for recipient, of_one in taken.items()
                if recipient not in without_room
            }
            await waiting.drop(connection, over)
        self._passed_over |= dict.fromkeys(without_room, now + _PASSED_OVER_FOR)
        if messages:
            self._on_queued()
        # Not those that somebody else is telling at the moment: to ask for them again at once would not help.
        return len(taken)

    def _waiting(self, now: datetime) -> list[str]:
        self._passed_over = {
            each: until for each, until in self._passed_over.items() if now < until <= now + _PASSED_OVER_FOR
        }
        return list(self._passed_over)

    async def _messages(
        self, connection: AsyncConnection, news: Mapping[str, Sequence[OrderTold]], now: datetime
    ) -> tuple[list[OrderMessage], set[str]]:
        """What is to be sent now, and who has to wait because all ways to them are full."""
        custodians = [each for each in map(custodian_of, news) if each is not None]
        owners = [each for each in map(owner_of, news) if each is not None]
        open_orders = await waiting.open_orders(connection, custodians, owners)
        devices = await order_jobs.devices_of(connection, list(news))
        room = await order_jobs.room(connection)
        messages: list[OrderMessage] = []
        without_room: set[str] = set()
        for recipient, orders in news.items():
            message = self._message(recipient, orders, open_orders.get(recipient, len(orders)), now)
            ways = len(devices.get(recipient, ())) + (message.phone is not None)
            message = _as_far_as_there_is_room(replace(message, devices=devices.get(recipient, ())), room)
            if message.devices or message.phone is not None:
                messages.append(message)
            elif ways:
                without_room.add(recipient)
        return messages, without_room

    def _message(self, recipient: str, orders: Sequence[OrderTold], in_all: int, now: datetime) -> OrderMessage:
        payload: dict[str, Any] = {
            "type": "work_order",
            "count": len(orders),
            "urgent": sum(each.urgency >= URGENT for each in orders),
            "open": max(in_all, len(orders)),
            "due_text": orders[0].due_at.astimezone(self._timezone).strftime("%Y-%m-%d %H:%M"),
            "orders": [each.as_json() for each in orders[:_SHOWN]],
        }
        language, phone = self._language_and_phone(recipient)
        return OrderMessage(
            recipient=recipient,
            payload=payload,
            language=language,
            devices=(),
            phone=phone if self._has_hook else None,
            useful_until=now + _USEFUL_FOR,
        )

    def _language_and_phone(self, recipient: str) -> tuple[str, str | None]:
        subject, owner_id = custodian_of(recipient), owner_of(recipient)
        custodian = self._register.get(subject)
        if custodian is not None:
            return custodian.language, custodian.phone
        owner = self._tree.get(UUID(owner_id)) if owner_id is not None else None
        return "zh", owner.phone if owner is not None else None


def _as_far_as_there_is_room(message: OrderMessage, room: Room) -> OrderMessage:
    devices: list[Device] = [each for each in message.devices if room.take(each.service)]
    phone = message.phone if message.phone is not None and room.take(HOOK_SERVICE) else None
    return replace(message, devices=devices, phone=phone)
