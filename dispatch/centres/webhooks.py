"""Who is told what: webhooks are made, changed and told again by administrators."""

import base64
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from dispatch.centres import webhook_rows
from dispatch.centres.schemas import WebhookChange, WebhookIn
from dispatch.centres.vocabulary import Format, WebhookState
from dispatch.centres.webhook_rows import Webhook
from dispatch.clock import Clock
from dispatch.problems import Conflict, InvalidField, NotFound
from dispatch.push.addresses import BadEndpoint, Networks, endpoint_of
from dispatch.push.webhook import BadHook, hook_signer
from dispatch.storage.database import Database
from geo.datum import Datum

# Each may have thousands of events waiting: a bound that nobody meets who does not make them by a script.
_MOST = 200

_SECRET_BYTES = 32
_LONGEST_SECRET_BYTES = 64
_FORMER_SECRET_GOOD_FOR = timedelta(days=1)


class Webhooks:
    """The list of them. `on_change` is called when one may have something to be posted."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        on_change: Callable[[], None],
        *,
        allow_private: bool,
        networks: Networks,
    ) -> None:
        self._database = database
        self._clock = clock
        self._on_change = on_change
        self._allow_private = allow_private
        self._networks = networks

    async def add(self, said: WebhookIn) -> dict[str, Any]:
        """Make one; its view, secret included. Raises `InvalidField`, and `Conflict` when there are too many."""
        url, secret = self._checked_url(said.url), _checked_secret(said.secret)
        now, webhook_id = self._clock.now(), uuid4()
        async with self._database.transaction() as connection:
            if len(await webhook_rows.all_webhooks(connection)) >= _MOST:
                raise Conflict(f"There are {_MOST} webhooks already.", code="too_many")
            feed_end = await webhook_rows.feed_end(connection)
            await webhook_rows.add(
                connection,
                {
                    "id": webhook_id,
                    "centre": said.centre,
                    "url": url,
                    "secret": secret,
                    "types": [each.value for each in dict.fromkeys(said.types)],
                    "districts": list(dict.fromkeys(said.districts)),
                    "drills": said.drills.value,
                    "format": said.format.value,
                    "datum": said.datum.value,
                    "state": WebhookState.ACTIVE.value,
                    "cursor": feed_end if said.after is None else min(said.after, feed_end),
                    "ahead": [],
                    "created_at": now,
                    "updated_at": now,
                },
            )
        self._on_change()
        return {**await self.view(webhook_id), "secret": secret}

    async def listed(self) -> list[dict[str, Any]]:
        """All of them."""
        async with self._database.statement() as connection:
            feed_end = await webhook_rows.feed_end(connection)
            return [_view(each, feed_end) for each in await webhook_rows.all_webhooks(connection)]

    async def view(self, webhook_id: UUID) -> dict[str, Any]:
        """One of them. Raises `NotFound`."""
        async with self._database.statement() as connection:
            webhook = await webhook_rows.one(connection, webhook_id)
            feed_end = await webhook_rows.feed_end(connection)
        return _view(_there(webhook, webhook_id), feed_end)

    async def change(self, webhook_id: UUID, said: WebhookChange) -> dict[str, Any]:
        """Change what was given; the view, with the secret where that is new. Raises `NotFound`, `InvalidField`."""
        now = self._clock.now()
        changed = _changes(said)
        if said.url is not None:
            changed["url"] = self._checked_url(said.url)
        secret = _checked_secret(said.secret) if said.secret is not None or said.new_secret else None
        if said.state is not None:
            # Whoever says so has seen to it: tried at once.
            changed |= {"state": said.state, "failures": 0, "failing_since": None, "next_attempt_at": None}
            changed |= {"disabled_at": None}
        async with self._database.transaction() as connection:
            before = _there(await webhook_rows.one(connection, webhook_id, to_change=True), webhook_id)
            is_cap = (said.format or before.format) is Format.CAP
            if is_cap and (said.datum or before.datum) is not Datum.WGS84:
                raise InvalidField("datum", "CAP is in WGS-84 by its standard")
            if secret is not None:
                until = now + _FORMER_SECRET_GOOD_FOR
                changed |= {"secret": secret, "former_secret": before.secret, "former_until": until}
            await webhook_rows.change(connection, webhook_id, {**changed, "updated_at": now})
        self._on_change()
        view = await self.view(webhook_id)
        return view if secret is None else {**view, "secret": secret}

    async def replay(self, webhook_id: UUID, after: int) -> dict[str, Any]:
        """Tell it again what came after a cursor. Raises `NotFound`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            _there(await webhook_rows.one(connection, webhook_id, to_change=True), webhook_id)
            cursor = min(after, await webhook_rows.feed_end(connection))
            changed = {"cursor": cursor, "ahead": [], "next_attempt_at": None, "updated_at": now}
            await webhook_rows.change(connection, webhook_id, changed)
        self._on_change()
        return await self.view(webhook_id)

    async def remove(self, webhook_id: UUID) -> None:
        """Forget one. Raises `NotFound`."""
        async with self._database.statement() as connection:
            if not await webhook_rows.remove(connection, webhook_id):
                raise NotFound(f"There is no webhook {webhook_id}.")

    def _checked_url(self, url: str) -> str:
        try:
            return endpoint_of(url, allow_private=self._allow_private, networks=self._networks).url
        except BadEndpoint as error:
            raise InvalidField("url", str(error)) from error


def _checked_secret(secret: str | None) -> str:
    if secret is None:
        return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    try:
        hook_signer(secret)
    except BadHook as error:
        raise InvalidField("secret", str(error).removeprefix("webhook_secret ")) from error
    if len(secret) > len("whsec_") + _LONGEST_SECRET_BYTES * 4 // 3 + 4:
        raise InvalidField("secret", f"must hold {_LONGEST_SECRET_BYTES} bytes at the most")
    return secret


def _changes(said: WebhookChange) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if said.types is not None:
        changed["types"] = [each.value for each in dict.fromkeys(said.types)]
    if said.districts is not None:
        changed["districts"] = list(dict.fromkeys(said.districts))
    for name in ("drills", "format", "datum"):
        value = getattr(said, name)
        if value is not None:
            changed[name] = value.value
    return changed


def _there(webhook: Webhook | None, webhook_id: UUID) -> Webhook:
    if webhook is None:
        raise NotFound(f"There is no webhook {webhook_id}.")
    return webhook


def _view(webhook: Webhook, feed_end: int) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "centre": webhook.centre,
        "url": webhook.url,
        "types": list(webhook.types),
        "districts": list(webhook.districts),
        "drills": webhook.drills,
        "format": webhook.format,
        "datum": webhook.datum,
        "state": webhook.state,
        "cursor": webhook.cursor,
        "behind": max(0, feed_end - webhook.cursor),
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "next_attempt_at": webhook.next_attempt_at,
        "last_error": webhook.last_error,
        "last_taken_at": webhook.last_taken_at,
        "refused": webhook.refused,
        "last_refused_cursor": webhook.last_refused_cursor,
        "disabled_at": webhook.disabled_at,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    }
