"""The tables, one module per noun. `METADATA` holds them all."""

from dispatch.storage.tables.aeds import aed_reports, aeds
from dispatch.storage.tables.centres import (
    centre_cases,
    centre_events,
    centre_feed,
    centre_requests,
    centre_webhooks,
)
from dispatch.storage.tables.incidents import alerts, due_times, incident_events, incidents
from dispatch.storage.tables.messages import mailboxes, messages
from dispatch.storage.tables.metadata import METADATA
from dispatch.storage.tables.push import hook_proofs, push_jobs, push_subscriptions
from dispatch.storage.tables.registry import (
    aed_events,
    aed_health,
    aed_hours,
    aed_placements,
    custodian_absences,
    custodians,
    districts,
    owner_records,
    owners,
    work_order_notices,
    work_orders,
)
from dispatch.storage.tables.responders import positions, responders

__all__ = [
    "METADATA",
    "aed_events",
    "aed_health",
    "aed_hours",
    "aed_placements",
    "aed_reports",
    "aeds",
    "alerts",
    "centre_cases",
    "centre_events",
    "centre_feed",
    "centre_requests",
    "centre_webhooks",
    "custodian_absences",
    "custodians",
    "districts",
    "due_times",
    "hook_proofs",
    "incident_events",
    "incidents",
    "mailboxes",
    "messages",
    "owner_records",
    "owners",
    "positions",
    "push_jobs",
    "push_subscriptions",
    "responders",
    "work_order_notices",
    "work_orders",
]
