"""What could not be told is said to be lost, and nothing waits for ever."""

import asyncio
import contextlib

import pytest

from dispatch.sharing.envelope import Envelope, read_envelope
from dispatch.sharing.outgoing import OutgoingNews, OutgoingParts


class Wall:
    """Takes what is published, or not."""

    def __init__(self) -> None:
        self.is_there = True
        self.heard: list[Envelope] = []
        self.lost: list[Envelope] = []
        self.news = OutgoingNews("me", OutgoingParts(self.publish, lambda: True, self.lost.append))

    async def publish(self, data: bytes) -> bool:
        if self.is_there:
            self.heard.append(read_envelope(data))
        return self.is_there


async def test_what_is_told_in_one_turn_goes_out_together() -> None:
    wall = Wall()
    running = asyncio.ensure_future(wall.news.run())
    wall.news.next().profiles.append("r1")
    wall.news.next().presence["responder:r1"] = True
    envelope = wall.news.next()
    await wall.news.left(envelope)
    assert wall.heard == [Envelope("me", presence={"responder:r1": True}, profiles=["r1"])]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_nothing_is_said_of_nothing() -> None:
    wall = Wall()
    await wall.news.flush()
    assert wall.heard == []


async def test_what_got_lost_is_said_to_be_with_the_next_that_does_not() -> None:
    wall = Wall()
    wall.is_there = False
    wall.news.next().profiles.append("r1")
    await wall.news.flush()
    assert [each.profiles for each in wall.lost] == [["r1"]]
    wall.is_there = True
    wall.news.next().profiles.append("r2")
    await wall.news.flush()
    wall.news.next().profiles.append("r3")
    await wall.news.flush()
    assert [(each.profiles, each.has_lost) for each in wall.heard] == [(["r2"], True), (["r3"], False)]


async def test_what_cannot_even_be_said_is_lost_too() -> None:
    wall = Wall()
    wall.news.next().messages.append(("responder:r1", 1, object()))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await wall.news.flush()
    assert len(wall.lost) == 1
    wall.news.next().profiles.append("r1")
    await wall.news.flush()
    assert [each.has_lost for each in wall.heard] == [True]


async def test_a_crowd_of_messages_that_waited_too_long_is_left_to_the_rows() -> None:
    wall = Wall()
    wall.news.next().messages.extend(("responder:r1", number, "{}") for number in range(6_000))
    wall.news.next().fixes.append(("r1", 1.0, 2.0, 3.0, 4.0))
    await wall.news.flush()
    assert wall.heard == [Envelope("me", has_lost=True)]
    assert len(wall.lost) == 1, "positions are in no rows yet: they are told again"
