"""Runs the decisions: one transaction each, messages after it, due times, recovery."""
