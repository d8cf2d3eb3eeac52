"""The scene of an incident, gathered from memory: nothing here waits for anybody."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.hours import next_change_after
from dispatch.aeds.record import Aed, Readiness
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Scene
from dispatch.rescue.vocabulary import AedId
from dispatch.responders.roster import Roster
from geo.place import Place

# 15 % of AEDs in place are not ready when looked at (field surveys): that is the unverified one. A device that
# reports itself ready fails less often; one that is known to be failing soon stands between.
_WORKS = {Readiness.READY: 0.97, Readiness.DEGRADED: 0.9, Readiness.UNVERIFIED: 0.85}

# Turnout at night is slower: from ten in the evening to six, local time.
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 6


class Surveyor:
    """Answers who and what is near, now."""

    def __init__(self, roster: Roster, aeds: AedDirectory, policy: Policy, timezone: ZoneInfo) -> None:
        self.roster = roster
        self.aeds = aeds
        self.policy = policy
        self._timezone = timezone

    def scene_at(self, place: Place, *, now: datetime, times_widened: int = 0) -> Scene:
        """Candidates and usable AEDs around `place`, nearest first, within the policy's reach."""
        policy = self.policy.widened(times_widened)
        aeds = self.aeds.nearest_usable(place, policy.aeds, now, policy.aed_reach_m)
        return Scene(
            now=now,
            is_night=self._is_night(now),
            candidates=self.roster.candidates(place, now=now, policy=policy),
            aeds=tuple(self._option(aed, distance_m, now) for aed, distance_m in aeds),
            policy=self.policy,
        )

    def bare_scene(self, now: datetime) -> Scene:
        """A scene for commands that alert nobody."""
        return Scene(now=now, is_night=self._is_night(now), policy=self.policy)

    def _option(self, aed: Aed, distance_m: float, now: datetime) -> AedOption:
        return AedOption(
            aed_id=AedId(str(aed.id)),
            name=aed.name,
            place=aed.place,
            distance_m=distance_m,
            works_probability=_WORKS.get(aed.readiness, 0.0),
            # It is open now, so the next change is its closing.
            open_until=next_change_after(aed.opening_hours, aed.place, now, self._timezone.key),
        )

    def _is_night(self, now: datetime) -> bool:
        hour = now.astimezone(self._timezone).hour
        return hour >= _NIGHT_BEGINS or hour < _NIGHT_ENDS
