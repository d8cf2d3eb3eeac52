"""How the private PostgreSQL server is set up: its settings, its environment, its names."""

import os
from pathlib import Path

SUPERUSER = "postgres"
# Only a part of the socket's file name; nothing listens on it.
PORT = 5432

# Nothing of the service's own environment (the token secret, PG... variables) belongs in the server's.
_ENVIRONMENT_KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


def server_settings(socket_folder: Path) -> dict[str, str]:
    """List the server's settings with its socket in `socket_folder`.

    They are given at each start rather than written into the cluster, so that a newer version's choices
    reach old data.
    """
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "cluster_name": "first-minutes",
        # Durable before visible: an alert may only follow a commit that survives a power cut.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": f"{_shared_buffers_mb()}MB",
        "max_connections": "200",
        "max_wal_size": "2GB",
        # Compiling a plan takes longer than any query here runs.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "logging_collector": "off",
    }


def server_environment() -> dict[str, str]:
    """Make the environment of PostgreSQL's programs."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT_KEPT if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _shared_buffers_mb() -> int:
    """Take a sixteenth of the memory, 64 to 512 MB: the hot tables fit, and the service needs the rest."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(64, min(512, memory_mb // 16))
