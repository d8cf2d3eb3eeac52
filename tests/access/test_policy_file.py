"""An owner's policy: what differs from the defaults, in a file; half a policy is none."""

import json
from pathlib import Path

import pytest

from dispatch.policies import PolicyFileError, policy_of
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import TravelMode


def _file(folder: Path, content: object) -> Path:
    file = folder / "policy.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_without_a_file_the_defaults_hold() -> None:
    assert policy_of(None) == Policy()


def test_an_empty_object_changes_nothing(tmp_path: Path) -> None:
    assert policy_of(_file(tmp_path, {})) == Policy()


def test_what_it_says_is_changed_and_nothing_else(tmp_path: Path) -> None:
    policy = policy_of(_file(tmp_path, {"alert_cap": 12, "travel": {"speed_m_s": {"walk": 1.2}}}))
    assert policy.alert_cap == 12
    assert policy.travel.speed_m_s[TravelMode.WALK] == 1.2
    assert policy.travel.speed_m_s[TravelMode.RUN] == Policy().travel.speed_m_s[TravelMode.RUN]
    assert policy.price == Policy().price


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("not json", "is not JSON"),
        ([1], "must hold an object"),
        ({"alert_cp": 3}, "alert_cp: there is no such value"),
        ({"travel": {"speed": 1}}, "travel.speed: there is no such value"),
        ({"travel": 3}, "travel: must be an object"),
        ({"alert_cap": "many"}, "alert_cap: "),
        ({"alert_cap": 0}, "alert_cap"),
        ({"no_ack_s": 0}, "no_ack_s"),
        ({"give_up_s": 10}, "give_up_s"),
        ({"movement": {"look_every_s": 0}}, "movement: look_every_s"),
        ({"movement": {"reply_within_s": 0.5}}, "movement: look_every_s"),
        ({"movement": {"lag_s": 0}}, "movement: look_every_s"),
        ({"movement": {"still_share": 0}}, "movement.still_share"),
        ({"movement": {"still_share": 1.5}}, "movement.still_share"),
        ({"price": {"alert": -0.1}}, "price"),
        ({"benefit": {"pair_worth": [0.1, 1.0]}}, "benefit.pair_worth"),
        ({"benefit": {"pair_worth": []}}, "benefit.pair_worth"),
        ({"acceptance": {"night": 0}}, "acceptance"),
        ({"acceptance": {"by_hour": [0.3, 0.2]}}, "acceptance.by_hour"),
        ({"acceptance": {"by_hour": [0.3] * 23 + [1.0]}}, "acceptance.by_hour"),
        ({"acceptance": {"odds_per_km": -11}}, "acceptance: odds_per_km"),
        ({"acceptance": {"usual_km": -0.1}}, "acceptance: odds_per_km"),
        ({"benefit": {"fades_per_min": -0.1}}, "benefit: fades_per_min"),
        ({"acceptance": {"kept": 1.2}}, "acceptance: kept, fetched"),
        ({"acceptance": {"fetched": 0}}, "acceptance: kept, fetched"),
        ({"acceptance": {"without_way": 0}}, "acceptance: kept, fetched and without_way"),
        ({"travel": {"detour_factor": {"car": 0.5}}}, "travel.detour_factor"),
        ({"travel": {"speed_m_s": {"bike": 0}}}, "travel.speed_m_s"),
        ({"fix": {"lifetime_s": 0}}, "fix"),
        ('{"reach_m": NaN}', "reach_m"),
        ('{"travel": {"turnout_night_s": NaN}}', "travel.turnout_night_s"),
        ('{"fix": {"drift_m_s": Infinity}}', "fix.drift_m_s"),
        ({"price": {"recent_s": 1e15}}, "price.recent_s"),
        ({"price": {"recent_alerts_limit": 0}}, "price"),
        ({"price": {"at_night": -1}}, "price"),
        ({"benefit": {"pair_worth": [1.0] * 11}}, "benefit.pair_worth"),
        ({"candidates": 100_000}, "candidates"),
    ],
)
def test_a_fault_is_told_by_file_and_field(tmp_path: Path, content: object, named: str) -> None:
    with pytest.raises(PolicyFileError, match=r"policy\.json") as wrong:
        policy_of(_file(tmp_path, content))
    assert named in str(wrong.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="No such file"):
        policy_of(tmp_path / "none.json")
