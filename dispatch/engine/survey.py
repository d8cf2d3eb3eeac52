"""The scene of an incident, from memory; only the streets are asked about elsewhere, and not waited for long."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Aed, Readiness
from dispatch.engine.answer_history import AnswerHistory
from dispatch.engine.street_routing import StreetRouter
from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import (
    Accept,
    Command,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    LookAround,
    LoseAed,
    LoseWays,
    Progress,
    ReportAedProblem,
    SetCpr,
    Widen,
)
from dispatch.rescue.daytime import is_night_at
from dispatch.rescue.incident import Incident
from dispatch.rescue.planning import asked_already
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate, Scene
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import AedId
from dispatch.responders.roster import Roster
from geo.distance import distance_m
from geo.place import Place

# 15 % of AEDs in place are not ready when looked at (field surveys): that is the unverified one. A device that
# reports itself ready fails less often; one that is known to be failing soon stands between.
_WORKS = {Readiness.READY: 0.97, Readiness.DEGRADED: 0.9, Readiness.UNVERIFIED: 0.85}

# The last answers of the routing engine, by patient: as many as incidents are open at once, and more.
_STREETS_REMEMBERED = 1000

# After these commands a new wave may be needed, so the scene is looked at.
_MAY_ALERT = (
    Accept,
    Decline,
    Progress,
    ReportAedProblem,
    LoseAed,
    LoseWays,
    LetTimePass,
    LookAround,
    Widen,
    ExpectAmbulance,
    SetCpr,
)


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
        self._streets: OrderedDict[Place, StreetTimes] = OrderedDict()

    def scene_at(
        self, place: Place, *, now: datetime, incident: Incident | None = None, times_widened: int = 0
    ) -> Scene:
        """Candidates and usable AEDs around `place`, nearest first, within the policy's reach.

        Of an incident under way: nobody who was asked already, where those on offer or on the way are now, and the
        AEDs that they fetch, as long as these can be used, however many others are nearer.
        """
        policy = self.policy.widened(times_widened)
        aeds = self.aeds.nearest_usable(place, policy.aeds, now, policy.aed_reach_m)
        active = [each for each in incident.alerts.values() if each.is_active] if incident else []
        aeds += self._promised(active, {aed.id for aed, _ in aeds}, place, now)
        is_night = is_night_at(now, self._timezone)
        candidates = self.roster.candidates(
            place,
            now=now,
            policy=policy,
            is_night=is_night,
            leaving_out=asked_already(incident) if incident else (),
            are_there=incident is not None and incident.can_nobody_be_told(self.roster.has_way),
        )
        under_way = self.roster.whereabouts([each.responder_id for each in active], place, now=now, policy=policy)
        return Scene(
            now=now,
            is_night=is_night,
            candidates=candidates,
            aeds=(
                *(self._option(aed, distance_m, now) for aed, distance_m in aeds if not aed.is_mobile),
                *self._carried((*candidates, *under_way), now),
            ),
            policy=self.policy,
            under_way=under_way,
            zone=self._timezone,
        )

    async def scene_for(self, incident: Incident, command: Command, *, now: datetime) -> Scene:
        """What a command needs to know; of those that may lead to a new wave all of it, streets included."""
        if not isinstance(command, _MAY_ALERT) or incident.is_ended:
            return self.bare_scene(now)
        times_widened = incident.times_widened + isinstance(command, Widen)
        scene = self.scene_at(incident.place, now=now, incident=incident, times_widened=times_widened)
        return await self.with_streets(scene, incident.place)

    async def with_streets(self, scene: Scene, place: Place) -> Scene:
        """The scene with what the routing engine says of the ways, if there is one and it answers in time."""
        if self.router is None:
            return scene
        people = (*scene.candidates, *scene.under_way)
        streets = await self.router.travel_times(place, people, scene.aeds)
        if streets is None:
            # What was known a moment ago is nearer the truth than straight lines.
            streets = self._streets.get(place)
        else:
            self._streets[place] = streets
            self._streets.move_to_end(place)
            if len(self._streets) > _STREETS_REMEMBERED:
                self._streets.popitem(last=False)
        # While the answer was awaited others may have been asked elsewhere.
        return replace(scene, streets=streets, candidates=self.roster.still_free(scene.candidates))

    def _promised(
        self, alerts: Iterable[Alert], found: Collection[UUID], place: Place, now: datetime
    ) -> list[tuple[Aed, float]]:
        ids = {UUID(each.aed_id) for each in alerts if each.aed_id is not None} - set(found)
        aeds = (self.aeds.get(each) for each in sorted(ids))
        return [
            (aed, distance_m(place, aed.place)) for aed in aeds if aed is not None and self.aeds.is_usable(aed, now)
        ]

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
            works_probability=works_probability(aed, now),
            # It is open now, so the next change is its closing.
            open_until=self.aeds.next_change(aed, now),
        )

    def _carried(self, people: Iterable[Candidate], now: datetime) -> Iterator[AedOption]:
        """The AEDs that these people have with them, where they are."""
        for each in people:
            aed = self.aeds.carried_by(each.responder_id, now)
            if aed is not None:
                yield AedOption(
                    aed_id=AedId(str(aed.id)),
                    name=aed.name,
                    place=each.place,
                    distance_m=each.distance_m,
                    works_probability=works_probability(aed, now),
                    carried_by=each.responder_id,
                )


def works_probability(aed: Aed, now: datetime) -> float:
    """How likely it is that a device works, from 0 to 1: from its evidence, or what is known of others in its state."""
    if aed.readiness not in _WORKS:
        return 0.0
    return _WORKS[aed.readiness] if aed.belief is None else aed.belief.at(now)
