"""The bench of the nearest at a size that takes seconds: it must not rot between releases."""

import json
from pathlib import Path
from typing import Any

import pytest

from geo.nearest import MovingPoints
from geo.place import Place
from loadtests.bench_nearest import DisagreementError, check_agreement, main
from loadtests.bench_nearest_leaves import World, measure
from loadtests.bench_nearest_memory import bytes_per_point
from loadtests.bench_nearest_province import province
from loadtests.bench_nearest_rivals import Answer, KdTree, Ours


def test_a_small_run_writes_what_others_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench" / "nearest.json"
    assert main(["--sizes", "300,1500", "--questions", "40", "--moves", "3000", "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    figures = ("ratio_postgis", "ratio_redis", "ratio_kdtree", "growth", "updates_per_s", "bytes_per_point")
    assert all(written[name] > 0 for name in figures)
    assert set(written["question_us"]) == {"300", "1500"}
    assert set(written["question_us"]["300"]) == {"ours", "kd-tree", "PostGIS", "Redis"}
    printed = capsys.readouterr().out
    assert "1,500" in printed
    assert "updates a second" in printed


class Mistaken:
    """Swears by a point that is a kilometre farther."""

    name = "kd-tree"

    def __init__(self, other: Ours) -> None:
        self._other = other

    def ask(self, number: int) -> Any:
        return self._other.ask(number)

    def answer(self, number: int) -> Answer:
        return [(key, distance_m + 1_000.0) for key, distance_m in self._other.answer(number)]


def test_who_answers_otherwise_is_found_out() -> None:
    latitudes, longitudes = province(500, seed=1)
    questions = [Place(29.2, 120.3), Place(29.25, 120.4)]
    ours, kdtree = Ours(latitudes, longitudes, 20), KdTree(latitudes, longitudes, 20)
    for rival in (ours, kdtree):
        rival.prepare(questions)
    check_agreement((ours, kdtree), len(questions))
    with pytest.raises(DisagreementError, match="question 0"):
        check_agreement((ours, Mistaken(ours)), len(questions))


def test_the_province_keeps_its_density_when_it_shrinks() -> None:
    questions = {size: Ours(*province(size, seed=1), 20) for size in (2_000, 50_000)}
    reach_m = {}
    for size, ours in questions.items():
        askers = [Place(*pair) for pair in zip(*(each.tolist()[:200] for each in province(size, seed=2)), strict=True)]
        ours.prepare(askers)
        reach_m[size] = sorted(ours.answer(number)[-1][1] for number in range(200))[100]
    assert reach_m[2_000] == pytest.approx(reach_m[50_000], rel=0.5)


def test_memory_and_leaves_can_be_measured() -> None:
    memory = bytes_per_point(5_000)
    assert 50 < memory["bytes_per_point"] < 400
    world = World("small", province(1_000, seed=1), (Place(29.2, 120.3),))
    median_us, bytes_a_point = measure(world, lambda: MovingPoints[int](9, 0))
    assert median_us > 0
    assert bytes_a_point > 50
