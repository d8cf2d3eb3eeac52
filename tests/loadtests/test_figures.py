from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.figures import figures, percentile, ratios


@given(
    st.lists(st.floats(min_value=0.001, max_value=1e4), min_size=1, max_size=300),
    st.floats(min_value=0, max_value=1),
)
def test_percentiles_are_those_of_numpy(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_figures_do_not_depend_on_the_order_of_the_rounds() -> None:
    values = [float(value) for value in range(1, 101)]
    shuffled = Random(1).sample(values, len(values))
    assert figures(shuffled) == figures(values)
    assert figures(values).p50 == 50.5
    assert (figures(values).least, figures(values).most) == (1, 100)


def test_a_server_that_takes_twice_as_long_has_a_ratio_of_two() -> None:
    bare = figures([1.0, 2.0, 3.0, 10.0])
    assert ratios(figures([2.0, 4.0, 6.0, 20.0]), bare) == {"ratio_p50": 2, "ratio_p90": 2, "ratio_p99": 2}
