"""What may go wrong between us and the street-routing engine: the SOS goes on, on time, with what is known."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from dispatch.engine.street_routing import CircuitBreaker
from dispatch.engine.valhalla import ValhallaRouter
from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.place import Place
from loadtests.loopback import free_port
from tests.valhalla_server import TWO_BANKS, on_the_banks, valhalla_for

PATIENT = on_the_banks(0, 60)
WALKER = Candidate(ResponderId("walker"), on_the_banks(400, 60), 400.0, TravelMode.WALK)
DRIVER = Candidate(ResponderId("driver"), on_the_banks(800, 60), 800.0, TravelMode.CAR)
AED = AedOption(AedId("a"), "AED", on_the_banks(-200, 60), 200.0, 0.97)

Answer = Callable[[str, bytes], Awaitable[bytes]]


class StillClock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def server_that(answers: Answer) -> AsyncIterator[str]:
    """An HTTP server on loopback whose answer to (path, body) is sent as it is, byte for byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
                writer.write(await answers(head.split()[1], await reader.readexactly(length)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.close()


def said(body: object, status: str = "200 OK") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


def matrix_for(question: bytes, *, time: object = 60, off_lat: float = 0.0) -> dict[str, object]:
    """A well-formed answer: every way takes `time`, every place is put on a street `off_lat` degrees to the north."""
    asked = json.loads(question)
    places = {
        side: [{"lat": each["lat"] + off_lat, "lon": each["lon"]} for each in asked[side]]
        for side in ("sources", "targets")
    }
    cells = [[{"time": time, "distance": 0.1} for _ in asked["targets"]] for _ in asked["sources"]]
    return {"sources_to_targets": cells, **places}


def always(*answers: bytes) -> Answer:
    left = list(answers)

    async def answer(_path: str, _question: bytes) -> bytes:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


async def never(_path: str, _question: bytes) -> bytes:
    return await asyncio.Future()


def router_for(url: str, *, deadline_s: float = 5.0, clock: StillClock | None = None) -> ValhallaRouter:
    return ValhallaRouter(url, deadline_s, TravelPolicy(), breaker=CircuitBreaker(now=clock or StillClock()))


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("dispatch_street_routing_total", {"outcome": outcome}) or 0.0


async def test_an_engine_that_never_answers_costs_the_deadline_and_no_more() -> None:
    async with server_that(never) as url:
        router = router_for(url, deadline_s=0.05)
        began = asyncio.get_running_loop().time()
        late = counted("late")
        assert await router.travel_times(PATIENT, [WALKER, DRIVER], [AED]) is None
        assert asyncio.get_running_loop().time() - began < 1.0
        assert counted("late") == late + 2
        await router.aclose()


async def test_after_three_failures_in_a_row_the_engine_is_left_alone_for_five_seconds() -> None:
    clock, asked = StillClock(), []

    async def broken(path: str, _question: bytes) -> bytes:
        asked.append(path)
        return said(b"out of order", "503 Service Unavailable")

    async with server_that(broken) as url:
        router = router_for(url, clock=clock)
        for _ in range(3):
            assert await router.travel_times(PATIENT, [WALKER], []) is None
        assert len(asked) == 3
        paused = counted("paused")
        clock.now += 4.9
        assert await router.travel_times(PATIENT, [WALKER], []) is None
        assert (len(asked), counted("paused")) == (3, paused + 1)
        clock.now += 0.2
        assert await router.travel_times(PATIENT, [WALKER], []) is None
        assert await router.travel_times(PATIENT, [WALKER], []) is None
        assert len(asked) == 4, "one tries, and its failure is the next pause"
        await router.aclose()


async def test_an_engine_that_is_back_is_asked_by_everybody_again() -> None:
    clock, is_back = StillClock(), False

    async def sometimes(_path: str, question: bytes) -> bytes:
        return said(matrix_for(question)) if is_back else said(b"", "502 Bad Gateway")

    async with server_that(sometimes) as url:
        router = router_for(url, clock=clock)
        for _ in range(3):
            assert await router.travel_times(PATIENT, [WALKER], []) is None
        is_back = True
        assert await router.travel_times(PATIENT, [WALKER], []) is None, "nobody knows yet"
        clock.now += 5
        for _ in range(5):
            assert await router.travel_times(PATIENT, [WALKER], []) is not None
        await router.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        said(b""),
        said(b"<html>gateway</html>"),
        said([]),
        said({}),
        said({"sources_to_targets": [], "sources": [], "targets": []}),
        said({"sources_to_targets": None, "sources": [], "targets": []}),
        said(b'{"sources_to_targets": [[{"time": NaN, "distance": 1}]], "sources": [], "targets": []}'),
        said(b"[" * 100_000),
        said(b"", "302 Found"),
        said(b"", "404 Not Found"),
        said({"detail": "who are you?"}, "401 Unauthorized"),
        said(b"\xff\xfe", "500 Internal Server Error"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
        b"220 mail.example.org ESMTP\r\n",
    ],
)
async def test_an_answer_that_makes_no_sense_leaves_the_estimates_standing(answer: bytes) -> None:
    async with server_that(always(answer)) as url:
        router = router_for(url, deadline_s=0.3)
        assert await router.travel_times(PATIENT, [WALKER], [AED]) is None
        await router.aclose()


@pytest.mark.parametrize("time", [-1, "soon", [], {}, True, 1e999])
async def test_a_time_that_is_none_is_not_taken(time: object) -> None:
    async def answer(_path: str, question: bytes) -> bytes:
        return said(matrix_for(question, time=time))

    async with server_that(answer) as url:
        router = router_for(url)
        assert await router.travel_times(PATIENT, [WALKER], [AED]) is None
        await router.aclose()


@pytest.mark.parametrize("damage", ["row", "cell", "source", "target"])
async def test_a_matrix_of_another_shape_is_not_read_at_all(damage: str) -> None:
    async def answer(_path: str, question: bytes) -> bytes:
        matrix = matrix_for(question)
        rows = matrix["sources_to_targets"]
        assert isinstance(rows, list)
        parts = {"row": rows, "cell": rows[0], "source": matrix["sources"], "target": matrix["targets"]}
        parts[damage].pop()
        return said(matrix)

    async with server_that(answer) as url:
        router = router_for(url)
        broken = counted("broken")
        assert await router.travel_times(PATIENT, [WALKER], [AED]) is None
        assert counted("broken") == broken + 1
        await router.aclose()


async def test_a_place_moved_to_a_street_far_away_is_not_believed_whatever_was_asked_for() -> None:
    async def answer(_path: str, question: bytes) -> bytes:
        # 0.001 degrees of latitude are 111 m, and the limit is 100 m.
        return said(matrix_for(question, off_lat=0.001))

    async with server_that(answer) as url:
        router = router_for(url)
        assert await router.travel_times(PATIENT, [WALKER], [AED]) is None
        await router.aclose()


async def test_the_modes_that_answered_in_time_are_kept() -> None:
    async def answer(_path: str, question: bytes) -> bytes:
        if json.loads(question)["costing"] == "auto":
            await asyncio.Future()
        return said(matrix_for(question))

    async with server_that(answer) as url:
        router = router_for(url, deadline_s=1.0)
        runner = Candidate(ResponderId("runner"), on_the_banks(300, 60), 300.0, TravelMode.RUN)
        answered, late = counted("answered"), counted("late")
        times = await router.travel_times(PATIENT, [runner, DRIVER], [AED])
        await router.aclose()
    assert times is not None
    assert times.direct_s[ResponderId("runner")] == 60
    assert times.onward_s[AedId("a"), TravelMode.RUN] == 60
    # On foot was answered for the driver too: that way, 100 m, at a car's speed.
    assert times.direct_s[DRIVER.responder_id] == pytest.approx(100 / TravelPolicy().speed_m_s[TravelMode.CAR])
    assert (counted("answered"), counted("late")) == (answered + 2, late + 1)


async def test_one_mode_out_of_order_costs_the_others_nothing_and_opens_no_circuit() -> None:
    async def answer(_path: str, question: bytes) -> bytes:
        if json.loads(question)["costing"] == "bicycle":
            return said(b"", "500 Internal Server Error")
        return said(matrix_for(question))

    async with server_that(answer) as url:
        router = router_for(url)
        rider = Candidate(ResponderId("rider"), on_the_banks(300, 60), 300.0, TravelMode.BIKE)
        for _ in range(5):
            times = await router.travel_times(PATIENT, [WALKER, rider], [])
            assert times is not None
            assert times.direct_s[WALKER.responder_id] == 60
        await router.aclose()


async def test_refusals_are_answers_and_open_no_circuit() -> None:
    refusal = said({"error_code": 154, "error": "Path distance exceeds the max distance limit"}, "400 Bad Request")
    found = said([{"edges": [{}]}] * 2)
    asked = []

    async def answer(path: str, _question: bytes) -> bytes:
        asked.append(path)
        return found if path == "/locate" else refusal

    async with server_that(answer) as url:
        router = router_for(url)
        for _ in range(5):
            assert await router.travel_times(PATIENT, [WALKER], []) is None
        await router.aclose()
    assert asked == ["/sources_to_targets", "/locate"] * 5


async def test_nobody_listening_is_no_answer() -> None:
    router = router_for(f"http://127.0.0.1:{free_port()}")
    broken = counted("broken")
    assert await router.travel_times(PATIENT, [WALKER], [AED]) is None
    assert counted("broken") == broken + 1
    await router.aclose()


async def test_an_engine_killed_under_way_is_no_answer_and_its_successor_is_asked() -> None:
    clock = StillClock()
    with valhalla_for(TWO_BANKS) as first:
        router = router_for(first.url, clock=clock)
        assert await router.travel_times(PATIENT, [WALKER], [AED]) is not None
        questions = [asyncio.create_task(router.travel_times(PATIENT, [WALKER], [AED])) for _ in range(40)]
        await asyncio.sleep(0)
        first.kill()
        # Whatever was answered before is good; nothing is raised, nothing hangs.
        for times in await asyncio.gather(*questions):
            assert times is None or WALKER.responder_id in times.direct_s
        for _ in range(3):
            assert await router.travel_times(PATIENT, [WALKER], [AED]) is None
        clock.now += 5
        with valhalla_for(TWO_BANKS, port=first.port):
            assert await router.travel_times(PATIENT, [WALKER], [AED]) is not None
        await router.aclose()


async def test_closing_under_way_ends_the_questions_and_nothing_else() -> None:
    was_asked = asyncio.Event()

    async def silence(_path: str, _question: bytes) -> bytes:
        was_asked.set()
        return await asyncio.Future()

    async with server_that(silence) as url:
        not_begun, waiting = router_for(url), router_for(url, deadline_s=0.5)
        beginning = asyncio.create_task(not_begun.travel_times(PATIENT, [WALKER], [AED]))
        await asyncio.sleep(0)
        await not_begun.aclose()
        assert await beginning is None
        asking = asyncio.create_task(waiting.travel_times(PATIENT, [WALKER], [AED]))
        await was_asked.wait()
        await waiting.aclose()
        assert await asking is None


async def test_whoever_gives_up_waiting_takes_the_questions_along() -> None:
    async with server_that(never) as url:
        router = router_for(url)
        asking = asyncio.create_task(router.travel_times(PATIENT, [WALKER, DRIVER], [AED]))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        left = [task.get_coro() for task in asyncio.all_tasks()]
        assert not [each for each in left if "ValhallaRouter" in repr(each)]
        await router.aclose()


async def test_the_engine_may_live_under_a_path_and_is_asked_for_what_it_needs_to_know() -> None:
    asked: list[tuple[str, dict[str, object]]] = []

    async def answer(path: str, question: bytes) -> bytes:
        asked.append((path, json.loads(question)))
        return said(matrix_for(question))

    async with server_that(answer) as url:
        router = router_for(f"{url}/valhalla/")
        assert await router.travel_times(Place(30.0, 120.0), [WALKER], []) is not None
        await router.aclose()
    ((path, question),) = asked
    assert path == "/valhalla/sources_to_targets"
    assert question["targets"] == [{"lat": 30.0, "lon": 120.0, "search_cutoff": 100.0}]
    assert question["costing"] == "pedestrian"
    assert question["costing_options"] == {"pedestrian": {"use_ferry": 0, "walking_speed": 5.04}}
