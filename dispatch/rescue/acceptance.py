"""How likely somebody is to say yes, learned from what they have said before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatch.rescue.alert import Alert
from dispatch.rescue.events import Accepted, Declined, Event, Expired, Joined, StoodDown
from dispatch.rescue.incident import Incident
from dispatch.rescue.policy import AcceptancePolicy
from dispatch.rescue.vocabulary import AlertState, ResponderId


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """How often somebody was asked and said yes. Silence is an answer; an offer that was taken back is no question."""

    asked_by_day: int = 0
    accepted_by_day: int = 0
    asked_by_night: int = 0
    accepted_by_night: int = 0

    def __add__(self, other: "AnswerRecord") -> "AnswerRecord":
        return AnswerRecord(
            self.asked_by_day + other.asked_by_day,
            self.accepted_by_day + other.accepted_by_day,
            self.asked_by_night + other.asked_by_night,
            self.accepted_by_night + other.accepted_by_night,
        )


NEVER_ASKED = AnswerRecord()


def acceptance(record: AnswerRecord, policy: AcceptancePolicy, *, is_night: bool) -> float:
    """The probability that they accept the next alert: the mean of a Beta distribution.

    A Beta prior with the population's mean and the weight of `prior_alerts` answers, updated by their own answers at
    this time of day, has the mean (prior_alerts x population + accepted) / (prior_alerts + asked)
    (A. Gelman et al., "Bayesian Data Analysis", 3rd edition, section 2.4). It is never 0 or 1.
    """
    if is_night:
        expected, asked, accepted = policy.night, record.asked_by_night, record.accepted_by_night
    else:
        expected, asked, accepted = policy.day, record.asked_by_day, record.accepted_by_day
    return (policy.prior_alerts * expected + accepted) / (policy.prior_alerts + asked)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one event adds to somebody's record: `asked` and `accepted` are 0 or 1. A late yes mends an earlier no."""

    responder_id: ResponderId
    offered_at: datetime
    asked: int
    accepted: int

    def record(self, *, is_night: bool) -> AnswerRecord:
        """The same as a record to be added, given whether it was night when they were asked."""
        if is_night:
            return AnswerRecord(asked_by_night=self.asked, accepted_by_night=self.accepted)
        return AnswerRecord(asked_by_day=self.asked, accepted_by_day=self.accepted)


def answers_given(events: Iterable[Event], incident: Incident) -> list[Answer]:
    """What people have answered by these events; `incident` is what came of them."""
    answers: list[Answer] = []
    happened = list(events)
    if any(isinstance(event.what, Joined) for event in happened):
        # What was answered in a call that is now part of this one was counted there.
        return answers
    for event in happened:
        match event.what:
            case Accepted(alert_id=alert_id, late=late):
                alert = incident.alerts[alert_id]
                if late and (AlertState.STOOD_DOWN in alert.stages or AlertState.GAVE_UP in alert.stages):
                    # A yes of theirs was counted when it was not wanted, or before they turned back.
                    continue
                answers.append(_answer(alert, asked=not (late and _was_counted(alert)), accepted=True))
            case StoodDown(alert_id=alert_id) if AlertState.ACCEPTED not in incident.alerts[alert_id].stages:
                # A yes that was not wanted any more is a yes all the same.
                alert = incident.alerts[alert_id]
                answers.append(_answer(alert, asked=not _was_counted(alert), accepted=True))
            case Declined(alert_id=alert_id) | Expired(alert_id=alert_id):
                answers.append(_answer(incident.alerts[alert_id], asked=True, accepted=False))
            case _:
                pass
    return answers


def _was_counted(alert: Alert) -> bool:
    return AlertState.EXPIRED in alert.stages or AlertState.DECLINED in alert.stages


def _answer(alert: Alert, *, asked: bool, accepted: bool) -> Answer:
    return Answer(alert.responder_id, alert.offered_at, int(asked), int(accepted))
