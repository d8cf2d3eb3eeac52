"""Incidents that went two ways: what people said here is said again to what the database knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import structlog

from dispatch.engine import ledger
from dispatch.engine.lagging import Lagging, known_events
from dispatch.engine.outbox import strays_of
from dispatch.push import job_queue
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident
from dispatch.rescue.retelling import Said, said_in
from dispatch.rescue.vocabulary import IncidentId
from dispatch.storage.availability import is_outage

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fork:
    """An incident with what happened here that its rows will not have, and what had come of it here."""

    lagging: Lagging
    events: Sequence[Event]
    branch: Incident | None

    @classmethod
    def of(cls, lagging: Lagging) -> Self:
        """Its fork, as things stand before anything is written."""
        if lagging.went_two_ways:
            return cls(lagging, known_events(lagging.decisions), lagging.branch())
        return cls(lagging, lagging.since_merger(), lagging.incident())


class TwoWays:
    """Says again, in order, what led to events that cannot be written; the database is right about all else."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    async def say_again(self, forks: Sequence[Fork]) -> None:
        """Say it again and tell everybody how things stand. Whoever asks holds the locks.

        Should the database go once more in the middle, all of it is said again: twice changes nothing.
        """
        forked = {each.lagging.incident_id: each for each in forks}
        log.warning("incidents went two ways; what was said is said again", incident_ids=list(forked))
        for incident_id, fork in forked.items():
            self._engine.recording.written(incident_id, fork.lagging.decisions)
            fork.lagging.live.forget()
        try:
            await self._learn(forks)
            self._stop_strays(forks)
            await self._say_all(forked)
            for fork in forks:
                await self._tell_how_it_stands(fork)
        except BaseException:
            self._give_back(forked)
            raise
        for fork in forks:
            fork.lagging.decisions = ()

    def _give_back(self, forked: Mapping[IncidentId, Fork]) -> None:
        """Have all of it said again later; but for incidents that memory has gone on with, for it was said there."""
        unwritten = self._engine.recording.unwritten
        for incident_id, fork in forked.items():
            if incident_id not in unwritten and fork.lagging.decisions:
                unwritten[incident_id] = list(fork.lagging.decisions)
                # The next try must see where they part.
                fork.lagging.live.forget()

    async def _learn(self, forks: Sequence[Fork]) -> None:
        """Know the incidents as their rows tell them, and whom those bind."""
        known = [await self._engine.loaded(each.lagging.incident_id, each.lagging.live) for each in forks]
        for incident in known:
            self._engine.engagements.bind(incident)

    def _stop_strays(self, forks: Sequence[Fork]) -> None:
        """Whoever holds an alert that nobody knows of any more lets go of it before they are bound by another one.

        It comes again with a number: this is for those who are there. Whom a merger brought goes on under the same
        alert where it is said again, and is not told to stop before.
        """
        for fork in forks:
            if fork.branch is not None and not fork.branch.merged and fork.branch.merged_into is None:
                strays = [each for each in strays_of(fork.lagging.live.present, fork.branch) if each.is_active]
                self._engine.tell_unnumbered(self._engine.outbox.stand_downs(fork.branch, strays))

    async def _say_all(self, forked: Mapping[IncidentId, Fork]) -> None:
        stories = {incident_id: fork.events for incident_id, fork in forked.items()}
        gone: list[Exception] = []
        for said in said_in(stories, {incident_id: fork.branch for incident_id, fork in forked.items()}):
            try:
                await self._say(said, forked)
            except Exception as error:
                if not is_outage(error):
                    raise
                # What is said of the others is kept in memory and journal all the same.
                gone.append(error)
        if gone:
            raise gone[0]

    async def _say(self, said: Said, forked: Mapping[IncidentId, Fork]) -> None:
        live = forked[said.incident_id].lagging.live
        if not isinstance(said.what, str):
            await self._engine.carry_out_again(said.incident_id, live, said.what, said.by)
        elif said.what in forked:
            into = forked[said.what].lagging.live
            await self._engine.mergers.merge_again((said.incident_id, live), (said.what, into), said.by)

    async def _tell_how_it_stands(self, fork: Fork) -> None:
        engine, incident_id = self._engine, fork.lagging.incident_id
        incident = await engine.loaded(incident_id, fork.lagging.live)
        engine.engagements.bind(incident)
        owed, now = engine.outbox.of_two_ways(incident, fork.lagging.live.events, fork.branch), engine.clock.now()
        for message in await ledger.send(engine.database, owed.messages, now=now, incident_id=incident_id):
            engine.hub.deliver(message.recipient, message.seq, message.body)
        # After the messages, of the same instant: a push whose message nobody waits for is needless.
        await job_queue.enqueue(engine.database, owed.calls, by_hook=owed.by_hook, at=now)
        engine.on_calls()
        for alert in strays_of(incident, fork.branch):
            engine.engagements.free(alert)
        engine.engagements.let_go(incident)
        engine.feed.show_anew(incident_id)
