"""Whoever was connected to a worker that has fallen silent is let be until they turn up."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId, TravelMode
from dispatch.responders.responder import Engagement, Fix, Responder
from dispatch.responders.roster import Roster
from dispatch.sharing.out_of_hearing import OutOfHearing
from tests.people import WULIN, beside

NOON = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)


class City:
    """One first-aider at Wulin, last heard at noon."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.connected: set[str] = set()
        self.roster = Roster(ZoneInfo("Asia/Shanghai"))
        self.roster.put(_responder())
        # Others are near enough, and no others are to be asked: with too few of them everybody is.
        for number in range(Policy().alert_cap):
            self.roster.put(_responder(f"other-{number}", north_m=50.0))
        self.out = OutOfHearing(self.roster, self.connected.__contains__, now=self._now, now_s=lambda: self.now_s)

    def _now(self) -> datetime:
        return NOON + timedelta(seconds=self.now_s)

    def can_be_asked(self) -> bool:
        found = self.roster.candidates(WULIN, now=self._now(), policy=Policy())
        return any(each.responder_id == "r1" for each in found)

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.out.look()


def _responder(name: str = "r1", *, north_m: float = 0.0) -> Responder:
    return Responder(
        responder_id=ResponderId(name),
        name=name,
        phone=None,
        certificate_number="1",
        certificate_expires_on=(NOON + timedelta(days=30)).date(),
        mode=TravelMode.WALK,
        language="zh",
        on_duty=True,
        created_at=NOON,
        fix=Fix(beside(WULIN, north_m=north_m), NOON, 10.0),
    )


@pytest.fixture
def city() -> City:
    city = City()
    assert city.can_be_asked()
    city.now_s = 1.0
    city.out.note(["responder:r1", "caller:i1", "operators"])
    assert not city.can_be_asked()
    return city


def test_they_may_be_asked_again_as_soon_as_they_come(city: City) -> None:
    city.out.is_back("responder:r1")
    assert city.can_be_asked()


def test_so_they_may_when_their_worker_is_heard_again(city: City) -> None:
    city.connected.add("responder:r1")
    city.pass_s(1)
    assert city.can_be_asked()


def test_so_they_may_when_somebody_has_written_down_where_they_are(city: City) -> None:
    city.pass_s(5)
    assert not city.can_be_asked()
    city.roster.follow_fixes([("r1", Fix(WULIN, NOON + timedelta(seconds=4), 10.0))])
    city.pass_s(1)
    assert city.can_be_asked()


def test_nobody_is_let_be_for_ever(city: City) -> None:
    city.pass_s(121)
    assert not city.out


def test_a_worker_that_hears_nobody_knows_nothing_of_others(city: City) -> None:
    city.out.everybody_is_back()
    assert city.can_be_asked()


def test_where_others_are_too_few_they_are_asked_all_the_same() -> None:
    alone = City()
    for number in range(3):
        alone.roster.engage(ResponderId(f"other-{number}"), Engagement(IncidentId("i"), AlertId("a"), accepted=True))
    alone.now_s = 1.0
    alone.out.note(["responder:r1"])
    # Rather by two workers than by none.
    assert alone.can_be_asked()
