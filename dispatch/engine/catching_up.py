"""Brings incidents' rows in PostgreSQL up to what memory or a journal knows of them."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import structlog
from psycopg import IntegrityError

from dispatch.engine import guards, ledger
from dispatch.engine.decision_codec import JournaledDecision
from dispatch.engine.lagging import Lagging, are_whole
from dispatch.engine.ledger import CatchUp
from dispatch.engine.live_incident import LiveIncident
from dispatch.engine.two_ways import Fork, TwoWays
from dispatch.rescue.course import Course
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertId
from dispatch.rescue.wakes import Wake, WakeKind

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()

_TRIES = 5


class CatchingUp:
    """Writes what the database lacks of incidents, once, and tells those concerned how things stand."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._two_ways = TwoWays(engine)

    async def write(self, together: Sequence[Lagging]) -> None:
        """Bring incidents that stand or fall together up to what memory and journal know of them, all or none.

        Afterwards the `decisions` of each are those that are written as they were taken: what had to be decided on the
        way came to them, and nothing is left of what had to be said again. Whoever asks holds the locks.
        """
        for _ in range(_TRIES):
            async with self._engine.database.statement() as connection:
                for each in together:
                    each.written = await ledger.load_events(connection, each.incident_id)
            known = [each for each in together if each.is_opened]
            for each in together:
                if not each.is_opened:
                    log.error("journaled decisions of an incident that was never opened", incident_id=each.incident_id)
            if any(each.went_two_ways for each in known):
                await self._retell(known)
                return
            incidents = [(each, each.incident()) for each in known]
            if not are_whole((incident for _, incident in incidents), [each.incident_id for each in together]):
                await self._retell(known)
                return
            # Of one that is there because another was merged with it, nothing may be lacking.
            lacking = [each for each in incidents if each[0].decisions or each[0].missing or len(together) == 1]
            try:
                await self._bring_up(lacking)
            except IntegrityError as error:
                ids = [each.incident_id for each, _ in lacking]
                log.warning("taking in incidents anew", incident_ids=ids, clash=error.diag.constraint_name)
                await self._resolve(error, lacking)
                continue
            for each, incident in lacking:
                if each.live.incident is not None and each.live.present.version < incident.version:
                    # The rows know more by now.
                    each.live.forget()
            return
        raise RuntimeError(f"taking in {together[0].incident_id} lost to other decisions {_TRIES} times")

    async def _bring_up(self, lacking: Sequence[tuple[Lagging, Incident]]) -> None:
        # Whom an incident that has ended lets go of may be bound by one that goes on.
        in_turn = sorted(lacking, key=lambda each: not each[1].is_ended)
        steps = [self._step(each, incident) for each, incident in in_turn]
        for message in await ledger.catch_up(self._engine.database, steps, now=self._engine.clock.now()):
            self._engine.hub.deliver(message.recipient, message.seq, message.body)
        if any(step.owed.calls for step in steps):
            self._engine.on_calls()
        for step in steps:
            self._engine.feed.show(step.incident.incident_id)

    def _step(self, lagging: Lagging, incident: Incident) -> CatchUp:
        touched = lagging.touched()
        about = [each for each in incident.alerts if each in touched]
        # Whoever is at it may have missed what the others did.
        told = dict.fromkeys([*about, *(each.alert_id for each in incident.engaged())])
        # Whoever was let go of in the rows, and is not free after all.
        bound = [each.alert_id for each in incident.alerts.values() if each.is_active]
        return CatchUp(
            incident,
            lagging.as_decisions(),
            alerts=dict.fromkeys([*told, *bound]),
            owed=self._engine.outbox.as_it_stands(incident, told),
            wake=self._wake_of(incident, lagging.live),
        )

    async def _resolve(self, error: IntegrityError, lacking: Sequence[tuple[Lagging, Incident]]) -> None:
        """See to it that the next try does not run into what made this one impossible."""
        if error.diag.constraint_name == ledger.REQUEST_ID_TAKEN:
            for each, _ in lacking:
                each.is_request_taken = each.is_request_taken or await self._is_taken(each)
        elif error.diag.constraint_name == ledger.RESPONDER_TAKEN:
            # Whom memory knows to be free, of an incident whose end is not written yet, nobody has to give up.
            await self._engine.engagements.learn()
            here = {incident.incident_id for _, incident in lacking}
            for each, incident in lacking:
                freed = self._free_of(incident, await self._bound_elsewhere(incident, here), each.live)
                if each.live.incident is not None:
                    # Memory has gone on by these; whatever becomes of this try, they are to be written too.
                    await self._engine.recording.keep(freed)
                each.decisions = [*each.decisions, *freed]

    async def _is_taken(self, lagging: Lagging) -> bool:
        """Whether its request id has opened another incident meanwhile."""
        if lagging.opening is None:
            return False
        async with self._engine.database.statement() as connection:
            receipt = await ledger.receipt_of(connection, lagging.opening.request_id)
        return receipt is not None and receipt["incident_id"] != lagging.incident_id

    async def _bound_elsewhere(self, incident: Incident, here: Collection[str]) -> set[AlertId]:
        async with self._engine.database.statement() as connection:
            bound = await guards.active_alerts(connection)
        return {
            each.alert_id
            for each in incident.alerts.values()
            if each.is_active and (other := bound.get(each.responder_id)) is not None and other.incident_id not in here
        }

    async def _retell(self, known: Sequence[Lagging]) -> None:
        """Somebody else decided meanwhile, or half a merger is lost: what was said here is said again.

        An incident that was merged with one that went two ways, and did not itself, is written up to its merger.
        """
        forks = [Fork.of(each) for each in known]
        for each in known:
            if not each.went_two_ways:
                await self.write([each.until_merger()])
        await self._two_ways.say_again(forks)

    def _wake_of(self, incident: Incident, live: LiveIncident) -> Wake | None:
        """When an incident is looked at next: at once where memory does not know."""
        if live.incident is not None and live.knows_wake:
            return live.wake
        return None if incident.is_ended else Wake(self._engine.clock.now(), WakeKind.LOOK_AGAIN)

    def _free_of(
        self, incident: Incident, alert_ids: Collection[AlertId], live: LiveIncident
    ) -> list[JournaledDecision]:
        """End these alerts, whose responders are bound by other incidents; `live` is where memory keeps this one."""
        course = Course(incident, self._engine.surveyor.bare_scene(self._engine.clock.now()))
        course.let_go(alert_ids)
        decision = course.decision()
        if not decision.events:
            return []
        if live.incident is not None and live.present.version == incident.version:
            live.take_in(decision)
            # They hear of it before anybody else may ask them; with a number it comes when all of it is written.
            self._engine.tell_unnumbered(self._engine.outbox.owed(decision).messages)
            self._engine.engagements.keep(decision)
        return [JournaledDecision(incident.incident_id, decision.events)]
