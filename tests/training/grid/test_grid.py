"""fit_grid must be fit_seeds of every cell, only faster."""

from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from repro import fit_grid, fit_seeds
from repro.training.fit import DEFAULTS
from repro.training.grid.job import make_groups
from repro.training.grid.result import GridFit
from repro.training.grid.settings import cells_of, shown

DATA = np.random.default_rng(0)
X = DATA.random((70, 12), dtype="float32")
Y = DATA.integers(0, 3, 70)
RATES = [0.01, 0.1, 0.5]


def build(learning_rate=0.1, units=4, momentum=0.0):
    model = keras.Sequential(
        [keras.Input((12,)), layers.Dense(units, "tanh"), layers.Dense(3, "softmax")]
    )
    optimizer = keras.optimizers.SGD(learning_rate, momentum=momentum)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(build, grid, seeds=2, **fit):
    given = {"epochs": 2, "verbose": 0, "check": False, **fit}
    return fit_grid(build, X, Y, grid=grid, seeds=seeds, **given)


def alone(settings, build=build, seeds=2, **fit):
    given = {"epochs": 2, "verbose": 0, "check": False, **fit}
    return fit_seeds(lambda: build(**settings), X, Y, seeds=seeds, **given)


def groups_of(grid, build=build, seeds=4, **fit):
    given = {n: v for n, v in DEFAULTS.items() if n != "verbose"}
    given |= {"x": X, "y": Y, **fit}
    groups, _ = make_groups(build, cells_of(build, grid), list(range(seeds)), **given)
    return groups


@pytest.mark.slow
@pytest.mark.parametrize("block_size", [2, pytest.param(None, marks=pytest.mark.slow)])
def test_each_cell_is_what_fit_seeds_gives_it(block_size):
    given = {"block_size": block_size, "validation_data": (X, Y)}
    grid = train(build, {"learning_rate": RATES[:2], "units": [3, 5]}, check=True, **given)
    assert grid.one_at_a_time is None
    names = ["learning_rate", "units", "seed", "epoch", "loss", "accuracy"]
    assert list(grid.frame.columns[:6]) == names
    assert len(grid.frame) == 4 * 2 * 2
    for settings in (grid.settings[0], grid.settings[-1]):
        own = grid.frame[(grid.frame[list(settings)] == list(settings.values())).all(axis=1)]
        own = own.drop(columns=list(settings)).reset_index(drop=True)
        expected = alone(settings, **given)
        np.testing.assert_allclose(own, expected.frame, rtol=1e-5)
        weights = zip(
            grid.model(seed=1, **settings).get_weights(),
            expected.model(1).get_weights(),
            strict=True,
        )
        for ours, theirs in weights:
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_cells_that_differ_in_the_rate_alone_share_a_graph_and_other_networks_do_not():
    groups = groups_of({"units": [3, 5], "momentum": [0.0, 0.9], "learning_rate": RATES})
    assert len(groups) == 4  # without momentum, SGD keeps no velocities
    assert [len(group.job.blueprint.members) for group in groups] == [12] * 4
    assert groups[0].blocks == [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11]]  # two cells and one


OPTIMIZERS = [
    (keras.optimizers.SGD, {"momentum": [0.5, 0.9]}),
    (keras.optimizers.SGD, {"clipnorm": [0.01, 0.1]}),
    (keras.optimizers.SGD, {"global_clipnorm": [0.01, 0.1]}),
    (keras.optimizers.SGD, {"clipvalue": [0.001, 0.01]}),
    (keras.optimizers.AdamW, {"weight_decay": [0.01, 0.1]}),
    (keras.optimizers.Adam, {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.99]}),
    (keras.optimizers.RMSprop, {"rho": [0.5, 0.9], "momentum": [0.1, 0.2]}),
    (keras.optimizers.Nadam, {"beta_1": [0.5, 0.9]}),
    (keras.optimizers.Lion, {"weight_decay": [0.1, 0.2]}),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("optimizer", "grid"),
    [
        pytest.param(*case, marks=pytest.mark.slow if place else ())
        for place, case in enumerate(OPTIMIZERS)
    ],
)
def test_cells_that_differ_in_an_optimizers_number_share_a_graph(optimizer, grid):
    def make(**numbers):
        model = keras.Sequential([keras.Input((12,)), layers.Dense(3, "softmax")])
        model.compile(optimizer(0.1, **numbers), "sparse_categorical_crossentropy")
        return model

    names = list(grid)
    build = {1: lambda a: make(**{names[0]: a}), 2: lambda a, b: make(**{names[0]: a, names[1]: b})}
    cells = dict(zip("ab", grid.values(), strict=False))
    assert len(groups_of(cells, build[len(names)])) == 1
    trained = train(build[len(names)], cells, check=True)
    assert trained.one_at_a_time is None
    assert trained.frame.drop_duplicates("loss").shape == trained.frame.shape
    for settings in trained.settings:
        expected = alone(settings, build[len(names)])
        np.testing.assert_allclose(trained.fit(**settings).frame, expected.frame, rtol=1e-5)
        states = trained.fit(**settings).trained[1].state, expected.trained[1].state
        for ours, theirs in zip(*states, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_cells_that_fill_blocks_of_their_own_share_none():
    (group,) = groups_of({"learning_rate": RATES[:2]}, block_size=3)
    assert group.blocks == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_cells_that_fill_a_block_share_the_batches_of_a_seed():
    (group,) = groups_of({"learning_rate": RATES}, block_size=3)
    assert group.blocks == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]
    assert group.job.shares_batches
    assert not groups_of({"learning_rate": RATES})[0].job.shares_batches


