"""Services of a test file's own: with a brisker policy, beside a database that can be stopped, or frozen altogether."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.migrate import migrate
from tests.people import LiveService

_BACK_WITHIN_S = 30.0


class OwnService(LiveService):
    """`dispatch serve` and the PostgreSQL that it uses."""

    cluster: PrivateCluster

    def freeze(self) -> None:
        """Stop it where it stands: its sockets stay open, and nothing is heard of it."""
        for pid in _family(self.pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in _family(self.pid):
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Stop PostgreSQL for a while; afterwards the service has taken everything in that happened meanwhile."""
        self.cluster.stop()
        try:
            yield
        finally:
            self.cluster.start()
            give_up_at = time.monotonic() + _BACK_WITHIN_S
            while self.admin.get("/health/ready").json()["status"] != "ready":
                assert time.monotonic() < give_up_at, "the service did not find its database again"
                time.sleep(0.05)


def _family(pid: int) -> list[int]:
    """A process and those that it has started, it first: it watches over them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(int(child) for child in children)]


@contextmanager
def own_service(folder: Path, policy: Mapping[str, Any] | None = None, **settings: str) -> Iterator[OwnService]:
    """A running service; `settings` are its environment without `DISPATCH_`."""
    folder.mkdir(parents=True, exist_ok=True)
    policy_file = folder / "policy.json"
    policy_file.write_text(json.dumps(policy or {}), encoding="utf-8")
    cluster = PrivateCluster(folder)
    url = cluster.start()
    migrate(url)
    process = subprocess.Popen(
        [sys.executable, "-m", "dispatch", "serve", "--port", "0", "--data-dir", folder, "--database-url", url],
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "DISPATCH_LOG_LEVEL": "warning",
            "DISPATCH_SOS_PER_MINUTE": "100000",
            "DISPATCH_POLICY_FILE": str(policy_file),
            **{f"DISPATCH_{name.upper()}": value for name, value in settings.items()},
        },
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), f"the service did not start: {line!r}"
        service = OwnService(line.removeprefix("listening on ").strip(), folder, process.pid)
        service.cluster = cluster
        with service.client("admin", "tests") as service.admin:
            yield service
    finally:
        process.terminate()
        process.wait(20)
        cluster.stop()
