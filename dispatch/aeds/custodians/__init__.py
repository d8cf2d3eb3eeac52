"""Who looks after the AEDs, whether they may, and who does while they are away."""
