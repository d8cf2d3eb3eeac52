"""All first-aiders in memory, those on duty by place: what an SOS asks first."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Candidate
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.histories import Histories
from dispatch.responders.responder import Engagement, Fix, Responder
from dispatch.responders.search_marks import HEARD_LATELY_S, Mark, accuracy_m_of, aging_of
from geo.distance import distance_m
from geo.nearest import Found, MovingPoints
from geo.place import Place

# So many more than wanted are looked up, for the few whose certificate has run out or who were asked too often.
_SPARE = 4


class Roster:
    """Who there is, who is on duty and where, and who is bound by an alert.

    Its memory of engagements only spares the database useless tries; the unique index there is what holds.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self.histories = Histories()
        self._responders: dict[ResponderId, Responder] = {}
        self._on_duty: MovingPoints[ResponderId] = MovingPoints()
        self._engagements: dict[ResponderId, Engagement] = {}
        self._moved: set[ResponderId] = set()
        self._changed: set[ResponderId] = set()
        # Those who came near, on duty, free or within reach since somebody last looked out for them.
        self._arrived: set[ResponderId] = set()
        # Who can be reached though nothing was heard of them lately.
        self._ways: set[ResponderId] = set()
        # Who has a session in this process.
        self._here: set[ResponderId] = set()
        # Who may be asked by a worker of whom nothing is heard.
        self._let_be: set[ResponderId] = set()
        # Whose fix or duty other workers have not been told; None while there is nobody to tell.
        self._untold: set[ResponderId] | None = None
        # Whether only those may be asked who have a session here, as nobody could see to it that one worker asks.
        self.asks_only_here: Callable[[], bool] = _no
        # Whether others are asked all the same where nobody is here; and whether there may be ways that are not known.
        self.may_ask_elsewhere: Callable[[], bool] = _no
        self.may_miss_ways: Callable[[], bool] = _no

    def fill(self, responders: Iterable[Responder]) -> None:
        """Take everybody in at the start."""
        here: list[Responder] = []
        for responder in responders:
            self._responders[responder.responder_id] = responder
            self._changed.add(responder.responder_id)
            if responder.on_duty:
                here.append(responder)
        self._place(here)

    def _place(self, moved: Sequence[Responder]) -> None:
        """Put those on duty onto the map; all at once costs half of one by one."""
        here = [(each.responder_id, each.fix) for each in moved if each.fix is not None]
        self._on_duty.put_many(
            [responder_id for responder_id, _ in here],
            [fix.place.latitude for _, fix in here],
            [fix.place.longitude for _, fix in here],
            accuracies_m=[accuracy_m_of(fix) for _, fix in here],
            fixed_at_s=[fix.at.timestamp() for _, fix in here],
            marks=[self._marks_of(responder_id) for responder_id, _ in here],
        )

    def put(self, responder: Responder) -> None:
        """Take a responder in, or in their changed form."""
        self._arrived.add(responder.responder_id)
        self._take_in(responder)

    def _take_in(self, responder: Responder) -> None:
        self._responders[responder.responder_id] = responder
        self._changed.add(responder.responder_id)
        if responder.on_duty and responder.fix is not None:
            self._on_duty.put(
                responder.responder_id,
                responder.fix.place,
                accuracy_m=accuracy_m_of(responder.fix),
                fixed_at_s=responder.fix.at.timestamp(),
                marks=self._marks_of(responder.responder_id),
            )
        else:
            self._on_duty.remove(responder.responder_id)

    def clock_jumped(self, seconds: float) -> None:
        """The service's clock was set by so much: every fix is as old as it was."""
        jump = timedelta(seconds=seconds)
        known = [(each, each.fix) for each in self._responders.values() if each.fix is not None]
        self.fill([each.at(replace(fix, at=fix.at + jump)) for each, fix in known])

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
        self.put(responder.at(fix))
        self._moved.add(responder_id)
        if self._untold is not None:
            self._untold.add(responder_id)

    def follow(self, responder: Responder) -> None:
        """Take somebody in as another worker has changed them; a fix that is newer here stays."""
        known = self._responders.get(responder.responder_id)
        if known is not None and known.fix is not None and (responder.fix is None or responder.fix.at <= known.fix.at):
            responder = responder.at(known.fix)
        self._take_in(responder)

    def follow_fixes(self, fixes: Iterable[tuple[str, Fix]]) -> list[ResponderId]:
        """Note where others are, as other workers were told, where that is newer; answers who is not known here."""
        newer: list[Responder] = []
        unknown: list[ResponderId] = []
        for key, fix in fixes:
            responder = self._responders.get(ResponderId(key))
            if responder is None:
                unknown.append(ResponderId(key))
            elif responder.fix is None or (responder.fix.at <= fix.at and responder.fix != fix):
                # Of one instant the later word counts, as it does where they are connected.
                moved = responder.at(fix)
                self._responders[responder.responder_id] = moved
                newer.append(moved)
        self._changed.update(each.responder_id for each in newer)
        self._place([each for each in newer if each.on_duty])
        return unknown

    def engage(self, responder_id: ResponderId, engagement: Engagement) -> None:
        """Note that somebody is on offer or engaged."""
        if self._engagements.get(responder_id) == engagement:
            return
        self._engagements[responder_id] = engagement
        self._mark(responder_id)

    def release(self, responder_id: ResponderId, engagement_of: str, *, arrives: bool = True) -> None:
        """Note that somebody is free of that alert; of another one they are on, they are not.

        Unless another worker looks out for them, whoever needs help is looked at again (`arrives`).
        """
        held = self._engagements.get(responder_id)
        if held is not None and held.alert_id == engagement_of:
            del self._engagements[responder_id]
            self._mark(responder_id)
            if arrives:
                self._arrived.add(responder_id)

    def engagements(self) -> dict[ResponderId, Engagement]:
        """Everybody who is bound, and by what, as of now."""
        return dict(self._engagements)

    def engagement_of(self, responder_id: ResponderId) -> Engagement | None:
        """The alert that binds them, if any."""
        return self._engagements.get(responder_id)

    def candidates(
        self,
        place: Place,
        *,
        now: datetime,
        policy: Policy,
        is_night: bool = False,
        leaving_out: Collection[ResponderId] = (),
        are_there: bool = False,
    ) -> tuple[Candidate, ...]:
        """The nearest who may be alerted now, nearest first, `leaving_out` those who were asked already.

        On duty, certified today, with a fresh fix, free, and not asked so often lately that it is enough. `are_there`:
        rather those to whom something leads now, however many others are nearer.
        """
        today = now.astimezone(self._timezone).date()
        lately = now - timedelta(seconds=policy.price.recent_s)
        limit = policy.price.recent_alerts_limit

        def may_be_alerted(responder_id: ResponderId) -> bool:
            responder = self._responders[responder_id]
            return (
                responder_id not in leaving_out
                and responder.is_certified_on(today)
                and self.histories.alerts_since(responder_id, lately) < limit
            )

        within = partial(self._nearest_reachable, place, policy, now, are_there=are_there)
        # Nearly everybody may be: to ask for a few more and leave out costs half of asking about each in the search.
        looked_at = policy.candidates + _SPARE + len(leaving_out)
        found = within(looked_at)
        fit = [each for each in found if may_be_alerted(each.key)]
        if len(fit) < policy.candidates and len(found) == looked_at:
            fit = within(policy.candidates, keep=may_be_alerted)
        return tuple(self._candidate(each, policy, lately, is_night=is_night) for each in fit[: policy.candidates])

    def _nearest_reachable(
        self,
        place: Place,
        policy: Policy,
        now: datetime,
        most: int,
        *,
        are_there: bool,
        keep: Callable[[ResponderId], bool] | None = None,
    ) -> list[Found[ResponderId]]:
        """The nearest who are free and to whom there is a way; those who are let be only where others are too few."""
        search = partial(self._on_duty.nearest, place, most, within_m=policy.reach_m, keep=keep)
        if self.asks_only_here():
            here = search(all_of=Mark.FREE | Mark.HERE, aging=aging_of(policy, now))
            if here or not self.may_ask_elsewhere():
                return here
        if are_there and (there := search(all_of=Mark.FREE | Mark.WAY, aging=aging_of(policy, now))):
            return there
        if self._let_be:
            sure = self._nearest_of(Mark.FREE | Mark.SURE, search, policy, now, most)
            if len(sure) >= policy.alert_cap:
                return sure
        # Rather asked by two workers than by none.
        return self._nearest_of(Mark.FREE, search, policy, now, most)

    @staticmethod
    def _nearest_of(
        marks: int, search: Callable[..., list[Found[ResponderId]]], policy: Policy, now: datetime, most: int
    ) -> list[Found[ResponderId]]:
        """Two questions, for the index knows how old a fix is."""
        lately = aging_of(policy, now, lifetime_s=min(policy.fix.lifetime_s, HEARD_LATELY_S))
        heard = search(all_of=marks, aging=lately)
        with_way = search(all_of=marks | Mark.WAY, aging=aging_of(policy, now))
        both = {each.key: each for each in (*heard, *with_way)}
        return sorted(both.values(), key=lambda each: (each.likely_m, each.key))[:most]

    def is_reachable(self, responder: Responder, now: datetime) -> bool:
        """Whether somebody is counted on: there is a way to them, or they were heard a moment ago."""
        if responder.responder_id in self._ways:
            return True
        return responder.fix is not None and (now - responder.fix.at).total_seconds() <= HEARD_LATELY_S

    def has_way(self, responder_id: ResponderId) -> bool:
        """Whether something leads to somebody now: a session or a proven channel. Where that is not known, it does."""
        return responder_id in self._ways or self.may_miss_ways()

    def is_here(self, responder_id: ResponderId) -> bool:
        """Whether somebody has a session in this process."""
        return responder_id in self._here

    def set_here(self, responder_id: ResponderId, *, is_here: bool) -> None:
        """Note whether somebody has a session in this process."""
        if is_here:
            self._here.add(responder_id)
        else:
            self._here.discard(responder_id)
        self._mark(responder_id)

    def set_way(self, responder_id: ResponderId, *, is_there: bool, arrives: bool = True) -> None:
        """Note that there is, or is no longer, a way to somebody of whom nothing was heard lately."""
        if is_there == (responder_id in self._ways):
            return
        if is_there:
            self._ways.add(responder_id)
            if arrives:
                self.can_be_reached(responder_id)
        else:
            self._ways.discard(responder_id)
        self._mark(responder_id)

    def let_be(self, responder_ids: Iterable[ResponderId]) -> None:
        """Rather ask others than these for now: a worker of whom nothing is heard may be asking them."""
        for each in responder_ids:
            self._let_be.add(each)
            self._mark(each)

    def count_on_again(self, responder_id: ResponderId) -> None:
        """Somebody who was let be may be asked again."""
        self._let_be.discard(responder_id)
        self._mark(responder_id)
        self.can_be_reached(responder_id)

    def still_free(self, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
        """Those whom nobody else has asked since they were looked up."""
        return tuple(each for each in candidates if each.responder_id not in self._engagements)

    def whereabouts(
        self, responder_ids: Iterable[ResponderId], place: Place, *, now: datetime, policy: Policy
    ) -> tuple[Candidate, ...]:
        """Where these are now, as far as it is known, and how far from `place`."""
        aging = aging_of(policy, now)
        lately = now - timedelta(seconds=policy.price.recent_s)
        here: list[Candidate] = []
        for responder_id in responder_ids:
            responder = self._responders.get(responder_id)
            fix = responder.fix if responder else None
            spread_m = aging.spread_m(accuracy_m_of(fix), fix.at.timestamp()) if fix else None
            if fix is not None and spread_m is not None:
                found = Found(responder_id, distance_m(place, fix.place), spread_m)
                here.append(self._candidate(found, policy, lately, is_night=False))
        return tuple(here)

    def _candidate(self, found: Found[ResponderId], policy: Policy, lately: datetime, *, is_night: bool) -> Candidate:
        responder_id = found.key
        responder = self._responders[responder_id]
        if responder.fix is None:
            raise LookupError(f"{responder_id} is on the map without a fix")
        return Candidate(
            responder_id,
            responder.fix.place,
            found.distance_m,
            responder.mode,
            found.spread_m,
            self.histories.acceptance_of(responder_id, policy.acceptance, is_night=is_night),
            self.histories.alerts_since(responder_id, lately),
            has_way=self.has_way(responder_id),
        )

    def _marks_of(self, responder_id: ResponderId) -> int:
        free = 0 if responder_id in self._engagements else Mark.FREE
        free |= 0 if responder_id in self._let_be else Mark.SURE
        way = Mark.WAY if responder_id in self._ways else 0
        return free | way | (Mark.HERE if responder_id in self._here else 0)

    def _mark(self, responder_id: ResponderId) -> None:
        self._changed.add(responder_id)
        if responder_id in self._on_duty:
            self._on_duty.set_marks(responder_id, self._marks_of(responder_id))

    def on_duty(self) -> Iterator[Responder]:
        """Everybody on duty whose place is known."""
        return (each for each in self._responders.values() if each.on_duty and each.fix is not None)

    @property
    def on_duty_count(self) -> int:
        """How many are on duty with a known place."""
        return len(self._on_duty)

    def take_arrived(self, most: int) -> set[ResponderId]:
        """Those who came near, on duty, free or within reach since this was last asked; of a crowd `most` at a time."""
        if len(self._arrived) <= most:
            arrived, self._arrived = self._arrived, set()
        else:
            arrived = set(islice(self._arrived, most))
            self._arrived -= arrived
        return arrived

    def can_be_reached(self, responder_id: ResponderId) -> None:
        """There is a way to somebody, or another one: if help is looked out for, they are looked at."""
        if responder_id in self._responders:
            self._arrived.add(responder_id)

    def arrive_again(self, responder_ids: Iterable[ResponderId]) -> None:
        """These have not been looked at yet."""
        self._arrived.update(responder_ids)

    def take_moved(self) -> list[Responder]:
        """Those whose fix is newer than what was last taken here, for the batch that is written down."""
        moved = [self._responders[each] for each in self._moved]
        self._moved.clear()
        return moved

    def tell_others(self) -> None:
        """From now on keep who has moved here or changed, for those who tell other workers: everybody, at first."""
        self._untold = {*self._here}

    def take_untold(self, most: int) -> list[Responder]:
        """Some of those of whom other workers do not know yet how they are."""
        if not self._untold:
            return []
        taken = list(islice(self._untold, most))
        self._untold.difference_update(taken)
        return [self._responders[each] for each in taken if each in self._responders]

    def mark_untold(self, responder_ids: Iterable[ResponderId]) -> None:
        """Other workers are to be told of these."""
        if self._untold is not None:
            self._untold.update(responder_ids)

    def mark_moved(self, responder_ids: Iterable[ResponderId]) -> None:
        """These fixes could not be written down and are still to be."""
        self._moved.update(responder_ids)

    def take_changed(self) -> set[ResponderId]:
        """Those who look different on a map since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def __len__(self) -> int:
        return len(self._responders)


def _no() -> bool:
    return False
