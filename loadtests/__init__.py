"""Load and latency: Locust users for every role, and the bench of the way of an SOS. Loopback only."""
