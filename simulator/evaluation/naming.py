"""What rules and respects are called where people read of them."""

from typing import Final

RULES: Final[dict[str, str]] = {
    "no_volunteers": "no volunteers",
    "nearest_3": "nearest 3 (GoodSAM, London)",
    "radius_400m": "all within 400 m (Singapore)",
    "radius_1300m_30": "30 within 1.3 km, 4 of 5 by AED (Sweden)",
    "dutch_thirds": "30 within 1 km, 2 of 3 by AED (Netherlands)",
    "danish_four_to_aed": "20 within 1.8 km, first four by AED (Denmark)",
    "freiburg": "two straight, third by AED, by ETA (Freiburg)",
    "new_zealand_7": "nearest 7, refusals replaced (New Zealand)",
    "ours": "ours, at as many alerts as the best rival",
}

RESPECTS: Final[dict[str, str]] = {
    "alerts": "alerts",
    "cpr_s": "time to CPR",
    "shock_s": "time to shock",
    "larsen": "Larsen",
    "valenzuela": "Valenzuela",
    "de_maio": "De Maio",
}

SENSITIVITIES: Final[dict[str, str]] = {
    "acceptance_halved": "acceptance halved",
    "positions_3_min_older": "positions 3 min older",
    "half_of_hours_unknown": "half of the AEDs' hours unknown",
}


def rule_name(rule: str) -> str:
    """A rule's name for people; `ours@PRICE` is ours at that price of an alert."""
    if rule.startswith("ours@"):
        return f"ours, an alert at {rule.removeprefix('ours@')}"
    return RULES.get(rule, rule)


def minutes(seconds: float) -> str:
    """A time as minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def percent(share: float) -> str:
    """A share in per cent, to two digits behind the point."""
    return f"{100.0 * share:.2f} %"
