"""Enough file descriptors for thousands of sockets: a process and what it starts may open as many as it may ask for."""

import resource
from typing import Final

# Pipes, logs, the database's connections: whatever is open besides the sockets.
_OTHERS: Final = 256


class TooFewFilesError(RuntimeError):
    """This machine does not let one process have so many sockets; the message says how many it does."""


def allow_sockets(count: int) -> int:
    """Raise the soft limit of open files to the hard one, and answer it.

    Children inherit it. Raises TooFewFilesError when the hard limit is too low for `count` sockets in one process.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < count + _OTHERS:
        raise TooFewFilesError(f"{count} sockets need {count + _OTHERS} open files; the limit is {hard}: ulimit -Hn")
    return hard
