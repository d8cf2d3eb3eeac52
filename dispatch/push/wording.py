"""What a phone shows of a pushed message, in its owner's language. Nothing in it gives the exact place away."""

from collections.abc import Callable
from typing import Any

from dispatch.push.order_wording import order_words
from dispatch.push.vocabulary import Kind
from dispatch.push.words import Language, Words

# Of all stand-downs the one after which most go on, under the other call.
_GOES_ON = "merged"

_KM = 1000


def words_of(message: dict[str, Any], language: Language) -> Words:
    """The words for what is pushed: an `alert` and what follows it, a `test_alert`, or `work_order`."""
    if message["type"] == Kind.WORK_ORDER:
        return order_words(message, language)
    in_chinese = language == "zh"
    if message["type"] == Kind.TEST_ALERT:
        if in_chinese:
            return Words("测试警报", "这是一次测试，无需前往。您的手机可以被唤醒。")
        return Words("Test alert", "This is a test, nobody needs you now. Your phone can be woken.")
    words = _WORDS[Kind(message["type"])][language](message)
    if not message.get("drill"):
        return words
    return Words(f"【演练】{words.title}" if in_chinese else f"DRILL: {words.title}", words.text)


def _alert_in_chinese(message: dict[str, Any]) -> Words:
    away = _distance(message, "约 {} 公里", "约 {} 米")
    if message.get("role") == "aed":
        name = message.get("aed", {}).get("name", "")
        return Words("急救警报：请取 AED", f"{away}外有人需要急救。请取 AED{f'（{name}）' if name else ''}送往现场。")
    return Words("急救警报：请做心肺复苏", f"{away}外有人需要急救。请前往做心肺复苏。")


def _alert_in_english(message: dict[str, Any]) -> Words:
    away = _distance(message, "about {} km away", "about {} m away")
    if message.get("role") == "aed":
        name = message.get("aed", {}).get("name", "")
        fetch = f"Please fetch the AED{f' ({name})' if name else ''} and bring it."
        return Words("Emergency: fetch an AED", f"Somebody needs first aid, {away}. {fetch}")
    return Words("Emergency: CPR needed", f"Somebody needs first aid, {away}. Please go and do CPR.")


def _stand_down_in_chinese(message: dict[str, Any]) -> Words:
    title = "呼救已合并" if message.get("reason") == _GOES_ON else "解除：无需前往"
    return Words(title, message["text"]["zh"])


def _stand_down_in_english(message: dict[str, Any]) -> Words:
    title = "Two calls are one emergency" if message.get("reason") == _GOES_ON else "Stand down: no need to go"
    return Words(title, message["text"]["en"])


def _assignment_in_chinese(message: dict[str, Any]) -> Words:
    title = "任务变更" if message.get("changed") else "任务已确认"
    return Words(title, f"{_task_in_chinese(message)}地点和详情请看页面。")


def _assignment_in_english(message: dict[str, Any]) -> Words:
    title = "Your task has changed" if message.get("changed") else "You are expected"
    return Words(title, f"{_task_in_english(message)} Open the page for the place.")


def _nudge_in_chinese(message: dict[str, Any]) -> Words:
    return Words("您出发了吗？", f"您的位置没有变化。{_task_in_chinese(message)}请打开页面回答。")


def _nudge_in_english(message: dict[str, Any]) -> Words:
    task = _task_in_english(message)
    return Words("Are you on your way?", f"Your position has not moved. {task} Please answer on the page.")


def _task_in_chinese(message: dict[str, Any]) -> str:
    if message.get("role") != "aed":
        return "您的任务：直接前往患者处做心肺复苏，不用取 AED。"
    name = message.get("aed", {}).get("name", "")
    return f"您的任务：取 AED{f'（{name}）' if name else ''}送往现场。"


def _task_in_english(message: dict[str, Any]) -> str:
    if message.get("role") != "aed":
        return "Your task: go straight to the patient and do CPR, without an AED."
    name = message.get("aed", {}).get("name", "")
    return f"Your task: fetch the AED{f' ({name})' if name else ''} and bring it."


_WORDS: dict[Kind, dict[Language, Callable[[dict[str, Any]], Words]]] = {
    Kind.ALERT: {"zh": _alert_in_chinese, "en": _alert_in_english},
    Kind.ASSIGNMENT: {"zh": _assignment_in_chinese, "en": _assignment_in_english},
    Kind.STAND_DOWN: {"zh": _stand_down_in_chinese, "en": _stand_down_in_english},
    Kind.NUDGE: {"zh": _nudge_in_chinese, "en": _nudge_in_english},
}


def _distance(message: dict[str, Any], in_km: str, in_m: str) -> str:
    # Told to 50 m already, so that it does not give the place away.
    distance_m = float(message.get("distance_m", 0))
    return in_km.format(f"{distance_m / _KM:.1f}") if distance_m >= _KM else in_m.format(f"{distance_m:.0f}")
