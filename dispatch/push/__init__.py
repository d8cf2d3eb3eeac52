"""Waking a phone that has no socket: Web Push, and a hook for SMS, voice and vendors' push."""
