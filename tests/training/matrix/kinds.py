"""Models of every kind that people train, beyond one layer, loss or optimizer."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, losses, metrics, ops, optimizers

from tests.training.matrix.cases import INPUTS, TARGETS, N
from tests.training.matrix.compare import Case

X = INPUTS["vector"]
LABELS = np.random.default_rng(6).integers(0, 3, N)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
YES = (LABELS > 0).astype("float32")[:, None]


def _compiled(model: keras.Model, loss: Any = "mse", **settings: Any) -> keras.Model:
    optimizer = settings.pop("optimizer", None) or optimizers.SGD(0.05)
    model.compile(optimizer, loss, **settings)
    return model


def _stack(*between: Any, **settings: Any) -> keras.Model:
    """Return a compiled dense model with some layers in its middle."""
    first, last = layers.Dense(6, "tanh"), layers.Dense(1)
    return _compiled(keras.Sequential([keras.Input((8,)), first, *between, last]), **settings)


# ---------------------------------------------------------------- layers with state or randomness


@keras.saving.register_keras_serializable("matrix")
class MovingMean(layers.Layer):
    """Subtract a moving mean that is read after it is written."""

    def build(self, shape):
        self.mean = self.add_weight(shape=shape[1:], initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * ops.mean(x, axis=0))
        return x - self.mean


class Counted(layers.Layer):
    """Scale by a count of calls, of an integer variable."""

    def build(self, shape):
        self.count = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False)

    def call(self, x):
        self.count.assign_add(1)
        return x / ops.cast(self.count, x.dtype)


class AssignedWeight(layers.Layer):
    """Clip a trainable weight in the forward pass, and use it again."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[1:], initializer="uniform")

    def call(self, x):
        y = x * self.scale
        self.scale.assign(ops.clip(self.scale, -0.01, 0.01))
        return y + x * self.scale


class Unused(layers.Layer):
    """Hold a weight that gets no gradient."""

    def build(self, shape):
        self.unused = self.add_weight(shape=shape[1:], initializer="ones")

    def call(self, x):
        return x


class Reversed(layers.Layer):
    """Reverse the gradient."""

    def call(self, x):
        @tf.custom_gradient
        def reverse(a):
            return tf.identity(a), lambda upstream: -0.5 * upstream

        return reverse(x)


class Recomputed(layers.Layer):
    """Compute again in the backward pass, and save memory."""

    def __init__(self, units):
        super().__init__()
        self.inner = layers.Dense(units, "tanh")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return tf.recompute_grad(lambda a: self.inner(a))(x)


class TensorFlowNoise(layers.Layer):
    """Draw from TensorFlow's global generator."""

    def call(self, x):
        return x + tf.random.normal(tf.shape(x))


class KerasNoise(layers.Layer):
    """Draw from Keras' global generator."""

    def call(self, x):
        return x + keras.random.normal(ops.shape(x))


class OwnGenerator(layers.Layer):
    """Draw from a generator of its own."""

    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(3)

    def call(self, x):
        return x + keras.random.normal(ops.shape(x), seed=self.generator)


class Drawn(layers.Layer):
    """Scale by a plain attribute that is drawn when it is made."""

    def __init__(self):
        super().__init__()
        self.scale = float(np.random.uniform(1, 2))

    def call(self, x):
        return x * self.scale


class DrawnAndHidden(layers.Layer):
    """Scale, in training only, by a private array that is drawn when it is made."""

    def __init__(self):
        super().__init__()
        self._scale = np.random.uniform(1, 2, 6).astype("float32")

    def call(self, x, training=False):
        return x * self._scale if training else x


class FromPython(layers.Layer):
    """Call Python from the graph."""

    def call(self, x):
        y = tf.py_function(lambda a: a * 2, [x], tf.float32)
        y.set_shape(x.shape)
        return y


class Penalized(layers.Layer):
    """Add a loss of its own, and a metric."""

    def __init__(self):
        super().__init__()
        self.size = keras.metrics.Mean(name="size")

    def call(self, x):
        self.add_loss(0.1 * ops.mean(ops.square(x)))
        self.size.update_state(ops.abs(x))
        return x


