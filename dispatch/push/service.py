"""Waking phones, put together: what the rest of the service holds on to."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from dispatch.clock import Clock, SystemClock
from dispatch.push.arrivals import Arrivals
from dispatch.push.channels import Channels
from dispatch.push.courier import Courier
from dispatch.push.dead_letters import DeadLetters
from dispatch.push.desk import PushDesk, Sender, Work
from dispatch.push.receipts import ReceiptIssuer
from dispatch.push.subscriptions import Subscriptions
from dispatch.push.test_alerts import TestAlerts
from dispatch.push.vapid import Vapid, vapid_key_from, vapid_key_of
from dispatch.push.vocabulary import Channel
from dispatch.push.web_push import WebPush
from dispatch.push.webhook import Hook
from dispatch.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings:
    """What the settings say about waking phones. `secret` signs receipts: the one that signs tokens."""

    data_dir: Path
    secret: str
    vapid_subject: str | None = None
    vapid_private_key: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    allow_private: bool = False


class Push:
    """The parts: `desk` wakes, `channels` knows the ways, `subscriptions`, `tests`, `arrivals`, `dead_letters` serve.

    `phone_of` and `name_of` answer for a responder as they are now; `wall_clock` tells true time, by which whoever is
    behind the hook goes. Raises `NoVapidKey`, `BadHook`.
    """

    def __init__(
        self,
        settings: PushSettings,
        database: Database,
        clock: Clock,
        *,
        phone_of: Callable[[str], str | None],
        name_of: Callable[[str], str],
        tls: ssl.SSLContext | None = None,
        wall_clock: Clock | None = None,
    ) -> None:
        key = vapid_key_from(settings.vapid_private_key) if settings.vapid_private_key else None
        vapid = Vapid(key or vapid_key_of(settings.data_dir), settings.vapid_subject)
        receipts = ReceiptIssuer(settings.secret)
        tls = tls or httpx.create_ssl_context()
        self._couriers = [Courier(allow_private=settings.allow_private, tls=tls)]
        senders: dict[Channel, Sender] = {Channel.WEB_PUSH: WebPush(self._couriers[0], vapid, receipts)}
        if settings.webhook_url is not None:
            # Named by whoever runs the service: it may well stand in their own network.
            self._couriers.append(Courier(allow_private=True, tls=tls))
            senders[Channel.WEBHOOK] = Hook(
                self._couriers[1], settings.webhook_url, settings.webhook_secret, receipts, wall_clock or SystemClock()
            )
        self.public_key = vapid.public_key
        self.channels = Channels(database, has_hook=Channel.WEBHOOK in senders, phone_of=phone_of)
        self.desk = PushDesk(database, clock, senders, self.channels)
        self.subscriptions = Subscriptions(database, self.channels, clock, allow_private=settings.allow_private)
        self.tests = TestAlerts(database, self.desk, clock)
        self.arrivals = Arrivals(database, receipts, self.channels, clock)
        self.dead_letters = DeadLetters(database, self.desk, clock, name_of)

    async def load(self) -> None:
        """Fill memory from the database, before anybody is counted on."""
        await self.channels.refresh()

    @property
    def works(self) -> tuple[Work, ...]:
        """What it does by itself: send what is due, for one; each until cancelled."""
        return self.desk.works

    async def drain(self) -> None:
        """Take nothing more and let what is under way end; before `works` are cancelled."""
        await self.desk.drain()

    async def close(self) -> None:
        """Let go of everything; after `works` are cancelled, before the database is closed."""
        await self.desk.close()
        for courier in self._couriers:
            await courier.close()
