"""Where the private database's unix socket lies: in its own closed folder or, when too long, a short one."""

import os
import tempfile
from pathlib import Path

from dispatch.storage.server_settings import PORT
from dispatch.storage.unprivileged import Account

_SOCKET = f".s.PGSQL.{PORT}"
_SOCKET_LOCK = f"{_SOCKET}.lock"

# A socket's address holds 108 bytes with its closing zero; the lock file beside it is the longest name.
LONGEST_FOLDER_BYTES = 107 - len(f"/{_SOCKET_LOCK}")

# Anything else would need quoting in a setting, in libpq's list of hosts or in a URL.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")
_TEMPORARY_PREFIX = "first-minutes-"
_TEMPORARY_ROOM = len(f"/{_TEMPORARY_PREFIX}12345678")


def choose_socket_folder(data: Path, account: Account | None) -> Path:
    """Choose a folder that only the server's user and root can enter: `data` or a new one in the temp folder.

    Nobody can have laid out the new one for us, since mkdtemp makes it; whoever attaches reads its name from
    the cluster's postmaster.pid.
    """
    if _fits(str(data), 0):
        return data
    root = tempfile.gettempdir()
    if not _fits(root, _TEMPORARY_ROOM):
        root = "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it
    folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir=root))
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def clear_socket_folder(folder: Path) -> None:
    """Remove a dead server's socket, and the folder too when `choose_socket_folder` made it for the socket.

    PostgreSQL clears a socket itself unless its lock file's process id has been given to somebody else since.
    """
    try:
        for name in (_SOCKET, _SOCKET_LOCK):
            (folder / name).unlink(missing_ok=True)
        if folder.name.startswith(_TEMPORARY_PREFIX):
            folder.rmdir()
    except OSError:
        # Somebody put something in it, or took it away: an empty folder in /tmp is not worth failing for.
        return


def _fits(folder: str, room: int) -> bool:
    return len(folder.encode()) + room <= LONGEST_FOLDER_BYTES and set(folder) <= _PLAIN
