"""What a process does at this moment, as the kernel tells it."""

from pathlib import Path


def has_ended(pid: int) -> bool:
    """Whether a process is no more, or nothing but an entry for its parent to read.

    Of one that is killed the first thread ends before the others: as long as there are any, its sockets are open.
    """
    state = _state_of(pid)
    return state in {None, "X"} or (state == "Z" and _threads_of(pid) <= 1)


def stands_still(pid: int) -> bool:
    """Whether a process is stopped where it stands; one that has ended does nothing either."""
    return _state_of(pid) == "T" or has_ended(pid)


def _state_of(pid: int) -> str | None:
    try:
        # After its name, which may hold anything, parentheses too.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def _threads_of(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return 0
