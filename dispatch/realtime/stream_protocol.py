"""The server's end of a socket, with a way to write without waiting for a turn of the event loop."""

from collections.abc import Callable
from typing import cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

SendNow = Callable[[str], bool]

_EXTENSION = "dispatch.send_now"


class StreamProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's protocol, which also lets the application write a text frame at once.

    The ASGI way to a socket is a coroutine, and so a task for each: twenty alerts were twenty task switches.
    """

    async def run_asgi(self) -> None:
        """Run the application with `send_now` among the scope's extensions."""
        self.scope["extensions"][_EXTENSION] = {"send": self.send_now}
        await super().run_asgi()

    def send_now(self, text: str) -> bool:
        """Write a text frame; False, and nothing written, while the peer is slow to read or the socket is ending."""
        if not self.writable.is_set() or self.disconnected or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))
        return True


def never_now(_text: str) -> bool:
    """What stands in where the server has no such way: everything takes its turn."""
    return False


def send_now_of(scope: Scope) -> SendNow:
    """The way to write at once of a socket's scope."""
    extension = scope.get("extensions", {}).get(_EXTENSION)
    return never_now if extension is None else cast("SendNow", extension["send"])
