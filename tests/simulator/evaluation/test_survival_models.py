"""The three models against what their authors print."""

import math

import pytest

from simulator.evaluation.survival import de_maio, larsen, valenzuela


def test_larsen_gives_67_per_cent_at_once_and_5_5_points_less_each_minute() -> None:
    assert larsen(0, 0, 0) == pytest.approx(0.67)
    assert larsen(1, 1, 1) == pytest.approx(0.67 - 0.055)
    # It is said to reach nothing in just over twelve minutes.
    assert larsen(12, 12, 12) == pytest.approx(0.01)
    assert larsen(13, 13, 13) == 0.0


def test_valenzuela_gives_what_his_formula_gives() -> None:
    assert valenzuela(0, 0) == pytest.approx(1 / (1 + math.exp(-0.260)))
    # With CPR after one minute more than a fifth survive a shock after ten; with CPR after ten a tenth.
    assert valenzuela(1, 10) == pytest.approx(0.2251, abs=0.0001)
    assert valenzuela(10, 10) == pytest.approx(0.1007, abs=0.0001)


def test_only_the_shockable_share_survives_by_valenzuela() -> None:
    assert valenzuela(2, 5, 0.25) == pytest.approx(valenzuela(2, 5) / 4)


def test_de_maio_falls_with_the_minutes_to_the_shock_alone() -> None:
    assert de_maio(0) == pytest.approx(1 / (1 + math.exp(0.679)))
    assert de_maio(8) == pytest.approx(0.0587, abs=0.001)
    assert de_maio(5) > de_maio(6) > de_maio(7)
