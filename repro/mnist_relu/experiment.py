"""Thread 002: an MNIST network on raw pixels does well with sigmoid and badly with ReLU.

The snippet is a 784-100-10 network with softmax and categorical cross-entropy, trained by Keras'
`sgd` (rate 0.01) in batches of 100 for 15 epochs on pixels of 0..255. `experiment` rebuilds it with
everything the thread varies or proposes, and what it should have varied, as parameters.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from repro.data import Dataset, load

if TYPE_CHECKING:
    import keras

DATA = "mnist"
METRICS = (
    "test_accuracy",
    "test_loss",
    "train_accuracy",
    "train_loss",
    "first_epoch_loss",
    "generalization_gap",
    "dead_fraction",
    "always_on_fraction",
    "switching_at_birth",
    "active_at_birth",
    "largest_initial_weight",
    "largest_eigenvalue",
)
CURVES = {
    "accuracy": "train_accuracy",
    "loss": "train_loss",
    "val_accuracy": "test_accuracy",
    "val_loss": "test_loss",
    "val_dead_fraction": "dead_fraction",
    "val_always_on_fraction": "always_on_fraction",
}


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    epochs: PositiveInt = 15,
    batch_size: PositiveInt = 100,
    hidden_activation: Literal["sigmoid", "relu", "leaky_relu", "tanh"] = "sigmoid",
    output_activation: Literal["softmax", "relu"] = "softmax",
    hidden_units: PositiveInt = 100,
    input_scale: PositiveFloat = 1.0,
    standardize: bool = False,
    optimizer: Literal["sgd", "momentum", "rmsprop", "adam"] = "sgd",
    learning_rate: PositiveFloat = 0.01,
    first_layer_rate: PositiveFloat = 1.0,
    first_layer_init: PositiveFloat = 1.0,
    initializer: Literal["glorot_uniform", "he_normal"] = "glorot_uniform",
    clip_output: bool = False,
    batch_normalization: bool = False,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    gradient_clipnorm: NonNegativeFloat = 0.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train the thread's network once a seed and measure it on the test images.

    Args:
        seeds: one run each; they decide initial weights, data order and dropout.
        data: `mnist` or `mnist5k`.
        epochs: passes over the training images.
        batch_size: images a step.
        hidden_activation: of the one hidden layer.
        output_activation: `softmax` as posted; `relu` is what the third answer takes it for.
        hidden_units: of the hidden layer; the second answer has 300.
        input_scale: factor on the pixels of 0..255: 1 as posted, 1/255 in the first answer.
        standardize: subtract the training pixels' mean and divide by their standard deviation
            (one number each) after scaling.
        optimizer: `sgd` as posted; `momentum` is SGD with momentum 0.9.
        learning_rate: 0.01 is what Keras' `sgd` uses.
        first_layer_rate: factor on the learning rate of the first layer's weights alone; with
            `sgd` and `momentum` only.
        first_layer_init: factor on the first layer's initial weights.
        initializer: of both layers' weights; Keras' default is Glorot's uniform.
        clip_output: clip the output to [1e-10, 0.999999], as the second answer does.
        batch_normalization: between the hidden layer's weighted sums and its activation.
        dropout: share of hidden units dropped while training.
        gradient_clipnorm: largest norm of each variable's gradient; 0 does not clip.

    Returns:
        Runs, one row a seed with `METRICS` (`*_at_birth`: before training; switching: share of
        hidden units that are above zero for some test images and not for others; active: share of
        positive weighted sums), and curves, one row a seed and epoch.

    Raises:
        ValueError: for a first-layer rate with an optimizer that is not linear in the gradient.

    Source:
        Seed thread 002, question and answers.
    """
    from repro.training.fit import fit_seeds, seeds_in_cache

    if first_layer_rate != 1 and optimizer not in ("sgd", "momentum"):
        raise ValueError(f"first_layer_rate needs optimizer sgd or momentum, got {optimizer}")
    images = load(data)
    (x, y), (x_test, y_test) = prepare(images, input_scale, standardize)

    def build() -> "keras.Model":
        return build_model(
            hidden_activation, output_activation, hidden_units, optimizer, learning_rate,
            first_layer_rate, first_layer_init, initializer, clip_output, batch_normalization,
            dropout, gradient_clipnorm,
        )  # fmt: skip

    births = pd.DataFrame([at_birth(build, seed, x_test) for seed in seeds])
    fit = fit_seeds(
        build, x, y, seeds=seeds, epochs=epochs, batch_size=batch_size,
        validation_data=(x_test, y_test), validation_batch_size=1000,
        # whatever the number of threads, so that the numbers do not depend on it
        block_size=seeds_in_cache(build(), x[:batch_size]),
    )  # fmt: skip
    curves = fit.frame[["seed", "epoch", *CURVES]].rename(columns=CURVES)
    runs = summarize(curves).merge(births, on="seed")
    eigenvalue = eigenvalue_of(data, input_scale, standardize)
    return runs.assign(largest_eigenvalue=eigenvalue), curves


