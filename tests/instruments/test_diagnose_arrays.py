"""`repro.diagnose` on arrays that were scaled, turned or ordered the wrong way round."""

import keras
import numpy as np
import pytest
from keras import layers

from repro.instruments.diagnose.changes.change import changed_build
from repro.instruments.diagnose.changes.edits import skipped_share
from repro.instruments.diagnose.measurements.row_scale import share_of_sized_rows
from repro.instruments.diagnose.measurements.tails import long_tail
from repro.instruments.diagnose.measurements.turned import turned_validation
from repro.instruments.diagnose.measurements.unseen import find_unseen
from repro.instruments.diagnose.proof.train import train
from repro.instruments.diagnose.setup.outputs import outputs_of
from repro.instruments.diagnose.setup.skill import skill

from .test_diagnose_programs import HIDDEN, LINEAR, SIGMOID, examined, sequential, setup_of

DRAW = np.random.default_rng(5)
X = DRAW.normal(size=(400, 4)).astype("float32")
LINE = X[:, 0] + 0.5 * X[:, 1]
TAILED = np.exp(1.2 * LINE + 5).astype("float32")
REGRESSION = sequential(HIDDEN, LINEAR, loss="mse")
BINARY = sequential(HIDDEN, SIGMOID)


# Targets over orders of magnitude ----------------------------------------------------------------


def test_targets_with_a_long_tail_are_to_be_learned_by_their_logarithm():
    causes, changes = examined(setup_of(REGRESSION, X, TAILED))
    assert causes.index("long_tail") < causes.index("target_scale")
    assert "log_targets" in changes


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(LINE, id="normal"),
        pytest.param(np.where(np.arange(400) % 50, LINE + 9, 1e6), id="a few errors far out"),
        pytest.param(DRAW.uniform(1, 9, 400), id="uniform"),
        pytest.param(-TAILED, id="below 0"),
    ],
)
def test_no_other_targets_have_a_long_tail(y):
    assert not long_tail(y[:, None]) > 2
    assert "log_targets" not in examined(setup_of(REGRESSION, X, y))[1]


@pytest.mark.parametrize("y", [TAILED, np.floor(TAILED / 20)], ids=["above 0", "counts"])
def test_a_logarithm_is_scored_in_the_units_of_the_targets(y):
    setup = setup_of(REGRESSION, X, y, epochs=3)
    change = examined(setup)[1]["log_targets"]
    trained = train(setup, change, range(2))
    names = {"np": np, "y": setup.test[1].ravel()}
    code, undo = change.code.split("  # and ")
    for seed, scored in zip(range(2), trained.test, strict=True):
        predictions = trained.model(seed).predict(setup.test[0], verbose=0).ravel()
        back = eval(undo, names | {"predictions": predictions})  # noqa: S307
        right = skill(setup.task, np.mean((back - names["y"]) ** 2), setup.test[1])
        assert scored == pytest.approx(right, abs=1e-3)
    exec(code, names)  # noqa: S102
    learned = change.data(setup.train, setup.test)[1][1].ravel()
    np.testing.assert_allclose(names["y"], learned, atol=1e-4)


# Labels and rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize("is_apart", [False, True])
def test_labels_from_the_last_to_the_first_are_turned_back(is_apart):
    y = (LINE > 0).astype(int)
    validation = (X[300:], y[300:]) if is_apart else None
    x, y = (X[:300], y[:300]) if is_apart else (X, y)
    causes, changes = examined(setup_of(BINARY, x, y[::-1].copy(), validation))
    assert "labels_shifted" in causes and "labels_unrelated" not in causes
    right = setup_of(BINARY, x, y, validation)
    turned = changes["reverse_labels"].rows(right.train, right.test)
    for (_, back), (_, label) in zip(turned, (right.train, right.test), strict=True):
        np.testing.assert_array_equal(back, label)


SCALED = {
    "mean and deviation": lambda x: (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True),
    "length": lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    "least and largest": lambda x: (x - x.min(1, keepdims=True)) / np.ptp(x, axis=1, keepdims=True),
}


