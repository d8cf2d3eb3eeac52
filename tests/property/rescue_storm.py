"""Whatever people do, in whatever order, in two emergencies at once: promises that every decision keeps, by name.

    python -m tests.property.rescue_storm --steps 50000 --seed 7

runs at least so many steps and prints how often each thing happened; the same seed does the same again.
"""

import argparse
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dispatch.rescue import events
from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    LookAround,
    LoseAed,
    Progress,
    ReportAedProblem,
    SetCpr,
    TakeAed,
    Widen,
)
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.notices import NoticeKind
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import (
    STAGES,
    AedProblem,
    AlertRole,
    AlertState,
    CancelReason,
    IncidentId,
    ResponderId,
    TravelMode,
)
from tests.property.rescue_world import Person, World, as_told
from tests.rescue.story import TAPPED_AT, an_aed

EVERY_KIND = frozenset(events._CLASSES)

_METRES = st.sampled_from([0.0, 60.0, 200.0, 450.0, 1200.0])
_SECONDS = st.sampled_from([0, 1, 9, 10, 20, 30, 60, 120, 200])
_STEPS_EACH = 50
_EXAMPLES_AT_ONCE = 100


class Storm(RuleBasedStateMachine):
    """Two incidents that share eight people and two AEDs."""

    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.ended: dict[IncidentId, Incident] = {}

    @initialize(
        cap=st.integers(1, 5),
        hands=st.integers(1, 2),
        give_up_s=st.sampled_from([300.0, 1200.0]),
        aeds=st.lists(_METRES, max_size=2),
        people=st.lists(st.tuples(_METRES, st.sampled_from(TravelMode), st.booleans()), min_size=1, max_size=8),
        by_night=st.booleans(),
    )
    def tap(
        self,
        cap: int,
        hands: int,
        give_up_s: float,
        aeds: list[float],
        people: list[tuple[float, TravelMode, bool]],
        by_night: bool,
    ) -> None:
        policy = Policy(alert_cap=cap, widen_cap=2, enough_cpr_without_aed=hands, give_up_s=give_up_s)
        everybody = [Person(north_m, mode, walks=walks) for north_m, mode, walks in people]
        self.world = World(policy, everybody, aeds, self.tally, by_night=by_night)
        self.world.tap(is_stale=False)

    # --- what people do ---

    @rule(stale=st.booleans())
    @precondition(lambda self: len(self.world.open) < 2)
    def another_tap(self, stale: bool) -> None:
        self.world.tap(is_stale=stale)

    @rule(data=st.data(), yes=st.sampled_from([True, True, False]), stale=st.booleans())
    @precondition(lambda self: any(each.is_pending for each in self.world.alerts))
    def somebody_answers(self, data: st.DataObject, yes: bool, stale: bool) -> None:
        alert = data.draw(st.sampled_from([each for each in self.world.alerts if each.is_pending]), label="alert")
        self._say((Accept if yes else Decline)(alert.alert_id, alert.responder_id), alert, stale=stale)

    @rule(data=st.data(), yes=st.booleans())
    @precondition(lambda self: self.world.alerts)
    def somebody_answers_late_or_again(self, data: st.DataObject, yes: bool) -> None:
        alert = self._any_alert(data)
        self._say((Accept if yes else Decline)(alert.alert_id, alert.responder_id), alert)

    @rule(data=st.data(), stage=st.sampled_from(sorted(STAGES)))
    @precondition(lambda self: any(each.is_engaged for each in self.world.alerts))
    def somebody_gets_on(self, data: st.DataObject, stage: AlertState) -> None:
        alert = data.draw(st.sampled_from([each for each in self.world.alerts if each.is_engaged]), label="alert")
        self._say(Progress(alert.alert_id, alert.responder_id, stage), alert)

    @rule(data=st.data(), stage=st.sampled_from(sorted(AlertState)), problem=st.none() | st.sampled_from(AedProblem))
    @precondition(lambda self: self.world.alerts)
    def somebody_says_nonsense(self, data: st.DataObject, stage: AlertState, problem: AedProblem | None) -> None:
        alert = self._any_alert(data)
        who = data.draw(st.sampled_from([alert.responder_id, ResponderId("p0"), ResponderId("stranger")]), label="who")
        said = Progress(alert.alert_id, who, stage)
        aed_id = an_aed("a1", 0.0).aed_id
        self._say(said if problem is None else ReportAedProblem(alert.alert_id, who, problem, aed_id), alert)

    @rule(data=st.data())
    @precondition(lambda self: self.world.alerts)
    def devices_have_their_alerts(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(self.world.alerts), max_size=3), label="alerts")
        for alert in some:
            self._say(ConfirmReceipt((alert.alert_id,)), alert)

    @rule(data=st.data())
    @precondition(lambda self: self.world.alerts)
    def somebody_goes_off_duty(self, data: st.DataObject) -> None:
        alert = self._any_alert(data)
        self.world.people[alert.responder_id].on_duty = False
        if alert.is_pending:
            self._say(Decline(alert.alert_id, alert.responder_id, off_duty=True), alert)

    @rule(data=st.data(), moves=st.booleans())
    @precondition(lambda self: any(each.is_engaged and each.urged_at for each in self.world.alerts))
    def somebody_who_was_asked_moves_or_answers(self, data: st.DataObject, moves: bool) -> None:
        asked = [each for each in self.world.alerts if each.is_engaged and each.urged_at]
        alert = data.draw(st.sampled_from(asked), label="alert")
        if moves:
            self.world.people[alert.responder_id].walks = True
        else:
            self._say(Progress(alert.alert_id, alert.responder_id, AlertState.EN_ROUTE), alert)

    @rule(data=st.data(), metres=_METRES, walks=st.booleans(), phone_is_on=st.sampled_from([True, True, False]))
    def somebody_is_elsewhere(self, data: st.DataObject, metres: float, walks: bool, phone_is_on: bool) -> None:
        person = self.world.people[data.draw(st.sampled_from(sorted(self.world.people)), label="who")]
        person.north_m, person.walks, person.phone_is_on, person.on_duty = metres, walks, phone_is_on, True

    # --- what AEDs, time and operators do ---

    @rule(data=st.data(), problem=st.sampled_from(AedProblem))
    @precondition(lambda self: any(each.is_active and each.aed_id for each in self.world.alerts))
    def a_runner_finds_the_aed_useless(self, data: st.DataObject, problem: AedProblem) -> None:
        alert = data.draw(st.sampled_from([each for each in self.world.alerts if each.is_active and each.aed_id]))
        self._say(ReportAedProblem(alert.alert_id, alert.responder_id, problem, alert.aed_id), alert)

    @rule(number=st.integers(0, 1), metres=_METRES)
    def an_aed_fails_or_is_there_again(self, number: int, metres: float) -> None:
        aed_id = an_aed(f"a{number}", metres).aed_id
        left = [each for each in self.world.aeds if each.aed_id != aed_id]
        if len(left) == len(self.world.aeds):
            self.world.aeds = [*left, an_aed(f"a{number}", metres)]
            return
        self.world.aeds = left
        for incident_id in self.world.open:
            self._carry_out(incident_id, LoseAed(aed_id))

    @rule(data=st.data(), is_known=st.booleans())
    @precondition(lambda self: any(each.aed_id for each in self.world.alerts))
    def a_cabinet_is_opened(self, data: st.DataObject, is_known: bool) -> None:
        alert = data.draw(st.sampled_from([each for each in self.world.alerts if each.aed_id]))
        if alert.aed_id is not None:
            self._carry_out(self._any_incident(data), TakeAed(alert.aed_id, alert.alert_id if is_known else None))

    @rule(seconds=_SECONDS, punctual=st.sampled_from([True, True, False]))
    def time_passes(self, seconds: int, punctual: bool) -> None:
        self.world.time_passes(seconds, is_punctual=punctual)

    @rule(data=st.data())
    def somebody_comes_near(self, data: st.DataObject) -> None:
        self._carry_out(self._any_incident(data), LookAround())

    @rule(
        data=st.data(),
        command=st.one_of(
            st.just(Widen()),
            st.builds(SetCpr, in_progress=st.booleans()),
            st.sampled_from([0, 200, 350, 900]).map(lambda s: ExpectAmbulance(TAPPED_AT + timedelta(seconds=s))),
        ),
    )
    def the_operator_does_something(self, data: st.DataObject, command: Command) -> None:
        self._carry_out(self._any_incident(data), command)

    @rule(data=st.data())
    @precondition(lambda self: len(self.world.records) > 1)
    def the_operator_merges(self, data: st.DataObject) -> None:
        duplicate, into = self._any_incident(data), self._any_incident(data)
        self.world.merge(duplicate, into)

    @rule(
        data=st.data(),
        command=st.one_of(
            st.just(AmbulanceArrives()), st.just(Close()), st.builds(Cancel, reason=st.sampled_from(CancelReason))
        ),
        really=st.sampled_from([False, False, True]),
    )
    def it_comes_to_an_end(self, data: st.DataObject, command: Command, really: bool) -> None:
        if really:
            self._carry_out(self._any_incident(data), command)

    # --- what always holds ---

    @invariant()
    def nobody_is_engaged_twice(self) -> None:
        bound = [each.responder_id for each in self.world.alerts if each.is_active]
        assert len(set(bound)) == len(bound)

    @invariant()
    def an_incident_is_the_fold_of_its_stored_events(self) -> None:
        for record in self.world.records.values():
            assert record.refolded == record.incident

    @invariant()
    def events_are_numbered_without_gaps(self) -> None:
        for record in self.world.records.values():
            assert record.incident.version == len(record.events) == record.events[-1].number

    @invariant()
    def whoever_accepted_is_at_it_or_was_told_that_it_is_over(self) -> None:
        for alert in self.world.alerts:
            if AlertState.ACCEPTED in alert.stages:
                heard = [each for each in self.world.told[alert.alert_id] if each is not NoticeKind.NUDGE]
                assert heard[-1] is (NoticeKind.ASSIGNMENT if alert.is_engaged else NoticeKind.STAND_DOWN)

    @invariant()
    def a_stand_down_reaches_everybody_who_was_told_to_come(self) -> None:
        for alert in self.world.alerts:
            heard = self.world.told[alert.alert_id]
            assert alert.is_active != (heard[-1] is NoticeKind.STAND_DOWN)
            if alert.is_pending:
                assert heard == [NoticeKind.ALERT]

    @invariant()
    def what_those_at_it_were_told_last_is_how_things_stand(self) -> None:
        for record in self.world.records.values():
            for alert in record.incident.engaged():
                assert self.world.told_of_team[alert.alert_id] == as_told(record.incident, alert)

    @invariant()
    def a_wake_covers_everything_that_falls_due(self) -> None:
        for record in self.world.records.values():
            due = self._falls_due(record.incident, record.decided_at)
            assert (record.wake is None) == (not due)
            if record.wake is not None:
                assert record.wake.at <= min(due)

    @invariant()
    def nobody_runs_for_an_aed_that_is_lost(self) -> None:
        for record in self.world.records.values():
            for alert in record.incident.alerts.values():
                if alert.is_active and alert.aed_id in record.incident.lost_aeds:
                    assert alert.is_engaged
                    assert alert.has_aed
                    assert alert.aed_id not in alert.useless_aed_ids

    @invariant()
    def who_fetches_names_an_aed_and_nobody_else_does(self) -> None:
        for alert in self.world.alerts:
            assert (alert.aed_id is not None) == (alert.role is AlertRole.AED)

    @invariant()
    def an_alert_is_one_question_and_at_most_one_yes(self) -> None:
        for counted in self.world.answers.values():
            assert 0 <= counted["accepted"] <= counted["asked"] <= 1

    @invariant()
    def what_has_ended_stays_ended_and_binds_nobody(self) -> None:
        for incident_id, record in self.world.records.items():
            incident = record.incident
            if not incident.may_alert:
                assert not any(each.is_active for each in incident.alerts.values())
            if incident.is_ended:
                first = self.ended.setdefault(incident_id, incident)
                assert (incident.state, incident.closed_at) == (first.state, first.closed_at)
                assert not incident.nobody_reached

    def teardown(self) -> None:
        # The machine's beginning may have failed before there was a world.
        for incident_id, record in self.world.records.items() if hasattr(self, "world") else ():
            assert fold(incident_id, record.events) == record.incident
            for event in record.events:
                if isinstance(event.what, events.Expired):
                    assert event.at >= record.incident.alerts[event.what.alert_id].respond_by

    # --- how ---

    def _falls_due(self, incident: Incident, since: datetime) -> list[datetime]:
        """What falls due by the letter of the policy, told independently of the code under test."""
        policy = self.world.policy
        if incident.is_ended or incident.ambulance_arrived_at is not None or incident.search_ended_at is not None:
            return []
        due = [(incident.searched_since or incident.opened_at) + timedelta(seconds=policy.give_up_s)]
        for alert in incident.alerts.values():
            if alert.state in {AlertState.OFFERED, AlertState.RECEIVED}:
                due.append(alert.respond_by)
                if AlertState.RECEIVED not in alert.stages and alert.not_received_at is None:
                    due.append(alert.offered_at + timedelta(seconds=policy.no_ack_s))
            elif alert.is_engaged and AlertState.ON_SCENE not in alert.stages:
                due.append(since + timedelta(seconds=policy.movement.look_every_s))
                due += [alert.reply_by] if alert.reply_by is not None else []
        is_awaited = any(each.is_pending for each in incident.alerts.values())
        if not is_awaited and not incident.helped(AlertRole.CPR):
            due.append(since + timedelta(seconds=policy.look_again_s))
        if incident.ambulance_arrives_at is not None and incident.ambulance_arrives_at > since:
            due.append(incident.ambulance_arrives_at)
        return due

    def _any_alert(self, data: st.DataObject) -> Alert:
        return data.draw(st.sampled_from(self.world.alerts), label="alert")

    def _any_incident(self, data: st.DataObject) -> IncidentId:
        # Those that go on, mostly; what has ended is asked for something now and then.
        choices = (self.world.open * 4 + list(self.world.records))[:12]
        return data.draw(st.sampled_from(choices), label="incident")

    def _say(self, command: Command, alert: Alert, *, stale: bool = False) -> None:
        self._carry_out(self.world.incident_of(alert.alert_id), command, stale=stale)

    def _carry_out(self, incident_id: IncidentId, command: Command, *, stale: bool = False) -> None:
        done = self.world.carry_out(incident_id, command, is_stale=stale)
        # Each `widen` is one more, each estimate a new one.
        if done is not None and not isinstance(command, Widen | ExpectAmbulance):
            again = self.world.carry_out(incident_id, command)
            assert again is None or not again.events, "said twice, done twice"


class CountedStorm(Storm):
    """The same, with its steps counted."""

    @invariant()
    def it_is_a_step(self) -> None:
        self.tally["steps"] += 1


def blow(steps: int, seed: int) -> Counter[str]:
    """Run at least `steps` steps from `seed` on; answers how often each thing happened. Raises what goes wrong."""
    CountedStorm.tally = Counter()
    how = settings(
        max_examples=max(1, min(_EXAMPLES_AT_ONCE, steps // _STEPS_EACH)),
        stateful_step_count=_STEPS_EACH,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    while CountedStorm.tally["steps"] < steps:
        run_state_machine_as_test(hypothesis.seed(seed)(CountedStorm), settings=how)
        seed += 1
    return CountedStorm.tally


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    print(f"seed {asked.seed}", flush=True)
    tally = blow(asked.steps, asked.seed)
    for name, number in sorted(tally.items()):
        print(f"{number:>9}  {name}")
    missing = sorted(EVERY_KIND - tally.keys())
    print(f"seed {asked.seed}: {tally['steps']} steps in {time.monotonic() - began:.0f} s, no promise broken")
    if missing:
        print(f"never happened: {', '.join(missing)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