class Reversal(layers.Layer):
    """Multiplies the gradient by a factor that nothing tells of."""

    def __init__(self, factor):
        super().__init__()
        self._factor = factor

    def call(self, x):
        @tf.custom_gradient
        def reverse(x):
            return tf.identity(x), lambda upstream: self._factor * upstream

        return reverse(x)


@pytest.mark.long
def test_a_setting_that_a_layer_keeps_to_itself_is_not_lost():
    def reversing(factor, learning_rate):
        model = build(learning_rate)
        hidden = Reversal(factor)(model.layers[0].output)
        model = keras.Model(model.inputs, layers.Dense(3, "softmax")(hidden))
        model.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
        return model

    grid = train(reversing, {"learning_rate": [0.1], "factor": [1.0, -3.0]})
    for settings in grid.settings:
        expected = alone(settings, reversing).frame
        np.testing.assert_allclose(grid.fit(**settings).frame, expected, rtol=1e-5)


def test_a_setting_that_no_config_tells_is_not_lost():
    def excluding(names):
        optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=names)
        model = build()
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model

    assert len(groups_of({"names": [["bias"], ["kernel"]]}, excluding)) == 2


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_a_column_that_is_called_as_a_setting_is_apart():
    rates = {"learning_rate": [0.1, 0.5]}
    grid = train(build, rates, callbacks=keras.callbacks.ReduceLROnPlateau("loss"))
    assert grid.frame.columns.is_unique
    assert grid.frame.learning_rate.unique().tolist() == [0.1, 0.5]
    assert "logged_learning_rate" in grid.frame


def test_callbacks_are_made_of_the_seed_and_the_settings(tmp_path):
    def callbacks(seed, learning_rate):
        return keras.callbacks.CSVLogger(tmp_path / f"{learning_rate}_{seed}.csv")

    train(build, {"learning_rate": [0.1, 0.5]}, callbacks=callbacks)
    expected = {f"{rate}_{seed}.csv" for rate in (0.1, 0.5) for seed in (0, 1)}
    assert {path.name for path in tmp_path.iterdir()} == expected


@pytest.mark.slow
def test_a_data_set_is_read_once_for_all_cells():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    given = {"seeds": 2, "verbose": 0, "check": False}
    grid = fit_grid(build, data, grid={"learning_rate": [0.1, 0.5]}, **given)
    for settings in grid.settings:
        expected = fit_seeds(lambda settings=settings: build(**settings), data, **given)
        np.testing.assert_allclose(grid.fit(**settings).frame, expected.frame, rtol=1e-5)


@pytest.mark.slow
def test_a_cell_goes_on_and_can_be_asked_for():
    grid = train(build, {"learning_rate": [0.1, 0.5], "units": [4]}, epochs=1)
    longer = grid.fit(learning_rate=0.5).resume(epochs=2)
    expected = alone({"learning_rate": 0.5})
    np.testing.assert_allclose(longer.frame, expected.frame, rtol=1e-5)
    assert len(grid.summary()) == 2 * 2
    with pytest.raises(TypeError, match="which cell\\? give learning_rate"):
        grid.model(seed=1)
    with pytest.raises(TypeError, match="the grid has no rate"):
        grid.model(seed=1, rate=1)
    with pytest.raises(KeyError, match=r"no cell of .*; the grid has learning_rate: 0\.\d"):
        grid.model(seed=1, learning_rate=0.3)
    with pytest.raises(KeyError, match="seed 7 was not trained"):
        grid.model(seed=7, learning_rate=0.5)


BAD = [
    ({}, "grid is empty"),
    ([0.1], "grid must map settings to lists"),
    ({"units": []}, "units has no values"),
    ({"units": 3}, "units must be a list of values"),
    ({"units": "34"}, "units must be a list of values"),
    ({"units": [3, 4, 3.0]}, "units repeats 3.0"),
    ({"units": [np.int64(3), 3]}, "units repeats 3"),
    ({"momentum": [float("nan"), np.float32("nan")]}, "momentum repeats nan"),
    ({"width": [3]}, "build does not take width; it takes learning_rate, units, momentum"),
    ({"unit": [3]}, r"build does not take unit \(did you mean 'units'\?\); it takes learning_rate"),
    ({"units": [[3, 4], (3, 4)]}, r"units repeats \(3, 4\)"),
    ({"seed": [3]}, "a setting can not be called 'seed', which is a column"),
    ({"n": [3]}, "a setting can not be called 'n', which is a column of the summary"),
    ({3: [3]}, "settings are named by strings"),
    ({"units": range(1, 1002)}, "grid has more than 1,000 combinations"),
    (
        {"units": range(1, 40), "momentum": np.linspace(0, 0.9, 40)},
        "grid has more than 1,000 combinations",
    ),
]


