"""What trains thread 003 for many seeds: the compiled loop, or Keras with true gradients."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from repro.add_numbers.measures import PRINTED_ZERO
from repro.add_numbers.posted import Floats, X, Y
from repro.add_numbers.rebuilt import Network, build_model
from repro.training.float64 import LEAKY_SLOPE

if TYPE_CHECKING:
    import keras

    from repro.add_numbers.loop import History, Layers, Watch


class Recipe(NamedTuple):
    """How a network learns; fields as in the experiment."""

    bias_update: str
    error_weights: str
    target_scale: float
    learning_rate: float
    momentum: float
    epochs: int
    learned_below: float


def train_compiled(network: Network, recipe: Recipe, start: "Layers") -> "History":
    """Train from these initial parameters; the history's errors are in units of the sums."""
    from repro.add_numbers.loop import ACTIVATIONS, Rule, train

    rule = Rule(
        hidden=ACTIVATIONS.index(network.hidden_activation),
        output=ACTIVATIONS.index(network.output_activation),
        leaky_slope=LEAKY_SLOPE,
        learning_rate=recipe.learning_rate,
        momentum=recipe.momentum,
        decays_biases=recipe.bias_update == "posted",
        updates_first=recipe.error_weights == "updated",
    )
    history = train(start, X, recipe.target_scale * Y, rule, _watch(recipe))
    return _in_units_of_the_sums(history, recipe)


def train_keras(network: Network, recipe: Recipe, seeds: Sequence[int]) -> "History":
    """Train the rebuild, which draws what the thread draws; errors in units of the sums.

    Raises:
        ValueError: for no epochs, and for an update that is not the gradient's.
    """
    from repro.add_numbers.loop import History
    from repro.training.fit import fit_seeds

    watch = _watch(recipe)
    if (recipe.bias_update, recipe.error_weights) != ("gradient", "current"):
        raise ValueError('engine "keras" needs bias_update "gradient" and error_weights "current"')

    def build() -> "keras.Model":
        return build_model(network, learning_rate=recipe.learning_rate, momentum=recipe.momentum)

    fit = fit_seeds(
        build, X, recipe.target_scale * Y, seeds=seeds, epochs=recipe.epochs, batch_size=1,
        shuffle=False, block_size=len(seeds),
    )  # fmt: skip
    errors = np.stack([fit.frame.loc[fit.frame["seed"] == seed, "mse"] for seed in seeds])
    is_below = errors < watch.below
    lowest = np.minimum.accumulate(errors, axis=1)
    history = History(
        stacked([_as_drawn(fit.model(seed).get_weights()) for seed in seeds]),
        errors[:, np.array(watch.logged) - 1],
        np.where(is_below.any(axis=1), is_below.argmax(axis=1) + 1, 0),
        np.asarray((errors[:, 1:] > lowest[:, :-1] + watch.rise).any(axis=1)),
    )
    return _in_units_of_the_sums(history, recipe)


def _watch(recipe: Recipe) -> "Watch":
    from repro.add_numbers.loop import Watch

    square = recipe.target_scale**2
    logged = logged_epochs(recipe.epochs)
    return Watch(logged, square * recipe.learned_below, square * PRINTED_ZERO)


def _in_units_of_the_sums(history: "History", recipe: Recipe) -> "History":
    return history._replace(errors=history.errors / recipe.target_scale**2)


def stacked(networks: Sequence[list[Floats]]) -> "Layers":
    """Stack drawn networks; each layer becomes (seeds, outputs, inputs) and (seeds, outputs)."""
    arrays = [np.stack(same) for same in zip(*networks, strict=True)]
    return [(w, b[:, :, 0]) for w, b in zip(arrays[::2], arrays[1::2], strict=True)]


def _as_drawn(weights: list[Floats]) -> list[Floats]:
    return [w.T if w.ndim == 2 else w[:, np.newaxis] for w in weights]


def logged_epochs(epochs: int) -> list[int]:
    """Return 1, 3, 10, 30, 100, ... as long as they are below `epochs`, and `epochs`.

    Raises:
        ValueError: for no epochs.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    series = (step * 10**i for i in range(len(str(epochs))) for step in (1, 3))
    return [epoch for epoch in series if epoch < epochs] + [epochs]
