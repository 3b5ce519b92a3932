"""`repro.diagnose` on layers that see too little, turn steps round, or start with weights alike."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from repro.instruments.diagnose.changes.change import changed_build
from repro.instruments.diagnose.measurements.examination import examine_data
from repro.instruments.diagnose.setup.anatomy import trace
from repro.instruments.diagnose.setup.setup import make_setup
from tests.instruments.found import found_in

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(120, 5)).astype("float32")
CLASSES = DRAW.integers(0, 3, 120)
TOKENS = DRAW.integers(1, 10, (120, 7))
STEPS = (TOKENS % 3).astype("int32")
SERIES = DRAW.normal(size=(120, 12, 1)).astype("float32")


def setup_of(make, x, y, loss="sparse_categorical_crossentropy", validation=None, metrics=None):
    def build():
        model = make()
        model.compile("adam", loss, metrics=metrics)
        return model

    settings = {"epochs": 2, "batch_size": 16, "seeds": range(2), "budget": 110}
    return make_setup(build, x, y, validation, **settings)


# Steps --------------------------------------------------------------------------------------------


def tagger(*readers):
    """A network that puts out a class for each step, with these layers in front of the output."""

    def make():
        inputs = keras.Input((7,), dtype="int32")
        h = layers.Embedding(10, 4)(inputs)
        for reader in readers:
            h = reader()(h)
        return keras.Model(inputs, layers.Dense(3, activation="softmax")(h))

    return make


def backwards():
    return layers.GRU(6, return_sequences=True, go_backwards=True)


def forwards():
    return layers.GRU(6, return_sequences=True)


def both():
    return layers.Bidirectional(forwards())


def test_backward_steps_are_found_and_put_into_their_order():
    setup = setup_of(tagger(backwards), TOKENS, STEPS)
    causes, changes = found_in(setup)
    assert "backward_steps" in causes
    keras.utils.set_random_seed(0)
    plain = np.asarray(setup.build()(TOKENS))
    keras.utils.set_random_seed(0)
    turned = np.asarray(changed_build(setup, changes["turn_back"])()(TOKENS))
    np.testing.assert_allclose(turned, plain[:, ::-1], rtol=1e-5)


@pytest.mark.parametrize("readers", [(forwards,), (both,)])
def test_steps_in_their_order_are_not_accused(readers):
    assert "backward_steps" not in found_in(setup_of(tagger(*readers), TOKENS, STEPS))[0]


@pytest.mark.parametrize(
    ("readers", "is_found"), [((), True), ((forwards,), True), ((both,), False)]
)
def test_steps_that_an_output_does_not_see_are_found_and_shown_to_it(readers, is_found):
    setup = setup_of(tagger(*readers), TOKENS, STEPS)
    causes, changes = found_in(setup)
    assert ("unread_steps" in causes) == is_found
    if is_found:
        changed = changed_build(setup, changes["read_both_ways"])
        assert "unread_steps" not in found_in(setup_of(changed, TOKENS, STEPS))[0]


def test_a_dense_layer_given_one_step_after_the_other_is_read_as_dense():
    def make():
        repeated = layers.TimeDistributed(layers.Dense(3, activation="softmax"))
        return keras.Sequential([keras.Input((12, 1)), forwards(), repeated])

    setup = setup_of(make, SERIES, DRAW.integers(0, 3, (120, 12)))
    assert setup.output is not None and setup.output.activation == "softmax"


# Windows ------------------------------------------------------------------------------------------


def convolutions(size, *behind):
    def make():
        inputs = keras.Input((12, 1))
        h = layers.Conv1D(8, size, activation="relu")(inputs)
        for layer in behind or (layers.GlobalMaxPooling1D,):
            h = layer()(h)
        return keras.Model(inputs, layers.Dense(3, activation="softmax")(h))

    return make


def test_windows_of_one_position_in_front_of_pooling_are_found_and_widened():
    setup = setup_of(convolutions(1), SERIES, CLASSES)
    causes, changes = found_in(setup)
    assert "pointwise" in causes
    model = changed_build(setup, changes["wider_windows"])()
    assert trace(model).operations[0].kernel_size == (5,)


@pytest.mark.parametrize("make", [convolutions(3), convolutions(1, layers.Flatten)])
def test_windows_that_see_neighbours_are_not_accused(make):
    assert "pointwise" not in found_in(setup_of(make, SERIES, CLASSES))[0]


# Weights of layers of one's own -------------------------------------------------------------------


class Product(layers.Layer):
    """A dense layer, written by hand."""

    def __init__(self, initializer):
        super().__init__()
        self.initializer = initializer

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 8), initializer=self.initializer)

    def call(self, x):
        return ops.relu(ops.matmul(x, self.w))


def by_hand(initializer):
    def make():
        head = [Product(initializer), layers.Dense(3, activation="softmax")]
        return keras.Sequential([keras.Input((5,)), *head])

    return make


@pytest.mark.parametrize(
    ("initializer", "cause"),
    [("zeros", "initial_weights"), (keras.initializers.RandomNormal(stddev=9), "initial_weights")],
)
def test_weights_of_own_layers_are_looked_at_and_drawn_anew(initializer, cause):
    setup = setup_of(by_hand(initializer), X, CLASSES)
    causes, changes = found_in(setup)
    assert cause in causes
    changed = changed_build(setup, changes["own_initializer"])
    assert cause not in found_in(setup_of(changed, X, CLASSES))[0]


def test_own_layers_of_usual_weights_are_not_accused_and_are_hidden_layers():
    causes, changes = found_in(setup_of(by_hand("glorot_uniform"), X, CLASSES))
    assert not {"alike", "initial_weights", "no_hidden"} & set(causes)
    assert "own_initializer" not in changes


# Embeddings, inputs and metrics -------------------------------------------------------------------


def vectors(shift):
    """A network on vectors that were trained before; by a shift of 1, each is in a wrong row."""
    table = np.zeros((10, 4), "float32")
    table[1 - shift : 10 - shift] = DRAW.normal(size=(9, 4))
    given = keras.initializers.Constant(table)

    def make():
        inputs = keras.Input((7,), dtype="int32")
        h = layers.Embedding(10, 4, embeddings_initializer=given, trainable=False)(inputs)
        h = layers.GlobalAveragePooling1D()(h)
        return keras.Model(inputs, layers.Dense(3, activation="softmax")(h))

    return make


def test_vectors_one_row_off_are_found_and_moved():
    setup = setup_of(vectors(1), TOKENS, CLASSES)
    causes, changes = found_in(setup)
    assert "shifted_rows" in causes
    table = np.asarray(changed_build(setup, changes["shift_rows"])().layers[1].embeddings)
    assert not table[0].any() and table[-1].any()


def test_vectors_in_their_rows_are_not_accused():
    assert "shifted_rows" not in found_in(setup_of(vectors(0), TOKENS, CLASSES))[0]


def dense():
    hidden = layers.Dense(8, activation="relu")
    return keras.Sequential([keras.Input((5,)), hidden, layers.Dense(3, activation="softmax")])


def test_inputs_that_are_all_alike_are_named_and_nothing_else_in_them():
    causes, _ = found_in(setup_of(dense, np.zeros_like(X), CLASSES))
    assert "inputs_constant" in causes
    assert not {"labels_unrelated", "input_scale"} & set(causes)


def share_of_right(y_true, y_pred):
    return ops.mean(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


def share_of_hits(y_true, y_pred):
    labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
    return ops.mean(ops.equal(labels, ops.cast(ops.argmax(y_pred, axis=-1), "int32")))


@pytest.mark.parametrize(("metric", "is_blind"), [(share_of_right, True), (share_of_hits, False)])
def test_a_metric_that_tells_nothing_is_named(metric, is_blind):
    causes, _ = found_in(setup_of(dense, X, CLASSES[:, None], metrics=[metric]))
    assert ("metric_labels" in causes) == is_blind


@pytest.mark.parametrize(
    "case",
    [
        (tagger(backwards), TOKENS, STEPS),
        (tagger(), TOKENS, STEPS),
        (convolutions(1), SERIES, CLASSES),
        (by_hand("zeros"), X, CLASSES),
        (vectors(1), TOKENS, CLASSES),
    ],
)
def test_every_change_runs_from_its_printed_text(case):
    setup = setup_of(*case)
    for key, change in found_in(setup)[1].items():
        names = {"keras": keras, "np": np, "model": setup.build()}
        names |= {"x": case[1], "y": case[2], "x_val": case[1], "y_val": case[2]}
        exec(compile(change.code, key, "exec"), names)  # noqa: S102  # our own text


@pytest.mark.parametrize(("place", "share"), [(0, 11 / 12), (5, 6 / 12), (-1, None)])
def test_steps_behind_the_one_that_a_recurrent_layer_puts_out_are_unseen(place, share):
    def make():
        inputs = keras.Input((12, 1))
        h = layers.GRU(6, return_sequences=True)(inputs)[:, place]
        return keras.Model(inputs, layers.Dense(1)(h))

    unseen = examine_data(setup_of(make, SERIES, SERIES.mean(axis=(1, 2)), loss="mse")).unseen
    assert (unseen and unseen.share) == share


class Drawn(layers.Layer):
    """Adds what it draws anew in every call, in and outside of training."""

    def call(self, x):
        return x + keras.random.normal(ops.shape(x))


def test_what_is_drawn_anew_is_no_mixture_of_rows():
    def make():
        head = [layers.Dense(4), Drawn(), layers.Dense(3, activation="softmax")]
        return keras.Sequential([keras.Input((5,)), *head])

    assert "crossing" not in found_in(setup_of(make, X, CLASSES))[0]


CODED = np.stack([DRAW.integers(0, 30, 600), DRAW.integers(0, 20, 600)], axis=1).astype("float32")
EFFECTS = DRAW.normal(size=30)[CODED[:, 0].astype(int)]


@pytest.mark.parametrize("scale", [None, 1 / 30, [1 / 30, 1 / 20]])
def test_codes_are_found_and_split_whatever_the_model_scales_them_by(scale):
    def make():
        inputs = keras.Input((2,))
        h = inputs if scale is None else layers.Rescaling(scale)(inputs)
        return keras.Model(inputs, layers.Dense(1)(layers.Dense(8, activation="relu")(h)))

    setup = setup_of(make, CODED, EFFECTS, loss="mse")
    causes, changes = found_in(setup)
    assert "codes" in causes
    model = changed_build(setup, changes["categories"])()
    assert model.layers[-2].kernel.shape[0] > 30
    x = np.array([[3.0, 5.0], [3.0, 6.0]], "float32")
    assert np.isfinite(np.asarray(model(x))).all()
