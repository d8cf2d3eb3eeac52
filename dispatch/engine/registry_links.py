"""Between incidents and the registry: an AED that cannot be had re-routes its runner, and the registry is told."""

import asyncio
from collections.abc import Iterable
from uuid import UUID, uuid5

import structlog

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.readiness import ReportKind
from dispatch.aeds.record import Aed
from dispatch.aeds.schemas import ReportIn
from dispatch.aeds.service import AedService
from dispatch.engine.engine import Engine
from dispatch.problems import Problem
from dispatch.rescue.commands import LoseAed, Refused
from dispatch.rescue.course import Decision
from dispatch.rescue.events import AedLost, Event
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AedId, IncidentId

log = structlog.get_logger()

_TRY_AGAIN_AFTER_S = 2.0


class LostAeds:
    """Carries the word both ways. What the registry could not be told yet is told again until it was."""

    def __init__(self, engine: Engine, aeds: AedService) -> None:
        self._engine = engine
        self._aeds = aeds
        self._to_lose: dict[tuple[IncidentId, AedId], None] = {}
        self._to_report: dict[UUID, tuple[Event, Incident]] = {}
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

    def decided(self, decision: Decision) -> None:
        """If somebody found an AED missing, locked or broken, the registry is to know."""
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
        for key in list(self._to_lose):
            incident_id, aed_id = key
            try:
                await self._engine.command(incident_id, LoseAed(aed_id), by="registry")
            except Refused:
                pass
            except Exception as error:  # noqa: BLE001 - said below, and tried again
                self._say("runner not re-routed yet", error)
                continue
            self._to_lose.pop(key, None)
        for report_id, (event, incident) in list(self._to_report.items()):
            try:
                await self._report(report_id, event, incident)
            except Problem as problem:
                log.warning("the registry does not take a runner's word", detail=problem.detail)
            except Exception as error:  # noqa: BLE001 - said below, and tried again
                self._say("registry not told yet", error)
                continue
            self._to_report.pop(report_id, None)
        return not self._to_lose and not self._to_report

    def _note(self, events: Iterable[Event], incident: Incident) -> None:
        for event in events:
            if isinstance(event.what, AedLost) and event.what.alert_id is not None:
                self._to_report[uuid5(UUID(event.what.alert_id), event.what.aed_id)] = event, incident
                self._wake.set()

    async def _report(self, report_id: UUID, event: Event, incident: Incident) -> None:
        lost = event.what
        if not isinstance(lost, AedLost) or lost.alert_id is None:
            raise TypeError(f"{event.kind} is no report about an AED")
        responder_id = incident.alerts[lost.alert_id].responder_id
        said = ReportIn(kind=ReportKind.FAULT, at=event.at, report_id=report_id, code=lost.problem.value)
        await self._aeds.report(UUID(lost.aed_id), said, Identity(Role.RESPONDER, responder_id))

    def _say(self, what: str, error: Exception) -> None:
        if not self._engine.recording.note_failure(error):
            log.error(what, exc_info=error)
