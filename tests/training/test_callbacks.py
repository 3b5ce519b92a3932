"""Each seed's callbacks see a model of its own, as they do alone.

Slow: more callbacks that look at batches, `ReluHealth` among them, as in the example of its docs;
rates that they set, where early stopping is quick;
and those that may change the model, which are trained one seed at a time as these are.
"""

import csv
import random
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import callbacks as kc

from repro import fit_seeds
from repro.callbacks import ReluHealth
from repro.training.block import Block
from repro.training.callbacks import why_callbacks_not_fused
from tests.training.plain import BATCH, assert_same, fit_by_hand
from tests.training.test_arguments import TEST, X, Y, build

SEEDS = [3, 0, 5, 1]
build_block = Block._build
SLOW = pytest.mark.slow
# Keras' own callbacks, with numpy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def assert_callbacks_work_as_alone(make, *, epochs=6, seeds=SEEDS, all_at_once=True, **fit):
    given = {"epochs": epochs, "batch_size": BATCH, "check": False, "verbose": 0} | fit
    if all_at_once:
        trained = fit_seeds(build, X, Y, seeds=seeds, callbacks=make, **given)
    else:
        with pytest.warns(UserWarning, match="one seed at a time: callback"):
            trained = fit_seeds(build, X, Y, seeds=seeds, callbacks=make, **given)
    assert (trained.one_at_a_time is None) == all_at_once
    lengths = trained.frame.groupby("seed").size()
    ends_apart = lengths.nunique() > 1
    for seed in map(int, (lengths.idxmin(), lengths.idxmax()) if ends_apart else seeds[:2]):
        model, history = fit_by_hand(
            build, seed, X, Y, epochs=epochs, callbacks=make(f"{seed}_alone"), **fit
        )
        assert_same(trained, seed, model, history)
    return trained


