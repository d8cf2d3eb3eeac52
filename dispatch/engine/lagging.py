"""Incidents whose rows lack what memory or a journal knows, and which of them are to be written as one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from uuid import UUID, uuid5

from dispatch.engine.decision_codec import JournaledDecision, Opening
from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.retelling import before_merger, named_by
from dispatch.rescue.vocabulary import AlertId, IncidentId


@dataclass(slots=True)
class Lagging:
    """One of them: `live` is where memory keeps it, if it does; `decisions` are those that are to be written.

    `written` are the events of its rows, as they were last read. `is_request_taken`: its request id has opened another
    incident meanwhile; both happened, and both are kept.
    """

    incident_id: IncidentId
    live: LiveIncident = field(default_factory=LiveIncident)
    decisions: Sequence[JournaledDecision] = ()
    written: Sequence[Event] = ()
    is_request_taken: bool = False

    @property
    def ours(self) -> list[Event]:
        """What is known here of what happened; of a journal's incident not what was written before."""
        known = known_events(self.decisions)
        if self.live.incident is None:
            return known
        # What was kept before memory was filled, by a start that is tried again, memory does not know.
        return [*self.live.events, *joining_on(known, self.live.present.version)]

    @property
    def missing(self) -> list[Event]:
        """What the rows lack, as far as it follows without a gap."""
        return joining_on(self.ours, len(self.written))

    @property
    def went_two_ways(self) -> bool:
        """Whether the rows tell something else than what is known here."""
        known = {event.number: event for event in self.written}
        return any(event.number in known and known[event.number] != event for event in self.ours)

    @property
    def is_opened(self) -> bool:
        """Whether its beginning is known, here or there."""
        return bool(self.written) or (bool(self.missing) and self.missing[0].number == 1)

    @property
    def opening(self) -> Opening | None:
        """What else its opening took, where that is known here."""
        found = next((each.opening for each in self.decisions if each.opening is not None), self.live.opening)
        if found is None or not self.is_request_taken:
            return found
        return replace(found, request_id=str(uuid5(UUID(found.request_id), self.incident_id)))

    def incident(self) -> Incident:
        """The incident as rows and memory together tell it. Raises `KeyError` or `ValueError` where they do not fit."""
        return fold(self.incident_id, [*self.written, *self.missing])

    def branch(self) -> Incident | None:
        """What had come of it on this side, from what both sides share; None where that cannot be told any more."""
        events = known_events(self.decisions)
        if not events or (self.live.incident is not None and events[-1].number <= self.live.present.version):
            return self.live.incident
        shared = [event for event in self.written if event.number < events[0].number]
        try:
            return fold(self.incident_id, [*shared, *events])
        except (KeyError, ValueError):
            return None

    def touched(self) -> set[AlertId]:
        """The alerts that something is told of in what is to be written."""
        events = [*known_events(self.decisions), *self.missing]
        about = (getattr(event.what, "alert_id", None) for event in events)
        return {alert_id for alert_id in about if alert_id is not None}

    def as_decisions(self) -> list[JournaledDecision]:
        """What the rows lack, as they are to hold it: what happened at one instant is one row."""
        return _by_instant(self.incident_id, self.missing, self.opening)

    def until_merger(self) -> "Lagging":
        """The same up to where it was made one with another: that much is its own, whatever became of the other."""
        alone = before_merger(self.missing)
        return Lagging(self.incident_id, decisions=_by_instant(self.incident_id, alone, self.opening))

    def since_merger(self) -> list[Event]:
        """What happened from there on."""
        missing = self.missing
        return missing[len(before_merger(missing)) :]


def taken_together(
    by_incident: Mapping[IncidentId, Sequence[JournaledDecision]],
) -> dict[IncidentId, frozenset[IncidentId]]:
    """For each of these incidents all those that their decisions made one: half a merger must never be written."""
    groups: dict[IncidentId, frozenset[IncidentId]] = {each: frozenset({each}) for each in by_incident}
    for incident_id, decisions in by_incident.items():
        for other in named_by(known_events(decisions)):
            group = groups[incident_id] | groups.get(other, {other})
            groups |= dict.fromkeys(group, group)
    return groups


def made_one_with(
    incident_id: IncidentId, by_incident: Mapping[IncidentId, Sequence[JournaledDecision]]
) -> frozenset[IncidentId]:
    """An incident and all that it was made one with, as far as the decisions tell of which each knows both."""
    found, to_look = {incident_id}, [incident_id]
    while to_look:
        others = named_by(known_events(by_incident.get(to_look.pop(), ()))) - found
        found |= others
        to_look += others
    return frozenset(found)


def are_whole(incidents: Iterable[Incident], among: Collection[IncidentId]) -> bool:
    """Whether of every two of these that became one both know; a former version's journal may have lost one half.

    `among` are all that are to be written together, those too that nobody knows anything of.
    """
    merged = {each.incident_id: each for each in incidents}
    return all(
        each.merged_into in merged and each.incident_id in merged[each.merged_into].merged
        for each in merged.values()
        if each.merged_into in among
    )


def known_events(decisions: Iterable[JournaledDecision]) -> list[Event]:
    """The events of journaled decisions in order, each once: a journal may hold one twice."""
    by_number = {event.number: event for each in decisions for event in each.events}
    return [by_number[number] for number in sorted(by_number)]


def joining_on(events: Iterable[Event], written: int) -> list[Event]:
    """Those after the first `written` that follow each other without a gap: behind one nothing can be told."""
    later = [event for event in events if event.number > written]
    return [event for place, event in enumerate(later, start=written + 1) if event.number == place]


def _by_instant(incident_id: IncidentId, events: Iterable[Event], opening: Opening | None) -> list[JournaledDecision]:
    return [
        JournaledDecision(incident_id, together, opening if together[0].number == 1 else None)
        for _, each in groupby(events, key=lambda event: event.at)
        for together in (tuple(each),)
    ]
