"""Thread 001: does it matter which derivative ReLU gets at zero.

The answer says no, since a unit's input is rarely exactly zero, and posts a numpy snippet to try
0, 1/2 and 1. `posted_data`, `posted_step` and `train_posted` are that snippet, to be read beside
the thread. `experiment` runs it over many seeds, in three precisions, on data with and without
structural zeros; with `network="mnist_mlp"` it counts, as Bertoin et al. (2021) did, the random
MNIST networks whose gradient depends on the choice.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from repro.data import load
from repro.training import random_mlp
from repro.training.random_mlp import AtZero, Precision, relative_change

if TYPE_CHECKING:
    import keras

DATA = "mnist"
METRICS = (
    "differs",
    "differs_anywhere",
    "change",
    "met_zero",
    "met_rounding_zero",
    "exact_zeros",
    "looked_at",
    "final_loss",
    "runs_to_end",
)
N, D_in, H, D_out = 4, 2, 30, 1
DERIVATIVE = {"zero": 0.0, "half": 0.5, "one": 1.0}

Floats = NDArray[np.floating[Any]]
Parameters = tuple[Floats, Floats]
Repair = Literal["none", "all", "np", "brackets", "keep_x", "d_out", "grad_h", "seed_first"]


class Start(NamedTuple):
    """What a run of the snippet begins with: x (N, D_in + 1), y (N, D_out) and its weights."""

    x: Floats
    y: Floats
    w1: Floats
    w2: Floats


# ---------------------------------------------------------------- the thread's snippet


def posted_data(rng: np.random.RandomState, lacking: str = "none") -> tuple[Floats, Floats]:
    """Return x (N, D_in + 1), its last column the bias's ones, and y (N, D_out).

    Args:
        rng: `numpy.random` in the thread.
        lacking: the repair that is not made, one of `Repair`; `all` leaves the lines as posted.

    Raises:
        NameError: lacking `np`: the ones are to come from a module `no`.
        TypeError: lacking `brackets`: `np.c_` is indexed, not called.
    """

    def lacks(repair: str) -> bool:
        return lacking in (repair, "all")

    x = rng.randn(N, D_in)
    ones = no.ones(x.shape[0]) if lacks("np") else np.ones(x.shape[0])  # type: ignore  # noqa: F821
    x = np.c_(x, ones) if lacks("brackets") else np.c_[x, ones]  # type: ignore
    y = rng.randn(N, D_in if lacks("d_out") else D_out)
    if lacks("keep_x"):
        x = y
    return x, y


def posted_step(
    parameters: Parameters,
    x: Floats,
    y: Floats,
    *,
    at_zero: str = "one",
    backward: str = "multiply",
    lacking: str = "none",
    kink: float = 0.0,
    learning_rate: float = 0.002,
    product: Callable[[Floats, Floats], Floats] = np.dot,
) -> Parameters:
    """Return w1 (D_in + 1, H) and w2 (H, D_out) after one iteration of the snippet's loop.

    Args:
        parameters: w1 and w2 before; left as they are.
        x: inputs with the bias's column.
        y: targets.
        at_zero: which of the snippet's three lines is not commented out.
        backward: `assign` is the line for 1/2 as posted: 0.5 takes the gradient's place.
        lacking: `grad_h` leaves the line for 0 as posted: it names an array that isn't there.
        kink: the question's max(e, x) in place of max(0, x).
        learning_rate: step size.
        product: the matrix product.

    Raises:
        NameError: lacking `grad_h` with `at_zero="zero"`.
        ValueError: for x or y of a wrong width, as `posted_data` makes them lacking a repair.
    """
    w1, w2 = parameters
    h = product(x, w1)
    h_relu = np.maximum(h, h.dtype.type(kink))
    y_pred = product(h_relu, w2)

    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = product(h_relu.T, grad_y_pred)
    grad_h_relu = product(grad_y_pred, w2.T)
    grad_h = grad_h_relu.copy()
    if at_zero == "zero" and lacking in ("grad_h", "all"):
        grad[h <= kink] = 0  # type: ignore  # noqa: F821
    grad_h[h < kink] = 0
    if backward == "assign":
        grad_h[h == kink] = DERIVATIVE[at_zero]
    else:
        grad_h[h == kink] *= DERIVATIVE[at_zero]
    grad_w1 = product(x.T, grad_h)
    return w1 - learning_rate * grad_w1, w2 - learning_rate * grad_w2


def train_posted(
    start: Start, steps: int = 200, **options: Any
) -> tuple[Parameters, list[np.floating[Any]], int]:
    """Return the trained weights, the loss before each step, and the zeros met; `posted_step`."""
    x, y, w1, w2 = start
    product, kink = options.get("product", np.dot), options.get("kink", 0.0)
    losses, zeros = [], 0
    for _ in range(steps):
        h = product(x, w1)
        y_pred = product(np.maximum(h, h.dtype.type(kink)), w2)
        losses.append(np.square(y_pred - y).sum())
        zeros += int((h == h.dtype.type(kink)).sum())
        w1, w2 = posted_step((w1, w2), x, y, **options)
    return (w1, w2), losses, zeros


def draw(
    rng: Any, *, inputs: str = "gaussian", bias: str = "column", data_seed: Any = None
) -> Start:
    """Draw data and weights in the thread's order, with its `np.random.seed` moved to the top.

    Args:
        rng: a `numpy.random.RandomState`, or `numpy.random` itself, as in the thread.
        inputs: `gaussian` as posted; `zero_sample` makes the first sample all zeros; `integers`
            rounds inputs and first weights to integers.
        bias: `column` as posted; `zero_start` starts its weights at zero, Keras' default; `none`
            drops it (a column of zeros adds nothing to any sum).
        data_seed: draws the data from a generator of their own, and the weights as posted, first
            thing after the seed; None: both from one.
    """
    x, y = posted_data(rng if data_seed is None else np.random.RandomState(data_seed))
    w1, w2 = rng.randn(D_in + 1, H), rng.randn(H, D_out)
    if inputs == "zero_sample":
        x[0, :D_in] = 0
    if inputs == "integers":
        x, w1 = np.rint(x), np.rint(w1)
    if bias == "none":
        x[:, D_in] = 0
    if bias == "zero_start":
        w1[D_in] = 0
    return Start(x, y, w1, w2)


# ---------------------------------------------------------------- the rebuild


def build_model(
    start: Start,
    *,
    precision: str = "float64",
    at_zero: str = "zero",
    kink: float = 0.0,
    learning_rate: float = 0.002,
) -> "keras.Model":
    """Return the snippet's network as a compiled Keras model with the weights of `start`.

    It takes x (n, 3) with the bias's column. `zero` is Keras' own ReLU. Another derivative comes
    from a term that is 0 at the kink and has that slope, so that backpropagation is TensorFlow's.

    Args:
        start: only its weights are used.
        precision: the model's dtype.
        at_zero: `zero`, `half` or `one`.
        kink: the activation is max(input, kink).
        learning_rate: of SGD on the sum of squared errors over the samples.
    """
    import keras
    from keras import layers, ops

    def activation(h: Any) -> Any:
        if at_zero == "zero" and not kink:
            return ops.relu(h)
        bend = ops.where(h > kink, h, ops.full_like(h, kink))
        at_kink = ops.where(ops.equal(h, kink), h - kink, ops.zeros_like(h))
        return bend + DERIVATIVE[at_zero] * at_kink

    inputs = keras.Input((D_in + 1,), dtype=precision)
    h = layers.Dense(H, use_bias=False, dtype=precision)(inputs)
    outputs = layers.Dense(D_out, use_bias=False, dtype=precision)(activation(h))
    model = keras.Model(inputs, outputs)
    model.set_weights([start.w1, start.w2])
    # a Keras loss casts to float32 unless told
    loss = keras.losses.MeanSquaredError(reduction="sum", dtype=precision)
    model.compile(keras.optimizers.SGD(learning_rate), loss)
    return model


# ---------------------------------------------------------------- the experiment


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    network: Literal["snippet", "mnist_mlp"] = "snippet",
    precision: Literal["float64", "float32", "float16"] = "float64",
    at_zero: Literal["zero", "half", "one"] = "one",
    backward: Literal["multiply", "assign"] = "multiply",
    lacking: Repair = "none",
    inputs: Literal["gaussian", "zero_sample", "integers"] = "gaussian",
    bias: Literal["column", "zero_start", "none"] = "column",
    kink: float = 0.0,
    shared_data: bool = False,
    engine: Literal["compiled", "keras"] = "compiled",
    steps: PositiveInt = 200,
    learning_rate: PositiveFloat = 0.002,
    hidden_layers: PositiveInt = 3,
    width: PositiveInt = 256,
    biases: Literal["uniform", "zeros", "dead_first"] = "uniform",
    batch_size: PositiveInt = 256,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare ReLU'(0) = `at_zero` with ReLU'(0) = 0, everything else equal, once a seed.

    The snippet trains both; the MNIST network, untrained, compares both gradients on the training
    images, minibatch by minibatch, until they differ.

    Args:
        seeds: one run each; they decide data and initial weights.
        data: `mnist` or `mnist5k`; the snippet makes its own.
        network: which network; the other one's arguments are ignored.
        precision: of all numbers and operations.
        at_zero: the derivative where a hidden unit's input is exactly zero.
        backward: `assign` lets it take the gradient's place instead of multiplying it, as the
            thread's line for 1/2 does, and the code published with Bertoin et al. (2021).
        lacking: the repair of the snippet that is not made; `all` makes none.
        inputs: snippet; see `draw`.
        bias: snippet; see `draw`.
        kink: snippet; the activation is max(input, kink), and "zero" then means the kink.
        shared_data: snippet; every seed trains on the data of seed 0.
        engine: snippet; `keras` trains the rebuild through `fit_seeds`, on shared data only.
        steps: snippet; iterations.
        learning_rate: snippet; step size.
        hidden_layers: MNIST network.
        width: MNIST network; units of each hidden layer.
        biases: MNIST network; see `repro.training.random_mlp.draw`.
        batch_size: MNIST network; images a minibatch, in the order of the data set.

    Returns:
        Runs, one row a seed, with
            differs: the first layer's final weights (snippet) or gradient (MNIST network) are not
                those of ReLU'(0) = 0;
            differs_anywhere: some layer's weights, biases or gradient, or a logged loss, are not;
            change: Euclidean norm of the first layer's difference, relative to ReLU'(0) = 0;
            met_zero: some hidden unit's input was exactly zero;
            met_rounding_zero: one was that is not zero in more exact arithmetic;
            exact_zeros: share of the hidden units' inputs that were exactly zero;
            looked_at: how many inputs that is a share of;
            final_loss: sum of squared errors before the last step (snippet);
            runs_to_end: no line raised;
        all but the last NaN where a line raised (status `crashed`), or where there is none.
        Curves: `step`, and `loss` before it (snippet) or `exact_zeros` up to it.

    Raises:
        ValueError: `engine="keras"` without shared data, or with what Keras does not do.

    Source:
        Seed thread 001, answer; Bertoin, Bolte, Gerchinovitz, Pauwels (2021), "Numerical influence
        of ReLU'(0) on backpropagation", section 3, and the code published with it.
    """
    if network == "mnist_mlp":
        widths = [784, *[width] * hidden_layers, 10]
        rule = AtZero(DERIVATIVE[at_zero], backward == "assign")
        return _scan_networks(seeds, data, precision, widths, rule, biases, batch_size)
    options: dict[str, Any] = {"kink": kink, "learning_rate": learning_rate}
    if lacking not in ("none", "seed_first"):
        options |= {"at_zero": at_zero, "backward": backward, "lacking": lacking}
        return _attempt(seeds, lacking, steps, options)

    if engine == "keras":
        if not shared_data or backward == "assign":
            raise ValueError("engine 'keras' needs shared_data = true and backward = 'multiply'")
        given = partial(draw, inputs=inputs, bias=bias, data_seed=0)
        return _train_keras(seeds, given, steps, at_zero, options | {"precision": precision})

    def starts(choice: str) -> list[Start]:
        return [
            draw(
                np.random.RandomState(seed),
                inputs=inputs,
                bias=bias,
                data_seed=_data_seed(seed, choice, lacking, shared_data),
            )
            for seed in seeds
        ]

    options |= {"steps": steps, "precision": precision}
    ours = _train_compiled(starts(at_zero), DERIVATIVE[at_zero], backward == "assign", **options)
    return _compare(seeds, ours, _train_compiled(starts("zero"), 0.0, **options), steps)


