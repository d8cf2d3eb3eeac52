"""What an MQTT message says: whose reports, about which AED, in whose name. Pure but for the token's signature."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.access.tokens import BadToken, Identity, TokenIssuer
from dispatch.aeds.intake.schemas import MOST_BATCH_BYTES, MOST_IN_A_BATCH

# So many messages may be unacknowledged at once: two groups' worth, and bounded memory.
MOST_UNDER_WAY = 256

TOKEN = "token"  # noqa: S105 - the name of a user property


class UnreadableMessage(ValueError):
    """A message that says nothing that could be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Where devices and gateways publish, under a prefix of the broker's own."""

    prefix: str

    @property
    def of_devices(self) -> str:
        """One device's own reports."""
        return f"{self.prefix}/aeds/+/reports"

    @property
    def of_gateways(self) -> str:
        """Reports that each name the AED that they are about."""
        return f"{self.prefix}/aeds/reports"

    def aed_of(self, topic: str) -> UUID | None:
        """The AED that a topic is about; None for the gateways'. Raises `UnreadableMessage`."""
        if topic == self.of_gateways:
            return None
        begin, end = self.of_devices.split("+")
        try:
            if topic.startswith(begin) and topic.endswith(end):
                return UUID(topic[len(begin) : -len(end)])
        except ValueError:
            pass
        raise UnreadableMessage("the topic names no AED by its id")

    def may_be_answered_at(self, topic: str) -> bool:
        """Whether somebody may have an answer sent there: nobody has us write outside, or into the intake itself."""
        is_ours = topic.startswith(f"{self.prefix}/aeds/") and not topic.endswith("/reports")
        return is_ours and not set(topic) & {"+", "#", "\0"}


@dataclass(frozen=True, slots=True)
class ReportsSaid:
    """The reports of one message, unread, and who sends them."""

    aed_id: UUID | None
    reports: list[Any]
    by: Identity

    def heard_at(self, now: datetime) -> "ReportsSaid":
        """The same; what does not say when it was so is of when it was heard, however often it is tried."""
        at = now.isoformat()
        reports = [
            each | {"at": at} if isinstance(each, dict) and each.get("at") is None else each for each in self.reports
        ]
        return replace(self, reports=reports)


def reports_said(topics: Topics, topic: str, payload: bytes, token: str | None, tokens: TokenIssuer) -> ReportsSaid:
    """What a message says. The payload is the HTTP body: one report, or `{"reports": […]}`.

    Raises `UnreadableMessage`.
    """
    aed_id = topics.aed_of(topic)
    if token is None:
        raise UnreadableMessage(f"there is no user property {TOKEN!r}")
    try:
        by = tokens.read(token)
    except BadToken as error:
        raise UnreadableMessage(str(error)) from error
    if len(payload) > MOST_BATCH_BYTES:
        raise UnreadableMessage(f"more than {MOST_BATCH_BYTES} bytes")
    try:
        said = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise UnreadableMessage(f"this is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise UnreadableMessage("this is no JSON object")
    if "reports" not in said:
        return ReportsSaid(aed_id, [said], by)
    reports = said["reports"]
    if not isinstance(reports, list) or not 1 <= len(reports) <= MOST_IN_A_BATCH or len(said) > 1:
        raise UnreadableMessage(f"`reports` must be a list of 1 to {MOST_IN_A_BATCH}, and stand alone")
    return ReportsSaid(aed_id, reports, by)
