"""Runs the decisions: takes a command, lets `rescue` decide, writes it down, and only then sends the messages."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from psycopg import IntegrityError, OperationalError

from dispatch.clock import Clock
from dispatch.encoding import to_json_text
from dispatch.engine import ledger
from dispatch.engine.ledger import Outgoing, Sent
from dispatch.engine.live_incident import LiveIncident
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.operator_feed import OperatorFeed
from dispatch.engine.statements import STATEMENTS
from dispatch.engine.survey import Surveyor
from dispatch.engine.views import IncidentViews
from dispatch.metrics import (
    ALERTS,
    ANSWER_SECONDS,
    COMMAND_SECONDS,
    CONFLICTS,
    EVENTS,
    OPEN_INCIDENTS,
    SOS_STEP_SECONDS,
)
from dispatch.problems import NotFound
from dispatch.realtime.hub import Hub
from dispatch.rescue.commands import (
    Accept,
    Command,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    Progress,
    Refused,
    SetCpr,
    Widen,
)
from dispatch.rescue.decide import Decision, decide
from dispatch.rescue.events import Accepted, Declined, Event, Offered
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.notices import Notice, NoticeKind, concerns_caller, responder_notices
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AlertId, IncidentId, IncidentState, ResponderId
from dispatch.responders.responder import Engagement
from dispatch.storage.database import Database
from geo.distance import distance_m

log = structlog.get_logger()

# A decision that lost to another worker's, or to a responder who has just been taken, is decided anew this often.
_TRIES = 5

_RESPONDER_TAKEN = "uq_alerts_active_responder"

# After these commands a new wave may be needed, so the scene is looked at.
_MAY_ALERT = (Accept, Decline, Progress, LetTimePass, Widen, ExpectAmbulance, SetCpr)


class Engine:
    """Commands in, events and messages out. Holds nothing that the database could not give back."""

    def __init__(
        self,
        database: Database,
        surveyor: Surveyor,
        hub: Hub,
        clock: Clock,
        views: IncidentViews,
        messages: ResponderMessages,
    ) -> None:
        self.database = database
        self.surveyor = surveyor
        self.roster = surveyor.roster
        self.hub = hub
        self.clock = clock
        self.views = views
        self.messages = messages
        self.answer_history = surveyor.answer_history()
        self.feed = OperatorFeed(database, hub, self)
        self._live: dict[IncidentId, LiveIncident] = {}

    # --- what there is ---

    async def incident(self, incident_id: IncidentId) -> LiveIncident:
        """The incident of that id, from memory or the database. Raises `NotFound`."""
        live = self._live.setdefault(incident_id, LiveIncident())
        async with live.lock:
            await self._loaded(incident_id, live)
        return live

    def open_incidents(self) -> list[LiveIncident]:
        """The incidents in memory that have not ended, newest first."""
        going_on = [each for each in self._live.values() if each.incident is not None and not each.incident.is_ended]
        return sorted(going_on, key=lambda each: each.present.opened_at, reverse=True)

    async def recover(self) -> None:
        """Go on where a previous process stopped: open incidents, who is bound, what operators were not told."""
        await self.database.warm(STATEMENTS)
        states = [each.value for each in IncidentState if each not in IncidentState.ended_states()]
        lately = self.clock.now() - timedelta(seconds=self.surveyor.policy.duplicate_s)
        async with self.database.statement() as connection:
            remembered = await ledger.incident_ids(connection, states=states, limit=100_000, or_opened_after=lately)
            not_shown = await ledger.not_shown(connection)
        for incident_id in remembered:
            try:
                await self.incident(incident_id)
            except Exception:
                # One incident that cannot be read must not keep all others from being served.
                log.exception("incident not recovered", incident_id=incident_id)
        await self._learn_engagements()
        await self.answer_history.load(self.database, self.clock.now())
        for incident_id in not_shown:
            self.feed.show(incident_id)
        self._count_open()

    def forget_ended(self) -> None:
        """Let go of incidents that have ended and been told; a later question loads them again."""
        lately = self.clock.now() - timedelta(seconds=self.surveyor.policy.duplicate_s)
        ended = [
            incident_id
            for incident_id, live in self._live.items()
            if not live.lock.locked()
            and (live.incident is None or (live.incident.is_ended and live.incident.opened_at < lately))
            and not self.feed.is_waiting(incident_id)
        ]
        for incident_id in ended:
            del self._live[incident_id]

    # --- what happens ---

    async def command(self, incident_id: IncidentId, command: Command, *, by: str) -> Incident:
        """Carry out one command. Raises `NotFound` and `rescue.commands.Refused`; then nothing has changed.

        Once begun it goes on to its end, whatever becomes of who asked: what is committed must also be told.
        """
        decision = await asyncio.shield(asyncio.ensure_future(self._carry_out(incident_id, command, by)))
        return decision.incident

    async def let_time_pass(self, incident_id: IncidentId) -> datetime | None:
        """Do what has come due in an incident; returns when to look again, if it is still short of somebody."""
        return (await self._carry_out(incident_id, LetTimePass(), "system")).look_again_at

    async def _carry_out(self, incident_id: IncidentId, command: Command, by: str) -> Decision:
        started = time.perf_counter()
        live = self._live.setdefault(incident_id, LiveIncident())
        async with live.lock:
            for _ in range(_TRIES):
                incident = await self._loaded(incident_id, live)
                decision = decide(incident, command, await self._scene_for(incident, command), by=by)
                if not decision.events or await self._recorded(live, decision, command):
                    COMMAND_SECONDS.labels(type(command).__name__).observe(time.perf_counter() - started)
                    return decision
        raise RuntimeError(f"{type(command).__name__} on {incident_id} lost to other decisions {_TRIES} times")

    async def open(self, decision: Decision, *, request_id: str, receipt: bytes) -> None:
        """Write down and send a decision that opens an incident. Raises `IntegrityError` when it may not be.

        The caller sees to it that this is not cancelled half-way.
        """
        self._reserve(decision)
        try:
            with SOS_STEP_SECONDS.labels("render").time():
                outgoing = self._outgoing(decision)
            with SOS_STEP_SECONDS.labels("commit").time():
                sent = await ledger.record_opening(
                    self.database, decision, outgoing, request_id=request_id, receipt=receipt
                )
        except BaseException:
            self._release(decision)
            raise
        live = LiveIncident()
        live.take_in(decision)
        self._live[decision.incident.incident_id] = live
        with SOS_STEP_SECONDS.labels("deliver").time():
            self._after_commit(decision, sent)

    def likely_duplicates(self, incident: Incident) -> list[IncidentId]:
        """Other incidents so near in place and time that they are likely the same emergency."""
        policy = self.surveyor.policy
        others = (each.incident for each in self._live.values())
        return [
            other.incident_id
            for other in others
            if other is not None
            and other.incident_id != incident.incident_id
            and abs((other.opened_at - incident.opened_at).total_seconds()) <= policy.duplicate_s
            and distance_m(other.place, incident.place) <= policy.duplicate_m
        ]

    # --- how ---

    async def _scene_for(self, incident: Incident, command: Command) -> Scene:
        if isinstance(command, _MAY_ALERT) and not incident.is_ended:
            scene = self.surveyor.scene_at(
                incident.place,
                now=self.clock.now(),
                incident=incident,
                times_widened=incident.times_widened + isinstance(command, Widen),
            )
            return await self.surveyor.with_streets(scene, incident.place)
        return self.surveyor.bare_scene(self.clock.now())

    async def _loaded(self, incident_id: IncidentId, live: LiveIncident) -> Incident:
        if live.incident is not None:
            return live.incident
        async with self.database.statement() as connection:
            events = await ledger.load_events(connection, incident_id)
            if not events:
                self._live.pop(incident_id, None)
                raise NotFound(f"There is no incident {incident_id}.")
            live.shown_version = await ledger.shown_version(connection, incident_id)
        live.incident = fold(incident_id, events)
        live.events = events
        return live.incident

    async def _recorded(self, live: LiveIncident, decision: Decision, command: Command) -> bool:
        """Write a decision down and send it; False when somebody else was faster and it must be taken anew."""
        incident = decision.incident
        self._reserve(decision)
        outgoing: list[Outgoing] = []
        try:
            outgoing = self._outgoing(decision)
            sent = await ledger.record_decision(self.database, decision, outgoing)
        except IntegrityError as error:
            self._release(decision)
            CONFLICTS.labels(_constraint_of(error)).inc()
            log.info("decided anew", incident_id=incident.incident_id, clash=_constraint_of(error))
            if _constraint_of(error) != _RESPONDER_TAKEN:
                live.incident, live.events = None, []
            elif isinstance(command, Accept) and not _offers(decision):
                raise Refused("engaged_elsewhere", "You are on another alert.") from error
            await self.resolve_clash(error)
            return False
        except OperationalError:
            # It may have been written all the same: memory knows nothing of it, and what is kept tells those concerned.
            self._release(decision)
            live.incident, live.events = None, []
            for recipient in {each.recipient for each in outgoing}:
                self.hub.read_again(recipient)
            self.feed.show(incident.incident_id)
            raise
        except BaseException:
            self._release(decision)
            raise
        live.take_in(decision)
        self._after_commit(decision, sent)
        return True

    async def tell_again(self, incident_id: IncidentId) -> None:
        """Go on with an incident that was written down though its answer was lost: nobody has heard of it yet."""
        incident = (await self.incident(incident_id)).present
        self.hub.read_again(caller_mailbox(incident_id))
        for alert in incident.alerts.values():
            if alert.is_active:
                engagement = Engagement(incident_id, alert.alert_id, alert.is_engaged)
                self.roster.engage(alert.responder_id, engagement)
            self.hub.read_again(responder_mailbox(alert.responder_id))
        self.feed.show(incident_id)

    async def resolve_clash(self, error: IntegrityError) -> None:
        """Learn what made a decision impossible, so that the next try does not run into it."""
        if _constraint_of(error) == _RESPONDER_TAKEN:
            await self._learn_engagements()

    async def _learn_engagements(self) -> None:
        """Somebody whom the roster thought free is not: ask the database who is bound."""
        async with self.database.statement() as connection:
            bound = await ledger.active_alerts(connection)
        for responder_id, engagement in bound.items():
            live = self._live.get(engagement.incident_id)
            alert = live.incident.alerts.get(engagement.alert_id) if live and live.incident else None
            # Memory may have moved on while the question was under way.
            has_ended = alert is not None and not alert.is_active
            if self.roster.engagement_of(responder_id) is None and not has_ended:
                self.roster.engage(responder_id, engagement)

    def _reserve(self, decision: Decision) -> None:
        """Take those on offer out of everybody else's reach before the commit: no two SOS here choose one."""
        incident = decision.incident
        for event in decision.events:
            if isinstance(event.what, Offered):
                engagement = Engagement(incident.incident_id, event.what.alert_id, accepted=False)
                self.roster.engage(event.what.responder_id, engagement)

    def _release(self, decision: Decision) -> None:
        for event in decision.events:
            if isinstance(event.what, Offered):
                self.roster.release(event.what.responder_id, event.what.alert_id)

    def _outgoing(self, decision: Decision) -> list[Outgoing]:
        """The messages that a decision owes: to responders, and to the caller where it concerns them."""
        incident = decision.incident
        messages = [self._responder_message(incident, notice) for notice in responder_notices(decision.events)]
        if concerns_caller(decision.events) and decision.events[0].number > 1:
            view = {"type": "incident", **self.views.for_caller(incident, decision.events)}
            messages.append(Outgoing(caller_mailbox(incident.incident_id), to_json_text(view)))
        return messages

    def _responder_message(self, incident: Incident, notice: Notice) -> Outgoing:
        alert = incident.alerts[notice.alert_id]
        if notice.kind is NoticeKind.ALERT:
            message = self.messages.alert(incident, alert)
        elif notice.kind is NoticeKind.ASSIGNMENT:
            message = self.messages.assignment(incident, alert)
        else:
            message = self.messages.stand_down(incident, alert)
        offered = alert.alert_id if notice.kind is NoticeKind.ALERT else None
        return Outgoing(responder_mailbox(alert.responder_id), to_json_text(message), offered)

    def _after_commit(self, decision: Decision, sent: Sequence[Sent]) -> None:
        for message in sent:
            self.hub.deliver(message.recipient, message.seq, message.body)
        self._keep_roster(decision)
        self.feed.show(decision.incident.incident_id)
        # The sockets are written when this turn of the loop ends: what else there is to do must not keep them waiting.
        asyncio.get_running_loop().call_soon(self._look_back, decision)

    def _look_back(self, decision: Decision) -> None:
        self.answer_history.learn(decision)
        self._count(decision)

    def _keep_roster(self, decision: Decision) -> None:
        incident = decision.incident
        # Those who have just been offered something were taken out of everybody's reach before the commit.
        for alert_id in dict.fromkeys(map(_alert_id_unless_offered, decision.events)):
            if alert_id is None:
                continue
            alert = incident.alerts[alert_id]
            if alert.is_active:
                engagement = Engagement(incident.incident_id, alert_id, alert.is_engaged)
                self.roster.engage(alert.responder_id, engagement)
            else:
                self.roster.release(alert.responder_id, alert_id)

    def _count(self, decision: Decision) -> None:
        for event in decision.events:
            EVENTS.labels(event.kind).inc()
            match event.what:
                case Offered(role=role):
                    ALERTS.labels(role.value).inc()
                case Accepted(alert_id=alert_id) | Declined(alert_id=alert_id):
                    alert = decision.incident.alerts[alert_id]
                    ANSWER_SECONDS.labels(event.kind).observe((event.at - alert.offered_at).total_seconds())
                case _:
                    pass
        self._count_open()
        log.info(
            "incident",
            incident_id=decision.incident.incident_id,
            state=decision.incident.state.value,
            version=decision.incident.version,
            events=[event.kind for event in decision.events if not isinstance(event.what, Offered)],
            alerted=sum(isinstance(event.what, Offered) for event in decision.events),
        )

    def _count_open(self) -> None:
        OPEN_INCIDENTS.set(
            sum(1 for each in self._live.values() if each.incident is not None and not each.incident.is_ended)
        )


def _offers(decision: Decision) -> bool:
    return any(isinstance(event.what, Offered) for event in decision.events)


def new_incident_id() -> IncidentId:
    """An id nobody can guess."""
    return IncidentId(str(uuid4()))


def responder_mailbox(responder_id: ResponderId) -> str:
    """The recipient name of a responder."""
    return f"responder:{responder_id}"


def caller_mailbox(incident_id: IncidentId) -> str:
    """The recipient name of an incident's caller."""
    return f"caller:{incident_id}"


def _alert_id_unless_offered(event: Event) -> AlertId | None:
    return None if isinstance(event.what, Offered) else getattr(event.what, "alert_id", None)


def _constraint_of(error: IntegrityError) -> str:
    return error.diag.constraint_name or "unknown"
