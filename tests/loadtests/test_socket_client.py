"""What Locust's socket hands over, how the end of a stream is told, and that a long message costs little."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.server import ServerConnection, serve

from loadtests.socket_client import Message, SocketClient, StreamEndedError

_WELCOME = {"type": "welcome", "epoch": "e", "seq": 0, "resumed": False, "heartbeat_s": 20}
# A picture of the city as an operator gets it.
_LONG: Message = {"type": "picture", "names": ["压力测试 · load test"] * 40_000}


@contextmanager
def _service(tell: Callable[[ServerConnection], None]) -> Iterator[str]:
    """A service that welcomes whoever comes and does as told, then listens until the line ends."""

    def talk(line: ServerConnection) -> None:
        line.recv()
        line.send(json.dumps(_WELCOME))
        tell(line)
        with suppress(ConnectionClosed):
            while True:
                line.recv()

    with serve(talk, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def _listened(
    tell: Callable[[ServerConnection], None], unread: frozenset[str] = frozenset()
) -> tuple[list[Message], str, float]:
    """What the client was handed, as what the stream's end was told, and the processor seconds of listening."""
    handed: list[Message] = []
    with _service(tell) as url:
        client = SocketClient(url, "a-token", lambda message, _at_ns: handed.append(message), unread=unread)
        began_s = time.thread_time()
        with pytest.raises(StreamEndedError) as ended:
            client.listen()
        took_s = time.thread_time() - began_s
        client.close()
    return handed, str(ended.value), took_s


def test_what_is_numbered_is_handed_over_once_and_acknowledged_each_time() -> None:
    acknowledged: list[Message] = []

    def tell(line: ServerConnection) -> None:
        for seq in (1, 2, 2):
            line.send(json.dumps({"type": "alert", "seq": seq, "note": "压力测试"}, ensure_ascii=False))
        acknowledged.extend(json.loads(line.recv()) for _ in range(3))
        line.close(CloseCode.SERVICE_RESTART, "again in a moment")

    handed, told, _ = _listened(tell)
    assert [(each["seq"], each["note"]) for each in handed] == [(1, "压力测试"), (2, "压力测试")]
    assert acknowledged == [{"type": "ack", "seq": seq} for seq in (1, 2, 2)]
    assert "1012 again in a moment" in told


def test_a_text_that_is_not_utf_8_ends_the_stream() -> None:
    def tell(line: ServerConnection) -> None:
        line.send(b'{"type": "alert", "note": "\xff\xfe"}', text=True)

    handed, told, _ = _listened(tell)
    assert handed == []
    assert "not UTF-8" in told


def test_what_nobody_reads_is_taken_off_the_line_and_the_rest_is_handed_over() -> None:
    def tell(line: ServerConnection) -> None:
        line.send('{"type":"picture","full":false}')
        line.send('{"type":"pictures are here","seq":1}')
        line.send('{"type":"incident","seq":2,"note":"{\\"type\\":\\"picture\\","}')
        line.close()

    handed, _, _ = _listened(tell, frozenset({"picture"}))
    assert [each["seq"] for each in handed] == [1, 2]


def test_a_long_message_costs_the_client_little_more_than_reading_its_json() -> None:
    # All users of a process wait while one of them reads: with a look at each byte in Python this was 50 times as much.
    text = json.dumps(_LONG, ensure_ascii=False)
    began_s = time.thread_time()
    for _ in range(5):
        json.loads(text)
    json_s = (time.thread_time() - began_s) / 5

    def tell(line: ServerConnection) -> None:
        for _ in range(5):
            line.send(text)
        line.close()

    handed, _, took_s = _listened(tell)
    assert [len(each["names"]) for each in handed] == [40_000] * 5
    assert took_s / len(handed) < 8 * json_s
