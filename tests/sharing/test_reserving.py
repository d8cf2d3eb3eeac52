"""While the database takes its time over a decision, other workers know whom it is about to bind."""

import asyncio
from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from dispatch.responders.responder import Engagement
from dispatch.responders.roster import Roster
from dispatch.sharing.reserving import Reservation, Reserving
from tests.people import until

R1 = ResponderId("r1")
RESERVED = Reservation(R1, IncidentId("i1"), AlertId("a1"), accepted=False)
GIVEN_BACK = Reservation(R1, IncidentId("i1"), AlertId("a1"), accepted=False, holds=False)


def _worker() -> tuple[Roster, Reserving, list[Reservation]]:
    roster, told = Roster(ZoneInfo("Asia/Shanghai")), list[Reservation]()

    def tell(some: Sequence[Reservation]) -> None:
        told.extend(some)

    return roster, Reserving(roster, tell, partial(roster.release, arrives=False)), told


def test_whom_another_is_about_to_bind_is_bound_here() -> None:
    roster, reserving, _ = _worker()
    reserving.hear([RESERVED])
    assert roster.engagement_of(R1) == Engagement(IncidentId("i1"), AlertId("a1"), accepted=False)
    reserving.hear([GIVEN_BACK])
    assert roster.engagement_of(R1) is None


def test_whom_this_worker_has_bound_stays_bound_by_it() -> None:
    roster, reserving, _ = _worker()
    ours = Engagement(IncidentId("i2"), AlertId("a2"), accepted=True)
    roster.engage(R1, ours)
    reserving.hear([RESERVED, GIVEN_BACK])
    assert roster.engagement_of(R1) == ours


async def test_a_decision_that_is_written_at_once_is_told_as_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    _, reserving, told = _worker()
    _binds(monkeypatch)
    with reserving.until_written(()):
        await asyncio.sleep(0)
    assert told == []


async def test_one_that_takes_long_and_comes_to_nothing_is_told_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    _, reserving, told = _worker()
    _binds(monkeypatch)

    async def is_told() -> bool:
        return told == [RESERVED]

    async def fails() -> None:
        with reserving.until_written(()):
            await until(is_told)
            # From now on nothing waits: the database is slow.
            with reserving.until_written(()):
                assert told == [RESERVED, RESERVED]
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await fails()
    assert told == [RESERVED, RESERVED, GIVEN_BACK]


def _binds(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = [(R1, IncidentId("i1"), AlertId("a1"), False)]
    monkeypatch.setattr(Reserving, "_bound", staticmethod(lambda _decisions: bound))
