"""Rows in four classes with the parameters of a step, and a network that classifies them."""

import numpy as np
import pytest

from .audited_steps import dense


@pytest.fixture
def classes():
    random = np.random.default_rng(5)
    parameters = [random.normal(size=shape) for shape in ((3, 5), (5,), (5, 4), (4,))]
    return parameters, random.normal(size=(7, 3)), np.eye(4)[random.integers(0, 4, 7)]


@pytest.fixture(scope="module")
def classifier():
    return dense((3, 5, 4), ("tanh", "softmax"), loss="categorical_crossentropy")
