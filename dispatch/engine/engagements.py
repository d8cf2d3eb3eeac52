"""Who is bound by which alert, kept true in memory by every decision."""

from collections.abc import Sequence
from operator import eq

from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.engine import guards, ledger
from dispatch.engine.live_incident import LiveIncidents
from dispatch.rescue.alert import Alert
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Accepted, Event, Offered
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from dispatch.responders.responder import Engagement
from dispatch.responders.roster import Roster
from dispatch.storage.database import Database


class Engagements:
    """Takes responders out of everybody else's reach and gives them back. The database's unique index is what holds."""

    def __init__(self, roster: Roster, database: Database, live: LiveIncidents) -> None:
        self._roster = roster
        self._database = database
        self._live = live
        # By several alerts at a time somebody is bound who was asked where two workers could not hear each other, or
        # whose end of the one waits to be heard behind what is being decided in its incident. These are those that do
        # not count at present: the last of them does once the one that counts lets go.
        self._bound_besides: dict[ResponderId, dict[AlertId, Engagement]] = {}

    def reserve(self, decision: Decision, *, only_free: bool = False) -> None:
        """Take those whom a decision binds out of everybody else's reach before the commit: no two SOS choose one.

        That is whoever is offered something, and whoever was free and says yes late. With `only_free` whoever is bound
        by another alert stays so: what was planned a while ago may have been overtaken.
        """
        incident = decision.incident
        for alert in bound_by(decision):
            held = self._roster.engagement_of(alert.responder_id)
            if not only_free or held is None or held.alert_id == alert.alert_id:
                self._engage(incident, alert)

    def release(self, decision: Decision) -> None:
        """Give back those whom a decision that came to nothing had reserved."""
        for alert in bound_by(decision):
            self.free(alert)

    def are_free(self, decisions: Sequence[Decision]) -> bool:
        """Whether nobody whom these decisions bind has been bound elsewhere since they were begun."""
        here = {each.incident.incident_id for each in decisions}
        held = (self._roster.engagement_of(alert.responder_id) for each in decisions for alert in bound_by(each))
        return all(each is None or each.incident_id in here for each in held)

    def keep(self, decision: Decision, *, is_written: bool = True) -> None:
        """Follow a decision that stands.

        Whom it asks was taken out of everybody's reach before; another worker may have bound and freed them meanwhile.
        Who is bound by another alert stays so, unless the database says that they are bound by this one.
        """
        for alert in _told_of(decision):
            held = self._roster.engagement_of(alert.responder_id)
            if is_written or not alert.is_active or held is None or held.alert_id == alert.alert_id:
                self._follow(decision.incident, alert)
            else:
                self._note_beside(decision.incident, alert)

    def follow(self, decision: Decision, *, is_written: bool = True) -> None:
        """Follow a decision that another worker took: those whom it frees are that worker's to look at again.

        What is not written has nothing that keeps it from asking somebody who is bound here: they stay so. And what is
        only told of an alert, by who does not know yet that they have left it for another, binds nobody anew.
        """
        asked = {alert.alert_id for alert in bound_by(decision)}
        for alert in _told_of(decision):
            is_asked = alert.alert_id in asked
            if not alert.is_active or self._bound_otherwise(alert) is None or (is_written and is_asked):
                self._follow(decision.incident, alert, arrives=False)
            elif is_asked:
                self._note_beside(decision.incident, alert)

    def _bound_otherwise(self, alert: Alert) -> Engagement | None:
        """By which other alert whom this one is for is bound, as far as memory knows."""
        held = self._roster.engagement_of(alert.responder_id)
        return None if held is None or held.alert_id == alert.alert_id else self._present(held)

    def _present(self, held: Engagement) -> Engagement | None:
        """What binds somebody, as it stands by now; None when it no longer does, by what memory knows is written."""
        live = self._live.get(held.incident_id)
        if live is None:
            return None
        if live.incident is None:
            # It is being opened, or read anew.
            return held
        alert = live.incident.alerts.get(held.alert_id)
        return _engagement(live.incident, alert) if alert is not None and alert.is_active else None

    def bind(self, incident: Incident) -> None:
        """Bind everybody whom an incident binds: it was written down though nobody heard so."""
        for alert in incident.alerts.values():
            if alert.is_active:
                self._follow(incident, alert)

    async def learn(self) -> None:
        """Somebody whom the roster thought free is not: ask the database who is bound."""
        held = self._roster.engagements()
        async with self._database.statement() as connection:
            bound, free = await guards.unlike(connection, held)
            for responder_id in free:
                engagement = held[responder_id]
                if self._live.get(engagement.incident_id) is None:
                    # Bound by what another service decides, which has let go of them. One that was only about to bind
                    # them, and is not heard any more, may have done so in its journal.
                    self.free_of(responder_id, engagement.alert_id)
            for responder_id, engagement in bound.items():
                live = self._live.get(engagement.incident_id)
                incident = live.incident if live else None
                alert = incident.alerts.get(engagement.alert_id) if incident else None
                if live is not None and alert is not None and not alert.is_active:
                    # Memory moved on while the question was under way; or the rows lost how it ended, and would keep
                    # them bound for good; or another service went on, and they are bound again.
                    version = await shared_beginning(connection, engagement.incident_id, list(live.events))
                    if version is not None:
                        await guards.free_guards(
                            connection,
                            [alert.alert_id],
                            incident_id=engagement.incident_id,
                            version=version,
                        )
                        continue
                if self._roster.engagement_of(responder_id) is None:
                    self._roster.engage(responder_id, engagement)

    def let_go(self, incident: Incident) -> None:
        """Release whoever is free by what an incident has become, also by what another service decided."""
        for alert in incident.alerts.values():
            if not alert.is_active:
                self.free(alert)

    def _follow(self, incident: Incident, alert: Alert, *, arrives: bool = True) -> None:
        if alert.is_active:
            self._engage(incident, alert)
        else:
            self.free(alert, arrives=arrives)

    def _engage(self, incident: Incident, alert: Alert) -> None:
        """This alert is the one that counts; what else binds them goes on doing so beside it."""
        if (held := self._bound_otherwise(alert)) is not None:
            self._bound_besides.setdefault(alert.responder_id, {})[held.alert_id] = held
        self._forget_beside(alert.responder_id, alert.alert_id)
        self._roster.engage(alert.responder_id, _engagement(incident, alert))

    def _note_beside(self, incident: Incident, alert: Alert) -> None:
        self._bound_besides.setdefault(alert.responder_id, {})[alert.alert_id] = _engagement(incident, alert)

    def _forget_beside(self, responder_id: ResponderId, alert_id: AlertId) -> None:
        besides = self._bound_besides.get(responder_id)
        if besides is not None:
            besides.pop(alert_id, None)
            if not besides:
                del self._bound_besides[responder_id]

    def free(self, alert: Alert, *, arrives: bool = True) -> None:
        """An alert binds whom it was for no longer; another one may that did not count beside it."""
        self.free_of(alert.responder_id, alert.alert_id, arrives=arrives)

    def free_of(self, responder_id: ResponderId, alert_id: AlertId, *, arrives: bool = True) -> None:
        """As `free`, of an alert that may be in no incident known here."""
        self._forget_beside(responder_id, alert_id)
        held = self._roster.engagement_of(responder_id)
        if held is None or held.alert_id != alert_id:
            return
        besides = self._bound_besides.pop(responder_id, {})
        while besides:
            _, beside = besides.popitem()
            if (counts := self._present(beside)) is not None:
                self._roster.engage(responder_id, counts)
                if besides:
                    self._bound_besides[responder_id] = besides
                return
        self._roster.release(responder_id, alert_id, arrives=arrives)


