"""The 120 centre's live picture."""
