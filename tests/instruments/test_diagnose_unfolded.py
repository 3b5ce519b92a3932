"""`repro.diagnose` on models and layers of the user's own class, read as a graph of layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from repro.instruments.diagnose.changes.change import changed_build
from repro.instruments.diagnose.check import check
from repro.instruments.diagnose.setup.anatomy import is_graph, sites, trace
from repro.instruments.diagnose.setup.building import checked_build
from repro.instruments.diagnose.setup.setup import make_setup
from tests.instruments.found import found_in

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(60, 5)).astype("float32")
Y = X[:, 0] * X[:, 1]
TOKENS = DRAW.integers(0, 10, (60, 7))


class Plain(keras.Model):
    """Two dense layers and dropout, told whether it trains."""

    def __init__(self):
        super().__init__()
        self.hidden, self.drop = layers.Dense(8, "relu"), layers.Dropout(0.5)
        self.out = layers.Dense(1)

    def call(self, x, training=False):
        return self.out(self.drop(self.hidden(x), training=training))


class Tokens(keras.Model):
    """An LSTM between functions of TensorFlow."""

    def __init__(self):
        super().__init__()
        self.embed, self.lstm = layers.Embedding(10, 4), layers.LSTM(6, return_sequences=True)
        self.out = layers.Dense(3)

    def call(self, x):
        h = tf.reduce_mean(self.lstm(self.embed(x)), axis=1)
        return tf.nn.softmax(self.out(tf.concat([h, tf.nn.relu(h)], -1)))


class Block(layers.Layer):
    """Layers within a layer."""

    def __init__(self, units):
        super().__init__()
        self.first, self.second = layers.Dense(units, "relu"), layers.Dense(units)

    def call(self, x):
        return x + self.second(self.first(x))


class Blocks(keras.Model):
    """Layers within layers within a model."""

    def __init__(self):
        super().__init__()
        self.wide, self.blocks = layers.Dense(8), [Block(8), Block(8)]
        self.out = keras.Sequential([layers.Dense(1)])

    def call(self, x):
        x = self.wide(x)
        for block in self.blocks:
            x = block(x)
        return self.out(x)


class Branching(keras.Model):
    """Goes another way in training, which no graph keeps."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = layers.Dense(8), layers.Dense(1)

    def call(self, x, training=None):
        h = self.hidden(x)
        return self.out(2 * h if training else h)


class OwnWeights(keras.Model):
    """Has a weight that is no layer's, which a graph would take for a number."""

    def __init__(self):
        super().__init__()
        self.factors = self.add_weight(shape=(5, 3))
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(x @ self.factors)


class Fixed(keras.Model):
    """A part that never trains, which a functional model would tell that it does."""

    def __init__(self):
        super().__init__()
        self.part = keras.Sequential([layers.Dense(4), layers.BatchNormalization()])
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(self.part(x, training=False))


def around(layer, units=8):
    """A functional model with this layer behind a dense one."""

    def make():
        inputs = keras.Input((5,))
        return keras.Model(inputs, layers.Dense(1)(layer()(layers.Dense(units)(inputs))))

    return make


def compiled(make, loss="mse"):
    def build():
        model = make()
        model.compile("adam", loss)
        return model

    return build


@pytest.mark.parametrize(
    ("make", "x", "kinds"),
    [
        (Plain, X, "Dense Dropout Dense"),
        (Tokens, TOKENS, "Embedding LSTM ReduceMean Relu Concat Dense Softmax"),
        (Blocks, X, "Dense Dense Dense Add Dense Dense Add Dense"),
        (around(lambda: layers.Lambda(lambda h: tf.round(h))), X, "Dense Round Dense"),
        (around(lambda: Block(8)), X, "Dense Dense Dense Add Dense"),
    ],
)
def test_a_class_of_ones_own_is_read_as_the_layers_it_calls(make, x, kinds):
    keras.utils.set_random_seed(1)
    plain = compiled(make)()
    expected = np.asarray(plain(x))
    build = checked_build(compiled(make), x)
    build()
    keras.utils.set_random_seed(1)
    model = build()
    found = [type(o).__name__ for o in trace(model).operations]
    assert [kind for kind in found if kind != "ConvertToTensor"] == kinds.split()
    np.testing.assert_allclose(np.asarray(model(x)), expected, rtol=1e-5, atol=1e-6)
    assert [v.shape for v in model.trainable_variables] == [
        v.shape for v in plain.trainable_variables
    ]


