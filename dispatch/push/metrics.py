"""What is counted and timed of waking phones, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

PUSH_JOBS = Counter(
    "dispatch_push_jobs_total",
    "Attempts and ends of push jobs, by channel and outcome: sent, again, refused, gone, too_late, received.",
    ["channel", "outcome"],
)
PUSH_SECONDS = Histogram(
    "dispatch_push_seconds",
    "Time from when a push job was first due until the push service or the hook has taken it.",
    ["channel"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
PUSH_RECEIPT_SECONDS = Histogram(
    "dispatch_push_receipt_seconds",
    "Time from when a push job was first due until the device's receipt, by what it says.",
    ["channel", "kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300),
)
PUSH_ATTEMPT_LATENESS_SECONDS = Histogram(
    "dispatch_push_attempt_lateness_seconds",
    "How late an attempt was begun after it was due.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
PUSH_OVERDUE_SECONDS = Gauge(
    "dispatch_push_overdue_seconds", "Age of the oldest push job that is due and that nobody has taken."
)
PUSH_IN_FLIGHT = Gauge("dispatch_push_in_flight", "Push messages being sent right now by this process.")
DEAD_LETTERS = Gauge("dispatch_dead_letters", "Push messages that could not be sent and wait for an operator.")
