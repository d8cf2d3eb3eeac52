"""Keeps the roster's knowledge of who can be reached: by a session, or by a channel that has proven to work."""

from dispatch.clock import Clock
from dispatch.engine.mailbox_names import responder_mailbox
from dispatch.push.channels import Channels
from dispatch.realtime.hub import Hub
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.roster import Roster
from dispatch.storage.availability import Availability


class Reach:
    """Told of everything that changes a way to somebody. Whoever was heard a moment ago counts without it."""

    def __init__(self, hub: Hub, channels: Channels, roster: Roster, availability: Availability, clock: Clock) -> None:
        self._hub = hub
        self._channels = channels
        self._roster = roster
        self._availability = availability
        self._clock = clock

    def arrived(self, recipient: str) -> None:
        """Somebody is connected who was not."""
        responder_id = _responder_of(recipient)
        if responder_id is not None:
            self._roster.set_here(responder_id, is_here=True)
            self._roster.set_way(responder_id, is_there=True)
            self._roster.can_be_reached(responder_id)

    def left(self, recipient: str) -> None:
        """Somebody's last session in this process has ended."""
        responder_id = _responder_of(recipient)
        if responder_id is not None:
            self._roster.set_here(responder_id, is_here=False)
            self._look(responder_id)

    def elsewhere_changed(self, recipient: str) -> None:
        """Somebody has come to be connected to another worker, or is no longer: that one looks out for them."""
        responder_id = _responder_of(recipient)
        if responder_id is not None:
            self._look(responder_id, arrives=False)

    def channels_changed(self, responder_id: str | None) -> None:
        """Somebody's channels are others than before; None: anybody's may be."""
        for each in [responder_id] if responder_id is not None else self._channels.known():
            self._look(ResponderId(each))

    def database_changed(self, _availability: Availability) -> None:
        """Pushes wait in the database: while that is away they reach nobody."""
        self.channels_changed(None)

    def _look(self, responder_id: ResponderId, *, arrives: bool = True) -> None:
        has_session = self._hub.is_connected(responder_mailbox(responder_id))
        by_channel = not self._availability.is_away and self._channels.has_proven_channel(
            responder_id, self._clock.now()
        )
        self._roster.set_way(responder_id, is_there=has_session or by_channel, arrives=arrives)


def _responder_of(recipient: str) -> ResponderId | None:
    role, _, subject = recipient.partition(":")
    return ResponderId(subject) if role == "responder" else None
