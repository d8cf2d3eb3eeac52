"""120 centres' own systems: what they are told of every incident, and what they tell us of their cases."""
