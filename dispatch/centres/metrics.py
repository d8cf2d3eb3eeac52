"""What is counted and timed of what centres' own systems are told, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)

FEED_EVENTS = Counter("dispatch_centre_feed_events_total", "Lines added to the centres' feed, by type.", ["type"])
FEED_SECONDS = Histogram(
    "dispatch_centre_feed_seconds", "Time from an event to its line in the centres' feed.", buckets=_SECONDS
)
WEBHOOK_ATTEMPTS = Counter(
    "dispatch_centre_webhook_attempts_total",
    "Attempts to post to a centre, by outcome: sent, again, refused, gone.",
    ["outcome"],
)
WEBHOOK_SECONDS = Histogram(
    "dispatch_centre_webhook_seconds", "Time from an event until a centre's system has taken it.", buckets=_SECONDS
)
WEBHOOKS_FAILING = Gauge("dispatch_centre_webhooks_failing", "Webhooks whose last attempt failed.")
WEBHOOKS_DISABLED = Gauge(
    "dispatch_centre_webhooks_disabled", "Webhooks that were given up: an alarm unless zero; see docs/centres.md."
)
WEBHOOKS_BEHIND = Gauge("dispatch_centre_webhooks_behind", "Events that the webhook farthest behind has not had.")
