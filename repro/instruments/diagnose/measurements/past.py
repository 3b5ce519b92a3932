"""Find whether the rows before a row tell its target, where a recurrent layer reads one step."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.baselines import MOST_FEATURES, linear_skill
from repro.instruments.diagnose.setup.arrays import Array, as_columns, leaves
from repro.instruments.diagnose.setup.sequences import last_state_layers, single_input
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair, split_rows

WINDOWS = (2, 3, 5, 10)
AS_GOOD = 0.02  # skill: of windows that tell about as much, the shortest is taken
STEP_AXES = 3


@dataclass(frozen=True)
class Past:
    """The rows that tell more together than the last of them, and by how much.

    Attributes:
        kind: the recurrent layer that reads a single step.
        steps: how many rows, the last of them the row itself.
        gained: the skill that ridge regression gains by them.
    """

    kind: str
    steps: int
    gained: float


def find_past(setup: Setup) -> Past | None:
    """Return the window that tells the targets best, if a recurrent layer reads single steps."""
    x, layers = single_input(setup), last_state_layers(setup)
    is_known = setup.test is not setup.train and not setup.task.per_step
    if x is None or x.ndim != STEP_AXES or x.shape[1] != 1 or not (layers and is_known):
        return None
    skills = {steps: _skill(setup, steps) for steps in (1, *WINDOWS) if _fits(x, steps)}
    steps = min(steps for steps in skills if skills[steps] >= max(skills.values()) - AS_GOOD)
    return Past(type(layers[0][1]).__name__, steps, skills[steps] - skills[1])


def _fits(x: Array, steps: int) -> bool:
    return steps * x.shape[2] <= MOST_FEATURES and steps < len(x)


def _skill(setup: Setup, steps: int) -> float:
    (x, y), (x_test, y_test) = split_windows(setup, steps)
    flat = [a.reshape(len(a), -1).astype(float) for a in (x, x_test)]
    return linear_skill(setup.task, (flat[0], y), (flat[1], y_test))


def windows(x: Any, steps: int) -> Array:
    """Return every row with those before it as steps; the first stands for what is before it.

    Examples:
        >>> windows(np.array([[[1]], [[2]], [[3]]]), 2)[..., 0].tolist()
        [[1, 1], [1, 2], [2, 3]]
    """
    padded = np.concatenate([x[:1]] * (steps - 1) + [x])[:, 0]
    return np.stack([padded[i : i + len(x)] for i in range(steps)], axis=1)


def split_windows(setup: Setup, steps: int) -> tuple[Pair, Pair]:
    """Return the windows of the rows that are trained on, and of those that are scored on."""
    (x, y), own_pair = setup.whole
    validation = own_pair and (windows(as_columns(leaves(own_pair[0])[0]), steps), own_pair[1])
    split = split_rows(windows(leaves(x)[0], steps), y, validation)
    return split.train, split.test
