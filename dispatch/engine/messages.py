"""What responders are told: the alert before they accept, the assignment after, the stand-down."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Aed
from dispatch.locations import location_json
from dispatch.rescue.alert import Alert
from dispatch.rescue.incident import Incident
from dispatch.rescue.reasons import coarse_m, coarse_s
from dispatch.rescue.vocabulary import AedId, AlertRole, AlertState, StandDownReason
from dispatch.responders.roster import Roster
from geo.cells import approximate_area
from geo.distance import distance_m
from geo.place import Place

STAND_DOWN_TEXT: dict[StandDownReason, dict[str, str]] = {
    StandDownReason.ENOUGH_ACCEPTED: {"en": "Enough others are coming. Thank you.", "zh": "已有足够救护员前往，谢谢。"},
    StandDownReason.AMBULANCE_ARRIVED: {"en": "The ambulance is there. Thank you.", "zh": "救护车已到达，谢谢。"},
    StandDownReason.INCIDENT_CLOSED: {"en": "The incident is over. Thank you.", "zh": "事件已结束，感谢您。"},
    StandDownReason.INCIDENT_CANCELLED: {"en": "The incident was cancelled.", "zh": "事件已取消。"},
    StandDownReason.FALSE_ALARM: {"en": "It was a false alarm.", "zh": "误报，无需前往。"},
    StandDownReason.DUPLICATE: {"en": "Another call tells of the same emergency.", "zh": "重复呼救，已另行处理。"},
    StandDownReason.EXPIRED: {"en": "The time to answer is over.", "zh": "应答时间已过。"},
    StandDownReason.NO_LONGER_NEEDED: {"en": "You are no longer needed.", "zh": "已无需前往。"},
    StandDownReason.OFF_DUTY: {"en": "You went off duty.", "zh": "您已离岗。"},
    StandDownReason.ANSWERED_ELSEWHERE: {"en": "You have said no. Thank you.", "zh": "已收到您的答复：无法前往。"},
    StandDownReason.DONE: {"en": "Your part is done. Thank you.", "zh": "您的任务已完成，感谢您。"},
    StandDownReason.GAVE_UP: {"en": "You turned back. Thank you for trying.", "zh": "您已中止前往，感谢您。"},
    StandDownReason.MERGED: {"en": "This call goes on as another one.", "zh": "此呼救已并入另一事件。"},
}  # fmt: skip


_NUDGE_TEXT = {"en": "Are you on your way? Your position has not moved.", "zh": "您出发了吗？您的位置没有变化。"}

_REASON_OF_STATE = {
    AlertState.EXPIRED: StandDownReason.EXPIRED,
    AlertState.DECLINED: StandDownReason.ANSWERED_ELSEWHERE,
    AlertState.DONE: StandDownReason.DONE,
    AlertState.GAVE_UP: StandDownReason.GAVE_UP,
}


def _stand_down_reason(alert: Alert) -> StandDownReason:
    return alert.end_reason or _REASON_OF_STATE.get(alert.state, StandDownReason.NO_LONGER_NEEDED)


@lru_cache(maxsize=256)
def _area_around(place: Place) -> dict[str, Any]:
    # One wave tells twenty people of the same place; nobody changes what they were given.
    area = approximate_area(place)
    return {"cell": area.cell, **location_json(area.centre), "radius_m": round(area.radius_m)}


class ResponderMessages:
    """Renders the messages of one responder's alert."""

    def __init__(self, roster: Roster, aeds: AedDirectory) -> None:
        self._roster = roster
        self._aeds = aeds

    def name_of_aed(self, aed_id: str | None) -> str | None:
        """What an AED is called; None for one that is not there any more."""
        aed = None if aed_id is None else self._aeds.get(UUID(aed_id))
        return None if aed is None else aed.name

    def alert(self, incident: Incident, alert: Alert) -> dict[str, Any]:
        """Enough to say yes or no: no exact place, no floor, no number to call."""
        message: dict[str, Any] = {
            "type": "alert",
            "alert_id": alert.alert_id,
            "incident_id": incident.incident_id,
            "role": alert.role,
            "kind": incident.kind,
            "drill": incident.drill,
            "opened_at": incident.opened_at,
            "respond_by": alert.respond_by,
            "distance_m": coarse_m(alert.distance_m),
            "eta_s": coarse_s(alert.eta_s),
            "reason": {"en": alert.reason_en, "zh": alert.reason_zh},
            "area": _area_around(incident.place),
        }
        return message | self._aed_of(alert)

    def assignment(self, incident: Incident, alert: Alert) -> dict[str, Any]:
        """Everything that who has accepted needs."""
        message: dict[str, Any] = {
            "type": "assignment",
            "alert_id": alert.alert_id,
            "incident_id": incident.incident_id,
            "role": alert.role,
            "state": alert.state,
            "kind": incident.kind,
            "drill": incident.drill,
            "location": location_json(incident.place),
            "eta_s": round(alert.eta_s),
            "arrives_at": alert.promised_at,
            "others": [
                {
                    "role": other.role,
                    "state": other.state,
                    "name": self._roster.name_of(other.responder_id),
                    "eta_s": round(other.eta_s),
                    "arrives_at": other.promised_at,
                }
                for other in incident.engaged()
                if other.alert_id != alert.alert_id
            ],
        }
        if alert.reply_by is not None:
            message["nudged"] = {"reply_by": alert.reply_by}
        if incident.accuracy_m is not None:
            message["location"]["accuracy_m"] = incident.accuracy_m
        if incident.floor is not None:
            message["floor"] = incident.floor
        if incident.note:
            message["note"] = incident.note
        if incident.phone:
            message["caller"] = {"phone": incident.phone}
        return message | self._aed_of(alert)

    def stand_down(self, incident: Incident, alert: Alert) -> dict[str, Any]:
        """The order to stop, with the reason."""
        reason = _stand_down_reason(alert)
        return {
            "type": "stand_down",
            "alert_id": alert.alert_id,
            "incident_id": incident.incident_id,
            "reason": reason,
            "text": STAND_DOWN_TEXT[reason],
            "drill": incident.drill,
        }

    def nudge(self, incident: Incident, alert: Alert) -> dict[str, Any]:
        """The question whether somebody who said yes is on their way."""
        return {
            "type": "nudge",
            "alert_id": alert.alert_id,
            "incident_id": incident.incident_id,
            "text": _NUDGE_TEXT,
            "reply_by": alert.reply_by,
            "drill": incident.drill,
        }

    def _aed_of(self, alert: Alert) -> dict[str, Any]:
        if alert.role is not AlertRole.AED or alert.aed_id is None:
            return {}
        aed = self.aed(alert.aed_id)
        if aed is None:
            return {"aed": {"id": alert.aed_id}}
        responder = self._roster.get(alert.responder_id)
        shown: dict[str, Any] = {
            "id": str(aed.id),
            "name": aed.name,
            "location": location_json(aed.place),
            "access": aed.access,
        }
        optional = {
            "address": aed.address,
            "place_detail": aed.place_detail,
            "floor": aed.floor,
            "indoor": aed.indoor,
            "opening_hours": aed.opening_hours,
            "phone": aed.phone,
        }
        shown |= {name: value for name, value in optional.items() if value is not None}
        if aed.carried_by == alert.responder_id:
            shown["carried"] = True
        elif responder is not None and responder.fix is not None:
            shown["distance_m"] = round(distance_m(responder.fix.place, aed.place))
        return {"aed": shown}

    def aed(self, aed_id: AedId) -> Aed | None:
        """The AED that a runner is sent for, as the registry knows it now."""
        return self._aeds.get(UUID(aed_id))
