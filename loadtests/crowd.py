"""People and AEDs for a test: made through the public contract, placed around one point of the city."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx

from geo.place import Place
from simulator.movement import offset

CENTRE: Final = Place(30.2741, 120.1551)
NOTE: Final = "load test · 压力测试"
_CERTIFICATE_UNTIL: Final = "2099-12-31"


@dataclass(frozen=True, slots=True)
class CrowdMember:
    """A responder with a token, and where he or she stands."""

    id: str
    token: str
    place: Place


class Provisioner:
    """An admin who makes what a test needs."""

    def __init__(self, url: str, admin_token: str) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {admin_token}"}, timeout=30, trust_env=False
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def responders(
        self, count: int, *, within_m: float, seed: int, centre: Place = CENTRE, first: int = 1
    ) -> list[CrowdMember]:
        """Make `count` responders, numbered from `first`, spread evenly over a square of `within_m` each way."""
        rng = Random(f"crowd {seed}")
        return [self._responder(number, centre, within_m, rng) for number in range(first, first + count)]

    def on_duty(self, members: Iterable[CrowdMember]) -> None:
        """Let each of them come on duty, by their own word."""
        for member in members:
            self._client.put(
                "/v1/responders/me/duty", json={"on_duty": True}, headers={"Authorization": f"Bearer {member.token}"}
            ).raise_for_status()

    def aeds(self, count: int, *, within_m: float, seed: int, centre: Place = CENTRE) -> list[str]:
        """Make `count` public AEDs, open round the clock and freshly inspected, around `centre`; answer their ids."""
        rng = Random(f"aeds {seed}")
        # Each time others, for a service may have had a load test before.
        list_name = f"load-{seed}-{uuid4().hex[:8]}"
        made_ids = []
        for number in range(1, count + 1):
            place = around(centre, within_m, rng)
            made = self._post(
                "/v1/aeds",
                {
                    "name": f"Load AED {number}",
                    "location": {"latitude": place.latitude, "longitude": place.longitude},
                    "access": "public",
                    "opening_hours": "24/7",
                    "source": "loadtests",
                    "source_ref": f"{list_name}-{number}",
                },
            )
            self._post(f"/v1/aeds/{made['id']}/reports", {"kind": "inspection", "outcome": "ok"})
            made_ids.append(str(made["id"]))
        return made_ids

    def cancel_open(self) -> int:
        """Cancel the incidents of a load test that are still open, and answer how many those were."""
        answer = self._client.get("/v1/incidents", params={"status": "open", "limit": 200}).raise_for_status()
        left = [each["incident_id"] for each in answer.json()["incidents"] if each.get("note") == NOTE]
        for incident_id in left:
            # One that ends by itself at this very moment answers with a conflict, and is as good.
            self._client.post(f"/v1/incidents/{incident_id}/cancel", json={"reason": "operator"})
        return len(left)

    def token(self, role: str, subject: str) -> str:
        """Have a token made."""
        return str(self._post("/v1/tokens", {"role": role, "subject": subject, "minutes": 720})["token"])

    def _responder(self, number: int, centre: Place, within_m: float, rng: Random) -> CrowdMember:
        responder_id = f"load-{number:05d}"
        self._post(
            "/v1/responders",
            {
                "id": responder_id,
                "name": f"Load {number}",
                "certificate": {"number": f"LOAD-{number:05d}", "expires_on": _CERTIFICATE_UNTIL},
                "mode": rng.choice(("walk", "run", "bike", "ebike")),
            },
            taken_already=True,
        )
        return CrowdMember(responder_id, self.token("responder", responder_id), around(centre, within_m, rng))

    def _post(self, path: str, body: dict[str, Any], *, taken_already: bool = False) -> dict[str, Any]:
        response = self._client.post(path, json=body)
        if not (taken_already and response.status_code == httpx.codes.CONFLICT):
            response.raise_for_status()
        return dict(response.json())


def around(centre: Place, within_m: float, rng: Random) -> Place:
    """Answer a random place at most `within_m` metres north, south, east or west of `centre`."""
    return offset(centre, north_m=rng.uniform(-within_m, within_m), east_m=rng.uniform(-within_m, within_m))
