"""The scene of an incident, from memory; only the streets are asked about elsewhere, and not waited for long."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Aed, Readiness
from dispatch.engine.answer_history import AnswerHistory
from dispatch.engine.street_routing import StreetRouter
from dispatch.rescue.daytime import is_night_at
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Scene
from dispatch.rescue.vocabulary import AedId, ResponderId
from dispatch.responders.roster import Roster
from geo.place import Place

# 15 % of AEDs in place are not ready when looked at (field surveys): that is the unverified one. A device that
# reports itself ready fails less often; one that is known to be failing soon stands between.
_WORKS = {Readiness.READY: 0.97, Readiness.DEGRADED: 0.9, Readiness.UNVERIFIED: 0.85}


class Surveyor:
    """Answers who and what is near, now. Without a router, ways are straight lines with a detour factor."""

    def __init__(
        self,
        roster: Roster,
        aeds: AedDirectory,
        policy: Policy,
        timezone: ZoneInfo,
        router: StreetRouter | None = None,
    ) -> None:
        self.roster = roster
        self.aeds = aeds
        self.policy = policy
        self.router = router
        self._timezone = timezone

    def scene_at(
        self, place: Place, *, now: datetime, times_widened: int = 0, under_way: Iterable[ResponderId] = ()
    ) -> Scene:
        """Candidates and usable AEDs around `place`, nearest first, within the policy's reach.

        `under_way` are those on offer or on the way in this incident: where they are now is part of the scene.
        """
        policy = self.policy.widened(times_widened)
        aeds = self.aeds.nearest_usable(place, policy.aeds, now, policy.aed_reach_m)
        is_night = is_night_at(now, self._timezone)
        return Scene(
            now=now,
            is_night=is_night,
            candidates=self.roster.candidates(place, now=now, policy=policy, is_night=is_night),
            aeds=tuple(self._option(aed, distance_m, now) for aed, distance_m in aeds),
            policy=self.policy,
            under_way=self.roster.whereabouts(under_way, place, now=now, policy=policy),
            zone=self._timezone,
        )

    async def with_streets(self, scene: Scene, place: Place) -> Scene:
        """The scene with what the routing engine says of the ways, if there is one and it answers in time."""
        if self.router is None:
            return scene
        people = (*scene.candidates, *scene.under_way)
        return replace(scene, streets=await self.router.travel_times(place, people, scene.aeds))

    def answer_history(self) -> AnswerHistory:
        """What keeps the roster's histories true to the answers given."""
        return AnswerHistory(self.roster.histories, self._timezone, recent_s=self.policy.price.recent_s)

    def bare_scene(self, now: datetime) -> Scene:
        """A scene for commands that alert nobody."""
        return Scene(now=now, is_night=is_night_at(now, self._timezone), policy=self.policy, zone=self._timezone)

    def _option(self, aed: Aed, distance_m: float, now: datetime) -> AedOption:
        return AedOption(
            aed_id=AedId(str(aed.id)),
            name=aed.name,
            place=aed.place,
            distance_m=distance_m,
            works_probability=_WORKS.get(aed.readiness, 0.0),
            # It is open now, so the next change is its closing.
            open_until=self.aeds.next_change(aed, now),
        )
