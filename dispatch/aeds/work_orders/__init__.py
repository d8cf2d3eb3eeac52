"""What somebody has to do about an AED: one order for one cause, with a person and a deadline."""
