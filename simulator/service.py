"""The HTTP half of the contract, as people and devices use it: patient while the service restarts."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from geo.place import Place
from simulator.people import Resident

_COME_BACK: Final = frozenset({429, 502, 503, 504})


class RefusedError(Exception):
    """The service understood and said no; `status` and `code` are the problem's own."""

    def __init__(self, call: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{call} was refused with {status} {code}: {detail}")
        self.status = status
        self.code = code


class UnreachableError(Exception):
    """The service did not answer for as long as we were willing to wait."""


class Service:
    """A running service, by its address and an admin's token. `patience_s` is how long a restart may take."""

    def __init__(self, url: str, admin_token: str, *, at_once: int = 8, patience_s: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._admin_token = admin_token
        self._patience_s = patience_s
        self._gate = asyncio.Semaphore(at_once)
        self._client = httpx.AsyncClient(
            base_url=self.url,
            timeout=15.0,
            limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
            trust_env=False,
        )

    @property
    def stream_url(self) -> str:
        """The address of the socket."""
        return "ws" + self.url.removeprefix("http") + "/v1/stream"

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        token: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        """Make one call with `token` (the admin's without one) and answer status and JSON.

        Repeats while the service is away or asks to come back later, so only for calls that may be repeated:
        every call of the contract may. Raises RefusedError for any other 4xx or 5xx, UnreachableError after
        `patience_s`.
        """
        give_up_at = time.monotonic() + self._patience_s
        pause_s = 0.2
        while True:
            async with self._gate:
                answer = await self._try(method, path, body, token or self._admin_token, params)
            if isinstance(answer, httpx.Response) and answer.status_code not in _COME_BACK:
                return _read(f"{method} {path}", answer)
            if time.monotonic() + pause_s > give_up_at:
                raise UnreachableError(
                    f"{self.url} did not answer {method} {path} for {self._patience_s:.0f} s: {answer}"
                )
            await asyncio.sleep(max(pause_s, _retry_after_s(answer)))
            pause_s = min(pause_s * 2, 3.0)

    async def _try(
        self, method: str, path: str, body: object, token: str, params: Mapping[str, Any] | None
    ) -> httpx.Response | httpx.TransportError:
        try:
            return await self._client.request(
                method, path, json=body, params=params, headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.TransportError as error:
            return error

    async def wait_until_ready(self) -> None:
        """Return once the service says that it is ready; raises UnreachableError when it never does."""
        await self.call("GET", "/health/ready")

    async def token(self, role: str, subject: str, *, minutes: int = 24 * 60) -> str:
        """Have a token made for that role and subject."""
        _, made = await self.call("POST", "/v1/tokens", body={"role": role, "subject": subject, "minutes": minutes})
        return str(made["token"])

    async def ensure_responder(self, resident: Resident) -> None:
        """Create the responder, unless an earlier run did."""
        body = {
            "id": resident.id,
            "name": resident.name,
            "certificate": {
                "number": resident.certificate_number,
                "expires_on": resident.certificate_expires_on.isoformat(),
            },
            "mode": resident.mode,
            "language": resident.language,
        }
        try:
            await self.call("POST", "/v1/responders", body=body)
        except RefusedError as error:
            if error.status != httpx.codes.CONFLICT:
                raise

    async def aeds_by_name(self, places: Sequence[Place]) -> dict[str, str]:
        """Answer the ids of the AEDs around `places`, by name."""
        if not places:
            return {}
        north, south = max(each.latitude for each in places), min(each.latitude for each in places)
        east, west = max(each.longitude for each in places), min(each.longitude for each in places)
        edge = 0.001
        bbox = f"{west - edge},{south - edge},{east + edge},{north + edge}"
        _, found = await self.call("GET", "/v1/aeds", params={"bbox": bbox, "limit": 5000})
        return {each["properties"]["name"]: str(each["id"]) for each in found["features"]}

    async def create_aed(self, body: Mapping[str, object]) -> str | None:
        """Create an AED and answer its id; None when its source_ref is taken, by one that was renamed or removed."""
        try:
            _, made = await self.call("POST", "/v1/aeds", body=body)
        except RefusedError as error:
            if error.status == httpx.codes.CONFLICT:
                return None
            raise
        return str(made["id"])

    async def report_aed(self, aed_id: str, body: Mapping[str, object], *, token: str | None) -> None:
        """Report about an AED, as the device whose token it is or, without one, as the admin."""
        await self.call("POST", f"/v1/aeds/{aed_id}/reports", body=body, token=token)

    async def open_incidents(self) -> list[dict[str, Any]]:
        """Answer the incidents that are neither closed nor cancelled."""
        _, found = await self.call("GET", "/v1/incidents", params={"status": "open", "limit": 200})
        return list(found["incidents"])

    async def command(
        self, incident_id: str, verb: str, body: Mapping[str, object], *, token: str | None = None
    ) -> dict[str, Any] | None:
        """Give an incident a command; None when it is over and takes none any more."""
        try:
            _, incident = await self.call("POST", f"/v1/incidents/{incident_id}/{verb}", body=body, token=token)
        except RefusedError as error:
            if error.status in (httpx.codes.CONFLICT, httpx.codes.NOT_FOUND):
                return None
            raise
        return dict(incident)


def _read(call: str, response: httpx.Response) -> tuple[int, Any]:
    if response.is_success:
        return response.status_code, response.json() if response.content else None
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    raise RefusedError(
        call,
        response.status_code,
        str(problem.get("code", "?")),
        str(problem.get("detail", response.text[:200])),
    )


def _retry_after_s(answer: httpx.Response | httpx.TransportError) -> float:
    if isinstance(answer, httpx.Response):
        header = answer.headers.get("retry-after", "")
        if header.isdigit():
            return float(header)
    return 0.0
