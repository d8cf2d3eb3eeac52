"""The course of one decision: what happens in it, each event folded in before the next is decided."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from dispatch.rescue.alert import Alert
from dispatch.rescue.best_plan import best_plan, is_worth_the_journey
from dispatch.rescue.commands import Refused
from dispatch.rescue.events import Event, Happening, StoodDown, Withdrawn
from dispatch.rescue.incident import Incident, apply, apply_to_alerts
from dispatch.rescue.plan import Plan, Planner
from dispatch.rescue.planning import commitment, hands_only, offered, plan_request, planned, reassigned
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AlertId, AlertRole, ResponderId, StandDownReason
from dispatch.rescue.wakes import Wake, next_wake


@dataclass(frozen=True, slots=True)
class Decision:
    """What happened, in order, and the incident as it is then. No events: nothing changed.

    `wake`: when to look at the incident again though nobody says anything, and for what; None: not at all.
    """

    incident: Incident
    events: tuple[Event, ...]
    wake: Wake | None = None


@dataclass(slots=True)
class Course:
    """The events of one decision as they come about."""

    incident: Incident
    scene: Scene
    planner: Planner = best_plan
    events: list[Event] = field(default_factory=list)
    # Whether the scene says what is near; notes that need no look around do without.
    has_looked: bool = True

    def happens(self, what: Happening, by: str = "system") -> None:
        """Note what happens, and fold it in."""
        event = Event(self.incident.version + 1, self.scene.now, by, what)
        self.incident = apply(self.incident, event)
        self.events.append(event)

    def all_happen(self, whats: Iterable[Happening], by: str = "system") -> None:
        """Note what happens to alerts at once, and fold it in together."""
        first = self.incident.version + 1
        events = [Event(number, self.scene.now, by, what) for number, what in enumerate(whats, first)]
        if events:
            self.incident = apply_to_alerts(self.incident, events)
            self.events.extend(events)

    def decision(self) -> Decision:
        """What has come of it."""
        # While somebody may still say yes nobody is looked for, whoever is lacking.
        wants_more = not any(each.is_pending for each in self.incident.alerts.values()) and self.wants_more
        wake = next_wake(self.incident, self.policy, self.scene.now, wants_more=wants_more)
        return Decision(self.incident, tuple(self.events), wake)

    def alert_of(self, alert_id: AlertId, responder_id: ResponderId | None = None) -> Alert:
        """The alert of that id, of that responder where one is given. Raises `Refused`."""
        alert = self.incident.alerts.get(alert_id)
        if alert is None or responder_id not in {None, alert.responder_id}:
            raise Refused("unknown_alert", f"There is no alert {alert_id} for you.")
        return alert

    def latest_of(self, responder_id: ResponderId) -> Alert:
        """The last alert of somebody who was asked; only that one can bind them."""
        return [each for each in self.incident.alerts.values() if each.responder_id == responder_id][-1]

    def must_be_open(self) -> None:
        """Raises `Refused` when the incident has ended."""
        if self.incident.is_ended:
            raise Refused("incident_ended", f"The incident is {self.incident.state} already.")

    @property
    def policy(self) -> Policy:
        """The owner's policy, widened as often as the operator asked."""
        return self.scene.policy.widened(self.incident.times_widened)

    @property
    def wants_more(self) -> bool:
        """Whether somebody is lacking, as far as is known, and may still be asked."""
        return self.incident.may_alert and not self._team_is_whole()

    def _team_is_whole(self) -> bool:
        policy, incident = self.policy, self.incident
        on_cpr, on_aed = len(incident.helped(AlertRole.CPR)), len(incident.helped(AlertRole.AED))
        whole_with_aed = on_cpr >= policy.enough_cpr and on_aed >= policy.enough_aed
        whole_without = on_cpr >= policy.enough_cpr_without_aed
        if on_aed or self._is_an_aed_to_fetch():
            return whole_with_aed
        return whole_without if self.has_looked else whole_with_aed and whole_without

    def _is_an_aed_to_fetch(self) -> bool:
        lost = self.incident.lost_aeds
        asked_for = (each.aed_id for each in self.incident.alerts.values())
        return any(each.aed_id not in lost for each in self.scene.aeds) or any(
            aed_id is not None and aed_id not in lost for aed_id in asked_for
        )

    @property
    def is_over(self) -> bool:
        """Whether nobody is wanted any more."""
        return not self.incident.may_alert

    def replan(self, *, say_when_nobody: bool = False, is_a_second_look: bool = False) -> None:
        """Do what a fresh plan finds worth it: alert, take back offers, give somebody on the way another role.

        An empty plan is told of when somebody is lacking and nobody is left to wait for; not by every second look that
        finds nobody either.
        """
        if self.is_over:
            return
        plan = self.planner(plan_request(self.incident, self.scene, self.policy))
        self._change_roles(plan)
        self._leave_lost_aeds()
        self._take_back(plan)
        awaited = any(each.is_pending or each.is_counted_on for each in self.incident.alerts.values())
        if plan.alerts or say_when_nobody or not (awaited or is_a_second_look or not self.wants_more):
            self._send_wave(plan)

    def still_gains_from(self, alert: Alert) -> bool:
        """Whether who changes their mind is worth the journey, beside all who are under way."""
        if self.is_over:
            return False
        comes = commitment(alert, self.scene.now)
        return is_worth_the_journey(comes, plan_request(self.incident, self.scene, self.policy))

    def _change_roles(self, plan: Plan) -> None:
        by_responder = {each.responder_id: each for each in self.incident.engaged()}
        for change in plan.changes:
            self.happens(reassigned(change, by_responder[change.responder_id], self.scene.now))

    def _leave_lost_aeds(self) -> None:
        """Nobody runs for an AED that is not to be had: whom the plan sends for no other goes to the patient."""
        for alert in self.incident.engaged():
            if alert.aed_id in self.incident.lost_aeds and not alert.has_aed:
                self.happens(hands_only(alert, self.scene, self.incident.floor))

    def _take_back(self, plan: Plan) -> None:
        no_longer = set(plan.withdrawn)
        others_come = bool(self.incident.engaged())
        reason = StandDownReason.ENOUGH_ACCEPTED if others_come else StandDownReason.NO_LONGER_NEEDED
        for alert in self.incident.pending():
            if alert.responder_id in no_longer:
                self.happens(Withdrawn(alert_id=alert.alert_id, reason=reason))

    def _send_wave(self, plan: Plan) -> None:
        wave = self.incident.waves + 1
        respond_by = self.scene.now + timedelta(seconds=self.scene.policy.respond_within_s)
        self.happens(planned(plan, wave))
        self.all_happen(offered(plan.alerts, self.incident.incident_id, wave, respond_by))

    def take_back_offers(self, reason: StandDownReason) -> None:
        """Take back every unanswered offer."""
        self.all_happen(Withdrawn(alert_id=each.alert_id, reason=reason) for each in self.incident.pending())

    def stand_everybody_down(self, reason: StandDownReason) -> None:
        """Tell everybody who was asked or is on the way to stop."""
        self.take_back_offers(reason)
        self.all_happen(StoodDown(alert_id=each.alert_id, reason=reason) for each in self.incident.engaged())

    def let_go(self, alert_ids: Collection[AlertId]) -> None:
        """End alerts of responders who turn out to be bound elsewhere."""
        reason = StandDownReason.NO_LONGER_NEEDED
        for alert in list(self.incident.alerts.values()):
            if alert.alert_id in alert_ids and alert.is_active:
                ends = StoodDown if alert.is_engaged else Withdrawn
                self.happens(ends(alert_id=alert.alert_id, reason=reason))
