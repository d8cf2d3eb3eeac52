"""A client that speaks frames as they are: for hellos that are none, and for what a proper client never sends."""

import asyncio
import json
from dataclasses import dataclass, field

import websockets

from tests.people import Message


@dataclass
class Talk:
    """What was heard until the socket closed, and how it closed."""

    heard: list[Message] = field(default_factory=list)
    close_code: int | None = None
    close_reason: str = ""

    def of(self, kind: str) -> list[Message]:
        """Everything heard of that kind."""
        return [message for message in self.heard if message["type"] == kind]


async def talk(url: str, *frames: str | bytes | Message, within_s: float = 10) -> Talk:
    """Say these frames, then listen until the service closes the socket."""
    heard = Talk()
    async with (
        asyncio.timeout(within_s),
        websockets.connect(url.replace("http", "ws", 1) + "/v1/stream", max_size=None) as socket,
    ):
        try:
            for frame in frames:
                await socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)
            async for answer in socket:
                heard.heard.append(json.loads(answer))
        except websockets.ConnectionClosed:
            pass
        heard.close_code, heard.close_reason = socket.close_code, socket.close_reason or ""
    return heard
