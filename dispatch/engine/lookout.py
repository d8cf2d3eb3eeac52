"""Looks out for help where it is unlikely to come: who comes on duty or near is asked at once, not at the next turn."""

import asyncio
from collections.abc import Sequence

import numpy as np
import structlog

from dispatch.engine.engine import Engine
from dispatch.rescue.incident import Incident
from dispatch.rescue.planning import asked_already
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from geo.distance import distance_matrix_m

log = structlog.get_logger()

_LOOK_EVERY_S = 0.25
# Somebody who walks about at the edge of the reach, not worth the alert, must not be planned with again and again.
_EACH_EVERY_S = 2.0

# All whom pushes reach can be reached again at one blow, when the database is back: an SOS is not to wait behind them.
_MOST_AT_ONCE = 5_000

# All lines may be lost at one blow, and an SOS is not to wait behind this either.
_CUT_OFF_AT_ONCE = 10


class Lookout:
    """Watches who arrives while an incident has nobody, or hardly anybody, to wait for.

    Where none of those who were asked can be told any more, others are looked for though nobody arrives.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._roster = engine.roster
        self._looked_at_s: dict[IncidentId, float] = {}
        # When others were last looked for because nobody who was asked could be told.
        self._tried_at_s: dict[IncidentId, float] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self.look()
            except Exception as error:
                if not self._engine.recording.note_failure(error):
                    log.exception("nobody looked out")

    async def look(self) -> int:
        """Have a plan made for every incident without help in sight that somebody may be found for; how many."""
        below = self._engine.surveyor.policy.look_out_below
        arrived = self._roster.take_arrived(_MOST_AT_ONCE)
        alone, cut_off = [], []
        for live in self._engine.live.going_on():
            incident = live.present
            if incident.may_alert and incident.cpr_probability(self._roster.has_way) < below:
                alone.append(incident)
                # Whoever there is may have been there before.
                if incident.can_nobody_be_told(self._roster.has_way) and self._engine.live.is_ours(live):
                    cut_off.append(incident)
        self._looked_at_s = {
            each.incident_id: self._looked_at_s.get(each.incident_id, -_EACH_EVERY_S) for each in alone
        }
        now_s = asyncio.get_running_loop().time()
        waiting = {each.incident_id for each in alone if now_s - self._looked_at_s[each.incident_id] < _EACH_EVERY_S}
        if waiting and arrived:
            # Not now, but not forgotten either.
            self._roster.arrive_again(arrived)
        planned = 0
        reached = self._reached_by(arrived, [each for each in alone if each.incident_id not in waiting])
        # Who was never looked for first, and of these the last: all others have been waited for.
        tried_s = {each.incident_id: self._tried_at_s.get(each.incident_id, 0.0) for each in cut_off}
        cut_off.sort(key=lambda each: (tried_s[each.incident_id], -each.opened_at.timestamp()))
        del cut_off[_CUT_OFF_AT_ONCE:]
        self._tried_at_s = tried_s | dict.fromkeys((each.incident_id for each in cut_off), now_s)
        self._looked_at_s |= dict.fromkeys((each.incident_id for each in reached), now_s)
        for incident in {each.incident_id: each for each in (*reached, *cut_off)}.values():
            try:
                await self._engine.look_around(incident.incident_id)
            except Exception as error:
                # The others must not wait for it, nor for their next arrival.
                if not self._engine.recording.note_failure(error):
                    log.exception("not looked around", incident_id=incident.incident_id)
            else:
                planned += 1
        return planned

    def _reached_by(self, arrived: set[ResponderId], alone: Sequence[Incident]) -> list[Incident]:
        """The incidents to which somebody has come near who may be asked."""
        here = [
            (responder.responder_id, responder.fix.place)
            for responder_id in arrived
            if (responder := self._roster.get(responder_id)) is not None
            and responder.on_duty
            and responder.fix is not None
            and self._roster.engagement_of(responder_id) is None
        ]
        if not here or not alone:
            return []
        policy = self._engine.surveyor.policy
        # All pairs at once: hundreds move in a look, and in a storm hundreds wait.
        away_m = distance_matrix_m(
            np.array([each.place.latitude for each in alone]),
            np.array([each.place.longitude for each in alone]),
            np.array([place.latitude for _, place in here]),
            np.array([place.longitude for _, place in here]),
        )
        found = []
        for row, incident in enumerate(alone):
            near = np.nonzero(away_m[row] <= policy.widened(incident.times_widened).reach_m)[0]
            if len(near):
                asked = asked_already(incident)
                if any(here[column][0] not in asked for column in near.tolist()):
                    found.append(incident)
        return found