class OwnVariable(layers.Layer):
    """Count in a variable of TensorFlow's, which Keras does not know."""

    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0.0, trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x + 0.01 * self.calls


class Branching(layers.Layer):
    """Take a branch by the weights' own values, and loop as often as they say."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer=keras.initializers.RandomUniform(-1, 1))

    def call(self, x):
        x = tf.cond(self.scale > 0, lambda: x * self.scale, lambda: tf.sort(x) - self.scale)
        times = tf.cast(3 * tf.abs(self.scale), tf.int32)
        return tf.while_loop(lambda i, a: i < times, lambda i, a: (i + 1, a * 0.9), (0, x))[1]


class SizedByValues(layers.Layer):
    """Make a tensor whose size depends on the seed's values."""

    def call(self, x):
        large = tf.boolean_mask(x, x > 0)
        return x * tf.reduce_mean(large)


# ---------------------------------------------------------------- models with steps of their own


class OwnStep(keras.Sequential):
    """Override train_step."""

    def train_step(self, data):
        return super().train_step(data)


class OwnStepOfInputs(keras.Sequential):
    """Learn to give back its inputs, of which there are no targets: they come without a tuple."""

    def _loss(self, x, training):
        return ops.sum((self(x, training=training) - x) ** 2) / ops.cast(ops.shape(x)[0], "float32")

    def train_step(self, x):
        with tf.GradientTape() as tape:
            loss = self._loss(x, True)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}

    def test_step(self, x):
        return {"loss": self._loss(x, False)}


class OwnLoss(keras.Sequential):
    """Override compute_loss."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight)


class OwnMetrics(keras.Sequential):
    """Override compute_metrics."""

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {**super().compute_metrics(x, y, y_pred, sample_weight), "one": 1.0}


class Subclassed(keras.Model):
    """Have no build."""

    def __init__(self):
        super().__init__()
        self.hidden, self.drop, self.out = layers.Dense(5), layers.Dropout(0.3), layers.Dense(1)

    def call(self, x, training=False):
        return self.out(self.drop(ops.tanh(self.hidden(x)), training=training))


class NoTargets(keras.Model):
    """Learn by a loss of its own."""

    def __init__(self):
        super().__init__()
        self.code, self.back = layers.Dense(3, "tanh"), layers.Dense(8)

    def call(self, x):
        y = self.back(self.code(x))
        self.add_loss(ops.mean(ops.square(y - x)))
        return y


def _of(kind: type) -> keras.Model:
    return _compiled(kind([keras.Input((8,)), layers.Dense(4, "tanh"), layers.Dense(1)]))


def _instance(name: str, wrap: Callable[[Any], Any]) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        model = _stack()
        setattr(model, name, wrap(getattr(model, name)))
        return model

    return build


def _lambda() -> keras.Model:
    scale = np.random.uniform(1, 2)
    return _stack(layers.Lambda(lambda x: x * scale))


def _drawn_loss() -> keras.Model:
    scale = np.random.uniform(1, 2)
    return _stack(loss=lambda y, p: scale * ops.mean(ops.square(y - p), axis=-1))


def _drawn_metric() -> keras.Model:
    scale = np.random.uniform(1, 2)

    def scaled(y, p):
        return scale * ops.mean(ops.square(y - p), axis=-1)

    return _stack(metrics=[scaled])


class HiddenFactor(optimizers.SGD):
    """Scale gradients by a number that is in no config."""

    def __init__(self, factor: float):
        super().__init__(0.01)
        self._factor = factor

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        super().update_step(self._factor * gradient, variable, learning_rate)


class TimesGlobal(layers.Layer):
    """Look at a global that `build` sets."""

    def call(self, x: Any) -> Any:
        return OF_BUILD["factor"] * x


OF_BUILD = {"factor": 1.0}


def _sets_global() -> keras.Model:
    OF_BUILD["factor"] = np.random.uniform(1, 2)
    return _stack(TimesGlobal())


class Largest(metrics.Metric):
    """Return its variables themselves, as the guides do."""

    def __init__(self):
        super().__init__(name="largest")
        self.most = self.add_variable((), "zeros", name="most")

    def update_state(self, y, p, sample_weight=None):
        self.most.assign(ops.maximum(self.most, ops.max(ops.abs(y - p))))

    def result(self):
        return {"largest": self.most, "twice": 2 * self.most}


# ---------------------------------------------------------------- layers of losses and memories


class Sampled(layers.Layer):
    """Draw from a mean and a log variance, as a variational autoencoder does."""

    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(5)

    def call(self, x):
        mean, spread = ops.split(x, 2, axis=-1)
        self.add_loss(-0.1 * ops.mean(1 + spread - mean**2 - ops.exp(spread)))
        noise = keras.random.normal(ops.shape(mean), seed=self.generator)
        return mean + ops.exp(0.5 * spread) * noise


class NearestCode(layers.Layer):
    """Replace each input by the nearest of some learned codes, with straight-through gradients."""

    def build(self, shape):
        self.codes = self.add_weight(shape=(shape[-1], 7), initializer="uniform")

    def call(self, x):
        distances = ops.sum(self.codes**2, axis=0) - 2 * x @ self.codes
        code = ops.one_hot(ops.argmin(distances, axis=1), 7) @ ops.transpose(self.codes)
        self.add_loss(ops.mean((ops.stop_gradient(code) - x) ** 2))
        self.add_loss(ops.mean((code - ops.stop_gradient(x)) ** 2))
        return x + ops.stop_gradient(code - x)


class Memory(layers.Layer):
    """Add the mean of the last four batches' means, of which one is overwritten each step."""

    def build(self, shape):
        zeros = {"trainable": False, "initializer": "zeros"}
        self.rows = self.add_weight(shape=(4, shape[-1]), **zeros)
        self.place = self.add_weight(shape=(), dtype="int32", **zeros)

    def call(self, x, training=False):
        if training:
            new = ops.mean(x, axis=0, keepdims=True)
            self.rows.assign(ops.slice_update(self.rows, (self.place % 4, 0), new))
            self.place.assign_add(1)
        return x + ops.mean(self.rows, axis=0)


