"""What a phone shows of a pushed message, in its owner's language. Nothing in it gives the exact place away."""

from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["zh", "en"]

_KM = 1000


@dataclass(frozen=True, slots=True)
class Words:
    """A notification: its title and one or two sentences."""

    title: str
    text: str


def words_of(message: dict[str, Any], language: Language) -> Words:
    """The words for an `alert` as the socket gives it, or a `test_alert`."""
    in_chinese = language == "zh"
    if message["type"] == "test_alert":
        if in_chinese:
            return Words("测试警报", "这是一次测试, 无需前往。您的手机可以被唤醒。")
        return Words("Test alert", "This is a test, nobody needs you now. Your phone can be woken.")
    words = _alert_in_chinese(message) if in_chinese else _alert_in_english(message)
    if not message.get("drill"):
        return words
    return Words(f"【演练】{words.title}" if in_chinese else f"DRILL: {words.title}", words.text)


def _alert_in_chinese(message: dict[str, Any]) -> Words:
    away = _distance(message, "约 {} 公里", "约 {} 米")
    if message.get("role") == "aed":
        name = message.get("aed", {}).get("name", "")
        return Words("急救警报: 请取 AED", f"{away}外有人需要急救。请取 AED{f'({name})' if name else ''}送往现场。")
    return Words("急救警报: 请做心肺复苏", f"{away}外有人需要急救。请前往做心肺复苏。")


def _alert_in_english(message: dict[str, Any]) -> Words:
    away = _distance(message, "about {} km away", "about {} m away")
    if message.get("role") == "aed":
        name = message.get("aed", {}).get("name", "")
        fetch = f"Please fetch the AED{f' ({name})' if name else ''} and bring it."
        return Words("Emergency: fetch an AED", f"Somebody needs first aid, {away}. {fetch}")
    return Words("Emergency: CPR needed", f"Somebody needs first aid, {away}. Please go and do CPR.")


def _distance(message: dict[str, Any], in_km: str, in_m: str) -> str:
    # Told to 50 m already, so that it does not give the place away.
    distance_m = float(message.get("distance_m", 0))
    return in_km.format(f"{distance_m / _KM:.1f}") if distance_m >= _KM else in_m.format(f"{distance_m:.0f}")
