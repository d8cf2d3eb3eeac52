"""When did an alert arrive, counted from the moment its SOS was sent: joined by the incident's id.

Alerts overtake the answer to the SOS, so an arrival may come before its incident is known; the clock keeps
such arrivals until then. Both moments are read from this machine's one monotonic clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

Report = Callable[[float], None]
"""Takes the latency of one alert in milliseconds."""


@dataclass(slots=True)
class _Incident:
    sent_at: float
    left: int


@dataclass(slots=True)
class AlertClock:
    """Tells `report` the latency of every alert of an SOS's first wave.

    Only the first wave: an alert that replaces a decline is late by how long that person thought, not by the
    service. Times are seconds of one clock.
    """

    report: Report
    _incidents: dict[str, _Incident] = field(default_factory=dict)
    _early: dict[str, list[float]] = field(default_factory=dict)

    def sent(self, incident_id: str, *, sent_at: float, alerted: int) -> None:
        """Note that the SOS sent at `sent_at` opened this incident and alerted so many."""
        self._incidents[incident_id] = _Incident(sent_at, alerted)
        for arrived_at in sorted(self._early.pop(incident_id, [])):
            self.arrived(incident_id, arrived_at=arrived_at)

    def arrived(self, incident_id: str, *, arrived_at: float) -> None:
        """Note that an alert of this incident arrived."""
        incident = self._incidents.get(incident_id)
        if incident is None:
            self._early.setdefault(incident_id, []).append(arrived_at)
        elif incident.left > 0:
            incident.left -= 1
            self.report((arrived_at - incident.sent_at) * 1000)

    def over(self, incident_id: str) -> None:
        """Forget an incident that has ended."""
        self._incidents.pop(incident_id, None)
        self._early.pop(incident_id, None)