class Switch(layers.Layer):
    """Halve its input from the fourth call on."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return ops.cond(self.calls > 3, lambda: 0.5 * x, lambda: x)


class Whitened(layers.Layer):
    """Solve for a batch's covariance, and multiply by its root."""

    def call(self, x):
        covariance = ops.transpose(x) @ x / 10 + 2 * ops.eye(x.shape[-1])
        solved = ops.transpose(ops.solve(covariance, ops.transpose(x)))
        return solved @ ops.cholesky(covariance) * ops.det(covariance) ** 0.1


def _low_rank() -> keras.Model:
    model = _stack()
    model.layers[0].enable_lora(2)
    return _compiled(model)


def _compiled_twice() -> keras.Model:
    model = _stack(optimizer=optimizers.Adam(0.1))
    return _compiled(model, "mae", optimizer=optimizers.SGD(0.05, momentum=0.9))


class OwnCell(layers.Layer):
    """A cell of two states, of which one forgets."""

    state_size = (3, 3)

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))
        self.recurrent = self.add_weight(shape=(3, 3), initializer="orthogonal")

    def call(self, x, states):
        last, slow = states
        y = ops.tanh(x @ self.kernel + last @ self.recurrent + slow)
        return y, [y, (slow + y) / 2]


class Transposed(layers.Layer):
    """Multiply by another layer's kernel, the other way round."""

    def __init__(self, other):
        super().__init__()
        self.other = other

    def call(self, x):
        return x @ ops.transpose(self.other.kernel)


class Endpoint(layers.Layer):
    """Take the loss of its inputs, and tell how many it got right."""

    def __init__(self):
        super().__init__()
        self.right = metrics.BinaryAccuracy(name="right", threshold=0.0)

    def call(self, y, logits):
        self.add_loss(losses.BinaryCrossentropy(from_logits=True)(y, logits))
        self.right.update_state(y, logits)
        return ops.sigmoid(logits)


