"""While the database is away clients are let in all the same, told things without numbers, and called back after."""

import dataclasses
from dataclasses import dataclass

import psycopg
import pytest

from dispatch.realtime import endpoint, mailboxes
from dispatch.realtime import hub as hubs
from dispatch.realtime.care import SocketCare
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.messages import Hello, Resume
from dispatch.storage.database import Database
from tests.people import WULIN, ServiceInProcess, beside

HERE = beside(WULIN, north_m=100)


@dataclass
class Known:
    """Whether the database is away, for a test to say."""

    is_away: bool = False


async def test_a_hello_is_answered_while_the_database_is_away(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "_BEGIN_AGAIN_WITHIN_S", 0.0)
    async with service.on_duty("r1", HERE):
        pass
    with monkeypatch.context() as outage:
        outage.setattr(mailboxes, "open_mailbox", _fails)
        async with service.socket("responder", "r1", resume={"epoch": "x", "seq": 7}) as phone:
            welcome = phone.welcome
            assert welcome["epoch"].startswith("away-")
            assert (welcome["seq"], welcome["resumed"], welcome["degraded"]) == (0, False, True)
            assert (await phone.next("duty"))["on_duty"] is True
            # What is said goes out at once, without a number.
            service.service.hub.tell("responder:r1", {"type": "alert", "alert_id": "from memory"})
            told = await phone.next("alert")
            assert "seq" not in told
            # When the database is back the session is sent away to get a mailbox.
            outage.undo()
            assert service.service.hub.begin_again() == 1
            assert await phone.closed() == CloseCode.BEGIN_AGAIN
    async with service.socket("responder", "r1") as phone:
        assert "degraded" not in phone.welcome
        assert not phone.welcome["epoch"].startswith("away-")


async def test_what_is_numbered_before_a_degraded_session_has_left_reaches_it_without_number_and_again_with_one(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service.on_duty("r1", HERE):
        pass
    with monkeypatch.context() as outage:
        outage.setattr(mailboxes, "open_mailbox", _fails)
        async with service.socket("responder", "r1") as phone:
            outage.undo()
            await service.sos()
            first = await phone.next("alert")
            assert "seq" not in first
    async with service.socket("responder", "r1") as phone:
        again = await phone.next("alert")
        assert (again["alert_id"], again["seq"]) == (first["alert_id"], 1)


async def test_sessions_that_began_before_stay(service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "_BEGIN_AGAIN_WITHIN_S", 0.0)
    async with service.on_duty("r1", HERE) as phone:
        with monkeypatch.context() as outage:
            outage.setattr(mailboxes, "open_mailbox", _fails)
            async with service.socket("operator", "ann") as console:
                assert console.welcome["degraded"] is True
                assert (await console.next("picture"))["full"] is True
                outage.undo()
                service.service.hub.begin_again()
                assert await console.closed() == CloseCode.BEGIN_AGAIN
        await service.sos()
        assert (await phone.next("alert"))["seq"] == 1


async def test_nobody_is_called_back_before_the_database_is_there(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "_BEGIN_AGAIN_WITHIN_S", 0.0)
    known = Known(is_away=True)
    care = SocketCare(service.service.hub, service.service.database, 25.0, clock=service.clock, availability=known)
    # Its own look must not call anybody back meanwhile: it knows of no outage.
    monkeypatch.setattr(service.service.care, "look", care.look)
    monkeypatch.setattr(mailboxes, "open_mailbox", _fails)
    async with service.socket("operator", "ann") as console:
        await care.look()
        await console.settled()
        known.is_away = False
        await care.look()
        assert await console.closed() == CloseCode.BEGIN_AGAIN


async def test_a_caller_whose_incident_cannot_be_looked_up_is_let_in(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await service.sos()
    monkeypatch.setattr(service.service.engine, "incident", _fails)
    monkeypatch.setattr(mailboxes, "open_mailbox", _fails)
    async with service.socket("caller", opened["incident_id"]) as caller:
        assert caller.welcome["degraded"] is True


async def test_a_database_known_to_be_away_is_not_asked(service: ServiceInProcess) -> None:
    parts = dataclasses.replace(service.service.socket_parts(), availability=Known(is_away=True))
    hello = Hello(type="hello", token="", resume=Resume(epoch="e", seq=1))
    assert await endpoint._backlog("responder:r1", hello, parts) is None
    parts = dataclasses.replace(parts, availability=Known(is_away=False))
    assert (await endpoint._backlog("responder:r1", hello, parts)) is not None


async def _fails(*_arguments: object, **_more: object) -> None:
    raise psycopg.OperationalError("server closed the connection unexpectedly")


async def test_one_statement_opens_a_mailbox(database: Database) -> None:
    made = await mailboxes.open_mailbox(database, "responder:r1")
    assert (made.after, made.last_seq, made.resumed, made.messages) == (0, 0, False, ())
    again = await mailboxes.open_mailbox(database, "responder:r1", epoch=made.epoch, seq=0)
    assert (again.epoch, again.resumed) == (made.epoch, True)
    other = await mailboxes.open_mailbox(database, "responder:r1", epoch="another", seq=0)
    assert (other.epoch, other.resumed) == (made.epoch, False)
