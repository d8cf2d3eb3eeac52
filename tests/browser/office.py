"""A city's Red Cross with one venue, for the tests of the office's page."""

from typing import Any
from uuid import uuid4


class Office:
    """A city with one venue, whose names are this test's alone."""

    def __init__(self, admin: Any, town: Any) -> None:
        self.admin = admin
        self.town = town
        self.mark = uuid4().hex[:6]
        self.city = self._owner("city", f"杭州市红十字会 {self.mark}", policy={"due_within_s": {"fault": 43_200}})
        self.venue = self._owner("venue", f"浙江图书馆 {self.mark}", parent_id=self.city)

    def _owner(self, level: str, name: str, **more: Any) -> str:
        return str(self.said("POST", "/v1/owners", json={"level": level, "name": name, **more})["id"])

    def said(self, method: str, path: str, **more: Any) -> Any:
        """What the service answers, which must be a success."""
        answer = self.admin.request(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def device(self, name: str, **more: Any) -> str:
        """A device of the venue."""
        return str(self.town.add_aed(f"{name} {self.mark}", north_m=0, east_m=0, owner_id=self.venue, **more))

    def report(self, aed_id: str, **said: Any) -> None:
        """Something is said of a device."""
        self.said("POST", f"/v1/aeds/{aed_id}/reports", json=said)
