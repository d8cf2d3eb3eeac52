"""One incident told by what people do: every step is folded anew and compared, so each test checks the fold too."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import Accept, Command, Decline, LetTimePass, OpenIncident, Progress
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide, open_incident
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.notices import Notice, responder_notices
from dispatch.rescue.policy import BenefitPolicy, Policy
from dispatch.rescue.scene import AedOption, Candidate, Scene
from dispatch.rescue.vocabulary import AedId, AlertState, IncidentId, ResponderId, TravelMode
from dispatch.rescue.wakes import Wake
from geo.place import Place
from tests.people import beside

PATIENT = Place(30.25, 120.16)
# The first pair of hands is all that counts.
ONE_PAIR = BenefitPolicy(pair_worth=(1.0,))
TAPPED_AT = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
INCIDENT = IncidentId("0f9c2a56-7f6e-4c36-9f0c-5d3f3e1f8a01")


def somebody(name: str, away_m: float, *, mode: TravelMode = TravelMode.WALK) -> Candidate:
    """A first-aider due north of the patient."""
    return Candidate(ResponderId(name), beside(PATIENT, north_m=away_m), away_m, mode)


def people(count: int, *, first_m: float = 100, apart_m: float = 100) -> tuple[Candidate, ...]:
    """First-aiders p0, p1, ..., each a little farther away than the one before."""
    return tuple(somebody(f"p{number}", first_m + number * apart_m) for number in range(count))


def an_aed(name: str, away_m: float, *, open_until: datetime | None = None) -> AedOption:
    """An AED due south of the patient."""
    return AedOption(AedId(name), f"AED {name}", beside(PATIENT, north_m=-away_m), away_m, 0.97, open_until)


@dataclass
class Story:
    """An incident and the world around it; time moves only when told to."""

    candidates: Iterable[Candidate] = ()
    aeds: Iterable[AedOption] = ()
    policy: Policy = field(default_factory=Policy)
    engaged: Iterable[Candidate] = ()
    now: datetime = TAPPED_AT
    is_night: bool = False
    incident_id: IncidentId = INCIDENT
    events: list[Event] = field(default_factory=list)
    incident: Incident = field(init=False)
    wake: Wake | None = None

    @property
    def scene(self) -> Scene:
        """The world as it is now."""
        return Scene(
            self.now,
            is_night=self.is_night,
            candidates=tuple(self.candidates),
            aeds=tuple(self.aeds),
            policy=self.policy,
            under_way=tuple(self.engaged),
        )

    def opens(self, *, cpr_in_progress: bool = False) -> "Story":
        """The SOS."""
        self._take_in(
            open_incident(self.incident_id, OpenIncident(place=PATIENT, cpr_in_progress=cpr_in_progress), self.scene)
        )
        return self

    def does(self, command: Command, *, by: str = "somebody") -> list[Event]:
        """Carry a command out; returns what happened by it."""
        return self._take_in(decide(self.incident, command, self.scene, by=by))

    def passes(self, seconds: float) -> None:
        """Let time go by; nothing happens by itself."""
        self.now += timedelta(seconds=seconds)

    def accepts(self, name: str) -> list[Event]:
        """Somebody says yes to their latest alert."""
        alert = self.alert_of(name)
        return self.does(Accept(alert.alert_id, alert.responder_id), by=f"responder:{name}")

    def declines(self, name: str) -> list[Event]:
        """Somebody says no to their latest alert."""
        alert = self.alert_of(name)
        return self.does(Decline(alert.alert_id, alert.responder_id), by=f"responder:{name}")

    def reaches(self, name: str, stage: AlertState) -> list[Event]:
        """Somebody says how far they are."""
        alert = self.alert_of(name)
        return self.does(Progress(alert.alert_id, alert.responder_id, stage), by=f"responder:{name}")

    def waits_in_vain(self) -> list[Event]:
        """Let the time to answer pass for everybody who has not answered."""
        self.now = max(alert.respond_by for alert in self.incident.pending())
        return self.does(LetTimePass(), by="system")

    def alert_of(self, name: str) -> Alert:
        """The latest alert of somebody."""
        return [each for each in self.incident.alerts.values() if each.responder_id == name][-1]

    def state_of(self, name: str) -> AlertState:
        """Where the latest alert of somebody stands."""
        return self.alert_of(name).state

    def in_state(self, *states: AlertState) -> set[str]:
        """Those whose alert is in one of these states."""
        return {each.responder_id for each in self.incident.alerts.values() if each.state in states}

    def _take_in(self, decision: Decision) -> list[Event]:
        self.events.extend(decision.events)
        self.incident, self.wake = decision.incident, decision.wake
        assert fold(self.incident_id, self.events) == self.incident
        return list(decision.events)


def kinds(events: Iterable[Event]) -> list[str]:
    """The names of what happened, in order."""
    return [event.kind for event in events]


def told(story: Story, events: Iterable[Event]) -> list[tuple[str, str]]:
    """Who is told what by these events."""
    notices: list[Notice] = responder_notices(events, story.incident)
    return [(story.incident.alerts[each.alert_id].responder_id, each.kind.value) for each in notices]
