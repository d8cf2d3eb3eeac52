"""Under which name messages are kept for whom."""

from dispatch.rescue.vocabulary import IncidentId, ResponderId


def responder_mailbox(responder_id: ResponderId) -> str:
    """The recipient name of a responder."""
    return f"responder:{responder_id}"


def caller_mailbox(incident_id: IncidentId) -> str:
    """The recipient name of an incident's caller."""
    return f"caller:{incident_id}"
