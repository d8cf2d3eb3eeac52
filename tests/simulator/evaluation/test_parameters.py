"""Values with their sources; a file with a fault names the value."""

from pathlib import Path

import pytest

from simulator.evaluation.parameters import OWN_FILE, BadParametersError, read_parameters
from simulator.evaluation.policies import read_policy

TOLD = OWN_FILE.read_text("utf-8")


def changed(folder: Path, old: str, new: str) -> Path:
    assert old in TOLD
    file = folder / "parameters.toml"
    file.write_text(TOLD.replace(old, new, 1))
    return file


def test_every_value_has_a_source() -> None:
    sources = read_parameters().sources
    assert sources["people.turnout_day_median_s"].startswith("volunteer responders")
    assert all(source.strip() for source in sources.values())


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("at_home_share = { value = 0.77", "at_home_share = { value = 1.77", "arrest.at_home_share"),
        ("at_home_share = { value = 0.77", 'at_home_share = { value = "most"', "arrest.at_home_share"),
        ("at_home_share = {", "at_hom_share = {", "arrest.at_hom_share"),
        ("turnout_sigma = { value = 0.45", "turnout_sigma = { value = -1", "people.turnout_sigma"),
        ("floor_most = { value = 30", "floor_most = { value = 3.5", "density.dense.floor_most"),
        ("modes = { value = [0.40, ", "modes = { value = [", "density.dense.modes"),
        ("home_by_hour = { value = [0.96, ", "home_by_hour = { value = [9.6, ", "people.home_by_hour"),
        ('entry_sigma = { value = 0.5, source = "judgement" }', "entry_sigma = 0.5", "building.entry_sigma"),
        ('entry_sigma = { value = 0.5, source = "judgement" }', 'entry_sigma = { value = 0.5, source = " " }',
         "building.entry_sigma"),
        ("[rivals]", "[rival]", "rival"),
        ("[building]", "[building", "parameters.toml"),
    ],
)  # fmt: skip
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(BadParametersError, match=named.replace(".", r"\.")):
        read_parameters(changed(tmp_path, old, new))


def test_a_missing_value_is_named(tmp_path: Path) -> None:
    line = next(each for each in TOLD.splitlines() if each.startswith("witnessed_share"))
    with pytest.raises(BadParametersError, match=r"arrest\.witnessed_share"):
        read_parameters(changed(tmp_path, line + "\n", ""))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadParametersError, match="nowhere"):
        read_parameters(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("[]", "object"),
        ("nothing", "JSON"),
        ('{"prices": {}}', "prices: there is no such value"),
        ('{"price": {"alarm": 1}}', r"price\.alarm: there is no such value"),
        ('{"price": 3}', "price: has to be an object"),
        ('{"alert_cap": "many"}', "alert_cap: has to be a number"),
    ],
)
def test_a_fault_in_the_policy_is_named(tmp_path: Path, said: str, named: str) -> None:
    file = tmp_path / "policy.json"
    file.write_text(said)
    with pytest.raises(BadParametersError, match=named):
        read_policy(file)


def test_the_policy_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(
        '{"price": {"alert": 0.02}, "travel": {"speed_m_s": {"walk": 1.2}}, "benefit": {"pair_worth": [1]}}'
    )
    policy = read_policy(file)
    assert (policy.price.alert, policy.price.at_night) == (0.02, 1.5)
    assert (policy.travel.speed_m_s["walk"], policy.travel.speed_m_s["car"]) == (1.2, 6.9)  # type: ignore[index]
    assert policy.benefit.pair_worth == (1,)
