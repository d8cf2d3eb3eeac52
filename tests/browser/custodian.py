"""A custodian with devices of their own, for the tests of their page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo


def days_from_today(days: int) -> str:
    return (datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=days)).isoformat()


class Custodian:
    """Somebody with devices of their own."""

    def __init__(self, admin: Any, town: Any, name: str, subject: str | None = None) -> None:
        self.subject = subject or f"c{uuid4().hex[:8]}"
        self.admin = admin
        self.town = town
        self.name = name
        body = {
            "name": name,
            "phone": "13800000001",
            "certificate": {"number": f"ZJ-{self.subject}", "expires_on": "2031-12-31"},
        }
        assert admin.put(f"/v1/custodians/{self.subject}", json=body).is_success

    def device(self, name: str, *, looked_at: bool = True, **more: Any) -> str:
        """A device of theirs that was inspected, unless said otherwise."""
        aed_id = str(self.town.add_aed(name, north_m=0, east_m=0, custodian=self.subject, **more))
        if looked_at:
            # A phone knows the service's time to half a second: what it tells next has to be later all the same.
            before = datetime.now(UTC) - timedelta(minutes=1)
            self.report(aed_id, kind="inspection", outcome="ok", at=before.isoformat())
        return aed_id

    def report(self, aed_id: str, **said: Any) -> None:
        """Something that the office says of a device."""
        answer = self.admin.post(f"/v1/aeds/{aed_id}/reports", json=said)
        assert answer.is_success, answer.text

    def aed(self, aed_id: str) -> dict[str, Any]:
        """The device as it stands."""
        known: dict[str, Any] = self.admin.get(f"/v1/aeds/{aed_id}").json()
        return known

    def reports(self, aed_id: str) -> list[dict[str, Any]]:
        """What has been reported of it, the newest first."""
        kept: list[dict[str, Any]] = self.admin.get(f"/v1/aeds/{aed_id}/history").json()["reports"]
        return kept

    def orders(self, aed_id: str) -> list[str]:
        """What is still to be done about it."""
        found = self.admin.get("/v1/work-orders", params={"aed_id": aed_id}).json()["orders"]
        return [each["cause"] for each in found]
