"""The service's own times of the steps of an SOS, as its `/metrics` tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.request import ProxyHandler, build_opener

from prometheus_client.parser import text_string_to_metric_families

_FAMILY: Final = "dispatch_sos_step_seconds"
_STEPS: Final = ("survey", "plan", "decide", "render", "commit", "deliver", "total")
_MS: Final = 1000.0

# Seconds and number of times, by step.
Counted = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Mean milliseconds of each step, by name."""

    mean_ms: Mapping[str, float]

    @property
    def matching_ms(self) -> float:
        """What finding out who is near and deciding who goes takes."""
        return self.mean_ms["survey"] + self.mean_ms["plan"]

    @property
    def commit_and_delivery_ms(self) -> float:
        """What writing the alerts down and handing them to the sockets takes."""
        return self.mean_ms["commit"] + self.mean_ms["deliver"]

    def as_dict(self) -> dict[str, float]:
        """Answer the means by name, rounded to a microsecond."""
        return {name: round(value, 3) for name, value in self.mean_ms.items()}


def step_times(url: str) -> Counted:
    """Ask the service for what it has counted so far."""
    with build_opener(ProxyHandler({})).open(f"{url}/metrics", timeout=10) as answer:
        return read_steps(answer.read().decode())


def read_steps(metrics: str) -> Counted:
    """Read Prometheus text. Steps that have not been counted yet are zero."""
    sums, counts = dict.fromkeys(_STEPS, 0.0), dict.fromkeys(_STEPS, 0.0)
    for family in text_string_to_metric_families(metrics):
        if family.name == _FAMILY:
            for sample in family.samples:
                if sample.name == f"{_FAMILY}_sum":
                    sums[sample.labels["step"]] = sample.value
                elif sample.name == f"{_FAMILY}_count":
                    counts[sample.labels["step"]] = sample.value
    return {step: (sums[step], counts[step]) for step in _STEPS}


def since(before: Counted, after: Counted) -> StepTimes:
    """Answer the mean times between two askings. Raises ValueError when nothing happened."""
    means = {}
    for step, (sum_before_s, count_before) in before.items():
        sum_s, count = after[step]
        if count == count_before:
            raise ValueError(f"the service counted no {step} in between")
        means[step] = (sum_s - sum_before_s) / (count - count_before) * _MS
    return StepTimes(means)


def shares(steps: StepTimes) -> dict[str, float]:
    """Answer how the plan compares with committing and delivering the alerts that it asks for."""
    return {
        "plan_ms": round(steps.mean_ms["plan"], 3),
        "commit_and_delivery_ms": round(steps.commit_and_delivery_ms, 3),
        "plan_share": round(steps.mean_ms["plan"] / steps.commit_and_delivery_ms, 3),
    }
