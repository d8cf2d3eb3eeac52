"""One offer of one role to one responder, and what its events make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.rescue.events import (
    Accepted,
    Believed,
    Declined,
    Doubted,
    Expired,
    NotReceived,
    Offered,
    Reassigned,
    Received,
    StageReached,
    StoodDown,
    Urged,
    Withdrawn,
)
from dispatch.rescue.vocabulary import AedId, AlertId, AlertRole, AlertState, ResponderId, StandDownReason

_PENDING, _ENGAGED = AlertState.pending_states(), AlertState.engaged_states()

# Volunteers who would have come, had they been needed.
_SENT_HOME = frozenset({StandDownReason.ENOUGH_ACCEPTED, StandDownReason.NO_LONGER_NEEDED})

# Whoever comes after one of these had not been coming: they set out anew.
_NOT_COMING = frozenset(
    {AlertState.EXPIRED, AlertState.DECLINED, AlertState.WITHDRAWN, AlertState.GAVE_UP, AlertState.STOOD_DOWN}
)
# What they said on the way before is not true of the way that they set out on then.
_ON_THE_WAY = frozenset({AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE, AlertState.DONE})


# Nobody changes one; but twenty are made for every SOS, and to make a frozen one takes three times as long.
@dataclass(slots=True)
class Alert:
    """One offer of one role to one responder. `stages` says when each state was reached."""

    alert_id: AlertId
    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    wave: int
    state: AlertState
    offered_at: datetime
    respond_by: datetime
    eta_s: float
    distance_m: float
    reason_en: str
    reason_zh: str
    stages: Mapping[AlertState, datetime] = field(default_factory=dict)
    end_reason: StandDownReason | None = None
    accept_probability: float | None = None
    # From when `eta_s` counts, where that was before the offer: it goes on from another incident's.
    counted_from: datetime | None = None
    # When the other channels were tried, because the device had not said that it has the alert.
    not_received_at: datetime | None = None
    # Asked whether they are on their way: when, how far behind they were then, and the answer is due by.
    urged_at: datetime | None = None
    lag_s: float = 0.0
    reply_by: datetime | None = None
    doubted_at: datetime | None = None
    # AEDs that they were sent for before the one they are sent for now.
    former_aed_ids: tuple[AedId, ...] = ()
    # AEDs that they had in their hands, or with the patient, and that were of no use.
    useless_aed_ids: tuple[AedId, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Whether an answer is awaited."""
        return self.state in _PENDING

    @property
    def is_engaged(self) -> bool:
        """Whether the responder has accepted and is still at it."""
        return self.state in _ENGAGED

    @property
    def has_arrived(self) -> bool:
        """Whether the device has said that it has the alert."""
        return AlertState.RECEIVED in self.stages

    @property
    def may_not_have_it(self) -> bool:
        """Whether the device has not said that it has the alert, and no other channel has been tried."""
        return self.not_received_at is None and not self.has_arrived

    @property
    def is_counted_on(self) -> bool:
        """Whether the plan may build on them: at it, and not found to stand still."""
        return self.is_engaged and self.doubted_at is None

    @property
    def is_there(self) -> bool:
        """Whether the responder is with the patient, or was until the work was done."""
        return AlertState.ON_SCENE in self.stages and self.state is not AlertState.GAVE_UP

    @property
    def is_moving(self) -> bool:
        """Whether they have said anything that is said on the way: their turnout is over."""
        return AlertState.EN_ROUTE in self.stages or AlertState.AED_COLLECTED in self.stages

    @property
    def has_aed(self) -> bool:
        """Whether the AED is in their hands, or with the patient, and works as far as they have said."""
        is_fetched = self.is_there or AlertState.AED_COLLECTED in self.stages
        return self.role is AlertRole.AED and is_fetched and self.aed_id not in self.useless_aed_ids

    @property
    def may_be_asked_again(self) -> bool:
        """Whether another offer is no nuisance: nobody waited for their answer, or they came and were sent home."""
        return self.state is AlertState.WITHDRAWN or (
            self.state is AlertState.STOOD_DOWN and self.end_reason in _SENT_HOME
        )

    @property
    def is_active(self) -> bool:
        """Whether the responder is bound by it."""
        return self.is_pending or self.is_engaged

    def counts_from(self, now: datetime) -> datetime:
        """The moment from which `eta_s` counts: the offer, or the late yes of who was not coming until then."""
        if not _NOT_COMING.isdisjoint(self.stages):
            return self.stages[AlertState.ACCEPTED] if self.is_engaged else now
        return self.counted_from or self.offered_at

    @property
    def promised_at(self) -> datetime:
        """When they are to be at the scene, by what was last promised; of an offer, if they said yes at once."""
        return self.counts_from(self.offered_at) + timedelta(seconds=round(self.eta_s))

    @property
    def arrived_at(self) -> datetime | None:
        """When the responder was with the patient, once they were."""
        return self.stages.get(AlertState.ON_SCENE)


