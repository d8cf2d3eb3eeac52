"""An incident as the operator sees it, and as its caller does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from dispatch.clock import Clock
from dispatch.engine.messages import ResponderMessages
from dispatch.locations import location_json
from dispatch.rescue.alert import Alert
from dispatch.rescue.events import (
    Believed,
    CaseGiven,
    Declined,
    Doubted,
    Event,
    Expired,
    NotReceived,
    Offered,
    Planned,
    Received,
    Urged,
    Withdrawn,
    happening_to_json,
)
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertState, IncidentId
from dispatch.responders.roster import Roster
from geo.distance import distance_m

# Who was asked and has not said yes is no news to somebody who waits.
_NO_NEWS = (Planned, Offered, Received, NotReceived, Declined, Expired, Withdrawn, Urged, Doubted, Believed, CaseGiven)


class IncidentViews:
    """Renders incidents. Times stay `datetime`; the encoder writes them."""

    def __init__(self, roster: Roster, messages: ResponderMessages, clock: Clock) -> None:
        self._roster = roster
        self._clock = clock
        self._messages = messages

    def for_operator(
        self, incident: Incident, events: Iterable[Event], duplicates: Sequence[IncidentId] = ()
    ) -> dict[str, Any]:
        """Everything; `timeline` holds the given events."""
        return {
            **_facts(incident, self._clock.now()),
            "floor": incident.floor,
            "note": incident.note,
            "caller": {"phone": incident.phone},
            "centre": incident.centre,
            "case_number": incident.case_number,
            "called_at": incident.called_at,
            "collapsed_at": incident.collapsed_at,
            "likely_duplicates": list(duplicates),
            "alerts": [self._alert(each) for each in incident.alerts.values()],
            "timeline": [self._line(event) for event in events],
        }

    def for_caller(self, incident: Incident, events: Iterable[Event]) -> dict[str, Any]:
        """What the person waiting needs: who comes, how far they are. No names in full, nobody who did not accept."""
        coming = [each for each in incident.alerts.values() if each.is_engaged or each.state is AlertState.DONE]
        return {
            **_facts(incident, self._clock.now()),
            "alerted": len(incident.alerts),
            "responders": [self._who_comes(incident, each) for each in coming],
            "timeline": [
                {"number": e.number, "at": e.at, "kind": e.kind} for e in events if not isinstance(e.what, _NO_NEWS)
            ],
        }

    def for_joined_caller(self, incident: Incident, joined: IncidentId, events: Iterable[Event]) -> dict[str, Any]:
        """For a caller whose call was merged into `incident`: that incident, under the id that they know."""
        return {**self.for_caller(incident, events), "incident_id": joined, "merged_into": incident.incident_id}

    def _line(self, event: Event) -> dict[str, Any]:
        data = happening_to_json(event.what)
        if "aed_id" in data:
            data["aed_name"] = self._messages.name_of_aed(data["aed_id"])
        return {"number": event.number, "at": event.at, "kind": event.kind, "by": event.by, "data": data}

    def _alert(self, alert: Alert) -> dict[str, Any]:
        return {
            "alert_id": alert.alert_id,
            "responder_id": alert.responder_id,
            "responder_name": self._roster.name_of(alert.responder_id),
            "role": alert.role,
            "aed": self._aed(alert),
            "state": alert.state,
            "wave": alert.wave,
            "offered_at": alert.offered_at,
            "respond_by": alert.respond_by,
            "answered_at": _answered_at(alert),
            "eta_s": round(alert.eta_s),
            "arrives_at": alert.arrived_at or alert.promised_at,
            "distance_m": round(alert.distance_m),
            "reason": {"en": alert.reason_en, "zh": alert.reason_zh},
            "end_reason": alert.end_reason,
            "stages": {state.value: at for state, at in alert.stages.items()},
            "not_received_at": alert.not_received_at,
            "urged_at": alert.urged_at,
            "doubted_at": alert.doubted_at,
        }

    def _aed(self, alert: Alert) -> dict[str, Any] | None:
        if alert.aed_id is None:
            return None
        aed = self._messages.aed(alert.aed_id)
        if aed is None:
            return {"id": alert.aed_id, "name": None, "location": None}
        return {"id": alert.aed_id, "name": aed.name, "location": location_json(aed.place)}

    def _who_comes(self, incident: Incident, alert: Alert) -> dict[str, Any]:
        responder = self._roster.get(alert.responder_id)
        fix = responder.fix if responder is not None else None
        aed = self._messages.aed(alert.aed_id) if alert.aed_id is not None else None
        return {
            "alert_id": alert.alert_id,
            "role": alert.role,
            "state": alert.state,
            "name": _masked(self._roster.name_of(alert.responder_id)),
            "eta_s": round(alert.eta_s),
            "arrives_at": alert.arrived_at or alert.promised_at,
            "distance_m": round(distance_m(fix.place, incident.place) if fix else alert.distance_m),
            "aed_name": aed.name if aed else None,
            "location": location_json(fix.place) if fix else None,
        }


def _facts(incident: Incident, now: datetime) -> dict[str, Any]:
    arrives_at = incident.ambulance_arrives_at
    is_awaited = arrives_at is not None and incident.ambulance_arrived_at is None and not incident.is_ended
    ambulance = {
        "eta_s": max(0, round((arrives_at - now).total_seconds())) if arrives_at and is_awaited else None,
        "arrives_at": arrives_at,
        "arrived_at": incident.ambulance_arrived_at,
        "unit": incident.ambulance_unit,
    }
    return {
        "incident_id": incident.incident_id,
        "version": incident.version,
        "state": incident.state,
        "kind": incident.kind,
        "drill": incident.drill,
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "end_reason": incident.cancel_reason,
        "location": {**location_json(incident.place), "accuracy_m": incident.accuracy_m},
        "cpr_in_progress": incident.cpr_in_progress,
        "nobody_reached": incident.nobody_reached,
        "merged_into": incident.merged_into,
        "merged": list(incident.merged),
        "ambulance": ambulance,
    }


def _answered_at(alert: Alert) -> datetime | None:
    return alert.stages.get(AlertState.ACCEPTED) or alert.stages.get(AlertState.DECLINED)


def _masked(name: str) -> str:
    return f"{name[0]}*" if name else ""
