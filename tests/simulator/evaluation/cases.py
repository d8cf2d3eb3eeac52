"""Small evaluations, as tests want them."""

from dataclasses import replace

from dispatch.rescue.policy import Policy
from simulator.evaluation.arrests import Arrest, arrest
from simulator.evaluation.contenders import Field
from simulator.evaluation.evaluating import EvaluationOptions
from simulator.evaluation.parameters import Parameters, read_parameters
from simulator.evaluation.policies import read_policy
from simulator.evaluation.town import settle

PARAMETERS = read_parameters()
SEED = 7


def a_field(density: str = "sparse", *, seed: int = SEED, parameters: Parameters = PARAMETERS) -> Field:
    """Where arrests come from."""
    return Field(parameters, density, seed)


def arrests(count: int, density: str = "sparse", *, seed: int = SEED) -> list[Arrest]:
    """The first arrests of a town."""
    town = settle(PARAMETERS, density, seed)
    return [arrest(town, PARAMETERS, seed, number) for number in range(count)]


def dear(price: float = 0.01) -> Policy:
    """The evaluated policy at a price at which hardly anybody is asked in vain."""
    policy = read_policy()
    return replace(policy, price=replace(policy.price, alert=price))


def a_short_evaluation(*, jobs: int = 1) -> EvaluationOptions:
    """An evaluation of seconds."""
    return EvaluationOptions(
        arrests=8,
        seed=SEED,
        jobs=jobs,
        densities=("sparse",),
        policy=read_policy(),
        sensitivity_arrests=2,
        tuning_arrests=3,
    )
