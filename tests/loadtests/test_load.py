"""A few seconds of load on the running service, every kind of user in it."""

import csv
from pathlib import Path

from loadtests.__main__ import main
from loadtests.crowd import NOTE
from tests.people import LiveService


def test_a_short_load_measures_alerts_and_leaves_nothing_behind(live_service: LiveService, tmp_path: Path) -> None:
    out = tmp_path / "load" / "sos"
    code = main(
        ["--url", live_service.url, "--admin-token", live_service.token("admin", "load"), "--seconds", "6",
         "--responders", "30", "--aeds", "0", "--callers", "2", "--operators", "1", "--sos-per-s", "2",
         "--out", str(out)]
    )  # fmt: skip
    assert code == 0
    with out.with_name("sos_stats.csv").open(newline="") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    for name in ("/v1/sos", "SOS to alert", "hello to welcome"):
        assert int(rows[name]["Request Count"]) > 0
        assert int(rows[name]["Failure Count"]) == 0
    found = live_service.admin.get("/v1/incidents", params={"status": "open", "limit": 200}).json()["incidents"]
    assert not [each for each in found if each["note"] == NOTE]
    duty = [live_service.admin.get(f"/v1/responders/load-{number:05d}").json()["on_duty"] for number in (1, 30)]
    assert duty == [False, False]
