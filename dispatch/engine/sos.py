"""The way of one SOS: from the tap to alerts on their way and an answer for the caller."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from psycopg import Error, IntegrityError

from dispatch.access.tokens import Identity, Role, TokenIssuer
from dispatch.aeds.service import AedService
from dispatch.encoding import to_json
from dispatch.engine import ledger
from dispatch.engine.decision_codec import Opening
from dispatch.engine.engine import Engine
from dispatch.engine.openings import new_incident_id
from dispatch.metrics import CONFLICTS, SOS, SOS_STEP_SECONDS
from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.commands import OpenIncident
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import open_incident
from dispatch.rescue.incident import Incident
from dispatch.rescue.plan import Plan, PlanRequest
from dispatch.shared_work import SharedWork

# The caller follows for a day; an incident is over long before.
CALLER_TOKEN_LIFETIME = timedelta(hours=24)

# The caller is told of this many AEDs at once.
_NEAREST_AEDS = 5

# Farther away than an hour's walk there and back, an AED is no use to somebody who must not leave the patient.
_AEDS_WITHIN_M = 5000.0

# Answers kept in memory, so that an impatient phone's second try does not plan anew while the first is being written.
_REMEMBERED = 10_000

_TRIES = 5

log = structlog.get_logger()


def _never() -> bool:
    return False


def _whatever_happens() -> bool:
    return True


def _timed_plan(request: PlanRequest) -> Plan:
    with SOS_STEP_SECONDS.labels("plan").time():
        return best_plan(request)


def _asked_in(incident: Incident) -> dict[str, Any]:
    return {
        "state": incident.state,
        "alerted": sum(each.is_active for each in incident.alerts.values()),
        "nobody_reached": incident.nobody_reached,
    }


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the caller is answered; `repeated` when this request id had been answered before."""

    body: dict[str, Any]
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Planned:
    """What an SOS leads to, decided `at` a time and perhaps not written down yet."""

    decision: Decision
    at: datetime
    receipt: dict[str, Any]
    opening: Opening


class NotWrittenError(Exception):
    """What was planned could not be written down, as far as this worker knows; the cause says why."""

    def __init__(self, planned: _Planned) -> None:
        super().__init__("an SOS could not be written down")
        self.planned = planned


