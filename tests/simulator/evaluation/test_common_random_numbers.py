"""Every rule sees the same people, answers and devices, whoever else is asked, and in whatever order."""

import numpy as np

from simulator.evaluation.contenders import Contender, Crew, ours, rivals
from simulator.evaluation.draws import Draws, What
from simulator.evaluation.estimates import COLUMNS
from tests.simulator.evaluation.cases import a_field, arrests, dear

NUMBERS = range(12)


def test_a_draw_depends_on_what_it_is_for_and_on_nothing_else() -> None:
    who = np.arange(1000)
    draws = Draws(3, 5)
    together = draws.uniform(What.ANSWER, who)
    assert draws.uniform(What.ANSWER, who[::-1])[::-1].tolist() == together.tolist()
    assert draws.uniform(What.ANSWER, who[500:501])[0] == together[500]
    assert Draws(3, 5).uniform(What.ANSWER, who).tolist() == together.tolist()
    for others in (Draws(4, 5), Draws(3, 6)):
        assert abs(np.corrcoef(others.uniform(What.ANSWER, who), together)[0, 1]) < 0.1
    assert abs(np.corrcoef(draws.uniform(What.SILENT, who), together)[0, 1]) < 0.1


def test_draws_are_as_uniform_and_as_normal_as_they_say() -> None:
    who = np.arange(100_000)
    uniform, normal = Draws(1, 1).uniform(What.ANSWER, who), Draws(1, 1).normal(What.ANSWER, who)
    assert 0.0 < uniform.min() < uniform.max() < 1.0
    assert abs(uniform.mean() - 0.5) < 0.005
    assert abs(uniform.var() - 1 / 12) < 0.001
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1.0) < 0.01
    assert np.median(Draws(1, 1).lognormal(What.TURNOUT, who, 105.0, 0.5)) > 104


def test_a_rule_comes_to_the_same_whatever_other_rules_run() -> None:
    with Crew() as crew:
        together = crew.outcomes(a_field(), [*rivals(), ours(dear())], NUMBERS)
        backwards = crew.outcomes(a_field(), [ours(dear()), *reversed(rivals())], NUMBERS)
        for name, outcomes in together.items():
            alone = Contender(name) if name != "ours" else ours(dear())
            assert crew.outcomes(a_field(), [alone], NUMBERS)[name].tolist() == outcomes.tolist(), name
            assert backwards[name].tolist() == outcomes.tolist(), name


def test_an_arrest_is_the_same_whichever_others_are_looked_at() -> None:
    with Crew() as crew:
        every = crew.outcomes(a_field(), [ours(dear())], NUMBERS)["ours"]
        some = crew.outcomes(a_field(), [ours(dear())], NUMBERS[5:8])["ours"]
    assert some.tolist() == every[5:8].tolist()
    assert every.shape == (len(NUMBERS), len(COLUMNS))


def test_another_seed_is_another_city() -> None:
    here, there = arrests(5, seed=1), arrests(5, seed=2)
    assert [each.fix_away_m[:3] for each in here] != [each.fix_away_m[:3] for each in there]
