"""Thousands of phones for a bench, here three of them; and the rules by which a storm holds."""

import os
import time

import pytest

from loadtests.bench_amid import Amid, amid_lines
from loadtests.bench_replacing import Replaced
from loadtests.bench_sides import BenchError
from loadtests.bench_storm import Step, holds, pinned, sustained_per_s
from loadtests.big_crowd import CITY, CITY_WITHIN_M, city_places, connected, with_tokens
from loadtests.memory import resident_kib
from loadtests.processes import RunningService
from tests.people import LiveService


def _step(asked_per_s: float, p99_ms: float, *, per_s: float | None = None, missing: int = 0) -> Step:
    return Step(asked_per_s, asked_per_s if per_s is None else per_s, p99_ms / 2, p99_ms, 20.0, missing)


def test_a_crowd_in_a_process_of_its_own_connects_and_moves(live_service: LiveService) -> None:
    admin_token = live_service.token("admin", "bench")
    service = RunningService(live_service.url, admin_token, live_service.pid)
    people = [(f"crowd-{number}", place) for number, place in enumerate(city_places(3, seed=7))]
    for responder_id, _ in people:
        certificate = {"number": responder_id, "expires_on": "2099-12-31"}
        made = {"id": responder_id, "name": responder_id, "certificate": certificate}
        live_service.admin.post("/v1/responders", json=made).raise_for_status()
    with connected(service, with_tokens(service, people)) as crowd:
        before = crowd.move(200)
        give_up_at = time.monotonic() + 20
        places: list[dict[str, float]] = []
        while time.monotonic() < give_up_at and len(places) < len(people):
            known = [live_service.admin.get(f"/v1/responders/{each}").json()["location"] for each, _ in people]
            places = [each for each in known if each is not None]
        after = crowd.rest()
        assert after["sent"] > before["sent"]
        assert after["sent"] == crowd.rest()["sent"]
    assert [each["latitude"] for each in places] == [pytest.approx(place.latitude, abs=0.001) for _, place in people]


def test_a_crowd_that_is_not_let_in_says_so(live_service: LiveService) -> None:
    service = RunningService(live_service.url, "not a token", live_service.pid)
    with pytest.raises(ConnectionError, match="no token for x"):
        with_tokens(service, [("x", CITY)])


def test_the_city_is_the_same_each_time() -> None:
    once, again = list(city_places(50, seed=3)), list(city_places(50, seed=3))
    assert once == again
    assert all(abs(place.latitude - CITY.latitude) * 111_195 <= CITY_WITHIN_M for place in once)


def test_a_rate_holds_while_all_alerts_arrive_in_twice_the_quiet_time() -> None:
    quiet = _step(20, 10.0)
    assert holds(_step(100, 20.0), quiet)
    assert not holds(_step(100, 20.1), quiet)
    assert not holds(_step(100, 15.0, missing=1), quiet)
    assert not holds(_step(100, 15.0, per_s=94.0), quiet)
    assert sustained_per_s([quiet, _step(40, 12.0), _step(60, 19.0), _step(80, 50.0)]) == 60


def test_memory_is_read_once_it_holds_still() -> None:
    assert resident_kib(os.getpid()) > 1_000


def test_the_service_gets_a_core_and_we_get_ours_back() -> None:
    cores = os.sched_getaffinity(0)
    with pinned(os.getpid()):
        assert os.sched_getaffinity(0) <= cores
    assert os.sched_getaffinity(0) == cores


def test_the_figures_have_the_names_that_others_read() -> None:
    replaced = Replaced([4.0, 5.0, 6.0], [2.5, 5.0, 7.5], not_replaced=1)
    amid = Amid(5_000, 5.84, 1_999.6, replaced, [_step(20, 10.0), _step(100, 18.0)], takeover_s=2.5)
    written = amid.as_dict()
    assert (written["kib_per_socket"], written["decline_ratio"]) == (5.84, 1.0)
    assert (written["takeover_ratio"], written["sos_per_s"]) == (500.0, 100.0)
    printed = "\n".join(amid_lines(written))
    assert "5.8 KiB" in printed
    assert "one core takes 100 SOS a second" in printed
    with pytest.raises(BenchError):
        _ = Replaced([4.0], [], not_replaced=1).ratio
