"""What is counted and timed, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

# From a tenth of a millisecond to ten seconds: an SOS should live at the left end.
_SECONDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)

SOS_STEP_SECONDS = Histogram(
    "dispatch_sos_step_seconds",
    "Time of one step on the way of an SOS: survey, decide (plan is part of it), render, commit, deliver, and total.",
    ["step"],
    buckets=_SECONDS,
)
SOS = Counter("dispatch_sos_total", "SOS taken, by outcome: opened, repeated, refused, handed_over.", ["outcome"])
ALERTS = Counter("dispatch_alerts_total", "Alerts sent, by role.", ["role"])
EVENTS = Counter("dispatch_incident_events_total", "Events of incidents, by kind.", ["kind"])
ANSWER_SECONDS = Histogram(
    "dispatch_alert_answer_seconds",
    "Time from an alert to its responder's answer.",
    ["answer"],
    buckets=(0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120),
)
COMMAND_SECONDS = Histogram(
    "dispatch_command_seconds", "Time of one command on an incident.", ["command"], buckets=_SECONDS
)
CONFLICTS = Counter(
    "dispatch_conflicts_total", "Decisions taken anew because another was faster, by what clashed.", ["what"]
)
JOURNALED = Counter(
    "dispatch_journaled_total", "Decisions taken while the database was away: kept in the journal, or failed.", ["how"]
)
COLLEAGUES = Gauge("dispatch_colleagues", "Other workers of this service that are heard.")
NEWS = Counter("dispatch_news_total", "Messages of other workers taken in.")
REDIS_AWAY = Gauge("dispatch_redis_away", "1 while other workers cannot be heard through Redis.")
WORKER_STARTS = Counter("dispatch_worker_starts_total", "Worker processes begun by this service since it was started.")
DATABASE_AWAY = Gauge("dispatch_database_away", "1 while the service goes on without its database.")
DUE_LATENESS_SECONDS = Histogram(
    "dispatch_due_lateness_seconds",
    "How late a due time was acted upon.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
DUE_OVERDUE = Gauge("dispatch_due_overdue", "Due times that nobody has acted upon in time: an alarm unless zero.")
DUE_OVERDUE_SECONDS = Gauge("dispatch_due_overdue_seconds", "How long the oldest of them has been due.")
OPEN_INCIDENTS = Gauge("dispatch_open_incidents", "Incidents that have not ended.")
SOCKETS = Gauge("dispatch_sockets", "Connected sessions, by role.", ["role"])
SOCKETS_CLOSED = Counter("dispatch_sockets_closed_total", "Sessions that the service ended, by reason.", ["reason"])
SOCKET_ERRORS = Counter("dispatch_socket_errors_total", "Messages from clients that were refused, by code.", ["code"])
POSITIONS = Counter("dispatch_positions_total", "Position messages taken.")
HTTP_SECONDS = Histogram(
    "dispatch_http_seconds", "Time of HTTP requests.", ["method", "route", "status"], buckets=_SECONDS
)
