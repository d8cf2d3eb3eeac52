"""Sends one job to the hook: somebody else's gateway to SMS, voice or a vendor's push. Signed by Standard Webhooks."""

import base64
from datetime import datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from dispatch.clock import Clock
from dispatch.encoding import to_json
from dispatch.push.addresses import Blocked
from dispatch.push.courier import Courier, NoAnswer
from dispatch.push.outcome import Outcome, OutcomeKind, retry_after_s
from dispatch.push.receipts import ReceiptIssuer
from dispatch.push.vocabulary import Job, Kind, custodian_of, owner_of
from dispatch.push.wording import words_of

# The scheme asks for 24 to 64 bytes of secret.
_SHORTEST_SECRET_BYTES = 24

# What will be answered the same however often it is said. Anything else may be a gateway that is being deployed.
_FINAL = {400, 410, 413, 422}

_LAST_PORT = 65535


class BadHook(ValueError):
    """The hook of the settings cannot work; the message says why."""


def hook_signer(secret: str | None) -> Webhook:
    """Signs with a secret as the scheme writes it: `whsec_` and base64. Raises `BadHook`, without one too."""
    if secret is None:
        raise BadHook("webhook_url needs a webhook_secret")
    try:
        signer = Webhook(secret)
        length = len(base64.b64decode(secret.removeprefix("whsec_") + "=="))
    except Exception as error:
        raise BadHook(f"webhook_secret must be whsec_ and base64: {error}") from error
    if length < _SHORTEST_SECRET_BYTES:
        raise BadHook(f"webhook_secret must hold {_SHORTEST_SECRET_BYTES} bytes or more")
    return signer


def hook_address(url: str) -> httpx.URL:
    """The hook's address. Raises `BadHook`."""
    try:
        address = httpx.URL(url)
        is_one = address.scheme in {"http", "https"} and bool(address.host) and 0 < (address.port or 1) <= _LAST_PORT
    except (httpx.InvalidURL, ValueError) as error:
        raise BadHook(f"webhook_url is no address: {error}") from error
    if not is_one:
        raise BadHook("webhook_url must begin with http:// or https:// and name a host")
    return address


class Hook:
    """One configured URL that is told whom to wake; what it answers decides whether it is told again."""

    def __init__(
        self, courier: Courier, url: str, secret: str | None, receipts: ReceiptIssuer, wall_clock: Clock
    ) -> None:
        hook_address(url)
        self._courier = courier
        self._url = url
        self._signer = hook_signer(secret)
        self._receipts = receipts
        # Receivers go by true time and refuse what is minutes off; the service's own clock may be, amid an emergency.
        self._wall_clock = wall_clock

    async def send(self, job: Job, now: datetime) -> Outcome:
        """One attempt. Raises nothing that the hook could cause."""
        if job.phone is None:
            return Outcome(OutcomeKind.REFUSED, "there is no telephone number any more")
        body = self.body(job)
        signed_at = self._wall_clock.now()
        headers = {
            "Content-Type": "application/json",
            # The job's own: the same for every attempt, so that a gateway that has it already sends no second SMS.
            "webhook-id": job.job_id,
            "webhook-timestamp": str(int(signed_at.timestamp())),
            "webhook-signature": self._signer.sign(job.job_id, signed_at, body.decode()),
        }
        try:
            answer = await self._courier.post(self._url, headers, body)
        except (NoAnswer, Blocked) as error:
            return Outcome(OutcomeKind.AGAIN, str(error), has_answered=False)
        if answer.is_success:
            return Outcome(OutcomeKind.SENT)
        if answer.status in _FINAL:
            return Outcome(OutcomeKind.REFUSED, str(answer))
        return Outcome(OutcomeKind.AGAIN, str(answer), retry_after_s(answer.retry_after, now))

    def body(self, job: Job) -> bytes:
        """What the hook is told; the same for every attempt."""
        words = words_of(job.payload, job.language)
        role, who = _recipient(job.responder_id)
        data: dict[str, Any] = {
            f"{role}_id": who,
            "phone": job.phone,
            "language": job.language,
            "title": words.title,
            "text": words.text,
            "receipt": self._receipts.issue(
                job_id=job.job_id, responder_id=job.responder_id, created_at=job.created_at
            ),
            "useful_until": job.expires_at,
        }
        if job.kind is Kind.WORK_ORDER:
            data[job.kind.value] = job.payload
        elif job.alert_id is None:
            data["test_id"] = job.test_id
        else:
            data |= {"alert_id": job.alert_id, job.kind.value: job.payload}
        return to_json({"type": f"{role}.{job.kind}", "timestamp": job.created_at, "data": data})


def _recipient(recipient: str) -> tuple[str, str]:
    """What kind of person a job is for, and their id."""
    for role, found in (("custodian", custodian_of(recipient)), ("owner", owner_of(recipient))):
        if found is not None:
            return role, found
    return "responder", recipient
