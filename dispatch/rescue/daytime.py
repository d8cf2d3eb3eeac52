"""Day and night as far as people's answers and legs are concerned."""

from datetime import datetime, tzinfo

# Turnout at night is slower and a yes rarer: from ten in the evening to six, local time.
NIGHT_BEGINS, NIGHT_ENDS = 22, 6


def is_night_at(moment: datetime, zone: tzinfo) -> bool:
    """Whether people sleep at `moment`, where the clocks show `zone`."""
    hour = moment.astimezone(zone).hour
    return hour >= NIGHT_BEGINS or hour < NIGHT_ENDS
