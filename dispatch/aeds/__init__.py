"""The AED registry: what is where, when it can be reached, and whether it will work."""