def test_an_activation_of_tensorflow_is_known_as_one():
    build = checked_build(compiled(Tokens), TOKENS)
    assert sites(build())[-1].activation == "softmax"


@pytest.mark.parametrize("make", [Branching, OwnWeights, Fixed])
def test_what_a_graph_would_change_is_left_as_it_is(make):
    model = checked_build(compiled(make), X)()
    assert not is_graph(model)


def test_a_model_with_inputs_by_name_and_outputs_by_name_is_read_too():
    class Named(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = layers.Dense(4, "relu"), layers.Dense(1)

        def call(self, x):
            return self.out(ops.concatenate([self.hidden(x["a"]), x["b"]], axis=1))

    model = checked_build(compiled(Named), {"a": X, "b": X})()
    assert [site.label for site in sites(model)] == ["Dense 1", "Dense 2"]


# Weights, losses and rows that only show once a layer is looked into ------------------------------


def setup_of(make, x=X, y=Y):
    settings = {"epochs": 2, "batch_size": 16, "seeds": range(2), "budget": 110}
    return make_setup(compiled(make), x, y, None, **settings)


class Variables(layers.Layer):
    """Multiplies by a `tf.Variable`, which Keras doesn't count among the weights."""

    def build(self, shape):
        self.w = tf.Variable(tf.random.normal((shape[-1], 4)), name="w")

    def call(self, x):
        return tf.matmul(x, self.w)


class Added(layers.Layer):
    """Adds a loss, and passes its inputs on."""

    def call(self, x):
        self.add_loss(ops.mean(ops.square(x)))
        return x


class Crossed(layers.Layer):
    """A softmax over the rows of a batch."""

    def call(self, x):
        return ops.softmax(x, axis=0)


def hidden_in_a_function():
    dense = layers.Dense(4)
    return layers.Lambda(lambda x: dense(x))


@pytest.mark.parametrize("layer", [Variables, hidden_in_a_function])
def test_weights_that_keras_does_not_know_are_found_and_made_known(layer):
    setup = setup_of(around(layer))
    causes, changes = found_in(setup)
    assert "untracked" in causes
    model = setup.build()
    known = len(model.trainable_variables)
    tracked = changed_build(setup, changes["track_weights"])()
    assert len(tracked.trainable_variables) > known
    before = [np.asarray(v).copy() for v in tracked.trainable_variables]
    tracked.fit(X, Y, verbose=0)
    after = [np.asarray(v).copy() for v in tracked.trainable_variables]
    assert all((a != b).any() for a, b in zip(before, after, strict=True))


def test_a_loss_that_a_layer_adds_is_seen_and_left_out():
    setup = setup_of(around(Added))
    causes, changes = found_in(setup)
    assert "added_loss" in causes
    model = changed_build(setup, changes["no_added_loss"])()
    model(X)
    assert not model.losses


@pytest.mark.filterwarnings("ignore:.*softmax over axis 0:UserWarning")
def test_rows_that_reach_one_another_are_found_and_kept_apart():
    setup = setup_of(around(Crossed))
    causes, changes = found_in(setup)
    assert "crossing" in causes
    model = changed_build(setup, changes["along_axis_1"])()
    alone, among = np.asarray(model(X[:1])), np.asarray(model(X))[:1]
    np.testing.assert_allclose(alone, among, rtol=1e-5)


@pytest.mark.parametrize("make", [Plain, Blocks, around(layers.BatchNormalization)])
def test_healthy_layers_are_not_accused(make):
    causes, _ = found_in(setup_of(make))
    assert not {"untracked", "added_loss", "crossing"} & set(causes)


def test_check_reads_a_model_of_ones_own_class_before_any_data():
    said = str(check(compiled(Plain, "binary_crossentropy")))
    assert "Dense 2: binary_crossentropy takes probabilities, linear puts out none" in said
    assert "(8,) was assumed" in said


class Late(keras.Model):
    """Says that it is built before the model within has weights, and trains by its own steps."""

    def __init__(self):
        super().__init__()
        self.body = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(1)])

    def call(self, x):
        return self.body(x)

    def train_step(self, batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y[:, None] - self(x, training=True)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


@pytest.mark.filterwarnings("ignore:.*does not have a `build:UserWarning")
def test_a_model_that_is_built_without_its_weights_has_them_in_every_call_of_build():
    def build():
        model = Late()
        model.build((None, 5))
        model.compile("adam")
        return model

    checked = checked_build(build, X)
    assert [len(checked().trainable_variables) for _ in range(2)] == [4, 4]
