"""A step that is wrong when fused is found on the user's own model, before it trains.

Slow: more kinds of objects that a build may draw for; a wrong update, where a wrong layer is quick.
"""

import itertools
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from repro import fit_seeds
from repro.training import vectorize
from repro.training.selfcheck import SelfCheck
from repro.training.step import _AssignsNothing
from tests.training.plain import assert_same, fit_by_hand
from tests.training.test_arguments import TEST, X, Y, build


def assert_found_and_trained_alone(make, match):
    with pytest.warns(UserWarning, match=f"one seed at a time: .*{match}"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, validation_data=TEST, verbose=0)
    model, history = fit_by_hand(make, 3, X, Y, validation_data=TEST, validation_batch_size=8)
    assert_same(fit, 3, model, history)


@pytest.mark.slow
def test_a_wrong_update_is_found(monkeypatch):
    right = _AssignsNothing.assign_sub
    monkeypatch.setattr(_AssignsNothing, "assign_sub", lambda o, v, d: right(o, v, 1.001 * d))
    assert_found_and_trained_alone(build, "differs by .*after its first steps fused and by fit")


def test_what_can_not_run_without_side_effects_falls_back():
    class Counts(layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(initializer="zeros", trainable=False)

        def call(self, inputs):
            self.count.value.assign_add(1.0)  # TensorFlow's variable, behind Keras' back
            return inputs

    def make():
        model = keras.Sequential([keras.Input((5,)), Counts(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "without side effects")


def test_a_build_that_draws_from_a_generator_of_its_own_is_told():
    generator = np.random.default_rng(0)

    def make():
        model = build()
        model.layers[0].kernel.assign(generator.normal(size=(5, 4)))
        return model

    with pytest.warns(UserWarning, match="another model each time that it is called for a seed"):
        fit_seeds(make, X, Y, seeds=[3], verbose=0)


def test_a_build_that_counts_its_calls_is_told_from_one_that_seeds_change():
    calls = itertools.count(1)

    def make():
        model = build()
        model.compile(keras.optimizers.SGD(0.1, momentum=next(calls) / 100), "mse")
        return model

    with pytest.warns(UserWarning, match="another model each time .*momentum is .* the next time"):
        fit_seeds(make, X, Y, seeds=2, verbose=0)


def test_a_model_that_build_does_not_make_again_is_said_to_be_another():
    units = itertools.count(3)

    def make():
        stack = [layers.Dense(next(units)), layers.Dense(1)]
        model = keras.Sequential([keras.Input((5,)), *stack])
        model.compile("sgd", "mse")
        return model

    with pytest.warns(UserWarning, match="another model each time"):
        fit = fit_seeds(make, X, Y, seeds=2, verbose=0)
    with pytest.raises(ValueError, match=r"build\(\) makes another model than was trained"):
        fit.model(0)


def test_a_build_that_takes_arguments_is_refused_in_a_line():
    with pytest.raises(TypeError, match=r"without arguments, and this takes \(seed\): missing"):
        fit_seeds(lambda seed: build(), X, Y, seeds=2)


def test_differences_of_rounding_are_none():
    """Adam makes steps of full size of gradients that are zero but for rounding."""

    def make():
        model = keras.Sequential(
            [keras.Input((5,)), layers.Dense(6), layers.BatchNormalization(), layers.Dense(1)]
        )
        model.compile("adam", "mse")  # the first bias has no effect
        return model

    fit = fit_seeds(make, X, Y, seeds=2, batch_size=8, verbose=0)
    assert fit.one_at_a_time is None


class CountedInPython(layers.Layer):
    """Scale by a Python number that grows with each call."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def call(self, x):
        self.calls += 1
        return x * (1 + 0.1 * self.calls)


COARSE = ("mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow))


def of_coarse_numbers(policy):
    def make():
        hidden = [layers.Dense(6, "relu", dtype=policy) for _ in range(2)]
        last = layers.Dense(1, dtype="float32")
        model = keras.Sequential([keras.Input((5,)), *hidden, layers.BatchNormalization(), last])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        return model

    return make


@pytest.mark.long
@pytest.mark.parametrize("policy", COARSE)
def test_rounding_is_that_of_the_dtype_that_computes(policy):
    fit = fit_seeds(of_coarse_numbers(policy), X, Y, seeds=2, batch_size=8, verbose=0)
    assert fit.one_at_a_time is None


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_wrong_update_is_found_among_coarse_numbers(monkeypatch, policy):
    right = _AssignsNothing.assign_sub
    monkeypatch.setattr(_AssignsNothing, "assign_sub", lambda o, v, d: right(o, v, 2 * d))
    with pytest.warns(UserWarning, match="differs by .*after its first steps fused and by fit"):
        fit_seeds(of_coarse_numbers(policy), X, Y, seeds=2, batch_size=8, verbose=0)


@pytest.mark.long
def test_a_layer_that_counts_its_calls_in_python_is_found_and_named():
    def make():
        model = keras.Sequential([keras.Input((5,)), CountedInPython(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.warns(UserWarning, match="one seed at a time: .*first in layer counted_in_python"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, verbose=0)
    _, history = fit_by_hand(make, 3, X, Y)
    np.testing.assert_allclose(fit.history(3).history["loss"], history.history["loss"], rtol=1e-5)


@pytest.mark.slow
def test_the_check_changes_no_number():
    fits = [fit_seeds(build, X, Y, seeds=2, verbose=0, check=check) for check in (True, False)]
    np.testing.assert_array_equal(fits[0].frame, fits[1].frame)


@pytest.mark.long
def test_the_layer_that_differs_is_named(monkeypatch):
    rule = vectorize.RULES["Softplus"]  # let the map halve what softplus gives

    def wrong(pfor_input):
        return vectorize.pfor.wrap(rule(pfor_input).t / 2, True)

    monkeypatch.setitem(vectorize.RULES, "Softplus", wrong)

    def make():
        model = keras.Sequential(
            [keras.Input((5,)), layers.Dense(4), layers.Activation("softplus"), layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, r"first in layer activation\)")


def scaled_rule(name, factor):
    """Return TensorFlow's rule for an operation, its result off by a factor."""
    rule = vectorize.RULES[name]

    def wrong(pfor_input):
        results = rule(pfor_input)
        several = isinstance(results, list)
        one_or_more = results if several else [results]
        scaled = [vectorize.pfor.wrap(factor * result.t, True) for result in one_or_more]
        return scaled if several else scaled[0]

    return wrong


def build_named(optimizer="adam"):
    hidden = [layers.Dense(4, "tanh", name="first"), layers.Dense(4, "softplus", name="second")]
    model = keras.Sequential([keras.Input((5,)), *hidden, layers.Dense(1, name="last")])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.long
@pytest.mark.parametrize(
    ("operation", "match"),
    [
        ("TanhGrad", r"\(first in the gradients of layer first\)"),
        pytest.param(
            "Sigmoid",  # softplus' gradient
            r"\(first in the gradients of layer second\)",
            marks=pytest.mark.slow,
        ),
        ("Sqrt", r"\(of layer (first|second|last), in the update\)"),  # Adam's
    ],
)
def test_the_layer_whose_gradient_or_update_differs_is_named(monkeypatch, operation, match):
    monkeypatch.setitem(vectorize.RULES, operation, scaled_rule(operation, 1.01))
    assert_found_and_trained_alone(build_named, match)


class Scaled(keras.losses.Loss):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, y, y_pred):
        return self.factor * keras.ops.mean(keras.ops.square(y - y_pred), -1)


class Fading(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, step):
        return 0.05 * keras.ops.power(self.factor, keras.ops.cast(step, "float32") // 3)


class Weakened(keras.optimizers.SGD):
    def __init__(self, factor):
        super().__init__(0.05)
        self.factor = factor

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.factor, variable, learning_rate)


class Clipped(keras.constraints.Constraint):
    def __init__(self, limit):
        self.limit = limit

    def __call__(self, w):
        return keras.ops.clip(w, -self.limit, self.limit)


@pytest.mark.parametrize(
    "kind",
    [Scaled, *(pytest.param(k, marks=pytest.mark.slow) for k in (Fading, Weakened, Clipped))],
)
def test_what_build_draws_for_objects_of_the_users_is_a_setting(kind):
    def make():
        own = kind(np.random.uniform(0.1, 0.9))
        constraint = own if kind is Clipped else None
        dense = layers.Dense(1, kernel_constraint=constraint)
        model = keras.Sequential([keras.Input((5,)), dense])
        optimizer = (
            own if kind is Weakened else keras.optimizers.SGD(own if kind is Fading else 0.1)
        )
        model.compile(optimizer, own if kind is Scaled else "mse")
        return model

    with pytest.warns(UserWarning, match="different settings"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0, 1], batch_size=8, verbose=0, check=False)
    model, history = fit_by_hand(make, 0, X, Y)
    assert_same(fit, 0, model, history)


def test_a_metric_that_is_not_reset_goes_on():
    class Count(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="count")
            self.count = self.add_variable((), "zeros", name="count")

        def update_state(self, y, y_pred, sample_weight=None):
            self.count.assign_add(1.0)

        def result(self):
            return self.count + 0.0

        def reset_state(self):
            pass

    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[Count()])
        return model

    fit = fit_seeds(make, X, Y, seeds=[3], epochs=2, batch_size=8, verbose=0)
    assert fit.one_at_a_time is None
    assert fit.frame["count"].tolist() == [3, 6]


