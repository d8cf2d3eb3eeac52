"""What nobody waits for any longer is left undone, however late the server comes to it."""

import os
import signal

import pytest

from dispatch.storage.database import Database
from dispatch.storage.direct import NotAnswered
from dispatch.storage.prepared import Prepared
from dispatch.storage.servers_clock import ServersClock
from tests.people import until

PUT = Prepared("put_late", "insert into mailboxes values (:recipient, 'e', 0)", {"recipient": "text"})
NAMES = Prepared("names_late", "select recipient from mailboxes", {})
WHO = Prepared("who_late", "select pg_backend_pid()", {})
OTHERS = Prepared("others_late", "select count(*) from pg_stat_activity where pid = :pid", {"pid": "int4"})


async def _backend(database: Database) -> int:
    ((pid,),) = await database.run(WHO, {})
    assert pid is not None
    return int(pid)


@pytest.mark.parametrize("together", [False, True])
async def test_a_server_that_was_frozen_does_not_carry_out_what_its_asker_has_given_up(
    database: Database, *, together: bool
) -> None:
    frozen = Database(database.url, connections=1, answer_within_s=0.3)
    try:
        # Prepared while it answers: all that is left to be sent is what is asked.
        await frozen.run(PUT, {"recipient": "before"})
        pid = await _backend(frozen)
        os.kill(pid, signal.SIGSTOP)
        try:
            step = (PUT, {"recipient": "late"})
            with pytest.raises(NotAnswered):
                await (frozen.run_together([step, step]) if together else frozen.run(*step))
        finally:
            os.kill(pid, signal.SIGCONT)

        async def has_ended() -> bool:
            return await database.run(OTHERS, {"pid": pid}) == [("0",)]

        await until(has_ended)
        assert await database.run(NAMES, {}) == [("before",)]
    finally:
        await frozen.close()


async def test_a_server_whose_clock_is_set_answers_all_the_same(database: Database) -> None:
    pid = await _backend(database)
    (line,) = database._direct._idle
    ahead_s = line._clock._ahead_s
    assert ahead_s is not None
    for set_by_s in (-3600.0, 3600.0):
        line._clock._ahead_s = ahead_s + set_by_s
        await database.run(PUT, {"recipient": f"clock {set_by_s}"})
        assert line._clock._ahead_s == pytest.approx(ahead_s, abs=1.0)
    assert await _backend(database) == pid
    assert len(await database.run(NAMES, {})) == 2


def test_what_is_known_of_its_clock_is_never_too_much() -> None:
    clock = ServersClock()
    assert clock.may_begin_until(10.0, now_s=8.0) == float("inf")
    # The answer was two seconds on its way: the clock may be ahead by 98 to 100.
    clock.learn(b"110.0", asked_at_s=10.0, heard_at_s=12.0)
    assert clock.may_begin_until(20.0, now_s=18.0) == pytest.approx(117.95)
    # One that was faster knows better.
    clock.learn(b"120.0", asked_at_s=20.5, heard_at_s=20.6)
    assert clock.may_begin_until(21.0, now_s=20.9) == pytest.approx(120.39)
    # One that was slow does not know better.
    clock.learn(b"130.0", asked_at_s=30.0, heard_at_s=33.0)
    assert clock.may_begin_until(40.0, now_s=39.9) == pytest.approx(139.39)
    # It was set back.
    clock.learn(b"100.0", asked_at_s=40.0, heard_at_s=40.1)
    assert clock.may_begin_until(50.0, now_s=49.9) == pytest.approx(109.89)