@pytest.mark.parametrize("scale", SCALED.values(), ids=SCALED)
def test_rows_that_were_scaled_one_by_one_are_named(scale):
    level = 5 * DRAW.normal(size=(400, 1))
    x = scale(X + level).astype("float32")
    causes, _ = examined(setup_of(BINARY, x, (level[:, 0] > 0).astype(int)))
    assert "rows_sized" in causes


@pytest.mark.parametrize(
    "x", [X, np.eye(4)[DRAW.integers(0, 4, 400)], (X - X.mean(0)) / X.std(0)], ids=range(3)
)
def test_rows_of_columns_that_were_scaled_and_those_of_categories_are_not(x):
    assert share_of_sized_rows(setup_of(BINARY, x, (LINE > 0).astype(int))) < 0.5


@pytest.mark.parametrize(("padding", "is_cut"), [(0, True), (3, False)])
def test_full_rows_of_tokens_that_tell_nothing_may_have_been_cut(padding, is_cut):
    draw = np.random.default_rng(0)  # its own: one draw in twenty is related by chance
    tokens = draw.integers(1, 50, (400, 10))
    tokens[:, :padding] = 0
    embedding = [lambda: layers.Embedding(50, 4), layers.Flatten, SIGMOID]
    causes, _ = examined(setup_of(sequential(*embedding), tokens, draw.integers(0, 2, 400)))
    assert "labels_unrelated" in causes
    assert ("cut_rows" in causes) == is_cut


# Validation inputs turned round ------------------------------------------------------------------

STEPS = DRAW.normal(size=(400, 6, 2)).astype("float32")
IMAGES = DRAW.normal(size=(400, 5, 5, 3)).astype("float32")
RECURRENT = sequential(lambda: layers.SimpleRNN(4), LINEAR, loss="mse")
FLAT = sequential(layers.Flatten, LINEAR, loss="mse")


@pytest.mark.parametrize(
    ("x", "y", "build", "turn", "code"),
    [
        (STEPS, STEPS[:, -1, 0], RECURRENT, lambda a: a[:, ::-1], "np.flip(x_val, 1)"),
        (STEPS, STEPS[:, -1, 0], RECURRENT, lambda a: a[..., ::-1], "np.flip(x_val, 2)"),
        (IMAGES, IMAGES[:, 0, 3, 1], FLAT, lambda a: a[:, ::-1], "np.flip(x_val, 1)"),
        (IMAGES, IMAGES[:, 2, 2, 0], FLAT, lambda a: a[..., ::-1], "np.flip(x_val, 3)"),
        (
            IMAGES,
            IMAGES[:, 0, 3, 1],
            FLAT,
            lambda a: a.swapaxes(1, 2),
            "np.swapaxes(x_val, 1, 2)",
        ),
    ],
    ids=["steps", "columns of steps", "upside down", "channels", "transposed"],
)
def test_validation_inputs_that_were_turned_round_are_turned_back(x, y, build, turn, code):
    validation = (turn(x[300:]), y[300:])
    causes, changes = examined(setup_of(build, x[:300], y[:300], validation))
    assert causes[0] == "validation"
    change = changes["turn_validation"]
    assert change.code.startswith(f"x_val = {code}  #")
    _, (back, _) = change.data((x[:300], y[:300]), validation)
    np.testing.assert_array_equal(back, x[300:])
    pasted = eval(code, {"np": np, "x_val": validation[0]})  # noqa: S307
    np.testing.assert_array_equal(pasted, back)


def test_validation_inputs_as_those_of_training_are_left_as_they_are():
    y = STEPS[:, -1, 0]
    setup = setup_of(RECURRENT, STEPS[:300], y[:300], (STEPS[300:], y[300:]))
    assert turned_validation(setup) == (0.0, None)
    unrelated = setup_of(RECURRENT, STEPS[:300], y[:300], (STEPS[300:], y[:100]))
    assert turned_validation(unrelated)[0] < 0.3


