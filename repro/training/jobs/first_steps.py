"""The first steps of a block, by which another process finds out that it trains the same models."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from repro.training.block import Block
from repro.training.building import get_state, set_state
from repro.training.selfcheck import Steps, next_to, what_differs


@dataclass(frozen=True)
class Expected:
    """A seed's first steps, as another process took them.

    Attributes:
        steps: their outcome.
        near: their outcomes from weights that differ in the last bit.
    """

    steps: Steps
    near: list[Steps]


def expected_steps(
    block: Block, seeds: Sequence[int], models: Sequence[keras.Model]
) -> list[Expected]:
    """Return what the first steps make of a block's first and last seed; it is as before then."""
    states = [get_state(model) for model in models]
    near = []
    for sign in (1, -1):
        for model, state in zip(models, states, strict=True):
            set_state(model, next_to(state, model, sign))
        near.append(outcomes(block, seeds, models))
    for model, state in zip(models, states, strict=True):
        set_state(model, state)
    steps = outcomes(block, seeds, models)
    return [Expected(own, list(others)) for own, *others in zip(steps, *near, strict=True)]


def outcomes(block: Block, seeds: Sequence[int], models: Sequence[keras.Model]) -> list[Steps]:
    """Take a block's first steps from the models' states; return those of its ends."""
    block.seeds.load(models)
    logs, _ = block.first_steps(seeds)
    states = block.seeds.state()
    block.seeds.load(models)
    return [
        Steps({name: values[place] for name, values in logs.items()}, states[place])
        for place in sorted({0, len(seeds) - 1})
    ]


def what_is_unexpected(
    block: Block, seeds: Sequence[int], models: Sequence[keras.Model], others: Sequence[Expected]
) -> str | None:
    """Name what differs, beyond rounding, from another process's first steps; None if nothing."""
    for own, other in zip(outcomes(block, seeds, models), others, strict=True):
        if [a.shape for a in own.state] != [a.shape for a in other.steps.state]:
            return "weights have other shapes"
        if differs := what_differs(own, other.steps, other.near, models[0]):
            return differs
    return None
