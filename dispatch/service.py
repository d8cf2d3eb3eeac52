"""The service put together: every part made once, and handed to those who need it."""

import asyncio
import contextlib
import math
import time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import SecretStr

from dispatch.access.shared_counters import SharedCounters
from dispatch.access.tokens import TokenIssuer, secret_of
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.hours import is_open_at
from dispatch.aeds.record import Aed
from dispatch.aeds.views import aed_message
from dispatch.by_itself import ended, kept_going
from dispatch.centres.service import Centres
from dispatch.clock import Clock, SteadyClock
from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.answers import AnswerDesk
from dispatch.engine.due_times import DueTimes
from dispatch.engine.engine import Engine
from dispatch.engine.incidents import IncidentDesk
from dispatch.engine.journal import Journal
from dispatch.engine.lookout import Lookout
from dispatch.engine.mailbox_names import caller_mailbox, responder_mailbox
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.reach import Reach
from dispatch.engine.recording import Recording
from dispatch.engine.recovery import recover
from dispatch.engine.registry_links import RegistryLinks
from dispatch.engine.sos import SosDesk
from dispatch.engine.statements import STATEMENTS
from dispatch.engine.survey import Surveyor
from dispatch.engine.taking_in import TakingIn
from dispatch.engine.valhalla import ValhallaRouter
from dispatch.engine.views import IncidentViews
from dispatch.engine.waking import Waking
from dispatch.metrics import DATABASE_AWAY
from dispatch.operators.picture import Pictures
from dispatch.push.service import Push, PushSettings
from dispatch.push.vocabulary import custodian_of
from dispatch.realtime import mailboxes
from dispatch.realtime.care import SocketCare
from dispatch.realtime.conversation import ConversationParts
from dispatch.realtime.endpoint import SocketParts
from dispatch.realtime.hub import Hub
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.registry import Registry, Surroundings
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders import repository
from dispatch.responders.responder import Responder
from dispatch.responders.roster import Roster
from dispatch.responders.service import ResponderService
from dispatch.settings import Settings
from dispatch.sharing.sharing import SharingParts, sharing_of
from dispatch.standing import service_message
from dispatch.storage.availability import Availability, is_contention, is_outage
from dispatch.storage.database import Database, reaching_through
from dispatch.storage.line import NotAnswered
from dispatch.storage.retention import Keeping, Retention
from dispatch.tidying import Tidying
from dispatch.upkeep import Upkeep
from geo.place import Place

log = structlog.get_logger()

# A decision that the database has not written by then is journaled, and its alerts go out.
_DECISION_WITHIN_S = 1.5

_WAIT_FOR_DATABASE_S = 0.2
_HEARD_WITHIN_S = 2.0

# An emergency that nobody has touched for so long is none any more, and keeps no wrong clock in place.
_BUSY_FOR_S = 3 * 3600.0
# So long after something happened in an incident the next thing may happen at any moment.
_WAITED_FOR_S = 2.0

# After a larger import consoles read their map again instead of hearing of each device.
_AEDS_TOLD_SINGLY = 20

# What could not be written down while the database was away waits here, in the data folder.
_JOURNAL_FOLDER = "journal"


