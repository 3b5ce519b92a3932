"""Checks that the threads' settings share."""

import pytest

from repro.training.checks import check_positive


def test_positive_values_pass():
    check_positive(epochs=1, learning_rate=1e-9)


@pytest.mark.parametrize("value", [0, -0.1, float("nan")])
def test_other_values_are_named(value):
    with pytest.raises(ValueError, match=f"learning_rate must be positive, got {value}"):
        check_positive(epochs=1, learning_rate=value)
