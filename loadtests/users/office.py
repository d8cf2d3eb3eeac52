"""The registry's office: figures, open work orders, the list of devices, and a list tried out before it is imported."""

import uuid
from random import Random
from typing import Final

import gevent
from locust import User, task

from loadtests.users.http_lines import HttpLines
from loadtests.users.stage import SCENARIO, SHAPE, call, on_schedule, ready

_PAGES: Final = ("/v1/registry/figures", "/v1/work-orders?state=open&limit=50", "/v1/registry/devices")
_IMPORTS: Final = 0.25
_ROWS: Final = 20
_OK: Final = 200


class Office(User):
    """One office with one admin."""

    fixed_count = 1 if SHAPE.office_per_s else 0

    def on_start(self) -> None:
        """Be ready."""
        self._rng = Random("office")
        self._lines = HttpLines(str(self.host))
        ready()

    @task
    def work(self) -> None:
        """Ask at the times of the shape."""
        on_schedule(SHAPE.others_s("office", SHAPE.office_per_s), self._ask)
        gevent.sleep(SHAPE.ends_s + 60)

    def _ask(self, due_ns: int) -> None:
        if self._rng.random() < _IMPORTS:
            answer = self._lines.send_bytes(_import_request(SCENARIO.admin_token))
            call("/v1/aeds/import", due_ns, answer.sent_ns, is_ok=answer.status == _OK)
            return
        path = self._rng.choice(_PAGES)
        answer = self._lines.send("GET", path, token=SCENARIO.admin_token)
        call(path.partition("?")[0], due_ns, answer.sent_ns, is_ok=answer.status == _OK)


def _import_request(token: str) -> bytes:
    """Answer the request that has a small list looked at and nothing of it taken."""
    rows = "".join(f"try-{row},Load import {row},{30.2 + row / 1000:.4f},120.1,24/7\n" for row in range(_ROWS))
    content = f"source_ref,name,latitude,longitude,opening_hours\n{rows}"
    mark = uuid.uuid4().hex
    parts = (
        f'--{mark}\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\ntrue\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="source"\r\n\r\nload-import\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{content}\r\n--{mark}--\r\n"
    ).encode()
    head = (
        f"POST /v1/aeds/import HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: multipart/form-data; boundary={mark}\r\nContent-Length: {len(parts)}\r\n\r\n"
    )
    return head.encode() + parts
