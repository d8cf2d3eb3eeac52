"""Our own rule: the pure core of the service, told of everything as the service would be.

What stands between the core and the world in the service (the survey of who is near, the messages, the due times) is
here in its simplest form. `rescue.decide` and the planner are the very ones that run in service.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from dispatch.rescue.acceptance import acceptance
from dispatch.rescue.commands import (
    Accept,
    Command,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    OpenIncident,
    Progress,
    Refused,
    ReportAedProblem,
)
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide, open_incident
from dispatch.rescue.events import Accepted, Offered, Reassigned, StoodDown, Urged, Withdrawn
from dispatch.rescue.incident import Incident
from dispatch.rescue.planning import asked_already
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate, Scene
from dispatch.rescue.vocabulary import (
    AedId,
    AedProblem,
    AlertId,
    AlertState,
    IncidentId,
    ResponderId,
    TravelMode,
)
from geo.distance import distance_m
from geo.fixes import FixAging
from simulator.evaluation.arrests import Arrest
from simulator.evaluation.rescue import NO_AED, Rescue

_MODES: Final = (TravelMode.WALK, TravelMode.RUN, TravelMode.BIKE, TravelMode.EBIKE, TravelMode.CAR)

# What the survey takes a device's state to mean where nothing more is known of it: ready, unverified.
_WORKS_VERIFIED: Final = 0.97
_WORKS_UNVERIFIED: Final = 0.85

# What a phone says of its own fix.
_ACCURACY_M: Final = 30.0
_SPREAD_ON_THE_WAY_M: Final = 17.0
_REPLY_S: Final = 9.0


@dataclass(slots=True)
class Ours:
    """The service's decisions under one policy. What they rest on is what is known of the arrest, never what is so."""

    policy: Policy
    _rescue: Rescue | None = None
    _incident: Incident | None = None
    _candidates: list[Candidate] = field(default_factory=list)
    _index: dict[ResponderId, int] = field(default_factory=dict)
    _aeds: dict[AedId, int] = field(default_factory=dict)
    _options: tuple[AedOption, ...] = ()
    # Those within reach, in the order in which the survey finds them.
    _near: list[Candidate] = field(default_factory=list)
    # The alert by which each was asked last.
    _alert_of: dict[int, AlertId] = field(default_factory=dict)
    _wakes: int = 0

    @property
    def rescue(self) -> Rescue:
        """The rescue it decides in."""
        if self._rescue is None:
            raise RuntimeError("the rule has not begun")
        return self._rescue

    @property
    def incident(self) -> Incident:
        """The incident as it is now."""
        if self._incident is None:
            raise RuntimeError("the rule has not begun")
        return self._incident

    def begin(self, rescue: Rescue) -> None:
        """The SOS: what `POST /v1/sos` does."""
        self._rescue = rescue
        arrest = rescue.arrest
        self._look(arrest)
        command = OpenIncident(
            place=arrest.tap,
            accuracy_m=rescue.parameters.arrest.accuracy_m,
            floor=arrest.floor_told,
            cpr_in_progress=arrest.told_of_cpr,
        )
        incident_id = IncidentId(str(UUID(int=arrest.number)))
        self._follow(open_incident(incident_id, command, self._scene()))
        rescue.at(arrest.announced_s, self._announce)

    def answered(self, person: int, *, yes: bool) -> None:
        """The answer as the phone sends it."""
        alert_id, responder_id = self._alert_of[person], self._candidates[person].responder_id
        self._do(Accept(alert_id, responder_id) if yes else Decline(alert_id, responder_id))

    def no_aed(self, person: int, aed: int) -> None:
        """What stands in the way, as their runner reports it."""
        alert_id, responder_id = self._alert_of[person], self._candidates[person].responder_id
        alert = self.incident.alerts[alert_id]
        if alert.aed_id is None or self._aeds[alert.aed_id] != aed:
            return
        problem = AedProblem.BROKEN if alert.has_aed else AedProblem.MISSING
        self._do(ReportAedProblem(alert_id, responder_id, problem, alert.aed_id))

    def collected(self, person: int, aed: int) -> None:
        """They have it."""
        if aed != NO_AED:
            self._progress(person, AlertState.AED_COLLECTED)

    def arrived(self, person: int) -> None:
        """They are there."""
        self._progress(person, AlertState.ON_SCENE)

    def gave_up(self, person: int) -> None:
        """They have turned back."""
        self._progress(person, AlertState.GAVE_UP)

    def _progress(self, person: int, stage: AlertState) -> None:
        self._do(Progress(self._alert_of[person], self._candidates[person].responder_id, stage))

    def _announce(self) -> None:
        self._do(ExpectAmbulance(self._when(self.rescue.arrest.announced_ambulance_s)))

    def _wake(self, number: int) -> None:
        # Once hands and a shock are there nothing changes the outcome, and hardly anybody is asked: time is saved.
        if number == self._wakes and not self.rescue.is_decided:
            self._do(LetTimePass())

    def _when(self, seconds: float) -> datetime:
        return self.rescue.arrest.at + timedelta(seconds=seconds)

    def _do(self, command: Command) -> None:
        try:
            decision = decide(self.incident, command, self._scene(), by="simulator")
        except Refused:
            # What a phone says too late is answered with a no, and nothing has changed.
            return
        self._follow(decision)

    def _follow(self, decision: Decision) -> None:
        """Do what has been decided: what the messages would bring about."""
        self._incident = decision.incident
        rescue = self.rescue
        for event in decision.events:
            match event.what:
                case Offered(alert_id=alert_id, responder_id=responder_id):
                    person = self._index[responder_id]
                    self._alert_of[person] = alert_id
                    rescue.ask(person)
                case Accepted(alert_id=alert_id) | Reassigned(alert_id=alert_id):
                    alert = decision.incident.alerts[alert_id]
                    aed = NO_AED if alert.aed_id is None else self._aeds[alert.aed_id]
                    rescue.send(self._index[alert.responder_id], aed)
                case Withdrawn(alert_id=alert_id) | StoodDown(alert_id=alert_id):
                    rescue.take_back(self._index[decision.incident.alerts[alert_id].responder_id])
                case Urged(alert_id=alert_id):
                    self._urge(self._index[decision.incident.alerts[alert_id].responder_id])
                case _:
                    pass
        self._wakes += 1
        if decision.wake is not None:
            number = self._wakes
            seconds = (decision.wake.at - rescue.arrest.at).total_seconds()
            rescue.at(max(seconds, rescue.now_s + 0.001), lambda: self._wake(number))

    def _urge(self, person: int) -> None:
        """Whoever is on the way says so, as often as not."""
        rescue = self.rescue
        if rescue.arrest.replies[person] and rescue.is_coming(person):
            rescue.at(rescue.now_s + _REPLY_S, lambda: self._replies(person))

    def _replies(self, person: int) -> None:
        if self.rescue.is_coming(person):
            self._progress(person, AlertState.EN_ROUTE)

    def _scene(self) -> Scene:
        """What the survey answers now: the nearest who were not asked, usable AEDs, and where those asked are."""
        now = self._when(self.rescue.now_s)
        policy, incident = self.policy, self._incident
        asked = asked_already(incident) if incident is not None else set()
        active = [each for each in incident.alerts.values() if each.is_active] if incident is not None else []
        open_now = [each for each in self._options if each.open_until is None or each.open_until > now]
        promised = {each.aed_id for each in active}
        on_offer = {each.responder_id for each in active if each.is_pending}
        free = (each for each in self._near if each.responder_id not in asked)
        return Scene(
            now=now,
            is_night=self.rescue.arrest.is_night,
            candidates=tuple(islice(free, policy.candidates)),
            aeds=(
                *open_now[: policy.aeds],
                *(each for each in open_now[policy.aeds :] if each.aed_id in promised),
            ),
            policy=policy,
            under_way=tuple(self._whereabouts(each.responder_id, on_offer) for each in active),
        )

    def _whereabouts(self, responder_id: ResponderId, on_offer: set[ResponderId]) -> Candidate:
        person = self._index[responder_id]
        known = self._candidates[person]
        if responder_id in on_offer:
            return known
        arrest = self.rescue.arrest
        place = arrest.place(*self.rescue.where(person))
        # Who is on the way says every few seconds where they are.
        away_m = distance_m(arrest.tap, place)
        return Candidate(responder_id, place, away_m, known.mode, _SPREAD_ON_THE_WAY_M, known.acceptance)

    def _look(self, arrest: Arrest) -> None:
        """Who and what is near, as the survey would find it: nearest first by where they are likely to be."""
        policy = self.policy
        now_s = arrest.at.timestamp()
        aging = FixAging(now_s, policy.fix.lifetime_s, policy.fix.drift_m_s)
        for person, number in enumerate(arrest.people):
            spread_m = aging.spread_m(_ACCURACY_M, now_s - arrest.fix_age_s[person])
            place = arrest.place(arrest.fix_east_m[person], arrest.fix_north_m[person])
            candidate = Candidate(
                ResponderId(f"r{number:06}"),
                place,
                distance_m(arrest.tap, place),
                _MODES[arrest.mode[person]],
                math.inf if spread_m is None else spread_m,
                acceptance(arrest.history[person], policy.acceptance, is_night=arrest.is_night),
            )
            self._candidates.append(candidate)
            self._index[candidate.responder_id] = person
        options = []
        for aed, number in enumerate(arrest.aeds):
            place = arrest.place(arrest.aed_east_m[aed], arrest.aed_north_m[aed])
            closes_s = arrest.aed_closes_s[aed]
            option = AedOption(
                AedId(f"a{number:05}"),
                "",
                place,
                distance_m(arrest.tap, place),
                _WORKS_VERIFIED if arrest.aed_verified[aed] else _WORKS_UNVERIFIED,
                None if math.isinf(closes_s) else arrest.at + timedelta(seconds=closes_s),
            )
            self._aeds[option.aed_id] = aed
            options.append(option)
        self._options = tuple(options)
        self._near = sorted(
            (each for each in self._candidates if math.hypot(each.distance_m, each.spread_m) <= policy.reach_m),
            key=lambda each: (math.hypot(each.distance_m, each.spread_m), each.responder_id),
        )
