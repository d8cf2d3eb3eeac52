"""Waiting for what no element of a page tells."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

_LOOKS = 300
_EVERY_MS = 50


def until(page: Page, look: Callable[[], Any], holds: Callable[[Any], Any] = bool) -> Any:
    """What `look` answers as soon as it is as it should be; the page lives meanwhile."""
    for _ in range(_LOOKS):
        seen = look()
        if holds(seen):
            return seen
        page.evaluate("pause_ms => new Promise((resolve) => setTimeout(resolve, pause_ms))", _EVERY_MS)
    raise AssertionError(f"still {look()!r}")
