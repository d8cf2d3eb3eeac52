"""What this worker has to tell the others: gathered while the loop turns once, and told together."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from dispatch.sharing.envelope import Envelope

log = structlog.get_logger()

# What waits while Redis hangs is not kept for ever, and nobody is held up by reading more at once: others find in the
# database what they were not told.
_MOST_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class OutgoingParts:
    """`publish` answers whether everybody was told; `is_needed` whether anybody else listens.

    `lost` is told of what nobody may have heard.
    """

    publish: Callable[[bytes], Awaitable[bool]]
    is_needed: Callable[[], bool]
    lost: Callable[[Envelope], None]


class OutgoingNews:
    """Gathers and publishes; never keeps anybody waiting. What could not be told is said to be lost, once it can be."""

    def __init__(self, sender: str, parts: OutgoingParts) -> None:
        self._sender = sender
        self._parts = parts
        self._next = Envelope(sender)
        # Whether the last that was told was not, or not to everybody.
        self.has_lost = False
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()

    def next(self) -> Envelope:
        """The envelope that leaves when the loop has turned: whatever is to be told goes into it."""
        self._wake.set()
        return self._next

    async def left(self, envelope: Envelope) -> None:
        """Wait until an envelope has been sent off."""
        while self._next is envelope:
            self._sent.clear()
            await self._sent.wait()

    @property
    def is_needed(self) -> bool:
        """Whether anybody else would hear what is told."""
        return self._parts.is_needed()

    async def run(self) -> None:
        """Tell what there is to tell, until cancelled."""
        while True:
            await self._wake.wait()
            # The rest of what one decision leads to comes within this turn of the loop.
            await asyncio.sleep(0)
            try:
                await self.flush()
            except Exception:
                log.exception("other workers not told")

    async def flush(self) -> None:
        """Tell everything that waits."""
        self._wake.clear()
        envelope, self._next = self._next, Envelope(self._sender)
        envelope.has_lost |= self.has_lost
        if not envelope:
            return
        said = envelope
        if len(envelope.messages) + len(envelope.decisions) > _MOST_AT_ONCE:
            said = Envelope(self._sender, has_lost=True)
        # Until it is known to be told.
        self.has_lost = True
        try:
            self.has_lost = not await self._parts.publish(said.to_bytes())
        finally:
            if self.has_lost or said is not envelope:
                self._parts.lost(envelope)
            self._sent.set()
