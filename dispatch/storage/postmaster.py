"""What runs in a cluster's folder right now: the server process that a `postmaster.pid` names, and strays."""

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# A server's first process writes its state into this file, a fact per line.
_PID_FILE = "postmaster.pid"
_SOCKET_LINE, _STATE_LINE = 4, 7

_LOOK_AGAIN_S = 0.01


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server process, the folder of its socket (None while it starts), and whether one can connect."""

    pid: int
    socket_folder: Path | None
    ready: bool


def running_postmaster(data: Path) -> Postmaster | None:
    """Find the server that runs on the cluster in `data`; a stale file or a reused process id is none."""
    lines = _pid_file_lines(data)
    pid = _pid_of(lines)
    if pid is None or not _runs_in(data, pid):
        return None
    folder = lines[_SOCKET_LINE].strip() if len(lines) > _SOCKET_LINE else ""
    state = lines[_STATE_LINE].strip() if len(lines) > _STATE_LINE else ""
    return Postmaster(pid, Path(folder) if folder else None, state == "ready")


def postgres_processes(data: Path) -> set[int]:
    """Every PostgreSQL process whose working folder is `data`; a server and all its children keep it so.

    Asked of the kernel (/proc), not of files: files outlive a kill -9, and process ids come round again.
    """
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {pid for pid in pids if _runs_in(data, pid)}


def forget_reused_pid(data: Path) -> bool:
    """Remove a `postmaster.pid` whose number now belongs to a stranger: PostgreSQL would not start over it.

    Call it only when nothing runs in `data`. A file that names no live process stays: PostgreSQL judges that
    one itself, by the shared memory it remembers. Answers whether the file was removed.
    """
    pid = _pid_of(_pid_file_lines(data))
    if pid is None or not Path(f"/proc/{pid}").exists():
        return False
    (data / _PID_FILE).unlink(missing_ok=True)
    return True


def left_socket_folder(data: Path) -> Path | None:
    """Read the socket folder that a server, live or dead, has written into `postmaster.pid`."""
    lines = _pid_file_lines(data)
    folder = lines[_SOCKET_LINE].strip() if len(lines) > _SOCKET_LINE else ""
    return Path(folder) if folder else None


def send(pids: Iterable[int], what: signal.Signals) -> None:
    """Send a signal to processes, some of which may have gone."""
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue


def all_gone(data: Path, pids: set[int], *, within_s: float) -> bool:
    """Wait until none of `pids` runs in `data` any more; False when some still do after `within_s`."""
    deadline = time.monotonic() + within_s
    while any(_runs_in(data, pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_AGAIN_S)
    return True


def _runs_in(data: Path, pid: int) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        here, wanted = (process / "cwd").stat(), data.stat()
        return os.path.samestat(here, wanted) and (process / "comm").read_text().strip() == "postgres"
    except OSError:
        # Gone meanwhile, a zombie, or another user's: not ours to speak of.
        return False


def _pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / _PID_FILE).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        # Not there, or another user's.
        return []


def _pid_of(lines: list[str]) -> int | None:
    try:
        return int(lines[0])
    except (IndexError, ValueError):
        return None
