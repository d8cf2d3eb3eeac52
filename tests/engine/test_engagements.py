"""Who is bound by several alerts at a time is free when the last has let go, in whatever order that is heard."""

import itertools
from typing import cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from dispatch.engine.engagements import Engagements
from dispatch.engine.live_incident import LiveIncidents
from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import Close
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.responders.responder import Engagement
from dispatch.responders.roster import Roster
from dispatch.storage.database import Database
from tests.rescue.story import Story, people

(ANN,) = people(1)
ANNS_ID = ANN.responder_id


class Town:
    """Incidents in memory, in each of which Ann is asked."""

    def __init__(self) -> None:
        self.roster = Roster(ZoneInfo("UTC"))
        self.live = LiveIncidents()
        self.engagements = Engagements(self.roster, cast("Database", None), self.live)
        self.stories: list[Story] = []
        self.alerts: list[Alert] = []

    def opens(self) -> Decision:
        """One more, with its first decision."""
        incident_id = IncidentId(str(uuid4()))
        story = Story([ANN], incident_id=incident_id).opens()
        decision = Decision(story.incident, tuple(story.events))
        self.live.place_for(incident_id).take_in(decision)
        self.stories.append(story)
        (alert,) = story.incident.alerts.values()
        self.alerts.append(alert)
        return decision

    def closes(self, number: int) -> Decision:
        """That one is over."""
        story = self.stories[number]
        events = tuple(story.does(Close(), by="operator"))
        decision = Decision(story.incident, events)
        self.live.place_for(story.incident.incident_id).take_in(decision)
        return decision

    @property
    def counts(self) -> int | None:
        """By which incident Ann is bound, as far as anybody is told; None: by none."""
        held = self.roster.engagement_of(ANNS_ID)
        return None if held is None else [each.alert_id for each in self.alerts].index(held.alert_id)


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.mark.parametrize("is_written", [True, False], ids=("written", "only told"))
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_whoever_is_asked_by_several_is_free_when_the_last_has_let_go(
    town: Town, order: tuple[int, ...], *, is_written: bool
) -> None:
    own = town.opens()
    town.engagements.reserve(own)
    town.engagements.keep(own, is_written=False)
    for _ in range(3):
        town.engagements.follow(town.opens(), is_written=is_written)
    assert town.counts == (3 if is_written else 0)
    left: set[int | None] = set(range(4))
    for number in order:
        town.engagements.follow(town.closes(number))
        left.remove(number)
        assert town.counts in (left or {None})


def test_what_was_read_anew_takes_nobody_out_of_what_binds_them(town: Town) -> None:
    own = town.opens()
    town.engagements.reserve(own)
    for _ in range(2):
        town.engagements.bind(town.opens().incident)
    for number in (1, 2):
        town.engagements.let_go(town.closes(number).incident)
    assert town.counts == 0


def test_a_reservation_that_comes_to_nothing_gives_back_to_what_bound_them_before(town: Town) -> None:
    town.engagements.follow(town.opens())
    late = town.opens()
    town.engagements.reserve(late)
    assert town.counts == 1
    town.engagements.release(late)
    assert town.counts == 0


def test_an_incident_that_is_being_read_binds_as_before(town: Town) -> None:
    own = town.opens()
    town.engagements.reserve(own)
    town.engagements.follow(town.opens())
    live = town.live.place_for(own.incident.incident_id)
    known = live.incident
    live.forget()
    town.engagements.follow(town.closes(1))
    assert town.counts == 0
    assert known is not None
    live.incident = known
    town.engagements.let_go(town.closes(0).incident)
    assert town.counts is None


def test_an_incident_that_is_known_no_more_binds_nobody(town: Town) -> None:
    own = town.opens()
    town.engagements.reserve(own)
    town.engagements.follow(town.opens())
    town.live.drop(own.incident.incident_id)
    town.engagements.follow(town.closes(1))
    assert town.counts is None


def test_what_is_kept_in_a_journal_binds_beside_what_counts_and_afterwards(town: Town) -> None:
    town.engagements.follow(town.opens())
    kept = town.opens()
    town.engagements.reserve(kept, only_free=True)
    town.engagements.keep(kept, is_written=False)
    assert town.counts == 0
    town.engagements.follow(town.closes(0))
    assert town.counts == 1
    town.engagements.follow(town.closes(1))
    assert town.counts is None


def test_a_reservation_of_another_worker_that_comes_to_nothing_gives_way_to_what_binds_besides(town: Town) -> None:
    elsewhere = Engagement(IncidentId("elsewhere"), AlertId("theirs"), accepted=False)
    town.roster.engage(ANNS_ID, elsewhere)
    kept = town.opens()
    town.engagements.reserve(kept, only_free=True)
    town.engagements.keep(kept, is_written=False)
    assert town.roster.engagement_of(ANNS_ID) == elsewhere
    town.engagements.free_of(ANNS_ID, elsewhere.alert_id, arrives=False)
    assert town.counts == 0
