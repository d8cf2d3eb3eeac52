"""How the service stands, as consoles and callers are told."""

from typing import Any

from dispatch.storage.availability import Availability

_DEGRADED = {
    "en": "The database is away. Alerts go out all the same; what happens is kept and written down later.",
    "zh": "数据库暂不可用。警报照常发出，事件已在本机保存，恢复后补录。",
}
_ALL_WELL = {"en": "The database is back. Nothing is missing.", "zh": "数据库已恢复，记录完整。"}


def service_message(availability: Availability) -> dict[str, Any]:
    """Whether it dispatches without its database, and since when."""
    if not availability.is_away:
        return {"type": "service", "degraded": False, "since": None, "detail": _ALL_WELL}
    return {"type": "service", "degraded": True, "since": availability.since, "detail": _DEGRADED}
