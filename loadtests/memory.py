"""What a connected phone costs a service in memory."""

import time
from pathlib import Path
from typing import Final

_LOOK_EVERY_S: Final = 1.0
_SETTLED_WITHIN_KIB: Final = 256
_SETTLES_WITHIN_S: Final = 15.0


def resident_kib(pid: int) -> int:
    """Answer the resident memory of a process in KiB (`VmRSS`), once it holds still for a second."""
    give_up_at = time.monotonic() + _SETTLES_WITHIN_S
    last = _resident_kib(pid)
    while time.monotonic() < give_up_at:
        time.sleep(_LOOK_EVERY_S)
        now = _resident_kib(pid)
        if abs(now - last) <= _SETTLED_WITHIN_KIB:
            return now
        last = now
    return last


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError(f"process {pid} tells no resident memory")
