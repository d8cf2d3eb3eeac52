"""All first-aiders in memory, those on duty by place: what an SOS asks first."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Candidate
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.responder import Engagement, Fix, Responder
from geo.nearest import MovingPoints
from geo.place import Place


class Roster:
    """Who there is, who is on duty and where, and who is bound by an alert.

    Its memory of engagements only spares the database useless tries; the unique index there is what holds.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._responders: dict[ResponderId, Responder] = {}
        self._on_duty: MovingPoints[ResponderId] = MovingPoints()
        self._engagements: dict[ResponderId, Engagement] = {}
        self._moved: set[ResponderId] = set()
        self._changed: set[ResponderId] = set()

    def fill(self, responders: Iterable[Responder]) -> None:
        """Take everybody in at the start."""
        for responder in responders:
            self.put(responder)

    def put(self, responder: Responder) -> None:
        """Take a responder in, or in their changed form."""
        self._responders[responder.responder_id] = responder
        self._changed.add(responder.responder_id)
        if responder.on_duty and responder.fix is not None:
            self._on_duty.put(responder.responder_id, responder.fix.place)
        else:
            self._on_duty.remove(responder.responder_id)

    def get(self, responder_id: ResponderId) -> Responder | None:
        """The responder of that id."""
        return self._responders.get(responder_id)

    def name_of(self, responder_id: ResponderId) -> str:
        """Their name; empty for somebody this process does not know."""
        responder = self._responders.get(responder_id)
        return responder.name if responder else ""

    def move(self, responder_id: ResponderId, fix: Fix) -> None:
        """Note a newer fix; an older one than is known changes nothing."""
        responder = self._responders[responder_id]
        if responder.fix is not None and responder.fix.at > fix.at:
            return
        self.put(replace(responder, fix=fix))
        self._moved.add(responder_id)

    def engage(self, responder_id: ResponderId, engagement: Engagement) -> None:
        """Note that somebody is on offer or engaged."""
        self._engagements[responder_id] = engagement
        self._changed.add(responder_id)

    def release(self, responder_id: ResponderId, engagement_of: str) -> None:
        """Note that somebody is free of that alert; of another one they are on, they are not."""
        held = self._engagements.get(responder_id)
        if held is not None and held.alert_id == engagement_of:
            del self._engagements[responder_id]
            self._changed.add(responder_id)

    def engagement_of(self, responder_id: ResponderId) -> Engagement | None:
        """The alert that binds them, if any."""
        return self._engagements.get(responder_id)

    def candidates(self, place: Place, *, now: datetime, policy: Policy) -> tuple[Candidate, ...]:
        """The nearest who may be alerted now: on duty, certified today, a fresh fix, free. Nearest first."""
        today = now.astimezone(self._timezone).date()
        oldest = now - timedelta(seconds=policy.fix_lifetime_s)

        def may_be_alerted(responder_id: ResponderId) -> bool:
            responder = self._responders[responder_id]
            return (
                responder_id not in self._engagements
                and responder.fix is not None
                and responder.fix.at >= oldest
                and responder.is_certified_on(today)
            )

        found = self._on_duty.nearest(place, policy.candidates, within_m=policy.reach_m, keep=may_be_alerted)
        return tuple(self._candidate(each.key, each.distance_m, now) for each in found)

    def _candidate(self, responder_id: ResponderId, distance_m: float, now: datetime) -> Candidate:
        responder = self._responders[responder_id]
        fix = responder.fix
        if fix is None:
            raise LookupError(f"{responder_id} is on the map without a fix")
        return Candidate(
            responder_id=responder_id,
            place=fix.place,
            distance_m=distance_m,
            mode=responder.mode,
            fix_age_s=max(0.0, (now - fix.at).total_seconds()),
            accuracy_m=fix.accuracy_m or 0.0,
        )

    def on_duty(self) -> Iterator[Responder]:
        """Everybody on duty whose place is known."""
        return (each for each in self._responders.values() if each.on_duty and each.fix is not None)

    @property
    def on_duty_count(self) -> int:
        """How many are on duty with a known place."""
        return len(self._on_duty)

    def take_moved(self) -> list[Responder]:
        """Those whose fix is newer than what was last taken here, for the batch that is written down."""
        moved = [self._responders[each] for each in self._moved]
        self._moved.clear()
        return moved

    def mark_moved(self, responder_ids: Iterable[ResponderId]) -> None:
        """These fixes could not be written down and are still to be."""
        self._moved.update(responder_ids)

    def take_changed(self) -> set[ResponderId]:
        """Those who look different on a map since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def __len__(self) -> int:
        return len(self._responders)