@pytest.mark.long
@pytest.mark.parametrize("draw", [np.random.uniform, random.random])
def test_numbers_that_are_drawn_when_the_graph_is_made_are_each_seed_s_own(draw):
    def make():
        noise = layers.Lambda(lambda x: x if tf.executing_eagerly() else x * draw())
        model = keras.Sequential([keras.Input((5,)), noise, layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "drawn from")


class Alternating(keras.Model):
    """Train the last layer alone, as the parts of a GAN do."""

    def __init__(self):
        super().__init__()
        self.first, self.last = layers.Dense(5, use_bias=False), layers.Dense(5, use_bias=False)
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(self.last(self.first(x)))

    def train_step(self, data):
        self.first.trainable = False
        return super().train_step(data)


def test_a_step_that_freezes_a_layer_keeps_each_weight_in_its_place():
    def make():
        model = Alternating()
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "overrides train_step")


@pytest.mark.long
def test_a_model_that_build_has_trained_keeps_the_graph_of_that():
    def make():
        model = build()
        model.fit(X, Y, shuffle=False, verbose=0)
        model.layers[0].trainable = False  # not compiled again: `fit` trains it all the same
        return model

    assert_found_and_trained_alone(make, "trains it")


@pytest.mark.long
def test_a_value_that_is_kept_from_before_an_assignment_is_the_new_one_in_fit():
    class Keeps(layers.Layer):
        def build(self, shape):
            self.mean = self.add_weight(shape=shape[1:], initializer="zeros", trainable=False)

        def call(self, inputs):
            earlier = self.mean.value  # TensorFlow's variable, not the number that it holds
            self.mean.assign(0.5 * self.mean + keras.ops.mean(inputs, 0))
            return inputs - earlier

    def make():
        model = keras.Sequential([keras.Input((5,)), Keeps(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "kept from before an assignment")


class TracedLayer(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    @tf.function
    def call(self, inputs):
        return keras.ops.tanh(keras.ops.matmul(inputs, self.kernel))


class ValueLayer(TracedLayer):
    def call(self, inputs):
        return tf.matmul(inputs, self.kernel._value)


class TracedMetric(keras.metrics.Mean):
    @tf.function
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(keras.ops.mean(keras.ops.abs(y_true - y_pred)))


@pytest.mark.parametrize("kind", [TracedLayer, ValueLayer])
def test_a_layer_that_takes_values_past_keras_is_told_from_one_that_draws(kind):
    def make():
        model = keras.Sequential([keras.Input((5,)), kind(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "its code takes variables' values past Keras")


def test_a_metric_that_can_not_be_made_without_data_falls_back():
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[TracedMetric(name="error")])
        return model

    assert_found_and_trained_alone(make, "without side effects")


class TakesAList(keras.Model):
    """Asks what its inputs are in: `fit` makes a tuple of a list."""

    def __init__(self):
        super().__init__()
        self.last = layers.Dense(1)

    def call(self, inputs):
        return self.last(inputs[0] if isinstance(inputs, list) else inputs[1])


@pytest.mark.parametrize("check", [True, False])
def test_a_list_of_inputs_is_the_tuple_that_fit_makes_of_it(check):
    def make():
        model = TakesAList()
        model.compile("sgd", "mse")
        return model

    given = {"batch_size": len(X), "epochs": 2, "shuffle": False, "verbose": 0}
    fit = fit_seeds(make, [X, X**2], Y, seeds=[3, 0], check=check, **given)
    assert fit.one_at_a_time is None
    keras.utils.set_random_seed(3)
    model = make()
    history = model.fit([X, X**2], Y, **given)
    assert_same(fit, 3, model, history)
    np.testing.assert_allclose(fit.predict([X, X**2])[0], model.predict([X, X**2], verbose=0), 1e-4)


class Smoothed(keras.Model):
    """Has a penalty on neighbours that a callback lets in after the first epoch."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = layers.Dense(4, "tanh"), layers.Dense(1)
        self.beta = self.add_weight(initializer="zeros", trainable=False)

    def call(self, inputs):
        h = self.hidden(inputs)
        self.add_loss(self.beta * keras.ops.mean((h - keras.ops.roll(h, 1, axis=-1)) ** 2))
        return self.last(h)


class LetIn(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.beta.assign(1.0)


@pytest.mark.parametrize("is_right", [True, False])
def test_what_shows_in_no_first_step_is_found_at_the_end(is_right, monkeypatch):
    if not is_right:
        monkeypatch.setattr(vectorize, "_roll", vectorize.RULES["Roll"])  # over the seeds

    def make():
        model = Smoothed()
        model.compile("adam", "mse")
        return model

    given = {"epochs": 3, "batch_size": 8, "verbose": 0, "callbacks": lambda seed: [LetIn()]}
    if is_right:
        fit = fit_seeds(make, X, Y, seeds=[3, 0], **given)
    else:
        with pytest.warns(UserWarning, match="of layer .*, in steps from where its training"):
            fit = fit_seeds(make, X, Y, seeds=[3, 0], **given)
    assert (fit.one_at_a_time is None) == is_right
    assert_same(fit, 3, *fit_by_hand(make, 3, X, Y, epochs=3, callbacks=[LetIn()]))


@pytest.mark.parametrize(
    "given", [{"n_jobs": 1}, pytest.param({"n_jobs": 2}, marks=pytest.mark.long)]
)
def test_the_trained_block_is_checked_wherever_it_was_trained(given, monkeypatch):
    monkeypatch.setattr(SelfCheck, "at_end", lambda check, states: f"{len(states)} states differ")
    with pytest.warns(UserWarning, match="2 states differ, in steps from where its training ended"):
        fit = fit_seeds(build, X, Y, seeds=4, block_size=2, verbose=0, **given)
    model, history = fit_by_hand(build, 3, X, Y, batch_size=32)
    assert_same(fit, 3, model, history)


class Cutting(layers.Layer):
    """Takes as many rows as its numbers say, from the fifth step on."""

    def build(self, shape):
        self.steps = self.add_weight(initializer="zeros", trainable=False)

    def call(self, inputs, training=False):
        if training:
            self.steps.assign_add(1.0)
        size = keras.ops.cast(keras.ops.abs(keras.ops.sum(inputs)) * 10, "int32") % 3 + 1
        rows = tf.where(self.steps < 4, 2, size)
        return inputs + 0.1 * tf.reduce_sum(inputs[:rows], 0)


class Best(keras.callbacks.Callback):
    """Keeps the best loss of all trainings that it has seen."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])
        logs["best"] = min(self.losses)


@pytest.mark.parametrize("callbacks", [[Best()], lambda seed: [Best()]])
def test_a_later_step_that_fails_beside_callbacks_is_trained_alone_with_others(callbacks):
    def make():
        stack = [keras.Input((5,)), layers.Dense(5, "tanh"), Cutting(), layers.Dense(1)]
        model = keras.Sequential(stack)
        model.compile("adam", "mse")
        return model

    given = {"epochs": 3, "verbose": 0, "callbacks": callbacks}
    with pytest.warns(UserWarning, match="one seed at a time: it fails when fused"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, **given)
    assert [len(fit.callbacks(seed)[0].losses) for seed in (3, 0)] == [3, 3]
    assert_same(fit, 3, *fit_by_hand(make, 3, X, Y, epochs=3, callbacks=[Best()]))


class Counting(layers.Layer):
    """Multiplies by the number of its calls, which is that of the graphs made of it."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def call(self, inputs):
        self.calls += 1
        return inputs * (1 + 0.1 * self.calls)


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_who_is_trained_alone_has_the_graph_that_fit_makes():
    def make():
        model = keras.Sequential([keras.Input((5,)), Counting(), layers.Dense(1)])
        model.compile("adam", "mse")  # whose variables `fit` makes in a first graph, of two
        return model

    fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, verbose=0)
    _, history = fit_by_hand(make, 3, X, Y)
    np.testing.assert_allclose(fit.history(3).history["loss"], history.history["loss"], rtol=1e-5)
    with pytest.raises(ValueError, match=r"training changed counting.calls"):
        fit.model(3)


class Impatient(keras.Sequential):
    @property
    def stop_training(self):
        return self._stop or int(self.optimizer.iterations) > 4

    @stop_training.setter
    def stop_training(self, value):
        self._stop = value


def test_a_model_that_decides_by_itself_when_to_stop_is_trained_alone():
    def make():
        model = Impatient([keras.Input((5,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "overrides stop_training")


class CountingSteps(keras.optimizers.SGD):
    def __init__(self):
        super().__init__(0.01)
        self.calls = 0

    def update_step(self, gradient, variable, learning_rate):
        self.calls += 1
        super().update_step(gradient * (1 + 0.1 * self.calls), variable, learning_rate)


class CountingConstraint(keras.constraints.Constraint):
    def __init__(self):
        self.calls = 0

    def __call__(self, w):
        self.calls += 1
        return w * (1 - 0.01 * self.calls)


@pytest.mark.filterwarnings("ignore:one seed at a time")
@pytest.mark.parametrize("counts", ["optimizer", "constraint"])
def test_updates_that_count_their_graphs_are_trained_alone(counts):
    def make():
        constraint = CountingConstraint() if counts == "constraint" else None
        last = layers.Dense(1, kernel_constraint=constraint)
        model = keras.Sequential([keras.Input((5,)), last])
        model.compile(CountingSteps() if counts == "optimizer" else "adam", "mse")
        return model

    fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, verbose=0)
    assert "calls changes when a graph is made of it" in fit.one_at_a_time
    _, history = fit_by_hand(make, 3, X, Y)
    np.testing.assert_allclose(fit.history(3).history["loss"], history.history["loss"], rtol=1e-5)