class Warmup(optimizers.schedules.LearningRateSchedule):
    """Rise for a few steps, then fall."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        step = ops.cast(step, "float32") + 1
        return self.rate * ops.minimum(step**-0.5, step / 8)


class SlowBiases(optimizers.SGD):
    """Tell weights apart by their names."""

    def update_step(self, gradient, variable, learning_rate):
        rate = learning_rate * (0.1 if "bias" in variable.name else 1.0)
        super().update_step(gradient, variable, rate)


class HiddenRate(Warmup):
    """Have a rate that its config does not tell."""

    def get_config(self):
        return {}


class MeanAndMost(metrics.Metric):
    """Two numbers by name."""

    def __init__(self):
        super().__init__(name="error")
        self.sums = self.add_weight(shape=(2,), initializer="zeros")
        self.most = self.add_weight(shape=(), initializer="zeros")

    def update_state(self, y, y_pred, sample_weight=None):
        error = ops.mean(ops.abs(y - y_pred))
        self.sums.assign_add([error, 1.0])
        self.most.assign(ops.maximum(self.most, error))

    def result(self):
        return {"mean": self.sums[0] / self.sums[1], "most": self.most + 0.0}


def _tied() -> keras.Model:
    x, inner = keras.Input((8,)), layers.Dense(8, "relu")
    return _compiled(keras.Model(x, layers.Dense(1)(Transposed(inner)(inner(x)))))


def _endpoint() -> keras.Model:
    inputs = {"x": keras.Input((8,), name="x"), "y": keras.Input((1,), name="y")}
    model = keras.Model(inputs, Endpoint()(inputs["y"], layers.Dense(1)(inputs["x"])))
    return _compiled(model, None)


def _one_encoder_of_two() -> keras.Model:
    stack = [layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dropout(0.3)]
    x, encoder = keras.Input((8,)), keras.Sequential(stack)
    return _compiled(keras.Model(x, layers.Dense(1)(encoder(x[:, :4]) * encoder(x[:, 4:]))))


def _next_words() -> keras.Model:
    ids = keras.Input((5,), dtype="int32")
    words = layers.Embedding(6, 8, mask_zero=True)(ids)
    heads = layers.MultiHeadAttention(2, 4, dropout=0.1)
    y = layers.LayerNormalization()(words + heads(words, words, use_causal_mask=True))
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    return _compiled(keras.Model(ids, layers.Dense(6)(y)), loss, metrics=["accuracy"])


def _weighted_steps() -> keras.Model:
    stack = [layers.Embedding(6, 4, mask_zero=True), layers.GRU(4, return_sequences=True)]
    stack = [keras.Input((5,)), *stack, layers.Dense(6, "softmax")]
    loss = "sparse_categorical_crossentropy"
    return _compiled(keras.Sequential(stack), loss, weighted_metrics=["accuracy"])


def _frozen_after_compile() -> keras.Model:
    model = _stack(layers.BatchNormalization())
    model.layers[0].trainable = model.layers[1].trainable = False
    return model


# ---------------------------------------------------------------- inputs and outputs


def _two_outputs(**settings: Any) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        x = keras.Input((8,))
        hidden = layers.Dense(5, "tanh")(x)
        first = layers.Dense(1, name="first")(hidden)
        second = layers.Dense(3, "softmax", name="second")(hidden)
        loss = ["mse", "categorical_crossentropy"]
        return _compiled(keras.Model(x, [first, second]), loss, **settings)

    return build


def _named_outputs() -> keras.Model:
    x = keras.Input((8,))
    outputs = {"a": layers.Dense(1)(x), "b": layers.Dense(3, "softmax")(x)}
    loss = {"a": "mse", "b": "categorical_crossentropy"}
    return _compiled(keras.Model(x, outputs), loss, metrics={"b": ["accuracy"]})


def _dict_inputs() -> keras.Model:
    inputs = {
        "numbers": keras.Input((8,), name="numbers"),
        "ids": keras.Input((5,), dtype="int64", name="ids"),
    }
    embedded = layers.GlobalAveragePooling1D()(layers.Embedding(6, 3)(inputs["ids"]))
    y = layers.Concatenate()([layers.Dense(3)(inputs["numbers"]), embedded])
    return _compiled(keras.Model(inputs, layers.Dense(1)(y)))


def _embedding(make: Callable[[], Any]) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        x = keras.Input((5,), dtype="int64")
        y = layers.Flatten()(layers.Embedding(6, 3)(x))
        return _compiled(keras.Model(x, layers.Dense(1)(y)), optimizer=make())

    return build


def _sequences(*recurrent: Any, **settings: Any) -> keras.Model:
    stack = [keras.Input((6, 4)), *recurrent, layers.Dense(1)]
    return _compiled(keras.Sequential(stack), **settings)


def _stateful() -> keras.Model:
    x = keras.Input(batch_shape=(8, 6, 4))
    return _compiled(keras.Model(x, layers.Dense(1)(layers.LSTM(3, stateful=True)(x))))


def _ctc() -> keras.Model:
    return _compiled(
        keras.Sequential([keras.Input((6, 4)), layers.GRU(5, return_sequences=True)]), losses.CTC()
    )


def _text() -> keras.Model:
    words = layers.TextVectorization(vocabulary=["one", "two"], output_sequence_length=3)
    stack = [keras.Input((1,), dtype="string"), words, layers.Embedding(4, 2), layers.Flatten()]
    return _compiled(keras.Sequential([*stack, layers.Dense(1)]))


def _half() -> keras.Model:
    policy = "mixed_float16"
    hidden, out = layers.Dense(6, "tanh", dtype=policy), layers.Dense(1, dtype="float32")
    return _compiled(keras.Sequential([keras.Input((8,)), hidden, out]))


def _frozen() -> keras.Model:
    frozen = layers.Dense(6, trainable=False)
    return _stack(frozen, Unused(), optimizer=optimizers.AdamW(0.01, weight_decay=0.1))


def _no_trainable() -> keras.Model:
    model = _stack()
    model.trainable = False
    return _compiled(model)


def _nested() -> keras.Model:
    # In double precision: of the rounding of single precision, a layer that is called twice between
    # normalizations makes 2e-5.
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        inner = keras.Sequential([layers.Dense(6, "relu"), layers.BatchNormalization()])
        loss = losses.MeanSquaredError(dtype="float64")
        return _stack(inner, layers.Dropout(0.2), inner, loss=loss)
    finally:
        keras.config.set_dtype_policy(usual)


def _classes(metrics_of: Callable[[], Any]) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        stack = [keras.Input((8,)), layers.Dense(5, "tanh"), layers.Dense(3, "softmax")]
        return _compiled(keras.Sequential(stack), "categorical_crossentropy", metrics=metrics_of())

    return build


def _yes_or_no(metrics_of: Callable[[], Any]) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        stack = [keras.Input((8,)), layers.Dense(5, "tanh"), layers.Dense(1, "sigmoid")]
        return _compiled(keras.Sequential(stack), "binary_crossentropy", metrics=metrics_of())

    return build


def _case(name: str, build: Callable[[], keras.Model], why: str | None = None, **rest: Any) -> Case:
    settings = {"x": X, "y": TARGETS, **rest}
    return Case(name=name, build=build, falls_back=why, **settings)


IDS = {"x": INPUTS["integers"]}
SEQUENCES = {"x": INPUTS["sequence"]}
BOTH = {"y": [TARGETS, ONE_HOT]}
OTHER_STATE = "uses state that is no variable of the model"
CASES = [
    _case(
        "embedding, adam, clipnorm", _embedding(lambda: optimizers.Adam(0.01, clipnorm=0.1)), **IDS
    ),
    _case(
        "embedding, adamw, global_clipnorm",
        _embedding(lambda: optimizers.AdamW(0.01, global_clipnorm=0.1)),
        **IDS,
    ),
    _case(
        "embedding, rmsprop, clipvalue",
        _embedding(lambda: optimizers.RMSprop(0.01, clipvalue=0.01)),
        **IDS,
    ),
    _case(
        "lstm with dropouts",
        lambda: _sequences(layers.LSTM(4, dropout=0.3, recurrent_dropout=0.3)),
        **SEQUENCES,
    ),
    _case(
        "masked lstm after embedding",
        lambda: _compiled(
            keras.Sequential(
                [
                    keras.Input((5,), dtype="int64"),
                    layers.Embedding(6, 3, mask_zero=True),
                    layers.Bidirectional(layers.LSTM(3)),
                    layers.Dense(1),
                ]
            )
        ),
        **IDS,
    ),
    _case(  # Keras 3.15 keeps the states of a recurrent layer out of the model's variables
        "stateful lstm", _stateful, OTHER_STATE, x=INPUTS["sequence"][:16], y=TARGETS[:16]
    ),
    _case(
        "spectral normalization",
        lambda: _stack(layers.SpectralNormalization(layers.Dense(4), power_iterations=2)),
    ),
    _case("moving mean read after it is written", lambda: _stack(MovingMean())),
    _case("integer state", lambda: _stack(Counted())),
    _case("weight assigned in the forward pass", lambda: _stack(AssignedWeight())),
    _case("two outputs", _two_outputs(), **BOTH),
    _case("two outputs, loss weights", _two_outputs(loss_weights=[0.3, 2.0]), **BOTH),
    _case(
        "two outputs, metrics, weighted metrics",
        _two_outputs(metrics=[["mae"], ["accuracy"]], weighted_metrics=[["mse"], ["accuracy"]]),
        **BOTH,
    ),
    _case(
        "named outputs",
        _named_outputs,
        y={"a": TARGETS, "b": ONE_HOT},
    ),
    _case(
        "sample weights", lambda: _stack(weighted_metrics=["mae"]), sample_weight=YES[:, 0] + 0.5
    ),
    _case("frozen layer and weight without gradient", _frozen),
    _case("no trainable weight", _no_trainable),
    _case("gradient reversal", lambda: _stack(Reversed(), layers.Dense(3))),
    _case(
        "layer computed again for its gradient",
        lambda: _stack(Recomputed(4)),
        "takes the gradients itself",
    ),
    _case("noise of tf.random", lambda: _stack(TensorFlowNoise()), "build() draws something"),
    _case("noise of keras.random", lambda: _stack(KerasNoise()), OTHER_STATE),
    _case("noise of a generator of its own", lambda: _stack(OwnGenerator())),
    _case("lambda of a number drawn in build", _lambda, "models of different settings"),
    _case("attribute drawn in build", lambda: _stack(Drawn()), "build()"),
    _case(
        "hidden attribute drawn in build",
        lambda: _stack(DrawnAndHidden()),
        "build() returns models",
    ),
    _case("loss of a number drawn in build", _drawn_loss, "models of different settings"),
    _case("metric of a number drawn in build", _drawn_metric, "models of different settings"),
    _case(
        "update by a number drawn in build",
        lambda: _stack(optimizer=HiddenFactor(np.random.uniform(1, 2))),
        "models of different settings",
    ),
    _case("global that build sets", _sets_global, "models of different settings"),
    _case(  # of which `fit` shows the value that they have after the validation
        "metric that returns its variables", lambda: _stack(metrics=[Largest()]), OTHER_STATE
    ),
    _case("sampled from a mean and a variance", lambda: _stack(layers.Dense(4), Sampled())),
    _case("nearest code, straight through", lambda: _stack(NearestCode())),
    _case("memory of batches, row by row", lambda: _stack(Memory())),
    _case("branch by the count of calls", lambda: _stack(Switch())),
    _case("linear algebra of a batch", lambda: _stack(Whitened())),
    _case("adapters of low rank", _low_rank),
    _case("cell of one's own", lambda: _sequences(layers.RNN(OwnCell())), **SEQUENCES),
    _case("kernel of two layers", _tied),
    _case("one encoder of two inputs", _one_encoder_of_two),
    _case("loss taken in a layer", _endpoint, x={"x": X, "y": YES}, y=None),
    _case("metric that returns two numbers", lambda: _stack(metrics=[MeanAndMost()]), slow=False),
    _case("next words, masked and causal", _next_words, y=np.roll(IDS["x"], -1, 1), **IDS),
    _case(
        "weights of time steps",
        _weighted_steps,
        y=np.roll(IDS["x"], -1, 1),
        sample_weight=np.random.default_rng(8).random((N, 5)).astype("float32"),
        **IDS,
    ),
    _case("frozen after it is compiled", _frozen_after_compile),
    _case("schedule of one's own", lambda: _stack(optimizer=optimizers.Adam(Warmup(0.02)))),
    _case(
        "optimizer that tells weights apart by name",
        lambda: _stack(optimizer=SlowBiases(0.05)),
        "looks at the name of variables",
    ),
    _case(
        "hidden rate drawn in build",
        lambda: _stack(optimizer=optimizers.SGD(HiddenRate(np.random.uniform(0.01, 0.1)))),
        "models of different settings",
    ),
    _case(
        "gradients accumulated, weights averaged",
        lambda: _stack(
            optimizer=optimizers.AdamW(
                0.01, gradient_accumulation_steps=3, use_ema=True, clipnorm=0.5
            )
        ),
        one_fit=True,
    ),
    _case("compiled twice", _compiled_twice),
    _case("own train_step", lambda: _of(OwnStep), "overrides train_step"),
    _case(
        "own train_step of inputs alone",
        lambda: _compiled(OwnStepOfInputs([keras.Input((8,)), layers.Dense(8)]), None),
        "overrides test_step, train_step",
        y=None,
    ),
    _case("own compute_loss", lambda: _of(OwnLoss), "overrides compute_loss"),
    _case("own compute_metrics", lambda: _of(OwnMetrics), "overrides compute_metrics"),
    _case(
        "instance's train_step",
        _instance("train_step", lambda own: lambda data: own(data)),
        "overrides train_step",
    ),
    _case(
        "instance's compute_loss",
        _instance("compute_loss", lambda own: lambda *a, **k: 2 * own(*a, **k)),
        "overrides compute_loss",
    ),
    _case(
        "instance's make_train_function",
        _instance("make_train_function", lambda own: lambda *a, **k: own(*a, **k)),
        "overrides make_train_function",
    ),
    _case(
        "instance's call",
        _instance("call", lambda own: lambda *a, **k: 2 * own(*a, **k)),
    ),
    _case("subclassed model without build", lambda: _compiled(Subclassed()), slow=False),
    _case(
        "sequential without input",
        lambda: _compiled(keras.Sequential([layers.Dense(3, "tanh"), layers.Dense(1)])),
    ),
    _case("run_eagerly", lambda: _stack(run_eagerly=True), "run_eagerly=True"),
    _case("jit_compile", lambda: _stack(jit_compile=True)),
    _case(
        "jit_compile with dropout",
        lambda: _stack(layers.Dropout(0.3), jit_compile=True),
        "jit_compile=True",
    ),
    _case("steps_per_execution", lambda: _stack(steps_per_execution=2)),
    _case("F1Score", _classes(lambda: [metrics.F1Score(), "accuracy"]), y=ONE_HOT),
    _case("AUC twice", _yes_or_no(lambda: [metrics.AUC(), metrics.AUC(curve="PR")]), y=YES),
    _case(
        "precision at several thresholds",
        _yes_or_no(lambda: [metrics.Precision(thresholds=[0.3, 0.5, 0.7])]),
        y=YES,
    ),
    _case(
        "ctc",
        _ctc,
        "no rule for the loop",
        x=INPUTS["sequence"],
        y=np.random.default_rng(7).integers(1, 5, (N, 2)),
    ),
    _case("text", _text, "ragged, sparse or text", x=INPUTS["text"]),
    _case("py_function", lambda: _stack(FromPython()), "calls Python from the graph"),
    _case("variable of tensorflow's", lambda: _stack(OwnVariable()), OTHER_STATE),
    _case("add_loss and a layer's metric", lambda: _stack(Penalized())),
    _case("no targets", lambda: _compiled(NoTargets(), None), y=None),
    _case("targets are the inputs", lambda: _compiled(keras.Sequential([layers.Dense(8)])), y=X),
    _case(
        "regularizers, activity too, and a constraint",
        lambda: _stack(
            layers.Dense(
                4,
                kernel_regularizer="l2",
                bias_regularizer="l1",
                activity_regularizer="l2",
                kernel_constraint=keras.constraints.MaxNorm(0.5),
                bias_constraint="non_neg",
            )
        ),
    ),
    _case("mixed_float16", _half, atol=1e-3),
    _case("dict of inputs", _dict_inputs, x={"numbers": X, "ids": INPUTS["integers"]}),
    _case("nested and shared layers", _nested, atol=1e-10),
    _case(  # by these seeds' values, one branch and the other, and no, one and two rounds
        "branches and loops by a weight's value",
        lambda: _stack(Branching()),
        seeds=(3, 4, 1, 9),
    ),
    _case("size by a seed's values", lambda: _stack(SizedByValues()), "size of a tensor"),
]
