"""What comes back: models that predict, go on, and survive the disk."""

import json
import math
import os
import random
import resource
from functools import partial

import keras
import matplotlib.pyplot
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from repro import fit_seeds, load_fit
from repro.training.shown import Shown
from tests.training.plain import fit_by_hand
from tests.training.test_arguments import TEST, X, Y, build

GIVEN = {"seeds": [3, 0], "batch_size": 8, "verbose": 0, "check": False}


@pytest.fixture(scope="module")
def fit():
    return fit_seeds(build, X, Y, epochs=2, **GIVEN)


def assert_same_fit(here, there):
    pd.testing.assert_frame_equal(here.frame, there.frame, check_exact=True)
    for seed in here.seeds:
        states = here.trained[seed].whole, there.trained[seed].whole
        for a, b in zip(*states, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.long
def test_all_models_predict_and_are_evaluated_at_once(fit):
    predicted, evaluated = fit.predict(TEST[0], batch_size=3), fit.evaluate(*TEST)
    assert predicted.shape == (2, 7, 1)
    for place, seed in enumerate(fit.seeds):
        model = fit.model(seed)
        np.testing.assert_allclose(predicted[place], model.predict(TEST[0], verbose=0), rtol=1e-5)
        alone = model.evaluate(*TEST, verbose=0, return_dict=True)
        for name, value in alone.items():
            np.testing.assert_allclose(evaluated[name][place], value, rtol=1e-5)


@pytest.mark.long
def test_training_on_is_training_longer(fit):
    assert_same_fit(fit.resume(epochs=4), fit_seeds(build, X, Y, epochs=4, **GIVEN))


def test_what_is_saved_is_read_and_goes_on(fit, tmp_path):
    fit.save(tmp_path / "fit.npz")
    again = load_fit(tmp_path / "fit.npz", build)
    assert_same_fit(again, fit)
    assert_same_fit(again.resume(epochs=3, x=X, y=Y), fit.resume(epochs=3))
    with pytest.raises(ValueError, match="x, y are not saved with a fit"):
        again.resume(epochs=3)
    with pytest.raises(ValueError, match=r"2 are done: resume\(epochs=3\) trains 1 more"):
        fit.resume(epochs=1)


def test_a_file_of_another_kind_or_build_is_refused(fit, tmp_path):
    path = tmp_path / "fit.npz"
    path.write_text("no zip")
    with pytest.raises(ValueError, match="is no saved fit"):
        load_fit(path, build)
    np.savez(path, about=np.array([object()], dtype=object))  # a pickle is not opened
    with pytest.raises(ValueError, match="is no saved fit"):
        load_fit(path, build)
    fit.save(path)

    def wider():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(9), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match=r"another build .*shape=\(5, 9\)") as raised:
        load_fit(path, wider)
    assert "value=[" not in str(raised.value) and len(str(raised.value)) < 400


def test_a_fit_is_saved_into_a_folder_that_is_made(fit, tmp_path):
    fit.save(tmp_path / "new" / "fit.npz")
    assert (tmp_path / "new" / "fit.npz").exists()


def edited(change):
    """Return what edits the description of a saved fit."""

    def edit(path):
        with np.load(path) as file:
            arrays = dict(file)
        text = change(json.loads(arrays["description"].tobytes()))
        arrays["description"] = np.frombuffer(text.encode(), np.uint8)
        np.savez(path, **arrays)

    return edit


def compressed(path):
    with np.load(path) as file:
        arrays = dict(file)
    np.savez_compressed(path, **arrays, zeros=np.zeros(10**6))


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (compressed, "compressed"),
        (a_pipe, "no regular file"),
        (edited(lambda _: "[" * 10**5), "JSON"),
        (edited(lambda d: json.dumps(d | {"rows": {}})), "rows"),
        (edited(lambda d: json.dumps(d | {"rows": {"-1": []}})), "rows"),
        (edited(lambda d: json.dumps(d | {"rows": {"7": [{"loss": 1.0}]}})), "epoch"),
        (edited(lambda d: json.dumps(d | {"format": 2})), "format"),
        (edited(lambda d: json.dumps(d | {"more": 1})), "more"),
        (
            edited(
                lambda d: json.dumps(
                    d | {"sample": {"list": [{"shape": [10**12], "dtype": "float32"}, None, None]}}
                )
            ),
            r"1e\+12 numbers",
        ),
        (
            edited(
                lambda d: json.dumps(
                    d | {"sample": {"list": [{"shape": [-5], "dtype": "float32"}, None, None]}}
                )
            ),
            "no saved fit",
        ),
    ],
)
def test_a_hostile_file_is_refused_in_a_line(fit, tmp_path, damage, message):
    path = tmp_path / "fit.npz"
    fit.save(path)
    damage(path)
    with pytest.raises(ValueError, match=message) as refused:
        load_fit(path, build)
    assert "no saved fit" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


