"""What a person reads while the city lives: one line per event of interest, and the figures at the end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final

OVER: Final = frozenset({"closed", "cancelled"})
_COMING: Final = frozenset({"accepted", "en_route", "aed_collected", "on_scene", "done"})
# What rounds to 60.0 s is told as 1:00.
_MINUTE_S: Final = 59.95
# Somebody answers or arrives while word that it is over is on its way: no fault of anybody's.
_CROSSED: Final = frozenset({"alert_ended", "incident_ended", "stage_out_of_order"})
_THERE: Final = frozenset({"on_scene", "done"})


@dataclass(slots=True)
class Rescue:
    """One incident of the city and what became of it; times are seconds after the tap."""

    incident_id: str
    site: str
    tapped_at: float
    alerted: int = 0
    first_alert_s: float | None = None
    first_accept_s: float | None = None
    cpr_s: float | None = None
    aed_s: float | None = None
    ended: str | None = None

    @property
    def finished(self) -> bool:
        """Whether somebody was at the patient's side and the operator has closed the incident."""
        return self.ended == "closed" and self.cpr_s is not None


class Journal:
    """Follows the city's incidents and says aloud what matters.

    `speed` is how fast people live: their times are told in seconds of the city, the first alert in
    seconds of the wall clock because that one is the service's own.
    """

    def __init__(
        self,
        *,
        speed: float,
        out: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._speed = speed
        self._out = out
        self._monotonic = monotonic
        self._now = now
        self._first_alerts: dict[str, float] = {}
        self.rescues: dict[str, Rescue] = {}
        self.errors: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Print one line with the time of day."""
        self._out(f"{self._now():%H:%M:%S} {text}")

    def tapped(self, incident_id: str, site: str, *, tapped_at: float, alerted: int) -> None:
        """Note an SOS that the service took; `tapped_at` on the clock of `monotonic`."""
        rescue = Rescue(incident_id, site, tapped_at, alerted)
        self.rescues[incident_id] = rescue
        # Alerts overtake the answer to the SOS: they are sent first.
        if incident_id in self._first_alerts:
            rescue.first_alert_s = self._first_alerts.pop(incident_id) - tapped_at
        self._tell(rescue, f"SOS at {site} · {alerted} alerted")

    def alert_arrived(self, incident_id: str) -> None:
        """Note that an alert reached somebody's phone."""
        rescue = self.rescues.get(incident_id)
        if rescue is None:
            self._first_alerts.setdefault(incident_id, self._monotonic())
        elif rescue.first_alert_s is None:
            rescue.first_alert_s = self._monotonic() - rescue.tapped_at

    def seen(self, incident: Mapping[str, Any]) -> None:
        """Note what the caller sees of an incident, and tell what is new."""
        rescue = self.rescues.get(incident["incident_id"])
        if rescue is None or rescue.ended is not None:
            return
        responders = incident.get("responders") or []
        if rescue.first_accept_s is None and any(each["state"] in _COMING for each in responders):
            rescue.first_accept_s = self._since(rescue)
            self._tell(rescue, f"first accept after {duration(rescue.first_accept_s)}")
        there = [each for each in responders if each["state"] in _THERE]
        if rescue.cpr_s is None and there:
            rescue.cpr_s = self._since(rescue)
            self._tell(rescue, f"CPR on scene after {duration(rescue.cpr_s)}")
        if rescue.aed_s is None and any(each["role"] == "aed" for each in there):
            rescue.aed_s = self._since(rescue)
            self._tell(rescue, f"AED on scene after {duration(rescue.aed_s)}")
        if incident["state"] in OVER:
            self._end(rescue, incident)

    def note(self, incident_id: str, text: str) -> None:
        """Tell something else about an incident of the city."""
        rescue = self.rescues.get(incident_id)
        if rescue is not None:
            self._tell(rescue, text)

    def error(self, message: Mapping[str, Any]) -> None:
        """Count an `error` message of the socket; the first of each code is told, unless such things happen."""
        code = str(message.get("code", "?"))
        self.errors[code] = self.errors.get(code, 0) + 1
        if self.errors[code] == 1 and code not in _CROSSED:
            what = message.get("of", "something")
            self.say(f"the service answered {what} with {code}: {message.get('detail', '')}")

    @property
    def finished(self) -> int:
        """How many rescues are finished."""
        return sum(each.finished for each in self.rescues.values())

    @property
    def going_on(self) -> list[str]:
        """The incidents that are not over."""
        return [each.incident_id for each in self.rescues.values() if each.ended is None]

    def summary(self) -> list[str]:
        """Answer the figures at the end, as lines."""
        rescues = list(self.rescues.values())
        cancelled = sum(each.ended == "cancelled" for each in rescues)
        counts = f"{self.finished} rescues finished · {cancelled} cancelled · {len(self.going_on)} left open"
        lines = [f"{len(rescues)} incidents · {counts}"]
        for name, values in (
            ("SOS to first alert (wall clock)", [each.first_alert_s for each in rescues]),
            ("SOS to first accept", [each.first_accept_s for each in rescues]),
            ("SOS to CPR on scene", [each.cpr_s for each in rescues]),
            ("SOS to AED on scene", [each.aed_s for each in rescues]),
        ):
            known = [value for value in values if value is not None]
            if known:
                lines.append(
                    f"  {name:<32} median {duration(median(known)):>8} · from {duration(min(known))} "
                    f"to {duration(max(known))} · {len(known)} of {len(rescues)}"
                )
            else:
                lines.append(f"  {name:<32} none")
        if self._speed != 1:
            lines.append(f"  people lived {self._speed:g} x faster than the wall clock; their times are the city's")
        if self.errors:
            told = ", ".join(f"{code} {count} x" for code, count in sorted(self.errors.items()))
            lines.append(f"  errors on sockets: {told}")
        return lines

    def _end(self, rescue: Rescue, incident: Mapping[str, Any]) -> None:
        rescue.ended = str(incident["state"])
        if rescue.ended == "cancelled":
            self._tell(rescue, f"cancelled: {incident.get('end_reason') or 'no reason given'}")
        elif rescue.finished:
            self._tell(rescue, "closed: rescue finished")
        else:
            self._tell(rescue, "closed: the ambulance was there first")

    def _since(self, rescue: Rescue) -> float:
        return (self._monotonic() - rescue.tapped_at) * self._speed

    def _tell(self, rescue: Rescue, text: str) -> None:
        self.say(f"incident {short(rescue.incident_id)}  {text}")


def short(incident_id: str) -> str:
    """Answer the end of an incident's id: enough to tell incidents apart by eye.

    The end and not the start, because ids that sort by time begin alike.
    """
    return incident_id.replace("-", "")[-4:]


def duration(seconds: float) -> str:
    """Answer a duration as a person says it: `84 ms`, `6.2 s`, `3:40`, `1:02:05`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