HappensToAlert = (
    Received | NotReceived | Accepted | Declined | Expired | Withdrawn | StoodDown | StageReached | Urged | Doubted
    | Believed | Reassigned
)  # fmt: skip


def begin_alert(offered: Offered, at: datetime) -> Alert:
    """The alert that an offer begins."""
    return Alert(
        alert_id=offered.alert_id,
        responder_id=offered.responder_id,
        role=offered.role,
        aed_id=offered.aed_id,
        wave=offered.wave,
        state=AlertState.OFFERED,
        offered_at=at,
        respond_by=offered.respond_by,
        eta_s=offered.eta_s,
        distance_m=offered.distance_m,
        reason_en=offered.reason_en,
        reason_zh=offered.reason_zh,
        accept_probability=offered.accept_probability,
        counted_from=offered.counted_from,
    )


def apply_to_alert(alert: Alert, what: HappensToAlert, at: datetime) -> Alert:
    """The alert after what happened to it."""
    match what:
        case Reassigned():
            return _reassigned(alert, what)
        case NotReceived():
            return replace(alert, not_received_at=at)
        case Urged(lag_s=lag_s, reply_by=reply_by):
            return replace(alert, urged_at=at, lag_s=lag_s, reply_by=reply_by)
        case Doubted(lag_s=lag_s):
            return replace(alert, doubted_at=at, lag_s=lag_s, reply_by=None)
        case Believed(eta_s=eta_s):
            return replace(alert, eta_s=eta_s, urged_at=None, lag_s=0.0, reply_by=None, doubted_at=None)
        case _:
            return _moved(alert, what, at)


def with_useless_aed(alert: Alert, aed_id: AedId) -> Alert:
    """The alert of somebody who has an AED, or was to have it, and says that it is of no use."""
    return replace(alert, useless_aed_ids=(*alert.useless_aed_ids, aed_id)) if alert.aed_id == aed_id else alert


def _reassigned(alert: Alert, given: Reassigned) -> Alert:
    left = (alert.aed_id,) if alert.aed_id is not None and alert.aed_id != given.aed_id else ()
    state, stages = alert.state, alert.stages
    if left and AlertState.AED_COLLECTED in stages:
        # Nobody is sent elsewhere with a device that works: the next one has yet to be collected.
        stages = {each: at for each, at in stages.items() if each is not AlertState.AED_COLLECTED}
        stages.setdefault(AlertState.EN_ROUTE, alert.stages[AlertState.AED_COLLECTED])
        state = AlertState.EN_ROUTE if state is AlertState.AED_COLLECTED else state
    return replace(
        alert,
        state=state,
        stages=stages,
        role=given.role,
        aed_id=given.aed_id,
        eta_s=given.eta_s,
        reason_en=given.reason_en,
        reason_zh=given.reason_zh,
        former_aed_ids=(*alert.former_aed_ids, *left),
    )


_Answered = Received | Accepted | Declined | Expired | Withdrawn | StoodDown | StageReached

_STATE_AFTER: dict[type, AlertState] = {
    Received: AlertState.RECEIVED,
    Accepted: AlertState.ACCEPTED,
    Declined: AlertState.DECLINED,
    Expired: AlertState.EXPIRED,
    Withdrawn: AlertState.WITHDRAWN,
    StoodDown: AlertState.STOOD_DOWN,
}


def _moved(alert: Alert, answered: _Answered, at: datetime) -> Alert:
    state = answered.stage if isinstance(answered, StageReached) else _STATE_AFTER[type(answered)]
    if state is AlertState.RECEIVED and alert.state is not AlertState.OFFERED:
        # The device's word came after its owner's, or after the offer was taken back: noted, and nothing more.
        return replace(alert, stages={**alert.stages, state: at})
    if state is AlertState.ACCEPTED or state is AlertState.ON_SCENE:
        # Their word is newer than any doubt.
        alert = replace(alert, urged_at=None, lag_s=0.0, reply_by=None, doubted_at=None)
    reason = answered.reason if isinstance(answered, Withdrawn | StoodDown) else None
    if isinstance(answered, Declined) and answered.off_duty:
        reason = StandDownReason.OFF_DUTY
    return replace(alert, state=state, stages={**_still_true(alert, state), state: at}, end_reason=reason)


def _still_true(alert: Alert, state: AlertState) -> Mapping[AlertState, datetime]:
    if state is AlertState.ACCEPTED and not alert.is_pending:
        return {each: at for each, at in alert.stages.items() if each not in _ON_THE_WAY}
    return alert.stages