def _data_seed(seed: int, choice: str, lacking: str, shared_data: bool) -> Any:
    if lacking == "seed_first":  # each choice is a run of the script, each run draws its own data
        return [seed, 1 + list(DERIVATIVE).index(choice)]
    return 0 if shared_data else None


def _attempt(
    seeds: Sequence[int], lacking: str, steps: int, options: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the snippet without a repair that it needs, and note whether it gets to its end."""
    rows = []
    for seed in seeds:
        rng, row = np.random.RandomState(seed), {"seed": seed} | dict.fromkeys(METRICS, np.nan)
        try:
            start = Start(*posted_data(rng, lacking), rng.randn(D_in + 1, H), rng.randn(H, D_out))
            _, losses, _ = train_posted(start, steps, **options)
            rows.append(row | {"final_loss": losses[-1], "runs_to_end": 1, "status": "ok"})
        except (NameError, TypeError, ValueError):
            rows.append(row | {"runs_to_end": 0, "status": "crashed"})
    return pd.DataFrame(rows), pd.DataFrame({"seed": [], "step": [], "loss": []})


def _train_compiled(
    starts: list[Start],
    at_kink: float,
    assigned: bool = False,
    *,
    steps: int,
    precision: str,
    kink: float,
    learning_rate: float,
) -> Any:
    from repro.training.compiled import relu_at_zero as compiled

    rounded = Precision(precision).rounded
    x, y, w1, w2 = (rounded(np.stack(arrays)) for arrays in zip(*starts, strict=True))
    rule = compiled.Rule(learning_rate, kink, at_kink, assigned, precision == "float16")
    return compiled.train(x, y, w1, w2, rule, logged=_logged(steps))


def _logged(steps: int) -> NDArray[np.int64]:
    return np.unique([1, -(-steps // 4), steps])


def _compare(
    seeds: Sequence[int], ours: Any, zero: Any, steps: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    differ = {
        name: _rows_differ(getattr(ours, name), getattr(zero, name))
        for name in ("w1", "w2", "losses")
    }
    zeros, losses = ours.zeros, ours.losses.astype(float)
    shares = zeros / (_logged(steps) * N * H)
    finite = np.isfinite(losses[:, -1]) & np.isfinite(ours.w1).all((1, 2))
    runs = pd.DataFrame(
        {
            "seed": list(seeds),
            "differs": differ["w1"].astype(int),
            "differs_anywhere": np.logical_or.reduce(list(differ.values())).astype(int),
            "change": [relative_change(a, b) for a, b in zip(ours.w1, zero.w1, strict=True)],
            "met_zero": (zeros[:, -1] > 0).astype(int),
            "met_rounding_zero": (ours.rounding_zeros[:, -1] > 0).astype(int),
            "exact_zeros": shares[:, -1],
            "looked_at": steps * N * H,
            "final_loss": losses[:, -1],
            "runs_to_end": 1,
            "status": np.where(finite, "ok", "diverged"),
        }
    )
    curves = [
        pd.DataFrame({"seed": runs.seed, "step": step, "loss": loss, "exact_zeros": share})
        for step, loss, share in zip(_logged(steps), losses.T, shares.T, strict=True)
    ]
    return runs, pd.concat(curves).sort_values(["seed", "step"], ignore_index=True)


def _rows_differ(ours: NDArray[Any], zero: NDArray[Any]) -> NDArray[np.bool_]:
    same = (ours == zero) | (np.isnan(ours) & np.isnan(zero))
    return ~same.reshape(len(ours), -1).all(axis=1)


def _train_keras(
    seeds: Sequence[int],
    given: Callable[[Any], Start],
    steps: int,
    at_zero: str,
    options: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from repro.training.fit import fit_seeds

    x, y, *_ = given(np.random.RandomState(0))

    def train(choice: str) -> tuple[pd.DataFrame, list[Floats]]:
        def build() -> "keras.Model":
            # fit_seeds has seeded numpy's legacy generator, so that the draws are the snippet's
            return build_model(given(np.random), at_zero=choice, **options)

        fit = fit_seeds(
            build, x, y, seeds=seeds, epochs=steps, batch_size=N, shuffle=False,
            block_size=len(seeds),
        )  # fmt: skip
        losses = fit.frame.pivot(index="seed", columns="epoch", values="loss").loc[list(seeds)]
        return losses, [fit.model(seed).get_weights() for seed in seeds]

    (losses, ours), (_, zero) = train(at_zero), train("zero")
    change = [relative_change(a, b) for (a, _), (b, _) in zip(ours, zero, strict=True)]
    second = [relative_change(a, b) for (_, a), (_, b) in zip(ours, zero, strict=True)]
    final = losses[steps].to_numpy(float)
    runs = pd.DataFrame(
        {
            "seed": list(seeds),
            "differs": np.sign(change).astype(int),
            "differs_anywhere": np.sign(np.add(change, second)).astype(int),
            "change": change,
            "final_loss": final,
            "runs_to_end": 1,
            "status": np.where(np.isfinite(final), "ok", "diverged"),
        }
    ).reindex(columns=["seed", *METRICS, "status"])
    curves = losses[_logged(steps)].melt(var_name="step", value_name="loss", ignore_index=False)
    return runs, curves.reset_index()


# ---------------------------------------------------------------- random MNIST networks


def _scan_networks(
    seeds: Sequence[int],
    data: str,
    name: str,
    widths: list[int],
    rule: AtZero,
    biases: str,
    batch_size: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from threadpoolctl import threadpool_limits

    x, y = _images(data, name)
    precision = Precision(name)

    def minibatches() -> Iterator[tuple[Floats, NDArray[np.uint8]]]:
        for i in range(0, len(x), batch_size):
            yield x[i : i + batch_size], y[i : i + batch_size]

    def scan(seed: int) -> random_mlp.Scan:
        drawn = random_mlp.draw(seed, widths, precision, biases=biases)
        return random_mlp.scan(drawn, minibatches(), precision, rule)

    with threadpool_limits(1, "blas"):  # it adds up in another order when threads share a product
        return _describe(seeds, [scan(seed) for seed in seeds])


@lru_cache(maxsize=3)  # a study's blocks take turns in their precisions
def _images(data: str, precision: str) -> tuple[Floats, NDArray[np.uint8]]:
    """Pixels in [0, 1], shape (n, 784), made in float32 as PyTorch does, and digits (n,)."""
    images = load(data)
    pixels = images.x_train.reshape(len(images.x_train), -1) / np.float32(255)
    return Precision(precision).rounded(pixels), images.y_train


def _describe(
    seeds: Sequence[int], scans: list[random_mlp.Scan]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    scanned = pd.DataFrame([vars(scan) for scan in scans])
    share = scanned.zeros / scanned.preactivations
    runs = pd.DataFrame(
        {
            "seed": list(seeds),
            "differs": scanned.differs.astype(int),
            "differs_anywhere": scanned.differs_anywhere.astype(int),
            "change": scanned.change,
            "met_zero": (scanned.zeros > 0).astype(int),
            "met_rounding_zero": (scanned.rounding_zeros > 0).astype(int),
            "exact_zeros": share,
            "looked_at": scanned.preactivations,
            "runs_to_end": 1,
            "status": "ok",
        }
    ).reindex(columns=["seed", *METRICS, "status"])
    curves = {"seed": list(seeds), "step": scanned.minibatches, "exact_zeros": share}
    return runs, pd.DataFrame(curves)


if __name__ == "__main__":
    from repro.cli import run_study

    run_study("relu_at_zero")
