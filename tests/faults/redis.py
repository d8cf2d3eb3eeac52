"""The Redis that workers share, and what can befall it besides being stopped."""

import signal
from pathlib import Path

from tests.redis_server import RedisServer


class RedisUnderTest(RedisServer):
    """A `redis-server` on loopback and, where asked, on one address more."""

    def __init__(self, folder: Path, *, also_at: str | None = None) -> None:
        addresses = ["127.0.0.1", *([] if also_at is None else [also_at])]
        folder.mkdir(parents=True, exist_ok=True)
        # Nobody but us is in the namespaces that the other address leads to.
        super().__init__(folder, "--bind", *addresses, "--protected-mode", "no")

    def url_at(self, host: str) -> str:
        """Where it is, as seen from where it has that address."""
        return f"redis://{host}:{self.port}/0"

    def freeze(self) -> None:
        """Stop it where it stands: connections stay open, and nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def forgets(self) -> None:
        """Everything in it is gone; it goes on."""
        with self.client() as client:
            client.flushall()

    def _send(self, which: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(which)
