"""Looks out for help where it is unlikely to come: who comes on duty or near is asked at once, not at the next turn."""

import asyncio

import structlog

from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.planning import asked_already
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from geo.distance import distance_m

log = structlog.get_logger()

_LOOK_EVERY_S = 0.25
# Somebody who walks about at the edge of the reach, not worth the alert, must not be planned with again and again.
_EACH_EVERY_S = 2.0


class Lookout:
    """Watches who arrives while an incident has nobody, or hardly anybody, to wait for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._roster = engine.roster
        self._looked_at_s: dict[IncidentId, float] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self.look()
            except Exception as error:
                if not self._engine.recording.explains(error):
                    log.exception("nobody looked out")

    async def look(self) -> int:
        """Have a plan made for every incident without help in sight that somebody has come near to; how many."""
        below = self._engine.surveyor.policy.look_out_below
        alone = [
            each
            for each in self._engine.live.going_on()
            if each.present.may_alert and each.present.cpr_probability < below
        ]
        arrived = self._roster.take_arrived()
        self._looked_at_s = {
            each.present.incident_id: self._looked_at_s.get(each.present.incident_id, -_EACH_EVERY_S) for each in alone
        }
        if not arrived:
            return 0
        now_s = asyncio.get_running_loop().time()
        planned = 0
        for live in alone:
            incident_id = live.present.incident_id
            if now_s - self._looked_at_s[incident_id] < _EACH_EVERY_S:
                # Not now, but not forgotten either.
                self._roster.arrive_again(arrived)
            elif self._is_near(live, arrived):
                self._looked_at_s[incident_id] = now_s
                await self._engine.look_around(incident_id)
                planned += 1
        return planned

    def _is_near(self, live: LiveIncident, arrived: set[ResponderId]) -> bool:
        incident = live.present
        reach_m = self._engine.surveyor.policy.widened(incident.times_widened).reach_m
        asked = asked_already(incident)
        for responder_id in arrived - asked:
            responder = self._roster.get(responder_id)
            if responder is None or not responder.on_duty or responder.fix is None:
                continue
            is_free = self._roster.engagement_of(responder_id) is None
            if is_free and distance_m(incident.place, responder.fix.place) <= reach_m:
                return True
        return False