# Few updates -------------------------------------------------------------------------------------


def gathering(batches):
    adam = lambda: keras.optimizers.Adam(0.003, gradient_accumulation_steps=batches)  # noqa: E731
    return sequential(HIDDEN, LINEAR, loss="mse", optimizer=adam)


def test_gradients_are_not_to_be_gathered_over_more_batches_than_there_is_time_for():
    setup = setup_of(gathering(40), X, LINE, epochs=20)
    causes, changes = examined(setup)
    assert "gathered" in causes
    changed = changes["update_every_step"].optimizer(setup.optimizer)
    assert changed.gradient_accumulation_steps is None
    assert float(changed.learning_rate) == pytest.approx(0.003)
    assert "gathered" not in examined(setup_of(gathering(None), X, LINE, epochs=20))[0]
    assert "gathered" not in examined(setup_of(gathering(2), X, LINE, epochs=200))[0]


# Pixels that are never read, targets on another level ---------------------------------------------


def convolution(**settings):
    settings = {"filters": 3, "kernel_size": 2, "activation": "relu"} | settings
    return sequential(lambda: layers.Conv2D(**settings), layers.Flatten, LINEAR, loss="mse")


@pytest.mark.parametrize(
    ("build", "left"),
    [
        (convolution(strides=3), (2, 2)),
        (convolution(strides=(3, 1), kernel_size=(2, 1)), (2, 5)),
        (
            sequential(
                lambda: layers.MaxPooling2D(1, strides=2), layers.Flatten, LINEAR, loss="mse"
            ),
            (5, 5),
        ),
    ],
    ids=["square", "one side", "pooling"],
)
def test_strides_that_skip_pixels_are_made_as_long_as_the_window(build, left):
    setup = setup_of(build, IMAGES, IMAGES[:, 0, 3, 1])
    causes, changes = examined(setup)
    assert "skipped" in causes
    model = changed_build(setup, changes["read_all"])()
    strided = next(layer for layer in model.layers if hasattr(layer, "strides"))
    assert strided.output.shape[1:3] == left
    assert not any(map(skipped_share, model.layers))


def test_strides_as_long_as_the_window_skip_nothing():
    causes, _ = examined(setup_of(convolution(strides=2), IMAGES, LINE))
    assert "skipped" not in causes


def test_validation_targets_on_another_level_are_brought_to_that_of_training():
    causes, changes = examined(setup_of(REGRESSION, X[:300], LINE[:300], (X[300:], LINE[300:] + 9)))
    assert "validation_targets" in causes
    _, (_, moved) = changes["match_targets"].rows((X, LINE), (X, LINE + 9))
    np.testing.assert_allclose(moved, LINE, atol=1e-4)


def test_validation_targets_may_follow_inputs_that_lie_elsewhere():
    x, y = X[300:] + 9, LINE[300:] + 13
    assert (
        "validation_targets" not in examined(setup_of(REGRESSION, X[:300], LINE[:300], (x, y)))[0]
    )


# What the output can't see, and what dropout leaves -----------------------------------------------


def causal(*dilations, x=STEPS):
    """Convolutions whose last step goes to the output."""

    def build():
        inputs = h = keras.Input(x.shape[1:])
        for dilation in dilations:
            h = layers.Conv1D(4, 2, padding="causal", dilation_rate=dilation, activation="relu")(h)
        model = keras.Model(inputs, layers.Dense(1)(h[:, -1]))
        model.compile("adam", "mse")
        return model

    return build


def test_steps_that_no_window_reaches_are_named_and_seen_once_it_is_dilated():
    setup = setup_of(causal(1, 1, 1), STEPS, STEPS[:, 0, 0])
    unseen = find_unseen(setup)
    assert unseen.share == pytest.approx(2 / 6) and unseen.lost > 0.9
    causes, changes = examined(setup)
    assert causes[0] == "unseen_inputs"
    for key in ("dilate", "join_whole_input"):
        build = changed_build(setup, changes[key])
        assert find_unseen(setup_of(build, STEPS, STEPS[:, 0, 0])) is None
    lines = changes["dilate"].code.splitlines()
    assert all(f"dilation_rate={2**i}," in line for i, line in enumerate(lines))


