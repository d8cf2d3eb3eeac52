"""A mark on what workers tell each other: only those who share the service's secret can make it."""

import hmac
from hashlib import blake2b

_MARK_BYTES = 16


class NotOurs(ValueError):
    """These bytes come from nobody who shares our secret."""


class Seal:
    """Marks bytes and knows them again: a rehearsal's service at the same Redis is not taken for the real one."""

    def __init__(self, secret: str) -> None:
        self._key = blake2b(secret.encode(), digest_size=32, person=b"dispatch-news").digest()

    def put_on(self, data: bytes) -> bytes:
        """These bytes behind their mark."""
        return self._mark(data) + data

    @staticmethod
    def covers(sealed: bytes, beginning: bytes) -> bool:
        """Whether what is marked begins so, whoever has marked it: for what is passed over either way."""
        return sealed.startswith(beginning, _MARK_BYTES)

    def taken_off(self, sealed: bytes) -> bytes:
        """The bytes that were marked. Raises `NotOurs`."""
        mark, data = sealed[:_MARK_BYTES], sealed[_MARK_BYTES:]
        if not hmac.compare_digest(mark, self._mark(data)):
            raise NotOurs("news without the mark of this service")
        return data

    def _mark(self, data: bytes) -> bytes:
        return blake2b(data, key=self._key, digest_size=_MARK_BYTES).digest()
