"""What a phone shows of work orders, in its owner's language: one order whole, several by their number."""

from typing import Any

from dispatch.push.words import Language, Words

# What is told, by why the newest of the orders is told.
_TITLES_ZH = {
    "opened": "AED 新工单",
    "handed": "AED 工单已转交给您",
    "urgent": "AED 工单变为紧急",
    "due": "AED 工单已到期",
    "escalated": "AED 工单逾期，已升级",
}
_TITLES_EN = {
    "opened": "New AED work order",
    "handed": "An AED work order is yours now",
    "urgent": "An AED work order has become urgent",
    "due": "An AED work order is due",
    "escalated": "An AED work order is overdue and has gone up",
}


def order_words(message: dict[str, Any], language: Language) -> Words:
    """The words for a `work_order` message; `count` of them are news, `open` are to be done in all."""
    return _in_chinese(message) if language == "zh" else _in_english(message)


def _in_chinese(message: dict[str, Any]) -> Words:
    first, count, urgent = message["orders"][0], message["count"], message["urgent"]
    about = f"{first['aed_name']}：{first['what']['zh']}。请于 {message['due_text']} 前处理。"
    if count == 1:
        mark = "【紧急】" if urgent else ""
        return Words(f"{mark}{_TITLES_ZH[first['why']]}", about + _rest_zh(message))
    of_those = f"，其中 {urgent} 项紧急" if urgent else ""
    return Words(f"AED 工单：{count} 项有变化{of_those}", f"首先：{about}{_rest_zh(message)}")


def _in_english(message: dict[str, Any]) -> Words:
    first, count, urgent = message["orders"][0], message["count"], message["urgent"]
    about = f"{first['aed_name']}: {first['what']['en']}. To be done by {message['due_text']}."
    if count == 1:
        mark = "URGENT: " if urgent else ""
        return Words(f"{mark}{_TITLES_EN[first['why']]}", about + _rest_en(message))
    of_those = f", {urgent} of them urgent" if urgent else ""
    return Words(f"AED work orders: {count} to look at{of_those}", f"First: {about}{_rest_en(message)}")


def _rest_zh(message: dict[str, Any]) -> str:
    return f"目前共有 {message['open']} 项未完成。" if message["open"] > 1 else ""


def _rest_en(message: dict[str, Any]) -> str:
    return f" There are {message['open']} open in all." if message["open"] > 1 else ""
