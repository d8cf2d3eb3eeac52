"""Sends one job to a browser's or phone's push service (RFC 8030)."""

from datetime import datetime
from typing import Any

from dispatch.encoding import to_json
from dispatch.push.addresses import Blocked
from dispatch.push.courier import Answer, Courier, NoAnswer
from dispatch.push.encryption import MOST_PLAIN_BYTES, BadKey, encrypted
from dispatch.push.outcome import Outcome, OutcomeKind, retry_after_s
from dispatch.push.receipts import ReceiptIssuer
from dispatch.push.vapid import Vapid
from dispatch.push.vocabulary import Job, Kind
from dispatch.push.wording import words_of

# The device can ask for the rest; it is woken with these, whatever else there is to say.
_NEEDED = (
    *("type", "alert_id", "incident_id", "role", "state", "changed", "drill"),
    *("respond_by", "reply_by", "distance_m", "eta_s"),
)

# RFC 8030 names 404, RFC 8292 and the services in use 410.
_GONE = {404, 410}
# Not its fault, or not for long.
_WORTH_ANOTHER_TRY = {408, 425, 429}
_SERVERS_FAULT = 500


class WebPush:
    """Encrypts for the device, signs for the push service, and reads the answer."""

    def __init__(self, courier: Courier, vapid: Vapid, receipts: ReceiptIssuer) -> None:
        self._courier = courier
        self._vapid = vapid
        self._receipts = receipts

    async def send(self, job: Job, now: datetime) -> Outcome:
        """One attempt. Raises nothing that a device or a push service could cause."""
        if job.endpoint is None or job.p256dh is None or job.auth is None:
            return Outcome(OutcomeKind.GONE, "there is no subscription any more")
        try:
            body = encrypted(self.plain(job), p256dh=job.p256dh, auth=job.auth)
        except BadKey as error:
            return Outcome(OutcomeKind.GONE, f"the subscription's key {error}")
        try:
            answer = await self._courier.post(job.endpoint, self._headers(job, now), body)
        except Blocked as error:
            return Outcome(OutcomeKind.REFUSED, str(error))
        except NoAnswer as error:
            return Outcome(OutcomeKind.AGAIN, str(error), has_answered=False)
        return _outcome_of(answer, now)

    def plain(self, job: Job) -> bytes:
        """What the device's service worker gets to read."""
        words = words_of(job.payload, job.language)
        message: dict[str, Any] = {
            "type": job.kind,
            "title": words.title,
            "text": words.text,
            "language": job.language,
            "receipt": self._receipts.issue(
                job_id=job.job_id, responder_id=job.responder_id, created_at=job.created_at
            ),
            "useful_until": job.expires_at,
        }
        if job.kind is Kind.WORK_ORDER:
            return _as_far_as_it_fits(message, job)
        if job.alert_id is None:
            return to_json(message | {"test_id": job.test_id, "sent_at": job.created_at})
        # Under the same name for all that is said of an alert: a notification takes the one's place before it.
        message["alert_id"] = job.alert_id
        whole = to_json(message | {job.kind.value: job.payload})
        if len(whole) <= MOST_PLAIN_BYTES:
            return whole
        needed = {name: job.payload[name] for name in _NEEDED if name in job.payload}
        return to_json(message | {job.kind.value: needed, "shortened": True})

    def _headers(self, job: Job, now: datetime) -> dict[str, str]:
        is_order = job.kind is Kind.WORK_ORDER
        # Of work orders only the last word is of interest: it says how many there are.
        topic = Kind.WORK_ORDER if is_order else (job.alert_id or job.test_id or job.job_id).replace("-", "")
        return {
            "Authorization": self._vapid.authorization(job.service, now),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            # Kept for a phone without a network as long as it is of use.
            "TTL": str(max(0, round((job.expires_at - now).total_seconds()))),
            "Urgency": "high" if not is_order or job.payload.get("urgent") else "normal",
            # Sent again because nobody knows whether it came, or overtaken: the service puts the second in the first
            # one's place where that has not been fetched.
            "Topic": topic,
        }


def _as_far_as_it_fits(message: dict[str, Any], job: Job) -> bytes:
    """A message with as many of its orders as there is room for; the page has them all."""
    orders = job.payload["orders"]
    whole = to_json(message | {job.kind.value: job.payload})
    while len(whole) > MOST_PLAIN_BYTES and orders:
        orders = orders[:-1]
        whole = to_json(message | {job.kind.value: job.payload | {"orders": orders}})
    return whole


def _outcome_of(answer: Answer, now: datetime) -> Outcome:
    if answer.is_success:
        return Outcome(OutcomeKind.SENT)
    if answer.status in _GONE:
        return Outcome(OutcomeKind.GONE, str(answer))
    if answer.status in _WORTH_ANOTHER_TRY or answer.status >= _SERVERS_FAULT:
        return Outcome(OutcomeKind.AGAIN, str(answer), retry_after_s(answer.retry_after, now))
    return Outcome(OutcomeKind.REFUSED, str(answer))