@pytest.mark.parametrize(("grid", "error"), BAD, ids=range(len(BAD)))
def test_a_bad_grid_is_refused_in_a_line_before_anything_is_built(grid, error):
    def never(learning_rate=0.1, units=4, momentum=0.0):
        raise AssertionError("it was built")

    with pytest.raises((ValueError, TypeError), match=error) as raised:
        train(never, grid)
    assert "\n" not in str(raised.value)


def test_other_bad_arguments_are_refused():
    with pytest.raises(TypeError, match="build needs units"):
        train(lambda units, rate=1: build(rate, units), {"rate": [0.1]})
    with pytest.raises(TypeError, match="fit_seeds takes epoch \\(did you mean 'epochs'"):
        train(build, {"units": [3]}, epoch=3)
    with pytest.raises(TypeError, match="build takes units by position alone, a grid by name"):
        train(lambda units, /: build(0.1, units), {"units": [3]})
    with pytest.raises(TypeError, match="callbacks=lambda seed, units: "):
        train(build, {"units": [3]}, callbacks=lambda seed: [])
    with pytest.raises(TypeError, match="build must be a function of the settings"):
        train(build(), {"units": [3]})
    with pytest.raises(ValueError, match="'loss' is a metric's column"):
        train(lambda loss: build(), {"loss": [3, 4]})


def test_cells_do_not_write_to_one_file(tmp_path):
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.raises(ValueError, match="would write all seeds to one place"):
        train(build, {"units": [3, 4]}, seeds=1, callbacks=log)


class Network(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.hidden, self.output_layer = layers.Dense(units), layers.Dense(3, "softmax")
        self.compile("sgd", "sparse_categorical_crossentropy")

    def call(self, x):
        return self.output_layer(self.hidden(x))


@pytest.mark.long
def test_a_class_of_models_builds_them():
    grid = train(Network, {"units": [3, 4]}, seeds=1)
    assert grid.model(seed=0, units=4).hidden.units == 4


def test_a_value_is_shown_as_the_frame_can_be_grouped_by_it_and_asked_for():
    values = [[3, 4], np.ones(2), {"a": [1]}, tf.constant([1.0]), None]
    shown_ones = [shown(value) for value in values]
    assert shown_ones[:3] == [(3, 4), (1.0, 1.0), (("a", (1,)),)]
    assert len(set(shown_ones)) == 5  # none is without a hash
    fits = [SimpleNamespace(seeds=[0])] * 2
    grid = GridFit(pd.DataFrame(), [{"units": [3, 4]}, {"units": [3]}], fits)
    assert grid.fit(units=(3, 4)) is fits[0]
    with pytest.raises(TypeError, match=r"the grid has no unit \(did you mean 'units'\?\)"):
        grid.fit(unit=[3])


def test_optimizers_that_copy_weights_share_no_graph():
    def copying(beta_1):
        model = build()
        model.compile(
            keras.optimizers.ScheduleFreeAdamW(beta_1=beta_1), "sparse_categorical_crossentropy"
        )
        return model

    assert len(groups_of({"beta_1": [0.5, 0.9]}, copying)) == 2
    (group, _) = groups_of({"beta_1": [0.5, 0.9]}, copying)
    assert group.job.blueprint.untouched(0).optimizer.beta_1 == 0.5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_cells_that_are_trained_one_at_a_time_keep_their_settings():
    def copying(beta_1, learning_rate):
        model = build()
        optimizer = keras.optimizers.ScheduleFreeAdamW(learning_rate, beta_1=beta_1)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model

    grid = train(copying, {"beta_1": [0.5, 0.9], "learning_rate": [0.01, 0.1]}, seeds=1)
    for settings in grid.settings:
        expected = alone(settings, copying, seeds=1)
        np.testing.assert_allclose(grid.fit(**settings).frame, expected.frame, rtol=1e-5)
        for ours, theirs in zip(
            grid.model(0, **settings).get_weights(), expected.model(0).get_weights(), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_an_error_of_data_names_the_cell():
    def wide(classes):
        model = keras.Sequential([keras.Input((12,)), layers.Dense(classes, "softmax")])
        model.compile("sgd", "categorical_crossentropy")
        return model

    with pytest.raises(ValueError, match="can not be trained on these data") as raised:
        fit_grid(wide, X, np.eye(3)[Y], grid={"classes": [3, 2]}, seeds=1, verbose=0)
    assert raised.value.__notes__[-1] == "This was raised for classes=2."


def test_an_error_in_build_names_the_cell():
    with pytest.raises(ValueError, match="positive integer") as raised:
        train(build, {"units": [4, -1], "learning_rate": [0.1]})
    assert raised.value.__notes__[-1] == "This was raised for units=-1, learning_rate=0.1, seed 0."


def test_the_models_of_a_grid_are_counted_as_models(capsys):
    train(build, {"units": [3, 4]}, verbose=2)
    said = capsys.readouterr().out.splitlines()
    assert said and all(" models, mean of each: loss" in line for line in said)