@pytest.mark.parametrize(
    ("build", "y"),
    [
        pytest.param(causal(1, 2, 4), STEPS[:, 0, 0], id="all is seen"),
        pytest.param(causal(1, 1, 1), STEPS[:, -1, 0], id="what tells the targets is seen"),
        pytest.param(RECURRENT, STEPS[:, 0, 0], id="recurrent"),
    ],
)
def test_a_network_that_sees_what_it_needs_is_not_blamed(build, y):
    assert "unseen_inputs" not in examined(setup_of(build, STEPS, y))[0]


@pytest.mark.parametrize(("places", "is_much"), [(2, False), (5, True)])
def test_dropout_is_counted_over_all_layers(places, is_much):
    stack = [part for _ in range(places) for part in (HIDDEN, lambda: layers.Dropout(0.5))]
    causes, changes = examined(setup_of(sequential(*stack, LINEAR, loss="mse"), X, LINE))
    assert ("dropout" in causes) == ("no_dropout" in changes) == is_much


# Attention that weighs nothing, outputs by name --------------------------------------------------


def attention(axis, activation=None):
    """The mean of the steps, each times a softmax of its score."""

    def build():
        inputs = keras.Input(STEPS.shape[1:])
        weights = layers.Dense(1, activation)(inputs)
        weights = weights if activation else layers.Softmax(axis=axis)(weights)
        pooled = layers.GlobalAveragePooling1D()(layers.Multiply()([inputs, weights]))
        model = keras.Model(inputs, layers.Dense(1)(pooled))
        model.compile("adam", "mse")
        return model

    return build


@pytest.mark.filterwarnings("ignore:You are using a softmax")
@pytest.mark.parametrize("build", [attention(-1), attention(None, "softmax")])
def test_a_softmax_of_one_number_is_taken_along_the_steps(build):
    setup = setup_of(build, STEPS, STEPS[:, 0, 0])
    causes, changes = examined(setup)
    assert "softmax_of_one" in causes
    changed = changed_build(setup, changes["softmax_along_steps"])
    softmax = next(o for o in changed().layers if type(o).__name__ == "Softmax")
    assert softmax.axis == 1
    assert "softmax_of_one" not in examined(setup_of(changed, STEPS, STEPS[:, 0, 0]))[0]


def test_a_softmax_of_several_numbers_is_left_as_it_is():
    causes, _ = examined(setup_of(attention(1), STEPS, STEPS[:, 0, 0]))
    assert "softmax_of_one" not in causes


def two_outputs(are_named):
    def build():
        inputs = keras.Input((4,))
        price = layers.Dense(1, name="price")(inputs)
        hit = layers.Dense(1, "sigmoid", name="hit")(inputs)
        outputs = {"price": price, "hit": hit} if are_named else [hit, price]
        model = keras.Model(inputs, outputs)
        model.compile("adam", {"price": "mse", "hit": "binary_crossentropy"})
        return model

    return build


@pytest.mark.parametrize("are_named", [True, False])
@pytest.mark.parametrize("first", ["price", "hit"])
def test_targets_go_with_the_output_of_their_name_in_any_order(first, are_named):
    targets = {"price": 500 * LINE, "hit": (LINE > 0).astype(float)}
    y = {first: targets[first]} | targets
    found = outputs_of(two_outputs(are_named), X, y, (X, y), epochs=1, batch_size=50)
    for output in found:
        model = output.build()
        assert model.loss == {"price": "mse", "hit": "binary_crossentropy"}[output.name]
        assert model.output_names == [output.name]
        np.testing.assert_array_equal(output.y, targets[output.name])
        np.testing.assert_array_equal(output.y_test, targets[output.name])
    assert {output.name for output in found if output.share < 0.01} == {"hit"}
