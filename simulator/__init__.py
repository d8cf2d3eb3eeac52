"""A city of people, AEDs and emergencies that drives a running service through its public contract."""
