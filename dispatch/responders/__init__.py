"""First-aiders: certificate, duty, position."""
