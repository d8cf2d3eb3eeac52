"""What a CAP message says to people, in Chinese and in English."""

from typing import Any

from dispatch.centres.vocabulary import EventType

# What a CAP processor shows by language (RFC 3066), Chinese first.
LANGUAGES = ("zh-CN", "en-US")

_KINDS = {
    "cardiac_arrest": ("心脏骤停", "Cardiac arrest"),
    "unconscious": ("昏迷", "Unconscious person"),
    "choking": ("气道梗阻", "Choking"),
    "drowning": ("溺水", "Drowning"),
    "trauma": ("创伤", "Trauma"),
    "other": ("急症", "Medical emergency"),
}

_HEADLINES = {
    EventType.INCIDENT_OPENED: ("已呼救，正在召集救护员", "call taken; first-aiders are being alerted"),
    EventType.INCIDENT_CASE_GIVEN: ("120 中心已立案", "a 120 centre has a case for it"),
    EventType.INCIDENT_CPR_CHANGED: ("现场心肺复苏情况有变", "CPR on the spot has begun or stopped"),
    EventType.INCIDENT_MERGED: ("与另一呼救为同一事件，已合并", "the same emergency as another call; goes on there"),
    EventType.INCIDENT_JOINED: ("另一呼救已并入本事件", "another call for it has become part of this one"),
    EventType.INCIDENT_CLOSED: ("事件已结束", "over"),
    EventType.INCIDENT_CANCELLED: ("事件已取消", "cancelled"),
    EventType.RESPONDER_ACCEPTED: ("一名救护员正在前往", "a first-aider is coming"),
    EventType.RESPONDER_EN_ROUTE: ("一名救护员已出发", "a first-aider has set out"),
    EventType.RESPONDER_REASSIGNED: ("一名救护员的任务有变", "a first-aider's task has changed"),
    EventType.RESPONDER_ON_SCENE: ("救护员已到现场", "a first-aider is with the patient"),
    EventType.RESPONDER_DONE: ("一名救护员已完成", "a first-aider is done"),
    EventType.RESPONDER_GAVE_UP: ("一名救护员未能到达", "a first-aider turned back"),
    EventType.RESPONDER_STOOD_DOWN: ("一名救护员已解除", "a first-aider was stood down"),
    EventType.AED_COLLECTED: ("除颤仪已取到，正在送往现场", "an AED has been collected and is on its way"),
    EventType.AMBULANCE_UPDATED: ("救护车时间有更新", "news of the ambulance"),
}

RESTRICTION = "For emergency medical services only; it tells of a patient."


def kind_words(kind: str) -> tuple[str, str]:
    """What has happened."""
    return _KINDS.get(kind, _KINDS["other"])


def headlines(event_type: EventType, kind: str, *, drill: bool) -> tuple[str, str]:
    """One line; a drill's says so."""
    (zh_kind, en_kind), (zh, en) = kind_words(kind), _HEADLINES[event_type]
    drill_zh, drill_en = ("【演练】", "DRILL: ") if drill else ("", "")
    return f"{drill_zh}{zh_kind}：{zh}", f"{drill_en}{en_kind}: {en}"


def descriptions(data: dict[str, Any]) -> tuple[str, str]:
    """What else is known: floor, CPR, who comes, the ambulance, the caller's note."""
    incident = data["incident"]
    comes, ambulance = incident["responders"], incident["ambulance"]
    zh = [f"在途救护员 {comes['coming']} 名，在场 {comes['on_scene']} 名"]
    en = [f"First-aiders coming: {comes['coming']}, with the patient: {comes['on_scene']}"]
    if incident["floor"] is not None:
        zh.append(f"楼层 {incident['floor']}")
        en.append(f"floor {incident['floor']}")
    if incident["cpr_in_progress"]:
        zh.append("现场正在心肺复苏")
        en.append("CPR in progress")
    if ambulance["arrived_at"] is not None:
        zh.append(f"救护车已到 {ambulance['arrived_at']}")
        en.append(f"ambulance there since {ambulance['arrived_at']}")
    elif ambulance["arrives_at"] is not None:
        zh.append(f"救护车预计到达 {ambulance['arrives_at']}")
        en.append(f"ambulance expected at {ambulance['arrives_at']}")
    if incident["note"]:
        zh.append(f"备注：{incident['note']}")
        en.append(f"note: {incident['note']}")
    return "；".join(zh) + "。", "; ".join(en) + "."


def areas(latitude: float, longitude: float, radius_m: float) -> tuple[str, str]:
    """Where, for people."""
    zh = f"纬度 {latitude:.6f}、经度 {longitude:.6f}（WGS-84）周围 {radius_m:.0f} 米"
    return zh, f"Within {radius_m:.0f} m of latitude {latitude:.6f}, longitude {longitude:.6f} (WGS-84)"
