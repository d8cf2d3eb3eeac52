"""The way in: a crowd of greetings waits, an SOS does not, and nobody is forgotten."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator

import pytest

from dispatch.admission import Admission
from tests.people import until

_GREETING = b"GET /v1/stream HTTP/1.1\r\n"
_SOS = b"POST /v1/sos HTTP/1.1\r\n"


class _Entered(asyncio.Protocol):
    """Notes what each line says first, in the order in which they are heard."""

    def __init__(self, heard: list[bytes]) -> None:
        self._heard = heard
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard.append(data)
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(b"heard")


class _Way:
    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.address = self.listening.getsockname()
        self.admission = Admission(self.listening, lambda: _Entered(self.heard))
        self.lines: list[socket.socket] = []

    def comes(self, saying: bytes = b"") -> socket.socket:
        line = socket.create_connection(self.address, timeout=5)
        self.lines.append(line)
        line.sendall(saying)
        return line

    async def has_heard(self, number: int) -> None:
        async def enough() -> bool:
            return len(self.heard) >= number

        await until(enough)


@pytest.fixture
async def way() -> AsyncIterator[_Way]:
    way = _Way()
    way.admission.open()
    yield way
    with contextlib.suppress(ValueError, OSError):
        await way.admission.close()
    for line in way.lines:
        line.close()


async def test_an_sos_that_comes_behind_a_crowd_is_heard_before_it(way: _Way) -> None:
    for _ in range(200):
        way.comes(_GREETING)
    way.comes(_SOS)
    await way.has_heard(201)
    # Those who were let in while the crowd was still being looked at.
    assert way.heard.index(_SOS) < 40


async def test_a_crowd_is_let_in_a_few_in_a_turn_and_whole(way: _Way) -> None:
    for _ in range(100):
        way.comes(_GREETING)
    steps = []
    async with asyncio.timeout(10):
        while len(way.heard) < 100:
            before = len(way.heard)
            await asyncio.sleep(0)
            steps.append(len(way.heard) - before)
    assert max(steps) <= 8
    assert way.heard == [_GREETING] * 100


async def test_who_says_nothing_keeps_nobody_waiting_and_is_heard_when_they_speak(way: _Way) -> None:
    silent, in_parts = way.comes(), way.comes()
    way.comes(_SOS)
    await way.has_heard(1)
    in_parts.sendall(_SOS[:4])
    await way.has_heard(2)
    silent.sendall(_GREETING)
    await way.has_heard(3)
    assert way.heard == [_SOS, _SOS[:4], _GREETING]
    assert await asyncio.to_thread(silent.recv, 5) == b"heard"


async def test_who_leaves_without_a_word_or_while_waiting_is_let_go(way: _Way) -> None:
    way.comes().close()
    way.comes(_GREETING).close()
    way.comes(_SOS)
    await way.has_heard(1)
    last = way.comes(_GREETING)
    assert await asyncio.to_thread(last.recv, 5) == b"heard"


async def test_at_the_end_all_who_wait_are_hung_up_on(way: _Way) -> None:
    silent = way.comes()
    way.comes(_SOS)
    await way.has_heard(1)
    await way.admission.close()
    assert await asyncio.to_thread(silent.recv, 5) == b""
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(way.address, timeout=5)


async def test_without_room_for_another_line_those_who_come_wait_and_are_taken_later(
    way: _Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.admission._AGAIN_AFTER_S", 0.05)
    accepted = way.listening.accept
    refusals = 2

    class Full:
        """Stands for a process that has no file descriptor left, twice."""

        def __getattr__(self, name: str) -> object:
            return getattr(way.listening, name)

        def accept(self) -> tuple[socket.socket, object]:
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return accepted()

    monkeypatch.setattr(way.admission, "_listening", Full())
    way.comes(_SOS)
    await way.has_heard(1)
    assert refusals == 0
