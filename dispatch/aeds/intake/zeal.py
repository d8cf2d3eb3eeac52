"""How far a first-aider's word about devices reaches: one wrong token must not empty a town of its AEDs."""

from datetime import datetime, timedelta
from uuid import UUID

from dispatch.aeds.repository import StoredReport

# Nobody stands before more broken devices in a day; what is said of further ones counts as the public's word does.
MOST_DEVICES_A_DAY = 20

_DAY = timedelta(days=1)
_MOST_SUBJECTS = 10_000


class Zeal:
    """The devices of which each first-aider has told a fault within a day, as far as this process was told."""

    def __init__(self) -> None:
        self._told: dict[str, dict[UUID, datetime]] = {}

    def is_too_much(self, subject: str, report: StoredReport) -> bool:
        """Whether this is of one device more than a day's worth; else it is noted."""
        now = report.received_at
        told = self._told.pop(subject, {})
        told = {aed_id: at for aed_id, at in told.items() if now - at < _DAY}
        # Who told last is last: the first one is forgotten first.
        self._told[subject] = told
        if len(self._told) > _MOST_SUBJECTS:
            del self._told[next(iter(self._told))]
        if report.aed_id not in told and len(told) >= MOST_DEVICES_A_DAY:
            return True
        told[report.aed_id] = now
        return False
