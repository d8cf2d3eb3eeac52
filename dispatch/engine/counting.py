"""What is counted of a decision, and its line in the log."""

import structlog

from dispatch.metrics import ALERTS, ANSWER_SECONDS, EVENTS
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Accepted, Declined, Offered

log = structlog.get_logger()


def count(decision: Decision) -> None:
    """Count a decision that stands, and say so."""
    for event in decision.events:
        EVENTS.labels(event.kind).inc()
        match event.what:
            case Offered(role=role):
                ALERTS.labels(role.value).inc()
            case Accepted(alert_id=alert_id) | Declined(alert_id=alert_id):
                alert = decision.incident.alerts[alert_id]
                ANSWER_SECONDS.labels(event.kind).observe((event.at - alert.offered_at).total_seconds())
            case _:
                pass
    log.info(
        "incident",
        incident_id=decision.incident.incident_id,
        state=decision.incident.state.value,
        version=decision.incident.version,
        events=[event.kind for event in decision.events if not isinstance(event.what, Offered)],
        alerted=sum(isinstance(event.what, Offered) for event in decision.events),
    )
