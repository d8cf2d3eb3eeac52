"""Between incidents and the registry: a lost AED re-routes its runner, one that is taken is noted on both sides."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from uuid import UUID, uuid5

import structlog

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.linking import link
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.service import AedService
from dispatch.aeds.settling.settling import Outcome, Settlement
from dispatch.engine.engine import Engine
from dispatch.engine.taken_aeds import has_left, taken_for
from dispatch.problems import Problem
from dispatch.rescue.commands import LoseAed, Refused, TakeAed
from dispatch.rescue.course import Decision
from dispatch.rescue.events import AedLost, AedTaken, Event, StageReached
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AedId, AlertId, AlertState, IncidentId

log = structlog.get_logger()

_TRY_AGAIN_AFTER_S = 2.0

BY_REGISTRY = "registry"


class NotTaken(Exception):
    """The registry could not take a report now."""


# Something that the registry is to be told: done once it has been.
_Telling = Callable[[], Awaitable[object]]


class RegistryLinks:
    """Carries the word both ways. What could not be said yet is said again until it was."""

    def __init__(self, engine: Engine, aeds: AedService) -> None:
        self._engine = engine
        self._aeds = aeds
        self._to_take: dict[tuple[IncidentId, AedId], AlertId | None] = {}
        self._to_lose: dict[tuple[IncidentId, AedId], None] = {}
        self._to_tell: dict[UUID, _Telling] = {}
        self._wake = asyncio.Event()

    def registry_changed(self, changed: Iterable[Aed]) -> None:
        """These AEDs are not what they were: whoever is sent for one that cannot be used any more must know."""
        now = self._engine.clock.now()
        lost = {AedId(str(each.id)) for each in changed if not self._aeds.directory.is_usable(each, now)}
        if not lost:
            return
        for live in self._engine.live.going_on():
            for alert in live.present.alerts.values():
                if alert.is_active and alert.aed_id in lost:
                    self._to_lose[(live.present.incident_id, alert.aed_id)] = None
                    self._wake.set()

    def settled(self, settlement: Settlement) -> None:
        """Reports were taken: a device that left its place was taken for an incident, if one is near."""
        now = self._engine.clock.now()
        for device in settlement.devices:
            if not device.taken:
                continue
            fence_m = device.aed.fence_m or self._aeds.settling.judging.policy_of(device.aed.owner_id).fence_m
            at = has_left(device.aed, device.taken, now, fence_m)
            found = None if at is None else taken_for(self._engine, device.aed, at)
            if found is not None:
                incident_id, alert_id = found
                self._to_take[(incident_id, AedId(str(device.aed.id)))] = alert_id
                self._wake.set()

    def decided(self, decision: Decision) -> None:
        """If somebody found an AED missing, locked or broken, or has it in their hands, the registry is to know."""
        self._note(decision.events, decision.incident)
        if decision.events[0].number == 1:
            # It may have been lost while its offer was being written.
            self._look_for_lost(decision.incident)

    def recover(self) -> None:
        """After a start: what runners said in incidents that go on is said again; the registry knows it by its id."""
        for live in self._engine.live.going_on():
            self._note(live.events, live.present)
            self._look_for_lost(live.present)

    def _look_for_lost(self, incident: Incident) -> None:
        """Whoever is sent for an AED that cannot be used any more: its loss came while nobody listened."""
        now = self._engine.clock.now()
        for alert in incident.alerts.values():
            if not alert.is_active or alert.aed_id is None or alert.aed_id in incident.lost_aeds:
                continue
            aed = self._aeds.directory.get(UUID(alert.aed_id))
            if aed is None or not self._aeds.directory.is_usable(aed, now):
                self._to_lose[(incident.incident_id, alert.aed_id)] = None
                self._wake.set()

    async def run(self) -> None:
        """Carry what there is to carry, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not await self.carry():
                await asyncio.sleep(_TRY_AGAIN_AFTER_S)
                self._wake.set()

    async def carry(self) -> bool:
        """Carry everything that waits; whether nothing is left."""
        # First who has it: to somebody with the device in their hands it is not lost.
        for (incident_id, aed_id), alert_id in list(self._to_take.items()):
            if await self._say(incident_id, TakeAed(aed_id, alert_id)):
                self._to_take.pop((incident_id, aed_id), None)
        for incident_id, aed_id in list(self._to_lose):
            if await self._say(incident_id, LoseAed(aed_id)):
                self._to_lose.pop((incident_id, aed_id), None)
        for key, tell in list(self._to_tell.items()):
            try:
                await tell()
            except Problem as problem:
                log.warning("the registry does not take what an incident says", detail=problem.detail)
            except Exception as error:  # noqa: BLE001 - logged, and tried again
                self._log("registry not told yet", error)
                continue
            self._to_tell.pop(key, None)
        return not self._to_take and not self._to_lose and not self._to_tell

    async def _say(self, incident_id: IncidentId, command: TakeAed | LoseAed) -> bool:
        """Have an incident know; False when it could not be said yet."""
        try:
            await self._engine.command(incident_id, command, by=BY_REGISTRY)
        except Refused:
            pass
        except Exception as error:  # noqa: BLE001 - logged, and tried again
            self._log("incident not told of its AED yet", error)
            return False
        return True

    def _note(self, events: Iterable[Event], incident: Incident) -> None:
        for event in events:
            noted = self._telling_of(event, incident)
            if noted is not None:
                key, tell = noted
                self._to_tell[key] = tell
                self._wake.set()

    def _telling_of(self, event: Event, incident: Incident) -> tuple[UUID, _Telling] | None:
        """What the registry is to be told of an event, under an id of its own."""
        match event.what:
            case AedLost(aed_id=aed_id, problem=problem, alert_id=alert_id) if alert_id is not None:
                key = uuid5(UUID(alert_id), aed_id)
                said = ReportIn(kind=ReportKind.FAULT, at=event.at, report_id=key, code=problem.value)
                who = Identity(Role.RESPONDER, incident.alerts[alert_id].responder_id)
                return key, lambda: self._aeds.report(UUID(aed_id), said, who)
            case StageReached(alert_id=alert_id, stage=AlertState.AED_COLLECTED) if not incident.drill:
                alert = incident.alerts[alert_id]
                if event.by == BY_REGISTRY or alert.aed_id is None or AlertState.AED_COLLECTED not in alert.stages:
                    return None
                return self._collected(AedId(alert.aed_id), alert_id, alert.responder_id, event.at, incident)
            case AedTaken(aed_id=aed_id, alert_id=alert_id):
                runner = None if alert_id is None else incident.alerts[alert_id].responder_id
                key = uuid5(UUID(incident.incident_id), f"{aed_id} {alert_id}")
                return key, lambda: self._link(aed_id, incident.incident_id, runner, event.at)
            case _:
                return None

    def _collected(
        self, aed_id: AedId, alert_id: AlertId, responder_id: str, at: datetime, incident: Incident
    ) -> tuple[UUID, _Telling]:
        """A runner has the device in their hands: nobody else is to be sent for it, and it has to be checked after."""
        key = uuid5(UUID(alert_id), f"{aed_id} collected")
        report = StoredReport(
            id=key,
            aed_id=UUID(aed_id),
            kind=ReportKind.USED,
            at=at,
            received_at=self._engine.clock.now(),
            reported_by=f"{Role.RESPONDER}:{responder_id}",
            data={"incident_id": incident.incident_id},
        )
        return key, lambda: self._take(report)

    async def _take(self, report: StoredReport) -> None:
        (answered,) = await self._aeds.reports.gathering.take([report])
        if answered.outcome is Outcome.FAILED:
            raise NotTaken(report.id)

    async def _link(self, aed_id: AedId, incident_id: IncidentId, responder_id: str | None, at: datetime) -> None:
        async with self._engine.database.transaction() as connection:
            await link(
                connection,
                UUID(aed_id),
                incident_id=UUID(incident_id),
                responder_id=responder_id,
                at=at,
                now=self._engine.clock.now(),
                by=BY_REGISTRY,
            )

    def _log(self, what: str, error: Exception) -> None:
        if not self._engine.recording.note_failure(error):
            log.error(what, error=repr(error))