# numpy 2.1 closes the archive once more when it is collected, and can't
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_fit_that_can_not_be_written_leaves_the_earlier_one(fit, tmp_path):
    path = tmp_path / "fit.npz"
    fit.save(path)
    before = path.read_bytes()
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))  # as on a full disk
    try:
        with pytest.raises(OSError, match="File too large"):
            fit.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_metric_that_there_is_not_gets_the_nearest_name(fit):
    with pytest.raises(KeyError, match=r"no metric 'los'; did you mean 'loss'\? There are loss"):
        fit.plot("los")
    with pytest.raises(KeyError, match="no metric 'xyz'; there are loss"):
        fit.plot("xyz")


def test_a_vector_is_a_column_for_each_number():
    def classes():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(3, "softmax")])
        model.compile("sgd", "categorical_crossentropy", metrics=[keras.metrics.F1Score()])
        return model

    fit = fit_seeds(classes, X, np.eye(3, dtype="float32")[np.arange(20) % 3], **GIVEN)
    assert list(fit.frame)[2:] == ["loss", "f1_score[0]", "f1_score[1]", "f1_score[2]"]
    assert fit.history(3).history["f1_score"][0].shape == (3,)


def test_a_metric_may_be_called_seed_in_an_evaluation_too():
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(name="seed")])
        return model

    evaluated = fit_seeds(make, X, Y, **GIVEN).evaluate(X, Y)
    assert evaluated.seed.tolist() == [3, 0] and "logged_seed" in evaluated


def test_a_seed_that_has_become_none_counts_as_diverged():
    def callbacks(seed):
        def none(epoch, logs):
            logs["loss"] = float("nan") if epoch and seed else 1.0

        return keras.callbacks.LambdaCallback(on_epoch_end=none)

    fit = fit_seeds(build, X, Y, epochs=2, callbacks=callbacks, **GIVEN)
    assert fit.summary().loc["loss", ["n", "diverged"]].tolist() == [1, 1]
    assert "loss 1 (mean), 1 to 1; 1 diverged>" in repr(fit)


def test_seeds_that_have_all_diverged_are_said_to_be():
    def build_wild():
        model = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(1e30), "mse")
        return model

    fit = fit_seeds(build_wild, X, np.ones(len(X)), epochs=2, **GIVEN)
    assert repr(fit) == "<SeedsFit: 2 seeds, 2 epochs, all diverged>"


def test_what_is_not_measured_in_the_last_epoch_is_as_it_was_measured_last():
    given = {"validation_data": TEST, "validation_freq": 2, "epochs": 3}
    fit = fit_seeds(build, X, Y, **given, **GIVEN)
    assert fit.summary().loc["val_loss", ["n", "diverged"]].tolist() == [2, 0]


def test_the_process_s_random_generators_are_left_as_they_were(fit):
    def draws():
        state = (random.getstate(), np.random.get_state()[1].tolist())
        return *state, float(keras.random.uniform(())), float(tf.random.uniform(()))

    keras.utils.set_random_seed(5)
    expected = draws()
    for act in (
        lambda: fit.predict(TEST[0]),
        lambda: fit.history(3),
        lambda: fit_seeds(build, X, Y, **GIVEN),
    ):
        keras.utils.set_random_seed(5)
        act()
        assert draws() == expected


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fit: fit.predict(X, batch_size=0), "batch_size must be at least 1, got 0"),
        (lambda fit: fit.predict(X[:, :3]), "the model can not predict from these data: Input 0"),
        (lambda fit: fit.predict(None), "x is missing"),
        (lambda fit: fit.evaluate(X[:, :3], Y), "the model can not be evaluated on these data: "),
    ],
)
def test_what_can_not_be_predicted_is_said_in_a_line(fit, ask, message):
    with pytest.raises(ValueError, match=message) as refused:
        ask(fit)
    assert "\n" not in str(refused.value)


