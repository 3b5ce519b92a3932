"""The compiled loop of four_layers against the readable code, on real digits."""

from itertools import product

import numpy as np
import pytest

from repro.data import load
from repro.four_layers.loop import evaluate, sparse, train
from repro.four_layers.posted import PostedNetwork, scaled, targets_of
from repro.four_layers.rebuilt import as_layers, draw, rule_of
from repro.four_layers.settings import Settings
from repro.four_layers.steps import deltas, forward

DIGITS = load("mnist5k")
X, Y = scaled(DIGITS.x_train), targets_of(DIGITS.y_train)
IMAGES = sparse(DIGITS.x_train, DIGITS.y_train)
TEST = sparse(DIGITS.x_test, DIGITS.y_test)


def settings(hidden="relu", output="relu", backpropagation="posted", **changes):
    return Settings(
        hidden_activation=hidden,
        output_activation=output,
        backpropagation=backpropagation,
        **changes,
    )


def layers_of(design, seed=0):
    return as_layers(draw(design, np.random.RandomState(seed).normal))


def trained(design, order, seed=0):
    layers, correct = layers_of(design, seed), np.zeros(len(order), bool)
    learned = train(layers, IMAGES, np.asarray(order), rule_of(design), correct)
    return layers, correct, learned


def test_sparse_images_hold_every_pixel():
    dense = np.zeros((len(X), 784))
    image = np.repeat(np.arange(len(X)), np.diff(IMAGES.start))
    dense[image, IMAGES.pixel] = rule_of(Settings()).ink[IMAGES.grey]
    np.testing.assert_allclose(dense + 0.01, X, rtol=1e-15)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    "activation, rate, images", [("sigmoid", 0.1, 300), ("relu", 0.1, 50), ("relu", 0.01, 300)]
)
def test_the_loop_is_the_posted_code_to_rounding(activation, rate, images, seed):
    design = settings(activation, activation, learning_rate=rate)
    posted = PostedNetwork(
        draw(design, np.random.RandomState(seed).normal), activation=activation, learning_rate=rate
    )
    order = np.random.default_rng(seed).permutation(len(X))[:images]
    for i in order:
        posted.train(X[i], Y[i])

    layers, _, _ = trained(design, order, seed)

    for layer, weights in zip(layers, (posted.wih, posted.wh1h2, posted.wh2o), strict=True):
        scale = np.abs(weights).max()
        np.testing.assert_allclose(layer.kernel.T, weights, rtol=0, atol=1e-11 * scale)


DESIGNS = [
    settings(hidden, output, backpropagation, bias=bias, momentum=momentum, learning_rate=0.02)
    for (hidden, output), backpropagation, (bias, momentum) in product(
        [
            ("sigmoid", "sigmoid"),
            ("relu", "relu"),
            ("leaky_relu", "leaky_relu"),
            ("maxout", "linear"),
        ],
        ["posted", "output_mended", "hidden_mended", "true"],
        [(False, 0.0), (True, 0.9)],
    )
] + [settings("relu", "sigmoid", "true", loss="cross_entropy", initializer="he_normal")]


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_every_rule_moves_weights_as_its_deltas_say(design):
    layers, velocity = layers_of(design), None
    for image in range(12):
        x, y = X[[image]], Y[[image]]
        inputs, slopes = forward(design, layers, x)
        steps = deltas(design, layers, slopes, y - inputs[-1], mended=design.mended)
        moves = [design.learning_rate * i.T @ s for i, s in zip(inputs, steps, strict=False)]
        moves += [design.learning_rate * s[0] * design.bias for s in steps]
        if velocity is not None:
            moves = [m + design.momentum * v for m, v in zip(moves, velocity, strict=True)]
        velocity = moves
        for weights, move in zip(
            [layer.kernel for layer in layers] + [layer.bias for layer in layers],
            moves,
            strict=True,
        ):
            weights += move

    got, _, _ = trained(design, range(12))

    for mine, expected in zip(got, layers, strict=True):
        np.testing.assert_allclose(mine.kernel, expected.kernel, rtol=0, atol=1e-12)
        np.testing.assert_allclose(mine.bias, expected.bias, rtol=0, atol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_training_may_be_interrupted(momentum):
    design = settings("relu", "linear", "true", learning_rate=0.001, momentum=momentum, bias=True)
    whole, correct, _ = trained(design, range(200))
    layers, halves = layers_of(design), np.zeros(200, bool)
    for part in (slice(0, 70), slice(70, 200)):
        train(layers, IMAGES, np.arange(200)[part], rule_of(design), halves[part])

    assert (correct == halves).all()
    for a, b in zip(layers, whole, strict=True):
        for mine, expected in zip(a, b, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-12)


def test_correct_is_judged_before_the_image_is_learned():
    design = settings("relu", "linear", "true", learning_rate=0.01)
    _, correct, _ = trained(design, [5] * 4)
    before = forward(design, layers_of(design), X[[5]])[0][-1]
    assert correct[0] == (before.argmax() == DIGITS.y_train[5])
    assert correct[-1]  # learned by heart


@pytest.mark.parametrize("hidden", ["relu", "maxout", "sigmoid"])
def test_evaluate_classifies_and_sees_slopes_as_numpy_does(hidden):
    design = settings(hidden, "relu", "true", learning_rate=0.01)
    layers, _, _ = trained(design, range(500))
    correct = np.zeros(len(TEST.label), bool)
    alive = tuple(np.zeros(len(layer.bias), bool) for layer in layers)

    squares = np.zeros(len(TEST.label))
    evaluate(layers, TEST, rule_of(design), correct, alive, squares)

    inputs, slopes = forward(design, layers, scaled(DIGITS.x_test))
    assert (correct == (inputs[-1].argmax(axis=1) == DIGITS.y_test)).all()
    errors = targets_of(DIGITS.y_test) - inputs[-1]
    np.testing.assert_allclose(squares, np.sum(errors**2, axis=1), rtol=1e-9)
    for got, slope in zip(alive, slopes, strict=True):
        assert (got == (slope != 0).any(axis=0)).all()


def test_a_network_that_diverges_stops_and_says_so():
    design = settings("relu", "linear", "true", learning_rate=10.0)
    with np.errstate(all="ignore"):
        _, correct, learned = trained(design, range(300))
    assert 0 < learned < 300
    assert not correct[learned + 1 :].any()
