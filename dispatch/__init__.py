"""The dispatch service: from an SOS to first-aiders who hold the right task."""