class SosDesk:
    """Takes SOS. One request id opens one incident, whatever the network does to the answer."""

    def __init__(self, engine: Engine, aeds: AedService, tokens: TokenIssuer) -> None:
        self._engine = engine
        self._aeds = aeds
        self._tokens = tokens
        self._taken: OrderedDict[str, SharedWork[Receipt]] = OrderedDict()

    async def take(self, request_id: str, command: OpenIncident) -> Receipt:
        """Open an incident, or give the answer again that this request id got."""
        while (taking := self._taken.get(request_id)) is not None:
            # Taken for another worker, it may have come to nothing: then it is taken here, by one of those who wait.
            with contextlib.suppress(NotWrittenError):
                first = await taking.result()
                SOS.labels("repeated").inc()
                return Receipt(first.body, repeated=True)
            if self._taken.get(request_id) is taking:
                del self._taken[request_id]
        return await self._begun(request_id, self._take_first(request_id, command))

    async def take_for_another(self, request_id: str, command: OpenIncident) -> Mapping[str, Any]:
        """Open an incident for a worker that cannot write it down; what its caller is answered.

        Raises `NotWrittenError` when this one cannot either: as far as it knows nothing has happened.
        """
        taking = self._taken.get(request_id)
        if taking is not None:
            return (await taking.result()).body
        return (await self._begun(request_id, self._take_written(request_id, command))).body

    async def _begun(self, request_id: str, taking: Coroutine[Any, Any, Receipt]) -> Receipt:
        # A caller whose connection breaks has tapped all the same: the SOS goes on without whoever waits for it.
        work = self._taken[request_id] = SharedWork(taking)
        work.when_done(lambda: self._settle(request_id, work))
        return await work.result()

    def _settle(self, request_id: str, work: SharedWork[Receipt]) -> None:
        if work.failed() and self._taken.get(request_id) is work:
            del self._taken[request_id]
        while len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)

    async def _take_first(self, request_id: str, command: OpenIncident) -> Receipt:
        unwritten = None
        if not self._engine.recording.is_away:
            try:
                return await self._take_written(request_id, command, may_be_kept=self._is_only_here)
            except NotWrittenError as error:
                # The database has gone in the middle of it, for this worker.
                log.warning("an SOS could not be written here", request_id=request_id, error=str(error.__cause__))
                unwritten = error.planned
        known = self._known(request_id)
        if known is not None:
            SOS.labels("repeated").inc()
            return Receipt(known, repeated=True)
        answered = await self._engine.others.opened_elsewhere(request_id, command)
        if answered is not None:
            SOS.labels("handed_over").inc()
            return Receipt(dict(answered), repeated=False)
        return await self._take_written(request_id, command, may_be_kept=_whatever_happens, unwritten=unwritten)

    def _is_only_here(self) -> bool:
        return not self._engine.others.can_be_opened_elsewhere()

    async def _take_written(
        self,
        request_id: str,
        command: OpenIncident,
        *,
        may_be_kept: Callable[[], bool] = _never,
        unwritten: _Planned | None = None,
    ) -> Receipt:
        """Open an incident and write it down; in the journal only where it `may_be_kept`.

        `unwritten` is what was planned for it before, and may after all be in the database: what goes into the journal
        is no other incident. Where the database answers again the request id tells, and who is free is asked anew.
        Raises `NotWrittenError`.
        """
        started = time.perf_counter()
        with self._engine.turns.sos():
            for number in range(_TRIES):
                # Whoever lies there is heard, should all who are near be asked by others in this very moment.
                planned = unwritten if unwritten is not None and self._engine.recording.is_away else None
                planned = planned or await self._planned(request_id, command, asks=number < _TRIES - 1)
                try:
                    receipt = await self._opened(planned, may_be_kept)
                except IntegrityError as error:
                    CONFLICTS.labels("opening").inc()
                    answered = await self._learned(request_id, error)
                    if answered is not None:
                        SOS.labels("repeated").inc()
                        return Receipt(answered, repeated=True)
                    continue
                except Error as error:
                    raise NotWrittenError(planned) from error
                SOS.labels("opened").inc()
                SOS_STEP_SECONDS.labels("total").observe(time.perf_counter() - started)
                return receipt
        raise RuntimeError(f"an SOS lost to other decisions {_TRIES} times")

    def _known(self, request_id: str) -> dict[str, Any] | None:
        """What another worker has answered this request id that cannot be looked up now, as far as it was heard."""
        openings = (live.opening for _, live in self._engine.live.items())
        receipt = next((each.receipt for each in openings if each and each.request_id == request_id), None)
        if receipt is None:
            return None
        told = orjson.loads(receipt)
        return {**self._with_token(told, datetime.fromisoformat(told["opened_at"])), "degraded": True}

    async def _learned(self, request_id: str, error: IntegrityError) -> dict[str, Any] | None:
        """What this request id was answered before; or else know what was in the way, for the next try.

        Should the database go away meanwhile, the next try does without it.
        """
        with self._engine.recording.outage_suppressed():
            answered = await self._answered_before(request_id)
            if answered is not None:
                return answered
            await self._engine.resolve_clash(error)
        return None

    async def _planned(self, request_id: str, command: OpenIncident, *, asks: bool) -> _Planned:
        """Decide what an SOS leads to; unless it `asks`, with nobody asked yet: the lookout does so in a moment."""
        if not self._engine.others.hears_all():
            # Whom others have asked meanwhile is in the rows only.
            with self._engine.recording.outage_suppressed():
                await self._engine.engagements.learn()
        now = self._engine.clock.now()
        with SOS_STEP_SECONDS.labels("survey").time():
            scene = self._engine.surveyor.scene_at(command.place, now=now)
            scene = await self._engine.surveyor.with_streets(scene, command.place)
            scene = scene if asks else replace(scene, candidates=())
        with SOS_STEP_SECONDS.labels("decide").time():
            decision = open_incident(new_incident_id(), command, scene, planner=_timed_plan)
        receipt = {
            "incident_id": decision.incident.incident_id,
            "opened_at": now,
            **_asked_in(decision.incident),
            "drill": decision.incident.drill,
            "nearest_aeds": self._nearest_aeds(decision, now),
        }
        return _Planned(decision, now, receipt, Opening(request_id, to_json(receipt)))

    async def _opened(self, planned: _Planned, may_be_kept: Callable[[], bool]) -> Receipt:
        """Write down and tell what was planned; the caller's answer."""
        receipt = planned.receipt
        is_kept = await self._engine.openings.open(planned.decision, planned.opening, may_be_kept=may_be_kept)
        if not is_kept:
            # Whom only a push would have reached is not asked after all.
            receipt = receipt | _asked_in((await self._engine.incident(planned.decision.incident.incident_id)).present)
        # Sockets are written when this turn of the loop ends: those who must run are told before the caller is.
        await asyncio.sleep(0)
        return Receipt({**self._with_token(receipt, planned.at), "degraded": not is_kept}, repeated=False)

    async def _answered_before(self, request_id: str) -> dict[str, Any] | None:
        async with self._engine.database.statement() as connection:
            receipt = await ledger.receipt_of(connection, request_id)
        if receipt is None:
            return None
        return {**self._with_token(receipt, datetime.fromisoformat(receipt["opened_at"])), "degraded": False}

    def _with_token(self, receipt: dict[str, Any], opened_at: datetime) -> dict[str, Any]:
        # The token is no part of what is stored: it is made from the incident and its time, the same every time.
        identity = Identity(Role.CALLER, receipt["incident_id"])
        return {
            **receipt,
            "token": self._tokens.issue(identity, issued_at=opened_at, lifetime=CALLER_TOKEN_LIFETIME),
        }

    def _nearest_aeds(self, decision: Decision, now: datetime) -> list[dict[str, Any]]:
        return self._aeds.nearest_as_json(decision.incident.place, limit=_NEAREST_AEDS, at=now, within_m=_AEDS_WITHIN_M)
