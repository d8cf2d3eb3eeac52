"""The shapes of load: when what happens is fixed beforehand, and bounded."""

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.__main__ import main
from loadtests.rendezvous import Rendezvous
from loadtests.shapes import SHAPES, Shape, scaled, share
from loadtests.tapping import arrivals, evenly

_LOCUST = [shape for shape in SHAPES.values() if shape.name != "stampede"]


def test_every_shape_of_the_city_is_there() -> None:
    assert set(SHAPES) == {"morning", "storm", "disaster", "province", "stampede"}


@pytest.mark.parametrize("shape", _LOCUST, ids=lambda shape: shape.name)
def test_what_is_due_falls_into_the_quiet_part_or_the_load(shape: Shape) -> None:
    times = [*shape.taps_s(), *shape.duties_s(), *shape.others_s("lookups", shape.lookups_per_s)]
    assert all(shape.part(at) in {"quiet", "load"} for at in times)
    assert shape.taps_s() == shape.taps_s()


def test_a_disaster_is_200_sos_within_a_minute() -> None:
    disaster = SHAPES["disaster"]
    under_load = [at for at in disaster.taps_s() if disaster.part(at) == "load"]
    assert len(under_load) == 200
    assert under_load[-1] - under_load[0] <= 60


def test_in_the_morning_most_come_on_duty_under_load_and_a_few_before_for_comparison() -> None:
    morning = SHAPES["morning"]
    parts = [morning.part(at) for at in morning.duties_s()]
    assert len(parts) == morning.responders - morning.early == 600
    assert 20 <= parts.count("quiet") < parts.count("load")


def test_in_the_province_only_positions_are_told() -> None:
    province = SHAPES["province"]
    assert province.taps_s() == []
    assert province.positions_per_s_at(province.load_from_s + 1) == 4_000
    assert province.positions_per_s_at(province.quiet_from_s + 1) < 400


def test_those_who_share_a_schedule_have_all_of_it_and_nothing_twice() -> None:
    times = arrivals(101, 10.0, seed="x")
    shares = [share(times, number, 4) for number in range(4)]
    assert sorted(at for each in shares for at in each) == times
    assert evenly(4, 2.0) == [0.0, 0.5, 1.0, 1.5]


def test_a_shape_may_be_played_smaller() -> None:
    small = scaled(SHAPES["storm"], responders=10, seconds=2, quiet_s=1.5, sos_per_s=None, positions_per_s=None)
    assert small == replace(SHAPES["storm"], responders=10, seconds=2, quiet_s=1.5)
    assert small.ends_s < 10


def test_a_number_is_given_to_one_asker_only(tmp_path: Path) -> None:
    one, other = Rendezvous(tmp_path), Rendezvous(tmp_path)
    assert [one.claim("caller"), other.claim("caller"), one.claim("caller")] == [0, 1, 2]
    assert (other.count("caller"), other.count("nobody")) == (3, 0)
    assert one.begins_at() is None
    begin_ns = one.begin(in_s=1.0)
    assert other.begins_at() == begin_ns


@pytest.mark.parametrize(
    "options",
    [["--responders", "1000000"], ["--sos-per-s", "9999"], ["--seconds", "-1"], ["--processes", "0"], ["--shape", "x"]],
)
def test_what_is_out_of_bounds_is_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(options)
    assert refused.value.code == 2