@pytest.mark.long
def test_early_stopping_ends_each_seed_by_itself_and_restores_its_best_weights():
    def make(seed):
        return [kc.EarlyStopping("val_loss", patience=1, min_delta=0.02, restore_best_weights=True)]

    fit = assert_callbacks_work_as_alone(make, epochs=12, validation_data=TEST)
    lengths = fit.frame.groupby("seed").size()
    assert lengths.nunique() > 1 and lengths.min() < 12  # two have left before the others stopped


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"start_from_epoch": 2, "min_delta": 0.1},
        {"baseline": 0.5, "patience": 1, "restore_best_weights": True},
        {"min_delta": 0.2, "patience": 1, "mode": "min", "restore_best_weights": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_early_stopping_keeps_its_settings_for_each_seed(settings):
    def make(seed):
        return [
            kc.EarlyStopping("val_loss", **settings),
            kc.ReduceLROnPlateau("loss", patience=0, min_delta=0.3, cooldown=1),
            kc.LearningRateScheduler(lambda epoch, rate: 0.9 * rate),
        ]

    assert_callbacks_work_as_alone(make, validation_data=TEST)


@pytest.mark.slow
def test_rates_that_callbacks_set_are_each_seeds_own():
    def make(seed):
        steps = kc.LearningRateScheduler(lambda epoch, rate: rate * (0.5 if epoch == 2 else 1))
        return [kc.ReduceLROnPlateau("loss", patience=1, min_delta=0.03), steps]

    fit = assert_callbacks_work_as_alone(make)
    assert fit.frame.groupby("epoch").learning_rate.nunique().max() > 1


def test_files_are_written_as_alone(tmp_path):
    def make(seed):
        weights = tmp_path / f"{seed}.weights.h5"
        return [
            kc.CSVLogger(str(tmp_path / f"{seed}.csv")),
            kc.ModelCheckpoint(
                str(weights), save_weights_only=True, save_best_only=True, monitor="loss"
            ),
        ]

    assert_callbacks_work_as_alone(make, epochs=2, seeds=[3, 0])
    for seed in (3, 0):
        ours, theirs = (
            list(csv.DictReader((tmp_path / f"{seed}{end}.csv").read_text().splitlines()))
            for end in ("", "_alone")
        )
        assert ours[0].keys() == theirs[0].keys() and len(ours) == len(theirs) == 2
        here, there = (build() for _ in range(2))
        here.load_weights(tmp_path / f"{seed}.weights.h5")
        there.load_weights(tmp_path / f"{seed}_alone.weights.h5")
        for a, b in zip(here.get_weights(), there.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.long
@pytest.mark.parametrize(
    "kind", ["own", *(pytest.param(k, marks=SLOW) for k in ("TerminateOnNaN", "BackupAndRestore"))]
)
def test_callbacks_that_look_at_batches_train_one_seed_at_a_time(kind, tmp_path):
    class EveryBatch(kc.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = logs["loss"] < 0.6

    def make(seed):
        match kind:
            case "TerminateOnNaN":
                return [kc.TerminateOnNaN()]
            case "BackupAndRestore":
                return [kc.BackupAndRestore(str(tmp_path / str(seed)))]
        return [EveryBatch()]

    assert_callbacks_work_as_alone(make, epochs=2, seeds=[3, 0], all_at_once=False)


@pytest.mark.slow
def test_relu_health_sees_each_seed():
    with pytest.warns(UserWarning, match="callback ReluHealth looks at batches"):
        fit = fit_seeds(build, X, Y, seeds=2, epochs=2, callbacks=[ReluHealth()], verbose=0)
    assert fit.frame["dead_units/dense"].notna().all()
    assert fit.callbacks(0)[0] is not fit.callbacks(1)[0]


@pytest.mark.long
def test_one_callback_for_all_is_copied_for_each():
    class Counts(kc.Callback):
        count = 0

        def on_epoch_end(self, epoch, logs=None):
            self.count += 1
            assert isinstance(logs["loss"], float) and self.model.optimizer.iterations > 0

    counts = Counts()
    fit = fit_seeds(build, X, Y, seeds=2, epochs=3, callbacks=counts, verbose=0, check=False)
    assert [fit.callbacks(seed)[0].count for seed in (0, 1)] == [3, 3]
    assert counts.count == 0


def test_a_file_for_all_seeds_is_refused(tmp_path):
    with pytest.raises(ValueError, match="would write all seeds to one place"):
        fit_seeds(build, X, Y, seeds=2, callbacks=kc.CSVLogger(str(tmp_path / "log.csv")))
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_what_a_callback_raises_is_raised():
    class Fails(kc.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("no room for the plot")

    with pytest.raises(RuntimeError, match="no room for the plot"):
        fit_seeds(build, X, Y, seeds=2, callbacks=Fails(), verbose=0, check=False)


def test_keras_own_history_comes_back():
    fit = fit_seeds(build, X, Y, seeds=2, epochs=3, verbose=0, check=False)
    history = fit.history(1)
    assert isinstance(history, keras.callbacks.History)
    assert history.epoch == [0, 1, 2]
    assert history.history["loss"] == fit.frame.query("seed == 1").loss.tolist()


def test_callbacks_know_how_many_batches_a_data_set_has():
    class Steps(kc.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["steps"] = float(self.params["steps"])

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    fit = fit_seeds(build, data, seeds=1, callbacks=Steps(), verbose=0, check=False)
    assert fit.frame.steps.tolist() == [3]


class Freezes(kc.Callback):
    def on_train_begin(self, logs=None):
        self.model.layers[0].trainable = False


class Shifts(kc.Callback):
    def on_test_begin(self, logs=None):
        self.model.layers[-1].bias.assign_add([1.0])


class Schedules(kc.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(9.0, 1, 1)


class SchedulesEarly(Schedules):
    def on_epoch_begin(self, epoch, logs=None):
        pass


@pytest.mark.parametrize("kind", [Schedules, SchedulesEarly])
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_a_schedule_that_a_callback_sets_changes_nothing(kind):
    fit = fit_seeds(build, X, Y, seeds=1, epochs=3, callbacks=kind(), batch_size=8, verbose=0)
    without = fit_seeds(build, X, Y, seeds=1, epochs=3, batch_size=8, verbose=0)
    assert np.allclose(fit.frame, without.frame, rtol=1e-5)
    assert fit.model(0).optimizer.iterations == without.model(0).optimizer.iterations


class FreezesEarly(kc.Callback):
    def set_model(self, model):
        super().set_model(model)
        model.layers[0].trainable = False


def freeze(model):
    model.layers[0].trainable = False
    model.make_train_function(force=True)


class MakesAnew(kc.Callback):
    """Freeze a layer, and let `fit` make its graph anew."""

    def on_epoch_end(self, epoch, logs=None):
        freeze(self.model)


@pytest.mark.parametrize(
    "kind", [FreezesEarly, *(pytest.param(kind, marks=SLOW) for kind in (Shifts, Freezes))]
)
def test_callbacks_that_may_change_the_model_train_one_seed_at_a_time(kind):
    with pytest.warns(UserWarning, match=f"callback {kind.__name__} may change the model"):
        fit = fit_seeds(build, X, Y, seeds=[3], callbacks=kind(), validation_data=TEST)
    _model, history = fit_by_hand(
        build, 3, X, Y, callbacks=[kind()], validation_data=TEST, batch_size=32
    )
    np.testing.assert_allclose(fit.frame.val_loss, history.history["val_loss"], rtol=1e-5)


@pytest.mark.long
def test_callbacks_that_make_the_graph_anew_train_one_seed_at_a_time():
    assert_callbacks_work_as_alone(
        lambda seed: [MakesAnew()], epochs=3, seeds=[3, 0], all_at_once=False
    )
    function = kc.LambdaCallback(
        on_epoch_end=lambda epoch, logs: [build().make_train_function() for _ in range(1)]
    )
    assert "make the graph of fit anew (compile, make_train_function)" in why_callbacks_not_fused(
        [[function]]
    )


@pytest.mark.long
def test_a_callback_that_compiles_the_model_fails_as_in_fit():
    """Keras' `fit` has no graph then; fused, training would go on with the old loss."""
    again = kc.LambdaCallback(on_epoch_end=lambda epoch, logs: again.model.compile("sgd", "mae"))
    said = "a callback compiled the model .* call model.make_train_function"
    for message, train in (
        ("not callable", lambda: build().fit(X, Y, epochs=2, callbacks=[again], verbose=0)),
        (said, lambda: fit_seeds(build, X, Y, seeds=[3], epochs=2, callbacks=lambda _: [again])),
    ):
        with warnings.catch_warnings(), pytest.raises(TypeError, match=message):
            warnings.simplefilter("ignore")  # one seed at a time
            train()


class CompilesAndMakes(kc.Callback):
    """Do what the message says."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            self.model.compile("sgd", self.model.loss)
            self.model.make_train_function()


@pytest.mark.long
def test_a_callback_that_compiles_the_model_and_makes_its_graph_trains_as_in_fit():
    assert_callbacks_work_as_alone(
        lambda seed: [CompilesAndMakes()], epochs=3, seeds=[3, 0], all_at_once=False
    )


@pytest.mark.long
def test_every_seeds_callbacks_are_looked_at():
    shared = kc.EarlyStopping("loss", patience=0)
    with pytest.warns(UserWarning, match="seeds share a callback"):
        fit_seeds(build, X, Y, seeds=2, callbacks=lambda seed: [shared], verbose=0)
    with pytest.warns(UserWarning, match="TerminateOnNaN looks at batches"):
        fit_seeds(build, X, Y, seeds=2, callbacks=lambda seed: [kc.TerminateOnNaN()] * seed)


class Watched(keras.layers.Dense):
    """Has a metric of its own, as a layer that logs does."""

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.mean = keras.metrics.Mean(name="mean_output")

    def call(self, inputs):
        outputs = super().call(inputs)
        self.mean.update_state(outputs)
        return outputs


@pytest.mark.parametrize(
    "given", [{}, {"callbacks": lambda seed: [kc.Callback()]}], ids=["plain", "with callbacks"]
)
def test_later_blocks_of_layers_of_ones_own_train_fused_after_the_first(given):
    def build_own():
        x = keras.Input((X.shape[1],))
        model = keras.Model(x, Watched(3, activation="softmax")(x))
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    fit = fit_seeds(
        build_own,
        X,
        Y,
        seeds=2,
        block_size=1,
        check=False,
        verbose=0,
        validation_data=TEST,
        **given,
    )
    assert fit.one_at_a_time is None


class Draws(kc.Callback):
    """Disturb the weights by numbers of three global generators."""

    def on_epoch_end(self, epoch, logs=None):
        drawn = random.gauss(0, 1) + np.random.uniform() + float(keras.random.uniform(()))
        self.model.layers[0].bias.assign_add(np.full(4, 0.1 * drawn))


class Thaws(kc.Callback):
    """Freeze a layer, and change settings that the graph of `fit` holds already."""

    def __init__(self, seed):
        super().__init__()
        self.stops = str(seed)[0] in "35"

    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[0].trainable = epoch % 2 == 1
        self.model.layers[0].activation = keras.activations.tanh
        self.model.stop_training = self.stops and epoch == 1  # half of the block: it is compacted


@pytest.mark.long
def test_callbacks_draw_what_they_would_draw_alone():
    assert_callbacks_work_as_alone(lambda seed: [Draws()], epochs=3, seeds=[3, 0])


@pytest.mark.long
def test_what_callbacks_set_after_the_graph_is_made_changes_nothing():
    given = {"epochs": 4, "batch_size": BATCH, "verbose": 0}
    fit = fit_seeds(build, X, Y, seeds=[3, 5, 0], callbacks=lambda s: [Thaws(s)], **given)
    assert fit.one_at_a_time is None
    for seed in (3, 0):
        _, history = fit_by_hand(build, seed, X, Y, epochs=4, callbacks=[Thaws(seed)])
        ours = fit.history(seed).history["loss"]
        np.testing.assert_allclose(ours, history.history["loss"], rtol=1e-4)
    with pytest.raises(ValueError, match=r"training changed .*activation"):  # of what predicts
        fit.predict(X)


class SetsOptimizer(kc.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer = keras.optimizers.Adam(0.5)


class SetsOptimizerEarly(SetsOptimizer):
    def on_train_begin(self, logs=None):
        """Do nothing; but what begins a training may do anything."""


@pytest.mark.long
@pytest.mark.parametrize(
    "kind", [SetsOptimizer, pytest.param(SetsOptimizerEarly, marks=pytest.mark.slow)]
)
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_an_optimizer_that_a_callback_sets_is_not_that_of_the_graph(kind):
    given = {"epochs": 3, "batch_size": BATCH, "verbose": 0}
    fit = fit_seeds(build, X, Y, seeds=SEEDS, callbacks=lambda seed: kind(), check=False, **given)
    assert (fit.one_at_a_time is None) == (kind is SetsOptimizer)
    model, history = fit_by_hand(build, 3, X, Y, epochs=3, callbacks=[kind()])
    assert int(model.optimizer.iterations) == 0  # `fit` has gone on with the first one
    model.optimizer = fit.model(3).optimizer
    assert_same(fit, 3, model, history)
    assert fit.resume(epochs=4).frame.epoch.max() == 4


class Freeze(kc.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[0].trainable = False


def test_a_first_validation_sees_what_callbacks_changed_before_it():
    def make():
        model = keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(4, kernel_regularizer="l2")]
        )
        model.add(keras.layers.Dense(1))
        model.compile("adam", "mse")
        return model

    given = {"epochs": 3, "validation_data": TEST, "validation_freq": 2, "callbacks": [Freeze()]}
    with pytest.warns(UserWarning, match="callback Freeze may change what the first validation's"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=BATCH, verbose=0, **given)
    _, history = fit_by_hand(make, 3, X, Y, **given)
    ours = fit.frame.query("seed == 3").val_loss.dropna()
    np.testing.assert_allclose(ours, history.history["val_loss"], rtol=1e-5)


def test_keras_own_callbacks_leave_a_later_first_validation_fused():
    given = {"epochs": 3, "validation_data": TEST, "validation_freq": 2}
    fit = fit_seeds(
        build,
        X,
        Y,
        seeds=2,
        batch_size=BATCH,
        verbose=0,
        callbacks=[kc.EarlyStopping("loss")],
        **given,
    )
    assert fit.one_at_a_time is None


class Swings(kc.Callback):
    """Lets rates of seeds part in every second epoch."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.01 * (1 + (epoch % 2) * self.seed)


def test_rates_that_part_and_meet_take_one_more_graph(monkeypatch):
    blocks = []
    monkeypatch.setattr(Block, "_build", lambda block: blocks.append(block) or build_block(block))
    assert_callbacks_work_as_alone(lambda seed: [Swings(int(str(seed)[0]))], seeds=[3, 0])
    assert len(blocks) == 2
