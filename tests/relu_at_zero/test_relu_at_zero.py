"""The snippet, its obstacles, and the three ways to run it.

Slow: most of the lines for zero beside Keras.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from repro.relu_at_zero import METRICS, experiment
from repro.relu_at_zero.posted import Start, posted_data, posted_step, train_posted
from repro.relu_at_zero.precision import Precision
from repro.relu_at_zero.rebuilt import build_model, draw
from repro.relu_at_zero.settings import Snippet

MLP: dict[str, Any] = {"network": "mnist_mlp", "data": "mnist5k"}


def rng(seed: int = 1) -> np.random.RandomState:
    return np.random.RandomState(seed)


def left_to_right(a: Any, b: Any) -> Any:
    """A matrix product that numpy adds up without BLAS, in the order of the columns of a."""
    total = a[:, :1] * b[:1]
    for i in range(1, a.shape[1]):
        total = total + a[:, i : i + 1] * b[i : i + 1]
    return total


# ---------------------------------------------------------------- obstacles and repairs


@pytest.mark.parametrize(
    ("lacking", "error", "says"),
    [
        ("all", NameError, "'no'"),
        ("np", NameError, "'no'"),
        ("brackets", TypeError, "not callable"),
        ("keep_x", ValueError, r"\(4,1\) and \(3,30\)"),
        ("d_out", ValueError, r"\(4,2\) and \(1,30\)"),
    ],
)
def test_each_repair_is_needed(lacking: str, error: type[Exception], says: str) -> None:
    generator = rng()
    with pytest.raises(error, match=says):
        x, y = posted_data(generator, lacking)
        posted_step((generator.randn(3, 30), generator.randn(30, 1)), x, y)


def test_the_line_for_zero_names_an_array_that_is_not_there() -> None:
    x, y, *weights = draw(rng())
    with pytest.raises(NameError, match="'grad'"):
        posted_step(tuple(weights), x, y, at_zero="zero", lacking="grad_h")
    posted_step(tuple(weights), x, y, at_zero="one", lacking="grad_h")


def test_repaired_snippet_has_the_threads_shapes_and_120_weights() -> None:
    start = draw(rng())
    assert [a.shape for a in start] == [(4, 3), (4, 1), (3, 30), (30, 1)]
    assert (start.x[:, 2] == 1).all()
    assert start.w1.size + start.w2.size == 120
    (w1, _), losses, _ = train_posted(start)
    assert len(losses) == 200
    assert losses[-1] < losses[0] / 10
    assert (w1 != start.w1).any()


def test_lines_are_the_derivatives_that_they_say_but_for_one_half() -> None:
    # one sample x = 1, 29 units with input 1 and one with input 0; its upstream gradient is
    # 2 * (29 * 1 + 0 - 0) * 3 = 174, which the step multiplies with x and the derivative at zero
    x, y = np.ones((1, 1)), np.zeros((1, 1))
    w1, w2 = np.ones((1, 30)), np.ones((30, 1))
    w1[0, 7], w2[7, 0] = 0, 3

    def gradient(**line: str) -> float:
        new_w1, _ = posted_step((w1, w2), x, y, learning_rate=1, **line)
        return float((w1 - new_w1)[0, 7])

    assert gradient(at_zero="zero") == 0
    assert gradient(at_zero="half") == 87
    assert gradient(at_zero="one") == 174
    assert gradient(at_zero="half", backward="assign") == 0.5


# ---------------------------------------------------------------- compiled against the snippet


@pytest.mark.parametrize("precision", ["float64", "float32", "float16"])
@pytest.mark.parametrize(
    "options",
    [
        {"at_zero": "one"},
        {"at_zero": "half", "inputs": "integers"},
        {"at_zero": "half", "inputs": "integers", "backward": "assign"},
        {"at_zero": "zero", "inputs": "integers", "kink": 0.25},
        {"at_zero": "one", "inputs": "zero_sample", "bias": "zero_start"},
        {"backward": "left_out"},
        {"backward": "sigmoid", "learning_rate": 1e-6},  # at the posted rate it diverges
    ],
)
def test_compiled_loop_is_the_snippet_bit_for_bit(precision: str, options: dict[str, Any]) -> None:
    seeds = [0, 1, 2]
    runs, curves = experiment(seeds=seeds, precision=precision, steps=40, **options)
    given = {key: options.pop(key) for key in ("inputs", "bias") if key in options}
    for seed in seeds:
        arrays = draw(rng(seed), **given)
        start = Start(*(Precision(precision).rounded(a).astype(precision) for a in arrays))
        # numpy itself adds up float16 products from left to right, in float32
        product = np.dot if precision == "float16" else left_to_right
        _, losses, zeros = train_posted(start, 40, product=product, **options)
        assert runs.final_loss[seed] == float(losses[-1])
        assert curves[curves.seed == seed].loss.tolist() == [float(losses[i]) for i in (0, 9, 39)]
        assert runs.exact_zeros[seed] * 40 * 120 == pytest.approx(zeros)


@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("backward", ["multiply", "left_out"])
def test_compiled_sigmoid_is_the_snippets(precision: str, tolerance: float, backward: str) -> None:
    options = {"activation": "sigmoid", "backward": backward}
    runs, _ = experiment(seeds=[0, 1], precision=precision, steps=40, **options)
    for seed in (0, 1):
        start = Start(*(a.astype(precision) for a in draw(rng(seed))))
        _, losses, _ = train_posted(start, 40, **options)
        assert runs.final_loss[seed] == pytest.approx(float(losses[-1]), rel=tolerance)


@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-11), ("float32", 1e-4)])
def test_with_blas_the_snippet_agrees_to_rounding(precision: str, tolerance: float) -> None:
    runs, _ = experiment(seeds=range(5), precision=precision, steps=20)
    for seed in range(5):
        start = Start(*(a.astype(precision) for a in draw(rng(seed))))
        _, losses, _ = train_posted(start, 20)
        assert runs.final_loss[seed] == pytest.approx(float(losses[-1]), rel=tolerance)


def test_a_seed_does_not_depend_on_the_others() -> None:
    options = {"precision": "float32", "steps": 20}
    together, together_curves = experiment(seeds=range(70), **options)
    alone, alone_curves = experiment(seeds=[66, 3], **options)
    pd.testing.assert_frame_equal(alone, together.loc[[66, 3]].reset_index(drop=True))
    expected = together_curves[together_curves.seed.isin([3, 66])].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone_curves, expected)


# ---------------------------------------------------------------- Keras


def keras_weights(start: Start, steps: int, **options: Any) -> list[Any]:
    from repro import fit_seeds  # which keeps float64 data; Keras' own fit makes them float32

    fit = fit_seeds(
        lambda: build_model(Snippet(**options), start),
        start.x,
        start.y,
        seeds=[0],
        epochs=steps,
        batch_size=4,
        shuffle=False,
    )
    return fit.model(0).get_weights()


@pytest.mark.long
@pytest.mark.parametrize(
    ("kink", "at_zero"),
    [
        (0.0, "half"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in ((0.0, "zero"), (0.0, "one"), (1.0, "zero"), (1.0, "half"), (1.0, "one"))
        ),
    ],
)
def test_keras_takes_the_same_steps(at_zero: str, kink: float) -> None:
    start = draw(rng(3), inputs="integers")
    rate = 2.0**-9  # Keras keeps the rate in float32
    options: dict[str, Any] = {"at_zero": at_zero, "kink": kink, "learning_rate": rate}
    weights = (start.w1, start.w2)
    assert (start.x @ start.w1 == kink).any()
    for steps in range(1, 5):
        weights = posted_step(weights, start.x, start.y, **options)
        for ours, posted in zip(keras_weights(start, steps, **options), weights, strict=True):
            np.testing.assert_allclose(ours, posted, rtol=1e-12, atol=1e-13)


def test_in_keras_one_line_makes_sigmoid_of_relu() -> None:
    start, rate = draw(rng(3)), 2.0**-9
    weights = posted_step(start[2:], start.x, start.y, activation="sigmoid", learning_rate=rate)
    ours = keras_weights(start, 1, activation="sigmoid", learning_rate=rate)
    for array, posted in zip(ours, weights, strict=True):
        np.testing.assert_allclose(array, posted, rtol=1e-12, atol=1e-13)


def test_where_one_half_replaces_the_gradient_keras_takes_another_step() -> None:
    start = draw(rng(3), inputs="integers")
    options: dict[str, Any] = {"at_zero": "half", "backward": "assign", "learning_rate": 2.0**-9}
    w1, w2 = posted_step((start.w1, start.w2), start.x, start.y, **options)
    ours_w1, ours_w2 = keras_weights(start, 1, at_zero="half", learning_rate=2.0**-9)
    wrong = ~np.isclose(ours_w1, w1, rtol=1e-12, atol=1e-13)
    assert wrong.any()
    assert (start.x @ start.w1 == 0).any(axis=0)[wrong.any(axis=0)].all()  # only units with a zero
    np.testing.assert_allclose(ours_w2, w2, rtol=1e-12, atol=1e-13)


def test_keras_engine_trains_like_the_compiled_one() -> None:
    options: dict[str, Any] = {"shared_data": True, "inputs": "integers", "steps": 8}
    ours, _ = experiment(seeds=range(3), engine="keras", **options)
    compiled, _ = experiment(seeds=range(3), **options)
    np.testing.assert_allclose(ours.final_loss, compiled.final_loss, rtol=1e-5)
    np.testing.assert_allclose(ours.change, compiled.change, rtol=1e-4)
    assert ours.differs.tolist() == compiled.differs.tolist() == [1, 1, 1]


def test_keras_engine_needs_what_fit_seeds_does() -> None:
    with pytest.raises(ValueError, match="shared_data = true"):
        experiment(seeds=[0], engine="keras")
    with pytest.raises(ValueError, match="multiply"):
        experiment(seeds=[0], engine="keras", shared_data=True, backward="assign")


@pytest.mark.parametrize(
    "ignored",
    [
        {"lacking": "np", "precision": "float32"},
        {"lacking": "all", "inputs": "integers"},
        {"lacking": "grad_h", "engine": "keras", "shared_data": True},
        {"lacking": "seed_first", "shared_data": True},
        {"lacking": "seed_first", "engine": "keras"},
        {"lacking": "np", "activation": "sigmoid"},
        {"activation": "sigmoid", "at_zero": "zero"},
        {"activation": "sigmoid", "backward": "assign"},
        {"backward": "left_out", "at_zero": "half"},
        {"backward": "sigmoid", "kink": 0.1},
    ],
)
def test_a_parameter_without_effect_is_refused(ignored: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"leave|shared_data"):
        experiment(seeds=[0], **ignored)


def test_a_parameter_of_the_other_network_is_refused() -> None:
    with pytest.raises(TypeError, match="hidden_units"):
        experiment(seeds=[0], hidden_units=16)
    with pytest.raises(TypeError, match="steps"):
        experiment(seeds=[0], steps=3, **MLP)


def test_audit_finds_the_snippets_backpropagation_right() -> None:
    from repro import gradient_audit

    start = draw(rng())
    audit = gradient_audit(
        lambda parameters, x, y: list(posted_step(tuple(parameters), x, y)),
        [start.w1, start.w2],
        start.x,
        start.y,
        learning_rate=0.002,
        model=build_model(Snippet(at_zero="zero"), start),
    )
    assert audit.is_right


# ---------------------------------------------------------------- zeros, and what they do


def mean(**options: Any) -> pd.Series:
    runs, _ = experiment(seeds=range(20), **options)
    return runs.drop(columns="status").mean()


def test_gaussian_data_meet_no_zero_and_make_no_difference() -> None:
    means = mean()
    assert means.met_zero == means.differs == means.change == means.exact_zeros == 0
    assert means.looked_at == 200 * 120


def test_zero_sample_without_bias_gives_zeros_that_change_nothing() -> None:
    means = mean(inputs="zero_sample", bias="none")
    assert means.exact_zeros == pytest.approx(0.25)
    assert means.differs == 0
    assert mean(inputs="zero_sample").met_zero == 0


def test_zero_sample_matters_where_biases_start_at_zero() -> None:
    means = mean(inputs="zero_sample", bias="zero_start")
    assert means.differs == 1
    assert means.change > 0.001


def test_integers_matter_and_a_shifted_kink_hides_it() -> None:
    assert mean(inputs="integers").differs == 1
    assert mean(inputs="integers", at_zero="zero").differs == 0
    assert mean(inputs="integers", kink=0.001).differs == 0


def test_a_snippet_that_stops_is_kept_as_crashed() -> None:
    runs, curves = experiment(seeds=range(3), lacking="brackets")
    assert (runs.status == "crashed").all()
    assert (runs.runs_to_end == 0).all()
    assert runs[[*METRICS][:-1]].isna().all(axis=None)
    assert curves.empty


def test_data_drawn_before_the_seed_differ_between_runs_of_the_script() -> None:
    assert mean(lacking="seed_first").differs == 1
    runs, _ = experiment(seeds=[4], lacking="seed_first")
    again, _ = experiment(seeds=[4], lacking="seed_first")
    pd.testing.assert_frame_equal(runs, again)


def test_a_diverged_run_is_kept() -> None:
    runs, _ = experiment(seeds=range(2), learning_rate=1e300)
    assert (runs.status == "diverged").all()
    assert runs[["differs", "change", "met_zero", "final_loss", "loss_left"]].isna().all(axis=None)


# ---------------------------------------------------------------- without the derivative


def test_without_the_derivative_a_step_is_that_of_linear_units() -> None:
    x, y, w1, w2 = draw(rng())
    new_w1, new_w2 = posted_step((w1, w2), x, y, backward="left_out", learning_rate=1)
    outputs = np.maximum(x @ w1, 0)
    error = 2 * (outputs @ w2 - y)
    np.testing.assert_allclose(w1 - new_w1, x.T @ (error @ w2.T))  # every unit lets it through
    np.testing.assert_allclose(w2 - new_w2, outputs.T @ error)


def test_without_the_derivative_training_goes_on_and_is_slower() -> None:
    right, left_out = mean(at_zero="zero"), mean(backward="left_out")
    assert left_out.final_loss > right.final_loss
    assert left_out.loss_left < 1
    assert left_out.differs == 1
    assert right.loss_change == right.change == 0


def test_with_sigmoids_derivative_relu_diverges_and_is_kept() -> None:
    runs, _ = experiment(seeds=range(20), backward="sigmoid")
    assert (runs.status == "diverged").mean() > 0.5
    assert (runs.final_loss.isna() == (runs.status == "diverged")).all()


def test_sigmoid_units_have_no_zero_to_compare() -> None:
    runs, _ = experiment(seeds=range(2), activation="sigmoid")
    assert runs[["differs", "change", "loss_change"]].isna().all(axis=None)
    assert (runs.loss_left < 1).all()


# ---------------------------------------------------------------- random MNIST networks


def test_float16_networks_meet_zeros_that_matter_and_float64_ones_do_not() -> None:
    half, curves = experiment(seeds=range(4), precision="float16", hidden_units=512, **MLP)
    assert half.differs.sum() >= 3  # published: all
    assert (half.met_rounding_zero == half.met_zero).all()
    assert (curves.step <= 16).all()  # 4,000 images in minibatches of 256
    double, _ = experiment(seeds=range(4), precision="float64", hidden_units=16, **MLP)
    assert double.differs.sum() == double.exact_zeros.sum() == 0
    assert (double.looked_at == 4000 * 3 * 16).all()


def test_a_network_does_not_depend_on_the_others() -> None:
    options = {"precision": "float16", "hidden_layers": 1, "hidden_units": 64, **MLP}
    together, _ = experiment(seeds=range(3), **options)
    alone, _ = experiment(seeds=[2], **options)
    pd.testing.assert_frame_equal(alone, together.loc[[2]].reset_index(drop=True))


def test_a_dead_layer_keeps_the_zeros_behind_it_to_itself() -> None:
    runs, _ = experiment(
        seeds=range(2), hidden_layers=2, hidden_units=8, biases="dead_first", batch_size=1000, **MLP
    )
    assert (runs.exact_zeros == 0.5).all()
    assert (runs.differs == 0).all()
    assert (runs.differs_anywhere == 1).all()
