"""Which causes are seen coming, and which happen."""

from dispatch.aeds.health.vocabulary import Cause

# Dates that are known long before: that an order is opened on its day says nothing of how soon a fault is noticed.
PLANNED = frozenset({Cause.BATTERY_EXPIRY, Cause.PADS_EXPIRY, Cause.INSPECTION_DUE})