def prepare(
    images: Dataset, input_scale: float, standardize: bool
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Return ((x, y), (x_test, y_test)): pixels (n, 784) float32, digits one-hot (n, 10)."""
    x, x_test = (
        part.reshape(-1, 784).astype("float32") * np.float32(input_scale)
        for part in (images.x_train, images.x_test)
    )
    if standardize:
        mean, deviation = x.mean(dtype="float64"), x.std(dtype="float64")
        x, x_test = (((part - mean) / deviation).astype("float32") for part in (x, x_test))
    one_hot = np.eye(10, dtype="float32")
    return (x, one_hot[images.y_train]), (x_test, one_hot[images.y_test])


@lru_cache
def eigenvalue_of(data: str, input_scale: float, standardize: bool) -> float:
    """Return `largest_eigenvalue` of the training pixels that `prepare` makes."""
    (x, _), _ = prepare(load(data), input_scale, standardize)
    return largest_eigenvalue(x)


def largest_eigenvalue(x: NDArray[np.float32]) -> float:
    """Return the largest eigenvalue of the second moment x'x/n of inputs (n, features).

    Gradient descent on a linear unit diverges at rates above 2 over it (LeCun et al. 1998,
    "Efficient BackProp").
    """
    from scipy.sparse.linalg import svds

    start = np.ones(x.shape[1], dtype=x.dtype)
    (singular_value,) = svds(x, k=1, v0=start, return_singular_vectors=False)
    return float(singular_value) ** 2 / len(x)


def build_model(
    hidden_activation: str = "sigmoid",
    output_activation: str = "softmax",
    hidden_units: int = 100,
    optimizer: str = "sgd",
    learning_rate: float = 0.01,
    first_layer_rate: float = 1.0,
    first_layer_init: float = 1.0,
    initializer: str = "glorot_uniform",
    clip_output: bool = False,
    batch_normalization: bool = False,
    dropout: float = 0.0,
    gradient_clipnorm: float = 0.0,
) -> "keras.Model":
    """Return the compiled network, drawn from Keras' global seed; arguments as in `experiment`."""
    import keras
    from keras import layers

    from repro.mnist_relu.unit_activity import UnitActivity

    # Weights w on inputs a·x move as weights v = a·w on x do at a² times the rate, while the bias
    # keeps its rate: dw/dt = -r·a·g makes dv/dt = -r·a²·g, where g is the loss's gradient by v.
    a = np.sqrt(first_layer_rate)
    inputs = keras.Input((784,))
    z = layers.Dense(hidden_units, kernel_initializer=initializer, name="hidden")(
        layers.Rescaling(a)(inputs) if a != 1 else inputs
    )
    if batch_normalization:
        z = layers.BatchNormalization()(z)
    h = UnitActivity()(layers.Activation(hidden_activation)(z))
    if dropout:
        h = layers.Dropout(dropout)(h)
    outputs = layers.Dense(10, activation=output_activation, kernel_initializer=initializer)(h)
    if clip_output:
        outputs = keras.ops.clip(outputs, 1e-10, 0.999999)
    model = keras.Model(inputs, outputs)
    kernel = model.get_layer("hidden").kernel
    kernel.assign(kernel * (first_layer_init / a))
    model.compile(
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        optimizer=make_optimizer(optimizer, learning_rate, gradient_clipnorm or None),
    )
    return model


def make_optimizer(
    name: str, learning_rate: float, clipnorm: float | None
) -> "keras.optimizers.Optimizer":
    """Return a Keras optimizer with its defaults; `momentum` is SGD with momentum 0.9."""
    from keras import optimizers

    if name == "momentum":
        return optimizers.SGD(learning_rate, momentum=0.9, clipnorm=clipnorm)
    kinds = {"sgd": optimizers.SGD, "rmsprop": optimizers.RMSprop, "adam": optimizers.Adam}
    return kinds[name](learning_rate, clipnorm=clipnorm)


def at_birth(
    build: Callable[[], "keras.Model"], seed: int, x_test: NDArray[np.float32]
) -> dict[str, float]:
    """Measure a seed's untrained hidden layer on the test images."""
    import keras

    keras.utils.set_random_seed(seed)
    kernel, _ = build().get_layer("hidden").get_weights()
    positive = x_test @ kernel > 0  # biases start at zero; (images, units)
    share = positive.mean(axis=0)
    return {
        "seed": seed,
        "switching_at_birth": float(np.mean((share > 0) & (share < 1))),
        "active_at_birth": float(share.mean()),
        "largest_initial_weight": float(np.abs(kernel).max()),
    }


def summarize(curves: pd.DataFrame) -> pd.DataFrame:
    """Return one row a seed from its curve: the last epoch, the first epoch's loss, the status."""
    last = curves.groupby("seed").last().drop(columns="epoch")
    losses = curves.set_index("seed")[["train_loss", "test_loss"]]
    finite = np.isfinite(losses).all(axis=1).groupby("seed").all()
    return last.assign(
        first_epoch_loss=curves.groupby("seed").train_loss.first(),
        generalization_gap=last.train_accuracy - last.test_accuracy,
        status=np.where(finite, "ok", "diverged"),
    ).reset_index()
