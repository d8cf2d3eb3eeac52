"""Which ways there are to each first-aider besides the socket, and which have proved to work: in memory."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from dispatch.push import repository
from dispatch.push.repository import Ways
from dispatch.push.vocabulary import PROOF_LASTS, Channel, custodian_of
from dispatch.storage.database import Database

_NONE = Ways()


def _nobody_asks(_responder_id: str) -> None:
    """Nobody wants to know."""


class Channels:
    """Filled at the start, kept up by every change here and by what other processes notify.

    `phone_of` answers a responder's telephone number as it is now, and a custodian's (named as in `vocabulary`).
    """

    def __init__(self, database: Database, *, has_hook: bool, phone_of: Callable[[str], str | None]) -> None:
        self._database = database
        self._has_hook = has_hook
        self._phone_of = phone_of
        self._ways: dict[str, Ways] = {}
        # Told of every first-aider whose ways have changed: nobody counts on custodians in an emergency.
        self.on_change: Callable[[str], None] = _nobody_asks

    @property
    def has_hook(self) -> bool:
        """Whether a telephone number is a way to somebody."""
        return self._has_hook

    def known(self) -> list[str]:
        """Every first-aider to whom there is a device, or a telephone that has answered."""
        return [each for each in self._ways if custodian_of(each) is None]

    async def refresh(self, responder_id: str | None = None) -> None:
        """Read one person's ways again, or everybody's."""
        async with self._database.statement() as connection:
            found = await repository.ways(connection, responder_id)
        if responder_id is None:
            changed = self._ways.keys() | found.keys()
            self._ways = found
        else:
            changed = {responder_id}
            self._ways.pop(responder_id, None)
            self._ways.update(found)
        for each in changed:
            if custodian_of(each) is None:
                self.on_change(each)

    def has_proven_channel(self, responder_id: str, now: datetime) -> bool:
        """Whether a device or the telephone has answered within the last 30 days; sockets are not asked here."""
        ways = self._ways.get(responder_id)
        if ways is None:
            return False
        return any(_is_fresh(each, now) for each in ways.devices) or self._hook_state(responder_id, ways, now)[1]

    def has_channel(self, responder_id: str) -> bool:
        """Whether there is any way at all besides the socket, proven or not."""
        return bool(self._ways.get(responder_id, _NONE).devices) or self._reaches_by_hook(responder_id)

    def channels_of(self, responder_id: str, now: datetime) -> list[dict[str, Any]]:
        """One person's ways, for views: `channel`, `proven`, `proven_at`, and `devices` of Web Push."""
        ways = self._ways.get(responder_id, _NONE)
        shown: list[dict[str, Any]] = []
        if ways.devices:
            newest = _newest(ways.devices)
            proven = newest is not None and _is_fresh(newest, now)
            shown.append(
                {"channel": Channel.WEB_PUSH, "proven": proven, "proven_at": newest, "devices": len(ways.devices)}
            )
        if self._reaches_by_hook(responder_id):
            proven_at, proven = self._hook_state(responder_id, ways, now)
            shown.append({"channel": Channel.WEBHOOK, "proven": proven, "proven_at": proven_at})
        return shown

    def _reaches_by_hook(self, responder_id: str) -> bool:
        return self._has_hook and self._phone_of(responder_id) is not None

    def _hook_state(self, responder_id: str, ways: Ways, now: datetime) -> tuple[datetime | None, bool]:
        hook = ways.hook
        if hook is None or not self._has_hook or hook.phone != self._phone_of(responder_id):
            return None, False
        return hook.proven_at, _is_fresh(hook.proven_at, now)


def _newest(times: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in times if each is not None), default=None)


def _is_fresh(proven_at: datetime | None, now: datetime) -> bool:
    return proven_at is not None and now - proven_at < PROOF_LASTS