def test_a_batch_of_the_usual_size_may_be_asked_for(fit):
    np.testing.assert_array_equal(fit.predict(X, batch_size=None), fit.predict(X, batch_size=32))
    pd.testing.assert_frame_equal(fit.evaluate(X, Y, batch_size=None), fit.evaluate(X, Y))


def test_it_says_what_it_is(fit):
    assert repr(fit).startswith("<SeedsFit: 2 seeds, 2 epochs, loss ")
    one = fit_seeds(build, X, Y, seeds=1, verbose=0, check=False)
    assert repr(one).startswith("<SeedsFit: 1 seed, 1 epoch, loss ")


def test_few_seeds_have_extremes_and_no_interval(fit):
    few = fit.summary().loc["loss"]
    assert few[["ci_low", "ci_high"]].isna().all()
    assert few.least < few["mean"] < few.greatest
    assert "nan" not in fit._repr_html_().lower().partition("<img")[0]


def test_intervals_hold_what_a_metric_can_be():
    seeds = pd.DataFrame(
        {
            "val_accuracy": [1.0] * 7 + [0.6],
            "mae_1": [0.0] * 7 + [0.4],
            "loss": [0.0] * 7 + [0.4],
            "percent_accuracy": [100.0] * 7 + [60.0],
        }
    )
    held = type("Held", (Shown,), {"_last": lambda self: seeds})().summary()
    assert held.loc["val_accuracy", "ci_high"] == 1
    assert held.loc["mae_1", "ci_low"] == 0
    assert held.loc["loss", "ci_low"] < 0  # it may be
    assert held.loc["percent_accuracy", "ci_high"] > 100  # the name does not say what it is


def test_a_notebook_shows_its_curves(fit):
    matplotlib.use("agg")
    matplotlib.pyplot.close("all")
    assert 'src="data:image/png;base64,' in fit._repr_html_()
    assert matplotlib.pyplot.get_fignums() == []  # none is left over to be shown again
    axes = fit.plot()
    assert matplotlib.pyplot.get_fignums() == [axes.figure.number]
    assert axes.get_legend().get_title().get_text() == "mean of 2 seeds"
    assert all(tick == round(tick) for tick in axes.get_xticks())
    matplotlib.pyplot.close(axes.figure)


def test_a_single_epoch_and_a_validation_now_and_then_are_drawn():
    given = {"validation_data": TEST, "validation_freq": 2}
    fit = fit_seeds(build, X, Y, epochs=4, **given, **GIVEN)
    axes = fit.plot()
    for line in axes.lines:  # none is broken into points, which would not be seen
        assert np.isfinite(line.get_ydata()).all()
        assert len(line.get_ydata()) > 1
    short = fit_seeds(build, X, Y, epochs=1, **GIVEN).plot()
    assert {line.get_marker() for line in short.lines} == {"o"}
    for drawn in (axes, short):
        matplotlib.pyplot.close(drawn.figure)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
@pytest.mark.parametrize("left", [0, 1, 7], ids="{} of 8 seeds are left".format)
def test_seeds_that_diverge_leave_a_fit_that_can_be_looked_at(lost, left):
    class Diverged(Shown):
        frame = pd.DataFrame(
            {
                "seed": list(range(8)) * 2,
                "epoch": [1] * 8 + [2] * 8,
                "loss": [0.5 + 0.01 * k for k in range(8 + left)] + [lost] * (8 - left),
            }
        )

        def _last(self):
            return self.frame.groupby("seed").nth(-1).drop(columns="seed")

    fit = Diverged()
    assert fit.summary().loc["loss", ["n", "diverged"]].tolist() == [left, 8 - left]
    assert 'src="data:image/png;base64,' in fit._repr_html_()
    axes = fit.plot()
    assert len(axes.lines) == 9  # a seed each, and their mean
    matplotlib.pyplot.close(axes.figure)


