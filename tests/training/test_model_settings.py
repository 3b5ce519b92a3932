"""What a model computes besides its variables is a setting, whether a config tells it or not."""

import inspect
import warnings
from collections import deque
from contextlib import suppress
from fractions import Fraction
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from repro import fit_seeds
from repro.training.building import Blueprint, build_model
from repro.training.model_settings import settings_differ, settings_of, settings_tell_all
from tests.training.plain import assert_same, fit_by_hand
from tests.training.test_arguments import X, Y


def network(*first, optimizer="sgd"):
    model = keras.Sequential([keras.Input((5,)), *first, layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def adapted(number):
    layer = layers.Normalization()
    layer.adapt(X + number)
    return network(layer)


def regularized(number):
    model = network()
    model.layers[0].kernel.regularizer = keras.regularizers.L2(number)
    return model


def constrained(number):
    model = network()
    model.layers[0].kernel.constraint = keras.constraints.MaxNorm(number)
    return model


def excluding(number):
    optimizer = optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["kernel", "bias"][:number])
    return network(optimizer=optimizer)


def of_several(number):
    chosen = optimizers.SGD(0.01, momentum=0.1 * number)
    model = network(optimizer=optimizers.MultiOptimizer(lambda variable: chosen))
    model.optimizer.build(model.trainable_variables)
    return model


HIDDEN = {
    adapted: "normalization.mean",
    regularized: "kernel.regularizer.l2",
    constrained: "kernel.constraint.max_value",
    excluding: "weight decay of sequential/dense/bias",
    of_several: "momentum",
}


@pytest.mark.parametrize("make", HIDDEN)
def test_what_the_model_s_config_does_not_tell_is_a_setting(make):
    first, same, other = (_fresh(make, number) for number in (1, 1, 2))
    assert settings_differ([same], first) is None
    assert HIDDEN[make] in settings_differ([other], first)


def test_settings_do_not_tell_all_where_a_lambda_chooses_optimizers():
    chosen = optimizers.SGD(0.01)
    model = network(optimizer=optimizers.MultiOptimizer(lambda variable: chosen))
    assert not settings_tell_all(model)


def test_settings_do_not_tell_all_where_a_method_is_replaced():
    model = network()
    assert settings_tell_all(model)
    usual = model.layers[0].call
    model.layers[0].call = lambda x, training=None: 2 * usual(x)
    assert not settings_tell_all(model)


def test_a_lambda_is_compared_without_a_warning():
    def make(_number):
        model = network()
        model.compile("sgd", lambda y, p: keras.ops.square(y - p))
        return model

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert settings_differ([_fresh(make, 1)], _fresh(make, 1)) is None


def test_each_seed_s_own_normalization_is_its_own():
    def make():
        return adapted(np.random.uniform(1, 3))

    with pytest.warns(UserWarning, match="different settings.*normalization.mean"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, verbose=0)
    assert_same(fit, 0, *fit_by_hand(make, 0, X, Y))


def _fresh(make, number):
    keras.utils.clear_session()  # so that names are alike
    return make(number)


def test_the_settings_of_a_functional_model_tell_all():
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(1, "relu")(inputs))
    model.compile("sgd", "mse")
    assert settings_tell_all(model)
    own = keras.Model(inputs, layers.Dense(1, lambda z: z)(inputs))
    own.compile("sgd", "mse")
    assert not settings_tell_all(own)


