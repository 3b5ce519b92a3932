"""Models with a `train_step` of their own, as the examples of keras.io have them.

Such a model may have no `call`, take what it likes of a batch, and make variables as it trains.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from repro import fit_seeds
from tests.training.plain import BATCH, assert_same, fit_by_hand
from tests.training.test_arguments import X, Y

GIVEN = {"epochs": 2, "batch_size": BATCH, "shuffle": False, "verbose": 0}
pytestmark = pytest.mark.filterwarnings("ignore:one seed at a time")


class Coder(keras.Model):
    """Code and decode, in train_step alone."""

    def __init__(self, code, decode):
        super().__init__()
        self.code, self.decode = code, decode
        self.total = keras.metrics.Mean(name="total")

    @property
    def metrics(self):
        return [self.total]

    def train_step(self, data):
        with tf.GradientTape() as tape:
            error = ops.sum((self.decode(self.code(data)) - data) ** 2)
            loss = error / ops.cast(ops.shape(data)[0], "float32")
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.total.update_state(loss)
        return {"loss": self.total.result()}


def coder(*inputs):
    def build():
        code = keras.Sequential([*inputs, layers.Dense(3, "tanh")])
        model = Coder(code, keras.Sequential([layers.Dense(X.shape[1])]))
        model.compile(keras.optimizers.Adam(0.01))
        return model

    return build


def by_fit(build, seed, *data, **given):
    keras.utils.set_random_seed(seed)
    model = build()
    return model, model.fit(*data, **given)


@pytest.mark.parametrize("inputs", [[keras.Input((X.shape[1],))], []], ids=["built", "unbuilt"])
def test_a_model_without_call_trains_as_by_fit(inputs):
    build = coder(*inputs)
    fit = fit_seeds(build, X, seeds=[3, 0], **GIVEN)
    assert fit.one_at_a_time == "Coder overrides metrics, train_step"
    assert_same(fit, 3, *by_fit(build, 3, X, **GIVEN))


class Triplets(keras.Model):
    """Take three inputs of a batch, none of which is a target."""

    def __init__(self):
        super().__init__()
        inputs = [keras.Input((X.shape[1],)) for _ in range(3)]
        embed = layers.Dense(3)
        self.network = keras.Model(inputs, [embed(one) for one in inputs])

    def call(self, inputs):
        return self.network(inputs)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            anchor, same, other = self.network(data)
            loss = ops.mean(ops.relu((anchor - same) ** 2 - (anchor - other) ** 2 + 0.5))
        weights = self.network.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss}


def test_a_batch_may_be_what_the_model_s_own_step_takes():
    def build():
        model = Triplets()
        model.compile("sgd")
        return model

    data = tf.data.Dataset.from_tensor_slices((X, X[::-1], 2 * X)).batch(BATCH)
    given = {"epochs": 2, "shuffle": False, "verbose": 0}
    fit = fit_seeds(build, data, seeds=[3, 0], **given)
    assert_same(fit, 3, *by_fit(build, 3, data, **given))


class Scaled(keras.losses.Loss):
    """Divide by a moving mean of the loss."""

    def __init__(self):
        super().__init__()
        self.mean = keras.Variable(1.0, trainable=False)

    def call(self, y, y_pred):
        error = ops.mean((y - y_pred) ** 2, axis=-1)
        self.mean.assign(0.9 * self.mean + 0.1 * ops.mean(error))
        return error / self.mean


def test_what_a_loss_keeps_comes_back_with_the_model():
    def build():
        model = keras.Sequential([keras.Input((X.shape[1],)), layers.Dense(1)])
        model.compile("sgd", Scaled())
        return model

    fit = fit_seeds(build, X, Y, seeds=[3, 0], **GIVEN)
    model, _ = by_fit(build, 3, X, Y, **GIVEN)
    np.testing.assert_allclose(fit.model(3).loss.mean, model.loss.mean, rtol=1e-5)
    evaluated = fit.evaluate(X, Y).set_index("seed").loss[3]
    np.testing.assert_allclose(evaluated, model.evaluate(X, Y, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("kind", [tf.distribute.OneDeviceStrategy, tf.distribute.MirroredStrategy])
def test_a_model_made_under_a_strategy_is_trained_alone(kind):
    strategy = kind("/CPU:0") if kind is tf.distribute.OneDeviceStrategy else kind(["/CPU:0"])

    def build():
        with strategy.scope():
            model = keras.Sequential([keras.Input((X.shape[1],)), layers.Dense(1)])
            model.compile("adam", "mse")
        return model

    y = X[:, :1]
    with pytest.warns(UserWarning, match="one seed at a time: a distribution strategy is in use"):
        fit = fit_seeds(build, X, y, seeds=[3, 1], epochs=2, batch_size=BATCH, verbose=0)
    assert_same(fit, 3, *fit_by_hand(build, 3, X, y, epochs=2))
    assert fit.evaluate(X, y).shape == (2, 2) and len(fit.resume(epochs=3).frame) == 6
