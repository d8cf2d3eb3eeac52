"""The parts of the AED registry, put together."""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.access.tokens import TokenIssuer
from dispatch.aeds.custodians.myself import Myself
from dispatch.aeds.custodians.turning import AbsenceTurns
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.doors import DoorWatch
from dispatch.aeds.figures.service import Figures
from dispatch.aeds.intake.mqtt import MqttIntake
from dispatch.aeds.judging import Judges
from dispatch.aeds.open_data.publishing import OpenData
from dispatch.aeds.owners import districts
from dispatch.aeds.placing.service import PlacingDesk
from dispatch.aeds.record import Aed
from dispatch.aeds.searching.search import AedSearch
from dispatch.aeds.service import AedService
from dispatch.aeds.settling.following import Following
from dispatch.aeds.tiles.hours_keeper import HoursKeeper
from dispatch.aeds.tiles.tiles import Tiles
from dispatch.aeds.work_orders.service import WorkOrders
from dispatch.aeds.work_orders.telling import Telling
from dispatch.clock import Clock
from dispatch.push.service import Push
from dispatch.push.vocabulary import custodian_recipient
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.one_of_all import OneOfAll

# The number of the turn to hear the broker.
_MQTT = 1

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the registry stands on."""

    settings: Settings
    database: Database
    clock: Clock
    tokens: TokenIssuer
    push: Push
    is_away: Callable[[], bool]
    is_busy: Callable[[], bool]


class Registry:
    """`aeds` is the way to every device; the other parts know who owns them, who sees to them, and how they look."""

    def __init__(self, of: Surroundings, directory: AedDirectory, on_change: Callable[[list[Aed]], None]) -> None:
        settings, database, clock, push = of.settings, of.database, of.clock, of.push
        timezone = ZoneInfo(settings.timezone)
        self._directory = directory
        self._is_away = of.is_away
        self._on_change = on_change
        self._judges = judges = Judges(database, clock, settings.timezone)
        self.owners, self.custodians, self.records = judges.owners, judges.custodians, judges.records
        tree, register, settling = self.owners.tree, self.custodians.register, judges.settling
        self.aeds = AedService(database, directory, clock, self._changed, settling)
        self.aeds.on_settled.append(self.records.settled)
        self.aeds.reports.stands_in = self.custodians.may_act_for
        self.placing = PlacingDesk(database, clock, self.aeds)
        self.orders = WorkOrders(database, clock, tree, register)
        self.figures = Figures(database, clock, tree, timezone)
        self.open_data = OpenData(directory, clock.now, settings.open_data_licence)
        self.search = AedSearch(directory)
        self.tiles = Tiles(database.url, clock, timezone, is_away=of.is_away)
        self._doors = DoorWatch(directory.doors, clock)
        self._hours = HoursKeeper(database, clock, settings.timezone, self.tiles.hours_read)
        self.custodian_pages = Myself(
            database,
            clock,
            self.custodians,
            self.orders,
            lambda subject, now: push.channels.channels_of(custodian_recipient(subject), now),
        )
        self._telling = Telling(
            database, clock, tree, register, timezone, has_hook=push.desk.has_hook, on_queued=push.desk.poke
        )
        self._following = Following(database.url, clock, settling.writer, self.aeds.refresh, self.aeds.catch_up)
        self._turns = AbsenceTurns(database, clock, self.custodians)
        self._districts = districts.DistrictFilling(database, of.is_busy)
        self._database_url = database.url
        self._mqtt = (
            MqttIntake(settings.mqtt_url.get_secret_value(), settings.mqtt_topic, self.aeds.reports, of.tokens)
            if settings.mqtt_url is not None
            else None
        )

    async def load(self, database: Database) -> None:
        """Fill memory from the database."""
        await self._directory.load(database)
        await self._judges.load()
        self.search.know(self._directory)
        self.tiles.know(self._directory)

    def catch_up(self) -> None:
        """The database was away: what was committed meanwhile, by whomever, is to be read."""
        self._following.note_absence()

    @property
    def works(self) -> tuple[Work, ...]:
        """What it does by itself, each until cancelled."""
        return (
            self.aeds.due.run,
            self.aeds.due.run_adoption,
            self.aeds.due.run_audits,
            self.owners.follow,
            self.custodians.follow,
            self.records.run,
            self._turns.run,
            self._telling.run,
            self._telling.run_forgetting,
            self._following.run,
            self._following.run_single,
            self._following.run_refreshing,
            self._hours.run,
            self._doors.run,
            self._districts.run,
            # The broker knows one session of ours.
            *(() if self._mqtt is None else (OneOfAll(self._database_url, _MQTT, self._mqtt.run).run,)),
        )

    async def stop(self) -> None:
        """Settle what waits, and let go of what is held."""
        await self.aeds.reports.gathering.drain()
        if not self._is_away():
            with contextlib.suppress(Exception):
                await self.records.write()
        await self.tiles.close()

    def _changed(self, changed: list[Aed]) -> None:
        self.search.changed(changed)
        self.tiles.changed(changed)
        self._hours.changed(changed)
        self._on_change(changed)