def test_a_class_that_build_defines_is_one_class():
    def make():
        class Doubled(keras.layers.Layer):
            def call(self, x):
                return 2 * x

        model = keras.Sequential([keras.Input((2,)), Doubled(), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    first, same = build_model(make, 0), build_model(make, 0)
    assert settings_differ([same], first) is None


class Table(layers.Dense):
    def __init__(self, number):
        super().__init__(1)
        self.table = np.full((9, 9), number)


def test_a_setting_of_many_lines_is_named_in_one():
    one, other = (build_model(lambda n=n: network(Table(n)), 0) for n in (2.0, 3.0))
    reason = settings_differ([one], other)
    assert reason and "table is" in reason and "\n" not in reason


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_what_a_model_keeps_of_the_losses_it_has_seen_is_no_setting():
    def two_outputs():
        inputs = keras.Input((2,))
        outputs = {name: keras.layers.Dense(1, name=name)(inputs) for name in "pq"}
        model = keras.Model(inputs, outputs)
        model.compile("sgd", dict.fromkeys("pq", "mse"))
        return model

    x, y = np.ones((3, 2), "float32"), np.ones((3, 1), "float32")
    blueprint = Blueprint(two_outputs, (x, {"p": y, "q": y}, None))
    seen, anew = blueprint.model(0), blueprint.model(1)
    blueprint.make_metrics(seen)
    assert len(seen.metrics) > len(anew.metrics)
    assert settings_differ([anew], seen) is None


class Halved(optimizers.SGD):
    """Scale gradients by a number that no config tells."""

    def __init__(self, number):
        super().__init__(0.01)
        self._number = number

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self._number, variable, learning_rate)


class Masked(keras.constraints.Constraint):
    """Hold an array, of which a text shows the corners alone."""

    def __init__(self, number):
        self.mask = np.ones((5, 400), "float32")
        self.mask[2, 50:300] = number

    def __call__(self, weights):
        return weights * self.mask


def reversed_gradient(number):
    @keras.ops.custom_gradient
    def reverse(x):
        return x * 1, lambda upstream: -number * upstream

    class Reverse(layers.Layer):
        def call(self, x):
            return reverse(x)

    return network(layers.Dense(4), Reverse())


def bounded(number):
    def bound(weights):
        return keras.ops.clip(weights, -0.1 * number, 0.1 * number)

    return network(layers.Dense(4, kernel_constraint=bound))


SHOWN_BY_NO_OUTPUT = {
    "optimizer": lambda number: network(optimizer=Halved(number)),
    "array": lambda number: network(layers.Dense(400, kernel_constraint=Masked(number))),
    "gradient": reversed_gradient,
    "function": bounded,
}


ALIKE_AT_BOTH_ENDS = (1, 0, 2)  # the first and the last seed's lots, of which the check takes steps


@pytest.mark.parametrize("make", SHOWN_BY_NO_OUTPUT.values(), ids=SHOWN_BY_NO_OUTPUT)
def test_what_gradients_and_updates_alone_show_is_a_setting(make):
    def by_lot():
        return make(0.1 if np.random.rand() < 0.5 else 1.0)

    with pytest.warns(UserWarning, match="one seed at a time: build.* different settings"):
        fit = fit_seeds(by_lot, X, Y, seeds=ALIKE_AT_BOTH_ENDS, batch_size=8, verbose=0)
    for seed in ALIKE_AT_BOTH_ENDS:
        assert_same(fit, seed, *fit_by_hand(by_lot, seed, X, Y))


class Slotted:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __call__(self, x):
        return keras.ops.tanh(self.number * x)

    def error(self, y_true, y_pred):
        return self.number * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


HOLDERS = {
    "slots": Slotted,
    "deque": lambda number: deque([number]),
    "fraction": lambda number: Fraction(number),
    "range": lambda number: range(round(10 * number)),
    "iterator": lambda number: iter([number]),
    "method": lambda number: Slotted(number).__getattribute__,
    "memory": lambda number: memoryview(np.array([number])),
}


def with_method_for_a_metric(number):
    model = network(layers.Dense(4))
    model.compile("sgd", "mse", metrics=[Slotted(number).error])
    return model


CALLABLE = {
    "activation": lambda number: network(layers.Dense(4, activation=Slotted(number))),
    "method": lambda number: network(layers.Dense(4, activation=Slotted(number).__call__)),
    "metric": with_method_for_a_metric,
}


@pytest.mark.parametrize("make", CALLABLE.values(), ids=CALLABLE)
def test_what_objects_to_call_hold_is_a_setting(make):
    def by_lot():
        return make(np.random.uniform(0.2, 2))

    with pytest.warns(UserWarning, match="one seed at a time: build.* different settings"):
        fit = fit_seeds(by_lot, X, Y, seeds=2, batch_size=8, verbose=0)
    for seed in range(2):
        assert_same(fit, seed, *fit_by_hand(by_lot, seed, X, Y))


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_what_holds_a_number_is_looked_into_whatever_it_is(holder):
    class Own(keras.optimizers.SGD):
        pass

    def make(number):
        optimizer = Own()
        optimizer.held = holder(number)
        return network(optimizer=optimizer)

    different = settings_differ([_fresh(make, 0.5)], _fresh(make, 0.25))
    assert different is not None and "held" in different


class Counting(layers.Layer):
    calls = 0

    def call(self, x):
        self.calls += 1
        return 2 * x


class Freezing(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[0].trainable = False


@pytest.mark.parametrize("callbacks", [None, [Freezing()]])
def test_later_blocks_are_compared_with_the_first_model_as_it_was_built(callbacks, recwarn):
    fit = fit_seeds(
        lambda: network(Counting()), X, Y, seeds=4, block_size=2, callbacks=callbacks, verbose=0
    )
    assert fit.one_at_a_time is None and not recwarn.list


class Momenta(optimizers.Optimizer):
    """Keep variables in a list of its own, as Keras' guide does."""

    def build(self, variables):
        super().build(variables)
        self.momenta = [self.add_variable_from_reference(v, "momentum") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        momentum = self.momenta[self._get_variable_index(variable)]
        momentum.assign(0.5 * momentum + gradient)
        variable.assign_sub(learning_rate * momentum)


class Several(layers.Layer):
    """Keep weights in a list and a dict."""

    def build(self, shape):
        self.kernels = [self.add_weight(shape=(shape[-1], shape[-1])) for _ in range(2)]
        self.others = {"scale": self.add_weight(shape=(shape[-1],)), 1: [layers.ReLU()]}

    def call(self, x):
        return (x @ self.kernels[0]) @ self.kernels[1] * self.others["scale"]


def test_the_values_of_variables_are_no_settings(recwarn):
    def make():
        return network(Several(), optimizer=Momenta(0.01))

    fit = fit_seeds(make, X, Y, seeds=2, batch_size=8, verbose=0).resume(epochs=2)
    assert fit.one_at_a_time is None
    assert_same(fit, 1, *fit_by_hand(make, 1, X, Y, epochs=2))


class Settings:
    factor = 1.0


class Times(layers.Layer):
    def call(self, x):
        return x * Settings.factor * SPACE.factor * FACTOR


FACTOR, SPACE = 1.0, SimpleNamespace(factor=1.0)


@pytest.mark.parametrize("where", ["global", "space", "class"])
def test_a_global_that_build_sets_is_a_setting_of_its_model(where, monkeypatch):
    def make():
        drawn = float(np.random.uniform(0.5, 2))
        if where == "global":
            monkeypatch.setitem(globals(), "FACTOR", drawn)
        else:
            monkeypatch.setattr(SPACE if where == "space" else Settings, "factor", drawn)
        return network(Times())

    with pytest.warns(UserWarning, match=r"different settings.*(FACTOR|(SPACE|Settings)\.factor)"):
        fit = fit_seeds(make, X, Y, seeds=2, batch_size=8, verbose=0)
    losses = fit.evaluate(X, Y).loss
    for seed in range(2):
        model, history = fit_by_hand(make, seed, X, Y)
        assert_same(fit, seed, model, history)
        assert losses[seed] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)


KINDS_OF_PARTS = {  # how a part of a kind gets into a model
    keras.losses: lambda part: {"loss": part},
    keras.metrics: lambda part: {"metrics": [part]},
    keras.optimizers: lambda part: {"optimizer": part},
    keras.optimizers.schedules: lambda part: {"optimizer": keras.optimizers.SGD(part)},
    keras.regularizers: lambda part: {"kernel_regularizer": part},
    keras.constraints: lambda part: {"kernel_constraint": part},
    keras.layers: lambda part: {"layer": part},
}
OF_NO_NUMBER = ("name", "dtype", "seed", "reduction", "trainable", "learning_rate")
IN_NO_CONFIG = {("MaxNumBoundingBoxes", "fill_value")}  # a constant, by another name


def model_with(*, layer=None, optimizer="sgd", loss="mse", metrics=(), **of_layer):
    keras.backend.clear_session()
    between = [] if layer is None else [layer]
    stack = [keras.Input((4,)), layers.Dense(3, **of_layer), *between, layers.Dense(3)]
    model = keras.Sequential(stack)
    model.compile(optimizer, loss, metrics=list(metrics))
    return model


def another(value):
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 0.5 * value + 0.01


def numbers_of(kind):
    """Yield each argument of a class that is a number by default, and what has to be given."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    asked = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    required = {p.name: 3 for p in asked if p.name != "self"}
    for p in parameters:
        if isinstance(p.default, int | float) and p.name not in OF_NO_NUMBER:
            yield p.name, p.default, required


def settings_with(kind, put, **arguments):
    return [(n, str(v)) for n, v in settings_of(model_with(**put(kind(**arguments))))]


@pytest.mark.slow
@pytest.mark.parametrize("module", KINDS_OF_PARTS, ids=lambda module: module.__name__)
def test_every_number_that_keras_own_parts_take_shows_in_the_settings(module):
    told, hidden = 0, set()
    kinds = [k for n, k in vars(module).items() if inspect.isclass(k) and n[0].isupper()]
    for kind in kinds:
        for name, value, required in numbers_of(kind):
            with suppress(Exception):  # what doesn't go with the others
                one, other = (
                    settings_with(kind, KINDS_OF_PARTS[module], **required, **{name: v})
                    for v in (value, another(value))
                )
                told += one != other
                hidden |= {(kind.__name__, name)} if one == other else set()
    assert told and hidden <= IN_NO_CONFIG


def test_the_delta_of_a_huber_loss_is_a_setting():
    one, other = (model_with(loss=keras.losses.Huber(delta=d)) for d in (0.1, 1.0))
    assert "delta is 1.0, and 0.1" in settings_differ([other], one)
