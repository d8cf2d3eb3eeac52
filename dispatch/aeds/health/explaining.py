"""Why a device is not ready, and what somebody has to do about it: one line each, in Chinese and English."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from dispatch.aeds.health.case import last_heard
from dispatch.aeds.health.evidence import Latest
from dispatch.aeds.health.facts import Facts
from dispatch.aeds.health.findings import Finding
from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.record import UNVERIFIED_YET, Readiness

STATES: Final[Mapping[Readiness, tuple[str, str]]] = {
    Readiness.READY: ("可用", "Ready"),
    Readiness.DEGRADED: ("降级使用", "Degraded"),
    Readiness.UNVERIFIED: ("状态待核实", "Unverified"),
    Readiness.OUT_OF_SERVICE: ("停用", "Out of service"),
    Readiness.IN_USE: ("使用中", "In use"),
    Readiness.REMOVED: ("已撤除", "Removed"),
}

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "battery_expired": ("电池已过期", "the battery has expired"),
    "pads_expired": ("成人电极片已过期", "the pads for adults have expired"),
    "pads_child_expired": ("儿童电极片已过期", "the pads for children have expired"),
    "battery_expires_soon": ("电池即将到期", "the battery expires soon"),
    "pads_expires_soon": ("成人电极片即将到期", "the pads for adults expire soon"),
    "pads_child_expires_soon": ("儿童电极片即将到期", "the pads for children expire soon"),
    "used": ("已被取用", "it was taken for use"),
    "used_not_checked": ("使用后尚未复检", "it was used and has not been checked since"),
    "self_test_failed": ("自检未通过", "its self-test failed"),
    "inspection_failed": ("巡检不合格", "an inspection found it unfit"),
    "inspection_found": ("巡检发现小问题", "an inspection found something amiss"),
    "fault": ("报告故障", "a fault was reported"),
    "pads_not_ok": ("未检测到合格电极片", "it senses no good pads"),
    "battery_flat": ("电池耗尽", "the battery is flat"),
    "fault_said_by_public": ("市民反映异常，待核实", "a passer-by says something is wrong"),
    "moved": ("位置超出围栏", "it is not where it belongs"),
    "heartbeat_overdue": ("设备失联", "it has fallen silent"),
    "self_test_overdue": ("自检逾期未上报", "no self-test was reported in time"),
    "position_overdue": ("位置长时间未更新", "its position is not known any more"),
    "inspection_overdue": ("巡检逾期", "an inspection is overdue"),
    "inspection_due": ("应巡检", "an inspection is due"),
    "battery_low": ("电池电量低", "the battery is low"),
    "temperature_low": ("环境温度过低", "it hangs too cold"),
    "temperature_high": ("环境温度过高", "it hangs too hot"),
    "door_open": ("柜门长时间未关", "the cabinet has stood open for too long"),
    UNVERIFIED_YET: ("尚无任何检查记录", "nothing has been heard of it yet"),
}

CODES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("设备不在", "missing"),
    "locked": ("锁住无法取用", "locked away"),
    "broken": ("损坏", "broken"),
    "said_by_source": ("数据来源注明不可用", "its source says that it cannot be used"),
    "status_light": ("状态灯", "status light"),
    "battery": ("电池", "battery"),
    "pads": ("电极片", "pads"),
    "pads_adult": ("成人电极片", "pads for adults"),
    "pads_child": ("儿童电极片", "pads for children"),
    "casing": ("机身", "casing"),
    "access": ("取用通道", "access"),
    "cabinet": ("机柜", "cabinet"),
    "sign": ("标识", "sign"),
    "accessories": ("附件", "accessories"),
}

_TO_DO: Final[Mapping[Cause, tuple[str, str]]] = {
    Cause.BATTERY_EXPIRY: ("更换电池", "Replace the battery"),
    Cause.PADS_EXPIRY: ("更换电极片", "Replace the pads"),
    Cause.SELF_TEST_FAILED: ("检修设备", "Repair the device"),
    Cause.SILENT: ("检查设备为何失联", "Find out why it has fallen silent"),
    Cause.INSPECTION_DUE: ("现场巡检", "Inspect it"),
    Cause.USED: ("补充耗材并复检", "Restock it and check it"),
    Cause.FAULT: ("处理故障", "See to the fault"),
    Cause.MOVED: ("找回设备或登记新位置", "Bring it back, or enter its new place"),
    Cause.DOOR_OPEN: ("检查设备并关好柜门", "Check the device and shut the cabinet"),
    Cause.BATTERY_LOW: ("更换电池", "Replace the battery"),
    Cause.SAID_BY_PUBLIC: ("现场核实市民反映", "Check what a passer-by reports"),
    Cause.TEMPERATURE: ("改善存放温度", "Bring it to a better temperature"),
}

# The longest first: `fault_said_by_public` is a reason of its own, not a fault with a code.
_LONGEST_FIRST: Final = sorted(REASONS, key=len, reverse=True)


def explained(reasons: Sequence[str], readiness: Readiness) -> dict[str, str]:
    """Why a device is in that state, from its stored reasons: one line in Chinese (`zh`), one in English (`en`)."""
    state_zh, state_en = STATES[readiness]
    if not reasons:
        return {"zh": state_zh, "en": state_en}
    told = [_reason(each) for each in reasons]
    return {
        "zh": f"{state_zh}：{'；'.join(zh for zh, _ in told)}",
        "en": f"{state_en}: {'; '.join(en for _, en in told)}",
    }


def to_be_done(cause: Cause, findings: Sequence[Finding], latest: Latest, facts: Facts) -> dict[str, str]:
    """What has to be done about these findings of one cause, and why: one line each, which stays as time passes."""
    do_zh, do_en = _TO_DO[cause]
    told = [_why(each, latest, facts) for each in findings]
    return {
        "zh": f"{do_zh}（{'；'.join(zh for zh, _ in told)}）",
        "en": f"{do_en} ({'; '.join(en for _, en in told)})",
    }


def _reason(text: str) -> tuple[str, str]:
    for known in _LONGEST_FIRST:
        if text == known:
            return REASONS[known]
        if text.startswith(f"{known}_"):
            code = text.removeprefix(f"{known}_")
            zh, en = REASONS[known]
            code_zh, code_en = CODES.get(code, (code, code))
            return f"{zh}：{code_zh}", f"{en} ({code_en})"
    # Concluded by another version of the service: its own words are better than none.
    return text, text


def _why(finding: Finding, latest: Latest, facts: Facts) -> tuple[str, str]:
    day = _DAYS.get(finding.reason)
    if day is not None:
        expires_on = getattr(facts, day)
        what_zh, what_en = _WHAT[day]
        return f"{what_zh}有效期至 {expires_on}", f"{what_en}: good until {expires_on}"
    if finding.reason == "heartbeat_overdue":
        heard = last_heard(latest)
        if heard is None:
            return "从未上报", "it has never said anything"
        at = _local(heard, facts)
        return f"最后上报 {at}", f"last heard {at}"
    return _reason(finding.text)


_DAYS: Final[Mapping[str, str]] = {
    f"{what}_{when}": field
    for what, field in (
        ("battery", "battery_expires_on"),
        ("pads", "pads_adult_expires_on"),
        ("pads_child", "pads_child_expires_on"),
    )
    for when in ("expired", "expires_soon")
}
_WHAT: Final[Mapping[str, tuple[str, str]]] = {
    "battery_expires_on": ("电池", "battery"),
    "pads_adult_expires_on": ("成人电极片", "pads for adults"),
    "pads_child_expires_on": ("儿童电极片", "pads for children"),
}


def _local(at: datetime, facts: Facts) -> str:
    return at.astimezone(facts.timezone).strftime("%Y-%m-%d %H:%M")