class Service:
    """The parts of one running service."""

    def __init__(self, settings: Settings, database_url: str, *, clock: Clock, policy: Policy) -> None:
        timezone = ZoneInfo(settings.timezone)
        secret = settings.secret.get_secret_value() if settings.secret else secret_of(settings.data_dir)
        self.settings = settings
        self.clock = clock
        self.tokens = TokenIssuer(secret, clock)
        self.database = Database(
            database_url,
            answer_within_s=_DECISION_WITHIN_S,
            direct_url=settings.database_direct_url,
            replica_url=settings.database_replica_url,
            replica_lag_s=settings.database_replica_lag_s,
        )
        self.counters = SharedCounters(settings.redis_url) if settings.redis_url else None
        self.hub = Hub()
        self.roster = Roster(timezone)
        self.directory = AedDirectory(settings.timezone)
        self.responders = ResponderService(self.database, self.roster, clock, timezone)
        self.responders.keeps_ways = settings.keep_positions_days > 0
        self.router = (
            ValhallaRouter(settings.routing_url, settings.routing_deadline_s, policy.travel)
            if settings.routing_url
            else None
        )
        self.push = Push(
            PushSettings(
                data_dir=settings.data_dir,
                secret=secret,
                vapid_subject=settings.vapid_subject,
                vapid_private_key=_revealed(settings.vapid_private_key),
                webhook_url=settings.webhook_url,
                webhook_secret=_revealed(settings.webhook_secret),
                allow_private=settings.push_allow_private,
            ),
            self.database,
            clock,
            phone_of=self._phone_of,
            name_of=lambda responder_id: self.roster.name_of(ResponderId(responder_id)),
        )
        messages = ResponderMessages(self.roster, self.directory)
        self.availability = Availability(clock)
        self.availability.on_change(self._tell_of_database)
        self.database.is_away = lambda: self.availability.is_away
        surroundings = Surroundings(
            settings,
            self.database,
            clock,
            self.tokens,
            self.push,
            self.database.is_away,
            partial(self._is_busy, math.inf),
        )
        self.registry = Registry(surroundings, self.directory, self._tell_of_aeds)
        self.aeds = self.registry.aeds
        self.journal_folder = settings.data_dir / _JOURNAL_FOLDER
        self.recording = Recording(self.database, self.availability, lambda: Journal.begun(self.journal_folder))
        self.engine = Engine(
            self.database,
            Surveyor(self.roster, self.directory, policy, timezone, self.router),
            self.hub,
            clock,
            IncidentViews(self.roster, messages, clock),
            messages,
            self.recording,
            self.push.channels,
        )
        self.lookout = Lookout(self.engine)
        self.registry_links = RegistryLinks(self.engine, self.aeds)
        self.reach = Reach(self.hub, self.push.channels, self.roster, self.availability, clock)
        self.availability.on_change(self.reach.database_changed)
        self.waking = Waking(self.engine, self.hub, self.push)
        self.taking_in = TakingIn(self.engine, self.availability)
        self.sos = SosDesk(self.engine, self.aeds, self.tokens)
        self.centres = Centres(settings, self.engine, self.sos)
        self.incidents = IncidentDesk(self.engine)
        self.answers = AnswerDesk(self.engine)
        self.acknowledgements = Acknowledgements(self.engine)
        self.taking_in.on_failover += [self.hub.number_no_more, self.acknowledgements.forget]
        self.due_times = DueTimes(self.engine)
        self.pictures = Pictures(self.hub, self.engine, self.roster, self.directory, clock)
        self.pictures.standing = self._standing
        self.care = SocketCare(
            self.hub, self.database, settings.heartbeat_s, availability=self.availability, clock=clock
        )
        self.upkeep = Upkeep(self.engine, self.responders, self.reach, self.availability, settings)
        self.retention = Retention(self.database.url, clock, Keeping.by(settings))
        self._tasks: list[asyncio.Task[None]] = []
        self._introduce()
        self.sharing = sharing_of(
            settings,
            SharingParts(self.engine, self.sos, self.acknowledgements, self.hub, self.reach, self.responders, clock),
        )
        if self.sharing is not None:
            self.availability.on_change(self.sharing.database_changed)

    def _introduce(self) -> None:
        """Have those who do not know each other hear of each other."""
        self.engine.on_calls = self.push.desk.poke
        self.engine.on_decided.append(self.registry_links.decided)
        self.aeds.on_settled.append(self.registry_links.settled)
        self.push.channels.on_change = self.reach.channels_changed
        self.hub.on_leaving = self.reach.left
        self.hub.on_arrival = self.reach.arrived
        self.engine.on_decided.append(self.waking.decided)
        self.push.arrivals.on_received = self.waking.received
        self.push.arrivals.on_tested = self.waking.tested
        self.push.tests.tell_socket = self.waking.tell_socket
        self.responders.on_leaving = self.answers.leave
        self.responders.on_duty_told = self._tell_of_duty
        self.acknowledgements.on_test = self.push.arrivals.over_socket

    def socket_parts(self) -> SocketParts:
        """What the socket endpoint needs."""
        conversation = ConversationParts(
            self.engine,
            self.answers,
            self.acknowledgements,
            self.responders,
            self.pictures,
            self.clock,
            start_test_alert=self.waking.start_test,
        )
        return SocketParts(
            hub=self.hub,
            database=self.database,
            tokens=self.tokens,
            clock=self.clock,
            conversation=conversation,
            heartbeat_s=self.settings.heartbeat_s,
            session_queue=self.settings.session_queue,
            availability=self.availability,
        )

    async def start(self) -> None:
        """Fill memory from the database and begin everything that runs by itself.

        While the database is away it is waited for: who calls meanwhile waits in the system's queue.
        """
        while True:
            # Nobody looks yet whether the database is back: a start has to find out by itself.
            reached = reaching_through.set(True)
            try:
                await self._fill_memory()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    raise
                log.warning("waiting for the database", error=str(getattr(error, "orig", None) or error).strip())
                await asyncio.sleep(_WAIT_FOR_DATABASE_S)
            else:
                break
            finally:
                reaching_through.reset(reached)
        self.recording.prepare()
        self.registry_links.recover()
        self._follow_clock()
        self.pictures.count_few_aeds()
        # Time zones and hours take a quarter of a second to be read for the first time: not in the first SOS.
        here = Place(self.settings.map_latitude, self.settings.map_longitude)
        is_open_at("24/7", here, self.clock.now(), self.settings.timezone)
        self.engine.surveyor.scene_at(here, now=self.clock.now())
        for work in (
            self.engine.feed.run,
            self.acknowledgements.run,
            self.due_times.run,
            self.due_times.run_audits,
            self.taking_in.run,
            self.lookout.run,
            self.registry_links.run,
            *self.push.works,
            self.pictures.run,
            self.care.run,
            *self.upkeep.works,
            self.retention.run,
            *self.database.works,
            *self.registry.works,
            *self.centres.works,
            *(self.sharing.works if self.sharing else ()),
            Tidying(partial(self._is_busy, _WAITED_FOR_S)).run,
        ):
            self._tasks.append(asyncio.create_task(kept_going(work)))
        log.info("service started", aeds=len(self.directory), responders=len(self.roster))

    async def _fill_memory(self) -> None:
        await self.registry.load(self.database)
        await self.responders.load()
        await self.database.warm([*STATEMENTS, *mailboxes.STATEMENTS, repository.SAVE_FIXES])
        await self.push.load()
        await self.taking_in.follow_timeline()
        await self.taking_in.take_in_journals(self.journal_folder)
        await recover(self.engine)

    async def stop(self) -> None:
        """Send everybody away with a come-back, write down what is only in memory, and end."""
        self.hub.close_all()
        if not await self.database.answers():
            # Nobody waits for a server that hangs. Those who do hear of it first: to cancel them takes ten seconds.
            self.availability.note_failure(NotAnswered("it does not answer at the end"))
            await self.database.hang_up(_HEARD_WITHIN_S)
        await self.push.drain()
        await ended(self._tasks)
        await self.due_times.drain()
        await self.registry.stop()
        self.database.sever()
        if not self.availability.is_away:
            for last in (self.acknowledgements.flush, self.responders.save_moved):
                with contextlib.suppress(Exception):
                    await last()
        if self.counters is not None:
            await self.counters.close()
        if self.sharing is not None:
            await self.sharing.close()
        if self.router is not None:
            await self.router.aclose()
        self.recording.close()
        await self.push.close()
        await self.centres.close()
        await self.database.close()

    def _follow_clock(self) -> None:
        """Have facts stay in order though the machine's clock is set, forward or back, now or while nobody ran."""
        if not isinstance(self.clock, SteadyClock):
            return
        self.clock.is_busy = partial(self._is_busy, _BUSY_FOR_S)
        self.clock.on_jump(self.roster.clock_jumped)
        newest = max((event.at for live in self.engine.open_incidents() for event in live.events), default=None)
        if newest is not None:
            self.clock.start_not_before(newest)

    def _is_busy(self, for_s: float) -> bool:
        lately_s = time.monotonic() - for_s
        return any(each.touched_s > lately_s for each in self.engine.live.going_on())

    def _standing(self) -> dict[str, Any]:
        return {
            "degraded": self.availability.is_away,
            "overdue": self.due_times.overdue,
            "dead_letters": self.due_times.dead_letters,
            "webhooks_disabled": self.centres.deliveries.disabled,
            "apart": self.sharing is not None and self.sharing.is_away,
        }

    def _phone_of(self, responder_id: str) -> str | None:
        subject = custodian_of(responder_id)
        if subject is not None:
            return self.registry.custodians.register.phone_of(subject)
        responder = self.roster.get(ResponderId(responder_id))
        return responder.phone if responder is not None else None

    def _tell_of_aeds(self, changed: list[Aed]) -> None:
        self.registry_links.registry_changed(changed)
        self.pictures.count_aeds_soon()
        if len(changed) > _AEDS_TOLD_SINGLY:
            self.hub.tell(OPERATORS, {"type": "aeds", "changed": len(changed)})
            return
        now = self.clock.now()
        for aed in changed:
            self.hub.tell(OPERATORS, aed_message(aed, usable=self.directory.is_usable(aed, now)))

    def _tell_of_database(self, availability: Availability) -> None:
        """Say aloud, to consoles and to those who wait for help, that the database is away or is back."""
        DATABASE_AWAY.set(availability.is_away)
        if availability.is_away:
            # Whoever waits on a server that hangs need not any longer.
            self.database.sever()
        message = service_message(availability)
        self.hub.tell(OPERATORS, message)
        for live in self.engine.open_incidents():
            for incident_id in (live.present.incident_id, *live.present.merged):
                self.hub.tell(caller_mailbox(incident_id), message)
        if not availability.is_away:
            self.hub.begin_again()
            self.engine.feed.show_untold()
            self.registry.catch_up()

    def _tell_of_duty(self, responder: Responder) -> None:
        message = {"type": "duty", "on_duty": responder.on_duty, "mode": responder.mode}
        self.hub.tell_everywhere(responder_mailbox(responder.responder_id), message)


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
