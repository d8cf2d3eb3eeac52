"""Learns from what people answer: all of it from the database at the start, then decision by decision."""

from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import text

from dispatch.rescue.acceptance import AnswerRecord, answers_given
from dispatch.rescue.course import Decision
from dispatch.rescue.daytime import NIGHT_BEGINS, NIGHT_ENDS, is_night_at
from dispatch.rescue.events import Joined, Offered
from dispatch.rescue.vocabulary import AlertState, ResponderId
from dispatch.responders.histories import Histories
from dispatch.storage.database import Database

_NO = (AlertState.DECLINED, AlertState.EXPIRED)
_YES = (*sorted(AlertState.engaged_states()), AlertState.DONE, AlertState.GAVE_UP, AlertState.STOOD_DOWN)


class AnswerHistory:
    """Keeps `Histories` true to the alerts that were sent and answered. `zone` tells day from night."""

    def __init__(self, histories: Histories, zone: tzinfo, *, recent_s: float) -> None:
        self._histories = histories
        self._zone = zone
        self._recent_s = recent_s

    async def load(self, database: Database, now: datetime) -> None:
        """Take in every answer ever given, and the alerts of late."""
        async with database.statement() as connection:
            answered = await connection.execute(
                text(
                    """
                    select responder_id, is_night, count(*) as asked, count(*) filter (where said_yes) as accepted
                    from (
                        select responder_id,
                               state = any(cast(:yes as text[])) as said_yes,
                               extract(hour from offered_at at time zone :zone) >= :night_begins
                                   or extract(hour from offered_at at time zone :zone) < :night_ends as is_night
                        from alerts
                        where state = any(cast(:answered as text[]))
                    ) as answers
                    group by responder_id, is_night
                    """
                ),
                {
                    "yes": list(_YES),
                    "answered": [*_YES, *_NO],
                    "zone": str(self._zone),
                    "night_begins": NIGHT_BEGINS,
                    "night_ends": NIGHT_ENDS,
                },
            )
            for row in answered:
                record = (
                    AnswerRecord(asked_by_night=row.asked, accepted_by_night=row.accepted)
                    if row.is_night
                    else AnswerRecord(asked_by_day=row.asked, accepted_by_day=row.accepted)
                )
                self._histories.add_answer(ResponderId(row.responder_id), record)
            lately = await connection.execute(
                text(
                    "select responder_id, array_agg(offered_at) as times from alerts "
                    "where offered_at > :since group by responder_id"
                ),
                {"since": now - timedelta(seconds=self._recent_s)},
            )
            for row in lately:
                times = [each.astimezone(UTC) for each in row.times]
                self._histories.add_alerts(ResponderId(row.responder_id), times, keep_s=self._recent_s)

    def learn(self, decision: Decision) -> None:
        """Take in what has just been decided and written down."""
        # Who was carried over from another call was not asked again.
        is_merged = any(isinstance(event.what, Joined) for event in decision.events)
        for event in decision.events:
            if isinstance(event.what, Offered) and not is_merged:
                self._histories.add_alerts(event.what.responder_id, [event.at], keep_s=self._recent_s)
        for answer in answers_given(decision.events, decision.incident):
            is_night = is_night_at(answer.offered_at, self._zone)
            self._histories.add_answer(answer.responder_id, answer.record(is_night=is_night))
