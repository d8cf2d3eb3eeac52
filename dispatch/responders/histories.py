"""What each first-aider has answered so far, and how often they were asked lately: in memory, for the plan."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dispatch.rescue.acceptance import NEVER_ASKED, AnswerRecord, acceptance
from dispatch.rescue.policy import AcceptancePolicy
from dispatch.rescue.vocabulary import ResponderId


class Histories:
    """Answers and recent alerts by responder; who has never been asked takes no room."""

    def __init__(self) -> None:
        self._records: dict[ResponderId, AnswerRecord] = {}
        self._asked_at: dict[ResponderId, list[datetime]] = {}

    def add_answer(self, responder_id: ResponderId, record: AnswerRecord) -> None:
        """Add to somebody's record."""
        self._records[responder_id] = self._records.get(responder_id, NEVER_ASKED) + record

    def add_alerts(self, responder_id: ResponderId, asked_at: Iterable[datetime], *, keep_s: float) -> None:
        """Note that somebody was alerted at these times; what is `keep_s` older than the last is forgotten."""
        times = sorted([*self._asked_at.get(responder_id, ()), *asked_at])
        if times:
            oldest = times[-1] - timedelta(seconds=keep_s)
            self._asked_at[responder_id] = [each for each in times if each > oldest]

    def acceptance_of(self, responder_id: ResponderId, policy: AcceptancePolicy, *, is_night: bool) -> float | None:
        """The probability that they accept the next alert; None for who has never answered: like everybody."""
        record = self._records.get(responder_id)
        return None if record is None else acceptance(record, policy, is_night=is_night)

    def alerts_since(self, responder_id: ResponderId, since: datetime) -> int:
        """How many alerts they have had after `since`."""
        times = self._asked_at.get(responder_id)
        return sum(each > since for each in times) if times else 0
