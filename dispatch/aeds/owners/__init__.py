"""Who owns the AEDs: a tree whose policy is inherited along it, and the districts in which they hang."""
