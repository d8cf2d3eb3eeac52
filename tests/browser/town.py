"""A few streets of one's own for each test: people and AEDs that no other test's SOS can reach."""

import itertools
import math
from typing import Any
from uuid import uuid4

METRES_PER_DEGREE = 111_195.0
# South of Hangzhou, where other tests have theirs; each town is some 30 km from the next, further than anybody is sent.
FIRST = (29.6, 119.2)
STEP_DEGREES = 0.3
COLUMNS = 5

_numbers = itertools.count()


class Town:
    """The neighbourhood of one test."""

    def __init__(self, admin: Any) -> None:
        number = next(_numbers)
        self._admin = admin
        self.latitude = FIRST[0] - STEP_DEGREES * (number // COLUMNS)
        self.longitude = FIRST[1] + STEP_DEGREES * (number % COLUMNS)

    def place(self, *, north_m: float = 0, east_m: float = 0, accuracy_m: float = 10) -> dict[str, float]:
        """A place so many metres from the town's centre, as a browser's geolocation takes it."""
        return {
            "latitude": self.latitude + north_m / METRES_PER_DEGREE,
            "longitude": self.longitude + east_m / (METRES_PER_DEGREE * math.cos(math.radians(self.latitude))),
            "accuracy": accuracy_m,
        }

    def add_responder(self, name: str) -> str:
        """A first-aider with a valid certificate; the id."""
        responder_id = f"r{uuid4().hex[:10]}"
        body = {
            "id": responder_id,
            "name": name,
            "phone": "13800000001",
            "certificate": {"number": f"ZJ-{responder_id}", "expires_on": "2031-12-31"},
            "mode": "run",
        }
        self._answer(self._admin.post("/v1/responders", json=body))
        return responder_id

    def add_aed(self, name: str, *, north_m: float, east_m: float, **more: Any) -> str:
        """An AED that is always open to all; the id."""
        place = self.place(north_m=north_m, east_m=east_m)
        body = {
            "name": name,
            "location": {"latitude": place["latitude"], "longitude": place["longitude"]},
            "access": "public",
            "opening_hours": "24/7",
            "place_detail": "一楼服务台",
        }
        return str(self._answer(self._admin.post("/v1/aeds", json=body | more))["id"])

    def sos(self, **more: Any) -> dict[str, Any]:
        """An SOS from the centre that some other caller sends."""
        body = {
            "request_id": str(uuid4()),
            "location": {"latitude": self.latitude, "longitude": self.longitude},
        }
        return self._answer(self._admin.post("/v1/sos", json=body | more))

    def incident(self, incident_id: str) -> dict[str, Any]:
        """The incident as the operator sees it."""
        return self._answer(self._admin.get(f"/v1/incidents/{incident_id}"))

    def say(self, incident_id: str, what: str, **body: Any) -> dict[str, Any]:
        """What some operator says of it: `say(id, "ambulance", arrived=True)`."""
        return self._answer(self._admin.post(f"/v1/incidents/{incident_id}/{what}", json=body))

    def incidents_here(self) -> list[dict[str, Any]]:
        """Every incident that was opened in this town."""
        every = self._answer(self._admin.get("/v1/incidents", params={"status": "all", "limit": 200}))["incidents"]
        return [
            each
            for each in every
            if abs(each["location"]["latitude"] - self.latitude) < STEP_DEGREES / 3
            and abs(each["location"]["longitude"] - self.longitude) < STEP_DEGREES / 3
        ]

    def come_to_rest(self) -> None:
        """Close what is still open, so that the next test starts on a quiet console."""
        for incident in self.incidents_here():
            if incident["state"] not in {"closed", "cancelled"}:
                self._answer(self._admin.post(f"/v1/incidents/{incident['incident_id']}/close", json={}))

    @staticmethod
    def _answer(response: Any) -> dict[str, Any]:
        assert response.is_success, f"{response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer
