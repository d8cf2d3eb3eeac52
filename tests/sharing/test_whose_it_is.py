"""Whose an incident is to decide, and whose a first-aider is to ask, as far as what is heard tells."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from dispatch.engine.live_incident import LiveIncident
from dispatch.engine.openings import new_incident_id
from dispatch.engine.recording import Recording
from dispatch.rescue.commands import Refused, SetCpr
from dispatch.rescue.events import CprChanged, Event, Expired
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from dispatch.sharing.envelope import Envelope, ToldDecision
from dispatch.sharing.link import Link
from tests.people import WULIN, Message, ServiceInProcess, beside, until
from tests.sharing.conftest import Workers, sharing_of

R1 = ResponderId("r1")
THEIRS = AlertId("0d1f3a52-8a4e-8c55-b0a5-6f7c3f5e9a11")


def _with_their_alert(events: list[Event]) -> tuple[Event, ...]:
    """The same events, about an alert of theirs."""
    return tuple(
        replace(each, what=replace(each.what, alert_id=THEIRS)) if hasattr(each.what, "alert_id") else each  # type: ignore[call-arg] # those that have one
        for each in events
    )


@asynccontextmanager
async def _asked(worker: ServiceInProcess) -> AsyncIterator[tuple[Message, LiveIncident]]:
    """The first-aider r1 there is asked, and has acknowledged it: the alert, and the incident as it is kept."""
    async with worker.on_duty(R1, beside(WULIN, north_m=100)) as r1:
        await worker.sos()
        alert = await r1.next("alert")
        await r1.settled()
        yield alert, worker.service.engine.live.place_for(IncidentId(alert["incident_id"]))


@pytest.mark.parametrize("is_written", [False, True])
async def test_only_the_database_takes_somebody_from_the_alert_that_binds_them_here(
    workers: Workers, *, is_written: bool
) -> None:
    one, _ = workers.each
    async with _asked(one) as (alert, ours):
        engine = one.service.engine
        theirs = ToldDecision(new_incident_id(), _with_their_alert(ours.events), is_written, ours.opening)
        sharing_of(one).following.take(theirs, sender="0-other")
        held = engine.roster.engagement_of(R1)
        assert held is not None
        assert held.alert_id == (THEIRS if is_written else alert["alert_id"])


@pytest.mark.parametrize("is_over", [False, True])
async def test_what_binds_somebody_next_does_when_the_alert_that_binds_them_ends(
    workers: Workers, *, is_over: bool
) -> None:
    one, _ = workers.each
    async with _asked(one) as (alert, ours):
        events = _with_their_alert(ours.events)
        theirs = ToldDecision(new_incident_id(), events, is_written=False, opening=ours.opening)
        following = sharing_of(one).following
        # Heard before the end of ours, which its worker told first.
        following.take(theirs, sender="0-other")
        if is_over:
            ended = replace(events[-1], number=events[-1].number + 1, what=Expired(alert_id=THEIRS))
            following.take(ToldDecision(theirs.incident_id, (ended,), is_written=False), sender="0-other")
        await one.call("POST", f"/v1/incidents/{alert['incident_id']}/close", role="operator")
        held = one.service.engine.roster.engagement_of(R1)
        assert (held and held.alert_id) == (None if is_over else THEIRS)


async def test_whom_the_database_lets_go_of_is_bound_again_by_the_alert_that_is_theirs_here(workers: Workers) -> None:
    """Asked in two incidents all the same: nobody is free for a third one before both are over."""
    one, _ = workers.each
    async with _asked(one) as (alert, ours):
        roster, following = one.service.engine.roster, sharing_of(one).following
        events = _with_their_alert(ours.events)
        theirs = ToldDecision(new_incident_id(), events, is_written=True, opening=ours.opening)
        following.take(theirs, sender="0-other")
        ended = replace(events[-1], number=events[-1].number + 1, what=Expired(alert_id=THEIRS))
        following.take(ToldDecision(theirs.incident_id, (ended,), is_written=True), sender="0-other")
        held = roster.engagement_of(R1)
        assert held is not None
        assert held.alert_id == alert["alert_id"]
        await one.call("POST", f"/v1/incidents/{alert['incident_id']}/close", role="operator")
        assert roster.engagement_of(R1) is None


async def test_a_decision_that_was_read_in_the_rows_before_it_was_heard_is_still_its_workers(workers: Workers) -> None:
    one, _ = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    live = one.service.engine.live.place_for(incident_id)
    following = sharing_of(one).following
    live.home = None
    following.take(ToldDecision(incident_id, tuple(live.events), is_written=True), sender="0-other")
    assert following.home_of(live) == "0-other"
    # What is older than what is known says nothing of whose it is now.
    following.take(ToldDecision(incident_id, tuple(live.events[:1]), is_written=True), sender="0-third")
    assert following.home_of(live) == "0-other"


async def test_what_waits_to_be_followed_is_its_workers_already(workers: Workers) -> None:
    one, _ = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    live = one.service.engine.live.place_for(incident_id)
    following = sharing_of(one).following
    before = following.home_of(live)
    async with live.lock:
        # Something is being decided here, which may take as long as a database takes to be found away.
        later = replace(live.events[-1], number=live.present.version + 1)
        following.take(ToldDecision(incident_id, (later,), is_written=True), sender="0-other")
        assert live.home == before
        assert following.home_of(live) == "0-other"


@pytest.mark.parametrize("is_other_way", [False, True])
async def test_what_goes_on_from_something_else_than_is_known_here_is_not_taken_for_the_next(
    workers: Workers, *, is_other_way: bool
) -> None:
    """Of an incident that went two ways both may have come to the same number."""
    one, _ = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    live = one.service.engine.live.place_for(incident_id)
    known, last = live.present.version, live.events[-1]
    since = last.at + timedelta(microseconds=1) if is_other_way else last.at
    later = replace(last, number=known + 1, what=CprChanged(in_progress=True))
    told = ToldDecision(incident_id, (later,), is_written=False, since=since)
    sharing_of(one).following.take(told, sender="0-other")
    assert live.present.version == (known if is_other_way else known + 1)


async def test_who_decides_says_what_it_goes_on_from(workers: Workers) -> None:
    one, two = workers.each
    incident_id = (await one.sos())["incident_id"]
    last = one.service.engine.live.place_for(IncidentId(incident_id)).events[-1]
    with patch.object(sharing_of(two).following, "take") as take:
        one.clock.move(seconds=1)
        await one.call("POST", f"/v1/incidents/{incident_id}/cpr", role="operator", json={"in_progress": True})

        async def heard() -> bool:
            return bool(take.called)

        await until(heard)
    (told,) = take.call_args.args
    assert (told.events[0].number, told.since) == (last.number + 1, last.at)


async def test_what_cannot_be_followed_keeps_nothing_else_of_the_news_from_being_heard(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    live = one.service.engine.live.place_for(incident_id)
    sharing = sharing_of(one)
    told = ToldDecision(incident_id, tuple(live.events), is_written=True)
    news = Envelope(sender=sharing_of(two).worker, decisions=[told], shown={incident_id: 99})

    def cannot(*_of: object, **_how: object) -> None:
        raise KeyError(THEIRS)

    monkeypatch.setattr(sharing.following, "take", cannot)
    sharing.hear(sharing._seal.put_on(news.to_bytes()))
    assert live.shown_version == 99


async def test_what_cannot_be_written_though_the_database_is_there_does_not_bind_the_others_hands(
    workers: Workers,
) -> None:
    one, two = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    recording, deciding = one.service.engine.recording, sharing_of(one)._deciding
    recording.unwritten[incident_id] = []
    try:
        assert deciding.keeps_what_it_decides()
        recording.stuck.add(incident_id)
        assert not deciding.keeps_what_it_decides()
        assert not sharing_of(two)._deciding.asks_only_here()
    finally:
        del recording.unwritten[incident_id]
        recording.stuck.discard(incident_id)


async def test_one_that_hears_nobody_yet_does_not_take_itself_for_the_only_one(workers: Workers) -> None:
    sharing = sharing_of(workers.each[0])
    # As where the way to Redis is there again, and the one to PostgreSQL is not: nobody else has been heard yet.
    for each in sharing.colleagues.ids():
        sharing.colleagues.forget(each)
    with patch.object(Recording, "is_away", new=True):
        assert sharing.link.is_up_for(0.0)
        sharing.link._up_since_s = time.monotonic()
        assert sharing._deciding.asks_only_here()
        sharing.link._up_since_s -= 60.0
        assert not sharing._deciding.asks_only_here()
    with patch.object(Link, "is_away", new=True):
        assert not sharing.link.is_up_for(0.0)


async def test_where_nobody_is_connected_others_are_asked_though_another_worker_may_keep_what_it_decides(
    workers: Workers,
) -> None:
    one, two = workers.each
    async with two.on_duty("r1", beside(WULIN, north_m=100)) as r1:

        async def is_known() -> bool:
            return one.service.roster.on_duty_count == 1

        await until(is_known)
        # As right after the first word of a worker, which has not said yet whether it has a journal.
        sharing_of(one).colleagues.has_kept(sharing_of(two).worker)
        assert sharing_of(one)._deciding.asks_only_here()
        engine = one.service.engine
        found = engine.roster.candidates(WULIN, now=one.clock.now(), policy=engine.surveyor.policy)
        assert [each.responder_id for each in found] == [R1]
        await r1.settled()


async def test_what_cannot_be_done_is_refused_though_the_rows_may_still_tell_otherwise(workers: Workers) -> None:
    """Of an incident that went two ways, until the rows have been read for it."""
    one, _ = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    await one.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")
    sharing_of(one).following._forked.add(incident_id)
    with pytest.raises(Refused, match="closed already"):
        await one.service.engine.command(incident_id, SetCpr(in_progress=True), by="operator")
