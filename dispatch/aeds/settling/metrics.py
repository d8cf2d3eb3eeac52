"""What is counted and timed of reports, settling and due times, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

AED_REPORTS = Counter(
    "dispatch_aed_reports_total",
    "Reports about AEDs, by what became of them: taken, repeated, refused.",
    ["outcome"],
)
AED_REPORTS_WAITING = Gauge("dispatch_aed_reports_waiting", "Reports about AEDs that wait to be settled.")
AED_SETTLE_SECONDS = Histogram(
    "dispatch_aed_settle_seconds",
    "Time of one settling of AEDs, its commit included, by what occasioned it.",
    ["occasion"],
    buckets=_SECONDS,
)
AEDS_SETTLED = Counter("dispatch_aeds_settled_total", "AEDs settled, by what occasioned it.", ["occasion"])
AED_STATE_CHANGES = Counter(
    "dispatch_aed_state_changes_total", "AEDs that changed their readiness, by the new one.", ["readiness"]
)
AED_DUE_LATENESS_SECONDS = Histogram(
    "dispatch_aed_due_lateness_seconds",
    "How late what time alone changes about an AED was acted upon.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
AED_DUE_OVERDUE = Gauge(
    "dispatch_aed_due_overdue", "AEDs and work orders that nobody has looked at in time: an alarm unless zero."
)
AED_DUE_OVERDUE_SECONDS = Gauge("dispatch_aed_due_overdue_seconds", "How long the oldest of them has been due.")
MQTT_MESSAGES = Counter(
    "dispatch_mqtt_messages_total",
    "Messages from the MQTT broker, by what became of them: taken, refused, dropped.",
    ["outcome"],
)
MQTT_CONNECTED = Gauge("dispatch_mqtt_connected", "1 while the MQTT broker is connected and lets us hear.")