def test_a_seed_that_was_not_trained(fit):
    with pytest.raises(KeyError, match="seed 1 was not trained"):
        fit.model(1)


def test_a_metric_may_be_called_seed():
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[keras.metrics.MeanSquaredError(name="seed")])
        return model

    frame = fit_seeds(make, X, Y, **GIVEN).frame
    assert frame.seed.tolist() == [0, 3] and "logged_seed" in frame


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:one seed at a time")
@pytest.mark.parametrize("normal", [keras.random.normal, tf.random.normal])
def test_noise_of_a_shared_generator_is_not_gone_on_from(normal):
    class Noise(layers.Layer):
        def call(self, x):
            return x + normal((5,))

    def make():
        model = keras.Sequential([keras.Input((5,)), Noise(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match="a fit does not keep that; train all"):
        fit_seeds(make, X, Y, **GIVEN).resume(epochs=3)


class LogsAll(keras.callbacks.Callback):
    """Log what is no number, and what is another one each time."""

    def __init__(self):
        super().__init__()
        self.last = {}

    def on_epoch_end(self, epoch, logs=None):
        logs |= {"note": f"epoch {epoch}", "nothing": None, "step": [0.5, 1][epoch], "seed": 7.0}

    def on_train_end(self, logs=None):
        self.last = logs


def test_callbacks_may_log_anything(tmp_path):
    fit = fit_seeds(build, X, Y, epochs=2, callbacks=LogsAll(), **GIVEN)
    history = fit.history(3).history
    assert history["note"] == ["epoch 0", "epoch 1"] and history["nothing"] == [None, None]
    assert fit.callbacks(3)[0].last.keys() >= {"loss", "note", "seed"}
    fit.save(tmp_path / "fit.npz")
    again = load_fit(tmp_path / "fit.npz", build)
    assert again.history(3).history == history and history["step"] == [0.5, 1]
    assert "note" not in again.summary().index and "note" in again.frame


def test_what_can_not_go_on_is_not_resumed():
    steps = fit_seeds(build, X, Y, steps_per_epoch=2, **GIVEN)
    with pytest.raises(ValueError, match="steps_per_epoch"):
        steps.resume(epochs=3)


class CountsCalls(layers.Layer):
    """Count in a variable of TensorFlow's, which Keras does not know."""

    def __init__(self):
        super().__init__()
        self.calls = {"all": [tf.Variable(0.0, trainable=False)]}

    def call(self, x):
        self.calls["all"][0].assign_add(1.0)
        return x * self.calls["all"][0]


def build_stateful():
    stateful = layers.SimpleRNN(3, stateful=True)
    stack = [keras.Input(batch_shape=(4, 2, 5)), stateful, CountsCalls(), layers.Dense(1)]
    model = keras.Sequential(stack)
    model.compile("sgd", "mse")
    return model


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_what_layers_keep_to_themselves_comes_back_and_goes_on(tmp_path):
    x = X[:, np.newaxis].repeat(2, axis=1)
    given = GIVEN | {"batch_size": 4}
    fit, longer = (fit_seeds(build_stateful, x, Y, epochs=n, **given) for n in (1, 2))
    model, _ = fit_by_hand(build_stateful, 3, x, Y, batch_size=4)
    np.testing.assert_allclose(
        fit.model(3).predict(x, 4, verbose=0), model.predict(x, 4, verbose=0), rtol=1e-5
    )
    fit.save(tmp_path / "fit.npz")
    assert_same_fit(fit.resume(epochs=2), longer)
    again = load_fit(tmp_path / "fit.npz", build_stateful).resume(epochs=2, x=x, y=Y)
    assert_same_fit(again, longer)


class TwoOptimizers(keras.Sequential):
    def compile(self, other):
        super().compile("sgd", "mse")
        self.other = other

    def train_step(self, data):
        return super().train_step(data)


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_a_state_that_is_not_kept_is_not_gone_on_from():
    def make():
        model = TwoOptimizers([keras.Input((5,)), layers.Dense(1)])
        model.compile(keras.optimizers.Adam())
        return model

    with pytest.raises(ValueError, match=r"[.]other: a fit keeps the state of the optimizer"):
        fit_seeds(make, X, Y, **GIVEN).resume(epochs=3)


class Holder:
    pass


class Hidden(TwoOptimizers):
    """Keeps the other optimizer where a user may: not as an attribute of the model."""

    def compile(self, other, where):
        keras.Sequential.compile(self, "sgd", "mse")
        if where == "dict":
            self.others = {"first": [other]}
        elif where == "object":
            self.holder = Holder()
            self.holder.other = other
        else:
            self.inner = keras.Sequential([layers.Dense(1)])
            self.inner.compile(other, "mse")


@pytest.mark.filterwarnings("ignore:one seed at a time")
@pytest.mark.parametrize("where", ["dict", "object", "model"])
def test_an_optimizer_is_found_wherever_it_is_kept(where):
    def make():
        model = Hidden([keras.Input((5,)), layers.Dense(1)])
        model.compile(keras.optimizers.Adam(), where)
        return model

    with pytest.raises(ValueError, match="a fit keeps the state of the optimizer that is given"):
        fit_seeds(make, X, Y, **GIVEN).resume(epochs=3)


class Counter(layers.Layer):
    """Counts its steps in a variable of an object of its own."""

    def __init__(self):
        super().__init__()
        self.holder = Holder()
        self.holder.steps = [tf.Variable(0.0)]

    def call(self, x):
        self.holder.steps[0].assign_add(1.0)
        return x * self.holder.steps[0]


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_a_variable_in_an_object_of_the_users_own_is_kept():
    def make():
        model = keras.Sequential([keras.Input((5,)), Counter(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    fit, longer = (fit_seeds(make, X, Y, **GIVEN, epochs=n) for n in (1, 2))
    assert_same_fit(fit.resume(epochs=2), longer)


class TotalError(keras.metrics.MeanSquaredError):
    def reset_state(self):
        self.total.assign(0.0)


class FadingError(keras.metrics.MeanSquaredError):
    def reset_state(self):
        self.total.assign(0.0)
        self.count.assign(0.5 * self.count)


@pytest.mark.parametrize("metric", [TotalError, FadingError])
def test_a_metric_that_is_never_reset_is_not_gone_on_from(metric):
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[metric()])
        return model

    fit = fit_seeds(make, X, Y, **GIVEN)
    for go_on in (lambda: fit.evaluate(X, Y), lambda: fit.resume(epochs=3)):
        with pytest.raises(ValueError, match=r"metric variable .*count is not reset"):
            go_on()
    assert fit.predict(X).shape[0] == len(fit.seeds)


class Penalized(keras.Model):
    """Has a penalty whose weight is an attribute, or a variable."""

    def __init__(self, *, is_variable):
        super().__init__()
        self.hidden, self.last = layers.Dense(4, "tanh"), layers.Dense(1)
        self.beta = self.add_weight(shape=(), trainable=False) if is_variable else 0.0

    def call(self, x):
        h = self.hidden(x)
        self.add_loss(self.beta * keras.ops.mean(h**2))
        return self.last(h)


class Anneal(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if isinstance(self.model.beta, keras.Variable):
            self.model.beta.assign(epoch / 2 + 0.5)
        else:
            self.model.beta = epoch / 2 + 0.5


def penalized(*, eagerly, is_variable=False):
    model = Penalized(is_variable=is_variable)
    model.compile("adam", "mse", run_eagerly=eagerly)
    return model


@pytest.mark.filterwarnings("ignore:one seed at a time")
@pytest.mark.parametrize("eagerly", [False, True])
def test_what_a_callback_sets_besides_variables_is_not_kept(eagerly, tmp_path):
    make = partial(penalized, eagerly=eagerly)
    fit = fit_seeds(make, X, Y, **GIVEN, callbacks=[Anneal()])
    fit.save(tmp_path / "fit.npz")
    loaded = load_fit(tmp_path / "fit.npz", make)
    for go_on in (
        lambda: fit.evaluate(X, Y),
        lambda: fit.model(3),
        lambda: fit.resume(epochs=3),
        lambda: loaded.evaluate(X, Y),
    ):
        with pytest.raises(ValueError, match=r"training changed penalized.beta, and a fit keeps"):
            go_on()
    assert fit.predict(X).shape[0] == len(fit.seeds) and fit.history(3).history["loss"]


def test_what_a_callback_assigns_to_a_variable_is_kept():
    make = partial(penalized, eagerly=False, is_variable=True)
    fit = fit_seeds(make, X, Y, **GIVEN, callbacks=[Anneal()])
    model, _ = fit_by_hand(make, 3, X, Y, batch_size=GIVEN["batch_size"], callbacks=[Anneal()])
    expected = model.evaluate(X, Y, verbose=0)
    row = fit.evaluate(X, Y).set_index("seed").loc[3]
    np.testing.assert_allclose(row["loss"], expected, rtol=1e-5)


def test_what_is_missing_or_misspelt_after_a_training_is_named():
    fit = fit_seeds(build, X, Y, **GIVEN)
    for call, message in (
        (lambda: fit.evaluate(X), r"y is missing; give evaluate\(x, y\)"),
        (lambda: fit.predict(X[:0]), "x has no samples"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    for wrong, message in (("batchsize", "did you mean 'batch_size'"), ("initial_epoch", "it has")):
        with pytest.raises(TypeError, match=f"can not change '{wrong}'; {message}"):
            fit.resume(epochs=3, **{wrong: 1})


class NoisySteps(keras.Sequential):
    def train_step(self, data):
        x, y = data
        return super().train_step((x + tf.random.normal(tf.shape(x)), y))


class SeededSteps(keras.Sequential):
    def train_step(self, data):
        x, y = data
        return super().train_step((x + keras.random.normal(keras.ops.shape(x), seed=self.noise), y))


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_steps_that_draw_from_what_no_fit_keeps_are_not_gone_on_from():
    def make(kind):
        model = kind([keras.Input((5,)), layers.Dense(1)])
        model.noise = keras.random.SeedGenerator(seed=1)
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match="NoisySteps draws from a generator that each seed's fit"):
        fit_seeds(partial(make, NoisySteps), X, Y, **GIVEN).resume(epochs=3)
    seeded = partial(make, SeededSteps)
    fit, longer = (fit_seeds(seeded, X, Y, **GIVEN, epochs=n) for n in (1, 2))
    assert_same_fit(fit.resume(epochs=2), longer)


class Distiller(keras.Model):
    """Trains a part of its weights, for which alone its optimizer has variables."""

    def __init__(self):
        super().__init__()
        self.teacher, self.student = layers.Dense(4, "tanh"), layers.Dense(1)

    def call(self, inputs):
        return self.student(self.teacher(inputs))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        own = self.student.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, own), own, strict=True))
        return {"loss": loss}


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_an_optimizer_of_a_part_of_the_weights_comes_back_and_goes_on(tmp_path):
    def make():
        model = Distiller()
        model.compile("adam", "mse")
        return model

    fit, longer = (fit_seeds(make, X, Y, **GIVEN, epochs=n) for n in (1, 2))
    model, _ = fit_by_hand(make, 3, X, Y, batch_size=GIVEN["batch_size"])
    np.testing.assert_allclose(fit.predict(X)[0], model.predict(X, verbose=0), rtol=1e-4)
    assert len(fit.history(3).history["loss"]) == 1
    assert_same_fit(fit.resume(epochs=2), longer)
    fit.save(tmp_path / "fit.npz")
    assert_same_fit(load_fit(tmp_path / "fit.npz", make).resume(epochs=2, x=X, y=Y), longer)


class Factor(keras.optimizers.schedules.LearningRateSchedule):
    """A rate times a variable that callbacks may set."""

    def __init__(self):
        self.factor = tf.Variable(1.0, trainable=False)

    def __call__(self, step):
        return 0.01 * self.factor

    def get_config(self):
        return {}


class SetsFactor(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer._learning_rate.factor.assign(3.0)


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_a_variable_of_a_schedule_is_gone_on_with():
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile(keras.optimizers.Adam(Factor()), "mse")
        return model

    given = GIVEN | {"callbacks": lambda seed: [SetsFactor()]}
    fit, longer = (fit_seeds(make, X, Y, **given, epochs=n) for n in (1, 3))
    assert_same_fit(fit.resume(epochs=3), longer)