def _engagement(incident: Incident, alert: Alert) -> Engagement:
    return Engagement(incident.incident_id, alert.alert_id, accepted=alert.is_engaged)


async def shared_beginning(connection: AsyncConnection, incident_id: IncidentId, ours: Sequence[Event]) -> int | None:
    """How far its rows go, where they tell nothing else than `ours` does; None where they do, or cannot be read.

    A number alone does not say so: an incident that went two ways has it twice.
    """
    try:
        written = await ledger.load_events(connection, incident_id)
    except (KeyError, ValueError, TypeError):
        # Rows that somebody has spoilt: whoever takes that incident in says so.
        return None
    return len(written) if len(written) <= len(ours) and all(map(eq, written, ours)) else None


def bound_by(decision: Decision) -> list[Alert]:
    """The alerts that bind somebody by this decision who was not bound by them before."""
    alerts = decision.incident.alerts
    return [
        alerts[event.what.alert_id]
        for event in decision.events
        if isinstance(event.what, Offered) or (isinstance(event.what, Accepted) and event.what.late)
    ]


def _told_of(decision: Decision) -> list[Alert]:
    """The alerts that something happened to, each once, as they stand after it."""
    alert_ids = dict.fromkeys(getattr(event.what, "alert_id", None) for event in decision.events)
    return [decision.incident.alerts[each] for each in alert_ids if each is not None]
