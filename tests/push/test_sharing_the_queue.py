"""Any desk sends what any other has queued, none sends it twice, and what a dead one held is free within a second."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from dispatch.storage.database import Database
from tests.people import until
from tests.push.conftest import OpenDesk, Waking, heard_by, states_are
from tests.push.receiving import Answer, Device, Listener


async def test_what_one_desk_queued_another_sends(open_desk: OpenDesk, push_service: Listener) -> None:
    device = Device()
    push_service.default = Answer(503)
    async with open_desk() as first:
        await first.add_responder("r1")
        await first.subscribe("r1", push_service.origin, device)
        await first.wake([first.alert("r1")])
        await heard_by(push_service)
    push_service.default = Answer(201)
    async with open_desk() as second:
        await second.pass_time(seconds=2)
        assert await second.opened(await heard_by(push_service), device, push_service.origin)
        await until(lambda: states_are(second, ["sent"]))


async def test_two_desks_share_the_queue_and_send_nothing_twice(open_desk: OpenDesk, push_service: Listener) -> None:
    count = 120
    push_service.default = Answer(201, hang_s=0.01)
    async with open_desk() as first, open_desk() as second:
        for number in range(count):
            await first.add_responder(f"r{number}")
            await _subscribe(first, f"r{number}", push_service)
        wakes = [first.alert(f"r{number}") for number in range(count)]
        await asyncio.gather(*(desk.wake(wakes[start::4]) for start in range(4) for desk in (first, second)))
        await until(lambda: states_are(first, ["sent"] * count), within_s=30)
        assert sorted(each.headers["topic"] for each in push_service.heard) == sorted(
            each.alert_id.replace("-", "") for each in wakes
        )
        assert first.push.desk._presence.desk_id != second.push.desk._presence.desk_id


async def test_what_a_killed_process_was_sending_is_sent_by_another_within_a_second(
    open_desk: OpenDesk, push_service: Listener, database: Database, tmp_path: Path
) -> None:
    push_service.answers.append(Answer(201, hang_s=60))
    async with open_desk() as survivor:
        await survivor.add_responder("r1")
        await _subscribe(survivor, "r1", push_service)
        # It waits, as if it had been started later, while the other one takes the job.
        survivor.push.desk._is_draining = True
        await survivor.wake([survivor.alert("r1")])
        command = [sys.executable, "-m", "tests.push.doomed", database.url, str(tmp_path)]
        doomed = await asyncio.to_thread(subprocess.Popen, command)
        try:
            await heard_by(push_service, 30)
            (job,) = await survivor.jobs()
            assert job.taken_by is not None
            survivor.push.desk._is_draining = False
            # It stays with who holds it as long as that one lives.
            await asyncio.sleep(1.2)
            assert len(push_service.heard) == 1
        finally:
            os.kill(doomed.pid, signal.SIGKILL)
            doomed.wait(10)
        killed_at_s = time.monotonic()
        again = await heard_by(push_service)
        assert again.at_s - killed_at_s < 1.0
        first, second = push_service.heard
        assert first.headers["topic"] == second.headers["topic"]
        await until(lambda: states_are(survivor, ["sent"]))


async def test_a_desk_whose_connection_is_cut_comes_back_by_itself(open_desk: OpenDesk, push_service: Listener) -> None:
    async with open_desk() as waking:
        await waking.add_responder("r1")
        await _subscribe(waking, "r1", push_service)
        await waking.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and backend_type = 'client backend' and usename = current_user"
        )
        wake = waking.alert("r1")
        for _ in range(3):
            try:
                await waking.wake([wake])
                break
            except Exception:  # noqa: BLE001, S112 - a cut connection: the caller tries again
                continue
        assert (await heard_by(push_service)).headers["topic"] == wake.alert_id.replace("-", "")


async def test_a_new_job_does_not_wait_for_the_next_look(waking: Waking, push_service: Listener) -> None:
    await _subscribe(waking, "r1", push_service)
    took_s = []
    for _ in range(20):
        begun_s = time.monotonic()
        await waking.wake([waking.alert("r1")])
        took_s.append((await heard_by(push_service)).at_s - begun_s)
    assert sorted(took_s)[10] < 0.2, "looking every quarter of a second would take 0.125 s and more"


async def test_a_desk_that_stops_writes_down_what_it_has_sent(open_desk: OpenDesk, push_service: Listener) -> None:
    push_service.default = Answer(201, hang_s=0.3)
    async with open_desk() as first:
        await first.add_responder("r1")
        await _subscribe(first, "r1", push_service)
        await first.wake([first.alert("r1")])
        await heard_by(push_service)
    async with open_desk() as second:
        assert await states_are(second, ["sent"])


async def _subscribe(waking: Waking, responder_id: str, service: Listener) -> None:
    await waking.sql(
        "insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at)"
        " values (gen_random_uuid(), :id, :endpoint, :service, :p256dh, :auth, now())",
        id=responder_id,
        endpoint=f"{service.origin}/{responder_id}",
        service=service.origin,
        **Device().keys,
    )
