"""One attempt to post a line of the feed to a centre's own system, signed by Standard Webhooks."""

from collections.abc import Sequence

from dispatch.centres.cap import MEDIA_TYPE, cap_xml
from dispatch.centres.envelopes import envelope
from dispatch.centres.vocabulary import FeedEvent, Format
from dispatch.centres.webhook_rows import Webhook
from dispatch.clock import Clock
from dispatch.encoding import to_json
from dispatch.push.addresses import Blocked
from dispatch.push.courier import Courier, NoAnswer
from dispatch.push.outcome import Outcome, OutcomeKind, retry_after_s
from dispatch.push.webhook import hook_signer

# What will be answered the same however often it is said: this one event is not for that system.
_FINAL = {400, 413, 422}
# The receiver says that there is none any more (Standard Webhooks: stop sending).
_GONE = 410


class Poster:
    """Posts; what is answered decides whether it is posted again.

    Receivers go by true time and refuse what is minutes off: attempts are signed by `wall_clock`.
    """

    def __init__(self, courier: Courier, wall_clock: Clock, *, sender: str) -> None:
        self._courier = courier
        self._wall_clock = wall_clock
        self._sender = sender

    async def post(self, webhook: Webhook, event: FeedEvent, earlier: Sequence[FeedEvent]) -> Outcome:
        """One attempt. `earlier`: what CAP refers to. Raises nothing that the other side could cause."""
        body, media_type = self.body(webhook, event, earlier)
        signed_at = self._wall_clock.now()
        signatures = [
            hook_signer(secret).sign(event.event_id, signed_at, body.decode())
            for secret in webhook.secrets_at(signed_at)
        ]
        headers = {
            "Content-Type": media_type,
            "webhook-id": event.event_id,
            "webhook-timestamp": str(int(signed_at.timestamp())),
            "webhook-signature": " ".join(signatures),
            # CAP has no room for it.
            "dispatch-cursor": str(event.cursor),
        }
        try:
            answer = await self._courier.post(webhook.url, headers, body)
        except (NoAnswer, Blocked) as error:
            return Outcome(OutcomeKind.AGAIN, str(error), has_answered=False)
        if answer.is_success:
            return Outcome(OutcomeKind.SENT)
        if answer.status == _GONE:
            return Outcome(OutcomeKind.GONE, str(answer))
        if answer.status in _FINAL:
            return Outcome(OutcomeKind.REFUSED, str(answer))
        return Outcome(OutcomeKind.AGAIN, str(answer), retry_after_s(answer.retry_after, signed_at))

    def body(self, webhook: Webhook, event: FeedEvent, earlier: Sequence[FeedEvent]) -> tuple[bytes, str]:
        """What is posted, the same at every attempt, and its media type."""
        if webhook.format is Format.CAP:
            return cap_xml(event, earlier, sender=self._sender).encode(), MEDIA_TYPE
        told = envelope(event, datum=webhook.datum, with_phone=webhook.centre is not None)
        return to_json(told), "application/json"
