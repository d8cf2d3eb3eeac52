"""Warnings of what comes with every message: said once a minute, each for itself."""

import time
from typing import Any, Final

import structlog

log = structlog.get_logger()

_WARN_EVERY_S: Final = 60.0


class SeldomWarnings:
    """Called with an event and its details, it says so, but not again within a minute."""

    def __init__(self) -> None:
        self._said_at_s: dict[str, float] = {}

    def __call__(self, event: str, **more: Any) -> None:
        """Say so, unless that was said a moment ago."""
        now_s = time.monotonic()
        if now_s - self._said_at_s.get(event, -_WARN_EVERY_S) >= _WARN_EVERY_S:
            self._said_at_s[event] = now_s
            log.warning(event, **more)
