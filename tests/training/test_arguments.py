"""Each argument of `fit` means for every seed what it means there.

Slow: a second argument of each kind, such as class weights beside weights of samples.
"""

import re
import sys
import time
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf
from keras import layers

from repro import fit_seeds
from repro.training.feeding.batches import Replayed
from repro.training.fit import DEFAULTS
from repro.training.job import make_job
from repro.training.order import order_in_batches
from repro.training.progress import progress
from tests.training.plain import BATCH, assert_same, fit_by_hand

EPOCHS = 3
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 5)).astype("float32")  # the last batch of 8 is short
Y = (X[:, :1] > 0).astype("float32")
WEIGHTS = rng.random(20).astype("float32")
TEST = X[:7] + 1, Y[:7]


def build():
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, "relu"), layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", weighted_metrics=["accuracy"])
    return model


def assert_seed_is_as_by_hand(given, arrays=(X, Y), seed=3, make=build, **by_hand):
    fit = fit_seeds(
        make, seeds=[seed, 0], epochs=EPOCHS, batch_size=BATCH, check=False, verbose=0, **given
    )
    model, history = fit_by_hand(make, seed, *arrays, epochs=EPOCHS, **by_hand)
    assert_same(fit, seed, model, history)
    return fit


@pytest.mark.long
def test_sample_weights():
    given = {"x": X, "y": Y, "sample_weight": WEIGHTS}
    assert_seed_is_as_by_hand(given, (X, Y, WEIGHTS))


@pytest.mark.slow
def test_class_weights():
    heavy = {0: 1.0, 1: 3.0}
    assert_seed_is_as_by_hand({"x": X, "y": Y, "class_weight": heavy}, class_weight=heavy)


@pytest.mark.slow
def test_validation_with_weights_every_second_epoch():
    validation = {
        "validation_data": (*TEST, WEIGHTS[:7]),
        "validation_freq": 2,
        "validation_batch_size": 3,
    }
    fit = assert_seed_is_as_by_hand({"x": X, "y": Y, **validation}, **validation)
    assert fit.frame.val_loss.isna().tolist() == [True, False, True] * 2


def test_a_split_validates_on_the_last_samples():
    by_hand = {"validation_data": (X[15:], Y[15:]), "validation_batch_size": BATCH}
    given = {"x": X, "y": Y, "validation_split": 0.25}
    assert_seed_is_as_by_hand(given, (X[:15], Y[:15]), **by_hand)


@pytest.mark.slow
def test_validation_on_some_batches_of_a_data_set():
    validation = tf.data.Dataset.from_tensor_slices(TEST).batch(3)
    steps = {"validation_data": validation, "validation_steps": 2}
    assert_seed_is_as_by_hand({"x": X, "y": Y, **steps}, **steps)


@pytest.mark.slow
def test_a_later_epoch_to_start_at():
    given = {"x": X, "y": Y, "initial_epoch": 2}
    fit = fit_seeds(build, **given, seeds=[3], epochs=4, batch_size=BATCH, verbose=0, check=False)
    assert fit.frame.epoch.tolist() == [3, 4]


@pytest.mark.long
def test_few_steps_an_epoch_go_on_where_the_last_epoch_stopped():
    given = {"seeds": [3, 0], "batch_size": BATCH, "verbose": 0, "check": False}
    by_steps = fit_seeds(build, X, Y, epochs=4, steps_per_epoch=2, **given)
    by_passes = fit_seeds(build, X, Y, epochs=2, **given)  # of three batches: two, then one
    for here, there in zip(by_steps.trained[3].state, by_passes.trained[3].state, strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-7)


def test_steps_without_a_batch_size_make_one_pass_together():
    given = {"steps_per_epoch": 4, "epochs": 2, "shuffle": False, "verbose": 0}
    given |= {"validation_data": TEST, "validation_steps": 2}
    fit = fit_seeds(build, X, Y, seeds=[3], check=False, **given)
    keras.utils.set_random_seed(3)
    model = build()
    assert_same(fit, 3, model, model.fit(X, Y, **given))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # by fit, which rounds 3 up to 4
def test_steps_that_are_executed_several_at_once_are_counted_as_by_fit():
    def several():
        model = build()
        model.compile("sgd", "mse", steps_per_execution=2)
        return model

    given = {"batch_size": 4, "steps_per_epoch": 3, "epochs": 3, "shuffle": False, "verbose": 0}
    with pytest.warns(UserWarning, match="one seed at a time: steps_per_epoch"):
        fit = fit_seeds(several, X, Y, seeds=[3], check=False, **given)
    keras.utils.set_random_seed(3)
    model = several()
    assert_same(fit, 3, model, model.fit(X, Y, **given))


def test_variables_are_taken_for_their_values():
    given = {"seeds": [3], "shuffle": False, "verbose": 0, "check": False}
    fit = fit_seeds(build, tf.Variable(X), keras.Variable(Y), **given)
    assert fit.one_at_a_time is None
    assert fit.frame.equals(fit_seeds(build, X, Y, **given).frame)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["tf.data", pytest.param("PyDataset", marks=pytest.mark.slow)])
def test_a_data_set_is_seen_by_all_seeds_in_its_own_order(kind):
    class Pieces(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, step):
            return X[step * 8 : step * 8 + 8], Y[step * 8 : step * 8 + 8]

    tensors = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    data = tensors if kind == "tf.data" else Pieces()
    fit = fit_seeds(build, data, seeds=[3, 0], epochs=2, verbose=0, check=False)
    assert fit.one_at_a_time is None
    keras.utils.set_random_seed(0)
    model = build()
    history = model.fit(X, Y, batch_size=8, shuffle=False, epochs=2, verbose=0)
    assert_same(fit, 0, model, history)


def generated():
    for step in range(9):
        yield X[step : step + 8], Y[step : step + 8]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize(
    "given",
    [
        {"steps_per_epoch": 4, "epochs": 2},
        pytest.param({"epochs": 2}, marks=pytest.mark.slow),  # the second is of what `fit` kept
        pytest.param({"steps_per_epoch": 7, "epochs": 2}, marks=pytest.mark.slow),
    ],
)
def test_a_generator_is_read_once_and_shows_each_seed_all_its_batches(given):
    with pytest.warns(UserWarning, match="the data are a generator"):
        fit = fit_seeds(build, generated(), seeds=[3, 0], verbose=0, **given)
    for seed in (3, 0):
        keras.utils.set_random_seed(seed)
        model = build()
        assert_same(fit, seed, model, model.fit(generated(), verbose=0, shuffle=False, **given))


def test_a_generator_may_fill_one_array_again_and_again():
    array = np.zeros(2)
    replayed = Replayed((np.add(array, 1, out=array),) for _ in range(3))
    for _ in range(2):
        assert [batch[0].tolist() for batch in replayed.anew()] == [[1, 1], [2, 2], [3, 3]]


@pytest.mark.slow
def test_a_generator_to_validate_on():
    # one epoch: what a second one sees hangs on how far `fit` has read ahead
    given = {"validation_steps": 4, "batch_size": BATCH, "shuffle": False}
    with pytest.warns(UserWarning, match="the data are a generator"):
        validation = {"validation_data": generated()}
        fit = fit_seeds(build, X, Y, seeds=[3, 0], verbose=0, **given, **validation)
    keras.utils.set_random_seed(0)
    model, validation = build(), {"validation_data": generated()}
    assert_same(fit, 0, model, model.fit(X, Y, verbose=0, **given, **validation))


@pytest.mark.long
def test_samples_may_be_shuffled_within_batches():
    def noisy():
        model = keras.Sequential([keras.Input((5,)), layers.Dropout(0.5), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    given = {"batch_size": BATCH, "verbose": 0}
    fit = fit_seeds(noisy, X, Y, seeds=[3, 0], shuffle="batch", check=False, **given)
    order = order_in_batches(3, 1, len(X), BATCH)
    keras.utils.set_random_seed(3)
    model = noisy()
    assert_same(fit, 3, model, model.fit(X[order], Y[order], shuffle=False, **given))


@pytest.mark.slow
def test_data_frames():
    frame, series = pd.DataFrame(X, columns=list("abcde")), pd.Series(Y[:, 0])
    assert_seed_is_as_by_hand({"x": frame, "y": series})


@pytest.mark.long
def test_inputs_and_targets_by_name():
    def two():
        inputs = {name: keras.Input((size,), name=name) for name, size in (("a", 2), ("b", 3))}
        hidden = layers.Concatenate()(list(inputs.values()))
        outputs = {name: layers.Dense(1, name=name)(hidden) for name in ("p", "q")}
        model = keras.Model(inputs, outputs)
        model.compile("sgd", {"p": "mse", "q": "mae"}, loss_weights={"p": 1.0, "q": 0.5})
        return model

    x, y = {"a": X[:, :2], "b": X[:, 2:]}, {"p": Y, "q": X[:, :1]}
    given = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    fit = fit_seeds(two, x, y, seeds=[3, 0], check=False, **given)
    keras.utils.set_random_seed(3)
    model = two()
    # the last batch is short: Keras weighs the losses of the outputs by batches then, not samples
    history = model.fit(x, y, **given)
    assert fit.one_at_a_time is None
    assert_same(fit, 3, model, history)


class Padded(keras.Model):
    """Rows of up to four numbers, padded, to one number."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, inputs):
        if isinstance(inputs, tf.RaggedTensor):
            inputs = inputs.to_tensor(shape=(None, 4))
        return self.dense(keras.ops.reshape(inputs, (-1, 4)))


def sparse_or_dense(sparse):
    return keras.Sequential([keras.Input((5,), sparse=sparse), layers.Dense(1)])


def compiled(make, *arguments):
    model = make(*arguments)
    model.compile("sgd", "mse")
    return model


POSITIVE = np.where(X > 0, X, 0)
RAGGED = tf.RaggedTensor.from_row_lengths(X.ravel()[:60], [3, 2, 4, 3] * 5)
ODD_DATA = {
    "ragged": (RAGGED, RAGGED.to_tensor(shape=(20, 4)).numpy(), (Padded,), (Padded,)),
    "sparse": (
        scipy.sparse.csr_matrix(POSITIVE),
        POSITIVE,
        (sparse_or_dense, True),
        (sparse_or_dense, False),
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ragged", pytest.param("sparse", marks=pytest.mark.slow)])
def test_ragged_and_sparse_inputs_are_trained_one_seed_at_a_time(kind):
    x, dense, odd_model, dense_model = ODD_DATA[kind]
    given = {"seeds": [3, 0], "epochs": 2, "batch_size": BATCH, "verbose": 0, "check": False}
    with pytest.warns(UserWarning, match="ragged, sparse or text"):
        fit = fit_seeds(lambda: compiled(*odd_model), x, Y, **given)
    same = fit_seeds(lambda: compiled(*dense_model), dense, Y, **given)
    np.testing.assert_allclose(fit.frame.loss, same.frame.loss, rtol=1e-5)


@pytest.mark.long
def test_verbose_says_how_it_goes(capsys):
    fit_seeds(build, X, Y, seeds=2, epochs=2, verbose=2, check=False)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and said[0].startswith("2 seeds, mean of each: ")


@pytest.mark.long
def test_the_bar_of_a_notebook_is_written_once_an_epoch_with_the_time_so_far(capsys, monkeypatch):
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    with progress(SimpleNamespace(epochs=5, initial_epoch=2), [7], 1) as advance:
        for _ in range(2):  # the seed stops an epoch early
            time.sleep(1.1)
            advance(1, {"loss": [0.5]})
    written = [line for line in capsys.readouterr().err.split("\r") if "1 seed " in line]
    said = [re.sub(r"\x1b\[[\d;?]*\w|[━╸╺]", "", line).split() for line in written]
    assert [line[2] for line in said] == ["0/3", "1/3", "2/3", "2/2"]
    times = [line[4] for line in said]
    assert times == sorted(times) and times[0] == "0:00:00" and times[-1] >= "0:00:02"


def named():
    x = keras.Input((5,))
    model = keras.Model(x, {name: layers.Dense(1, name=name)(x) for name in ("first", "last")})
    model.compile("sgd", {"first": "mse", "last": "mse"})
    return model


WRONG = [
    ({"build": build()}, TypeError, "build must be a function"),
    ({"build": lambda: 3}, TypeError, "compiled keras.Model"),
    ({"build": lambda: keras.Sequential([layers.Dense(1)])}, TypeError, "is not compiled"),
    ({"seeds": "3"}, TypeError, "seeds must be integers"),
    ({"seeds": 0}, ValueError, "seeds=0 is how many, at least 1"),
    ({"x": [[1.0, 2.0], [3.0, 4.0]]}, ValueError, r"x\[0\]\[0\] is 1.0, no array"),
    ({"x": X[:5]}, ValueError, "x has 5, y has 20"),
    ({"x": None}, ValueError, "x is missing"),
    ({"y": None}, ValueError, "y is missing; give fit_seeds"),
    ({"x": (X, Y), "y": None}, ValueError, "y is missing"),
    ({"x": list(X)}, ValueError, r"x\[1\] has 5, …, x\[19\] .*: np.array\(x\) makes rows"),
    ({"class_weight": [1.0, 2.0]}, TypeError, "class_weight must be a dict, .* got a list"),
    ({"build": named, "y": {"frist": Y, "last": Y}}, ValueError, "no 'first'; it has frist, last"),
    ({"x": X[:, :4]}, ValueError, "can not be trained on these data"),
    ({"epochs": 0}, ValueError, "epochs must be at least 1"),
    ({"batch_size": 2.0}, TypeError, "batch_size must be an integer"),
    ({"validation_freq": 0}, ValueError, "validation_freq must be at least 1"),
    ({"validation_data": X}, ValueError, r"validation_data must be .* got array\(.*"),
    ({"validation_data": (X, Y[:3])}, ValueError, "validation_data: x and y .*: x has 20, y has 3"),
    ({"validation_data": (X, Y, Y, 3)}, ValueError, "validation_data must be"),
    ({"validation_data": iter([(X, Y)])}, ValueError, "validation_data is an iterator"),
    (
        {"validation_data": (X[:, :2], Y)},
        ValueError,
        "^validation_data do not fit the model: Input",
    ),
    ({"validation_split": 1.5}, ValueError, "validation_split"),
    ({"validation_split": "a"}, ValueError, "validation_split must lie in"),
    ({"shuffle": "rows"}, ValueError, "shuffle must be True, False or \"batch\", got 'rows'"),
    ({"verbose": 3}, ValueError, "verbose must be one of"),
    ({"build": np.zeros((9, 9))}, TypeError, "^build must be a function [^\n]{,160}ndarray;"),
    ({"callbacks": list}, TypeError, "the class list"),
    ({"callbacks": lambda *, seed: [seed]}, TypeError, "is called with the seed"),
    ({"callbacks": [3]}, TypeError, "callbacks must be Keras callbacks"),
    ({"x": tf.data.Dataset.from_tensors((X, Y))}, ValueError, "leave out y"),
    ({"x": iter([(X, Y)]), "y": None}, ValueError, "which fit does not take either"),
    ({"x": (row for row in ()), "y": None}, ValueError, "Received an empty generator"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG)
def test_bad_input_is_named_before_anything_trains(wrong, error, message):
    given = {"build": build, "x": X, "y": Y, "seeds": [0], "verbose": 0} | wrong
    with pytest.raises(error, match=message):
        fit_seeds(**given)


def test_a_data_set_of_single_rows_is_named():
    rows = tf.data.Dataset.from_tensor_slices((X, Y[:, 0]))
    with pytest.raises(ValueError, match=r"x is a data set of single rows; .*: \.batch\(32\)"):
        fit_seeds(build, rows, seeds=2, verbose=0)


def test_a_data_set_without_end_is_named():
    endless = tf.data.Dataset.from_tensors((X, Y)).repeat()
    given = DEFAULTS | {"x": endless, "y": None}
    with pytest.raises(ValueError, match="x is a data set without end; give steps_per_epoch"):
        make_job(build, [0], **given)  # fit_seeds would train for ever
    assert make_job(build, [0], **given | {"steps_per_epoch": 2}).steps_per_epoch == 2


def test_validation_data_fit_where_only_whole_batches_do():
    def model_of_batches():
        model = keras.Sequential([keras.Input((X.shape[1],), batch_size=5), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    given = {"batch_size": 5, "validation_data": (X[:10], Y[:10])}
    fit = fit_seeds(model_of_batches, X, Y, seeds=1, verbose=0, **given)
    assert fit.one_at_a_time is None and "val_loss" in fit.frame


def classifier(loss="sparse_categorical_crossentropy", **given):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(2, "softmax")])
    model.compile("sgd", loss, **given)
    return model


@pytest.mark.parametrize("labels", [Y[:, 0] + 1, -Y[:, 0], Y[:, 0] + 1.5])
@pytest.mark.parametrize("validates", [False, True])
def test_labels_that_name_no_unit_are_refused_first(labels, validates, recwarn):
    right = (X, Y[:, 0] > 0)
    given = {"validation_data": (X, labels)} if validates else {}
    with pytest.raises(ValueError, match=r"has labels from .* takes 0 to 1, as the output has 2"):
        fit_seeds(classifier, *(right if validates else (X, labels)), seeds=1, verbose=0, **given)
    assert not recwarn.list


def test_labels_that_fit_takes_are_taken():
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    labels = np.where(np.arange(len(X)) % 3 == 0, -1, np.arange(len(X)) % 2)
    fit = fit_seeds(partial(classifier, ignoring), X, labels, seeds=1, verbose=0)
    assert fit.one_at_a_time is None and len(fit.frame) == 1
    with pytest.warns(UserWarning, match="one seed at a time: its first steps fail") as warned:
        fit = fit_seeds(partial(classifier, jit_compile=True), X, labels, seeds=2, verbose=0)
    assert len(fit.frame) == 2 and warned[0].filename == __file__


class Named(keras.Model):
    """Has layers where Keras keeps a functional model's outputs."""

    def __init__(self):
        super().__init__()
        self.outputs = [layers.Dense(4), layers.Dense(2, "softmax")]

    def call(self, inputs):
        return self.outputs[1](self.outputs[0](inputs))


def pointing():
    places = keras.Input((None, 1))
    chosen = layers.Softmax()(layers.Reshape((-1,))(layers.Dense(1)(places)))
    return keras.Model(places, chosen)  # as many classes as there are steps


@pytest.mark.parametrize("model_of, x", [(Named, X), (pointing, X[:, :, np.newaxis])])
def test_classes_that_nobody_has_counted_are_no_reason_to_refuse(model_of, x):
    def make():
        model = model_of()
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    fit = fit_seeds(make, x, np.arange(len(X)) % 2, seeds=1, verbose=0)
    assert fit.one_at_a_time is None and len(fit.frame) == 1


def test_the_labels_of_each_output_are_looked_at():
    def make():
        x = keras.Input((5,))
        outputs = [layers.Dense(2, "softmax", name="kind")(x), layers.Dense(1, name="size")(x)]
        model = keras.Model(x, outputs)
        model.compile("sgd", {"size": "mse", "kind": "sparse_categorical_crossentropy"})
        return model

    y = {"size": Y[:, 0], "kind": np.arange(len(X)) % 3}
    with pytest.raises(ValueError, match="y has labels from 0 to 2"):
        fit_seeds(make, X, y, seeds=1, verbose=0)


def test_an_index_out_of_range_is_told_in_a_line_without_a_warning(recwarn):
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Embedding(3, 2), layers.Flatten()])
        model.add(layers.Dense(1))
        model.compile("sgd", "mse")
        return model

    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        fit_seeds(make, np.full((40, 5), 3), np.zeros(40), seeds=1, verbose=0)
    assert str(raised.value).startswith("indices[0,0] = 3 is not in [0, 3)")
    assert "repro.diagnose(build, x, y) says which labels" in str(raised.value)
    assert "\n" not in str(raised.value) and not recwarn.list


@pytest.mark.parametrize("name, meant", [("epoch", "epochs"), ("seed", "seeds")])
def test_a_misspelt_argument_is_told_the_nearest_one(name, meant):
    with pytest.raises(TypeError, match=f"fit_seeds.. has no '{name}'; did you mean '{meant}'?"):
        fit_seeds(classifier, X, Y, **{"seeds": 1, name: 2})


def test_a_model_without_a_loss_is_refused_first(recwarn):
    with pytest.raises(ValueError, match="the model has no loss"):
        fit_seeds(partial(classifier, None), X, Y[:, 0], seeds=1, verbose=0)
    assert not recwarn.list


class OwnFit(keras.Sequential):
    def fit(self, x, y, **given):
        return super().fit(x, y, **given)


@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_a_fit_that_takes_no_data_set_is_named():
    with pytest.raises(TypeError, match=r"OwnFit\.fit must take x without y.*argument: 'y'"):
        fit_seeds(lambda: compiled(OwnFit, [layers.Dense(1)]), X, Y, seeds=1, verbose=0)


APART = "make all layers and the optimizer inside of build"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"block_size": 1, "check": False},
        {"callbacks": keras.callbacks.TerminateOnNaN()},  # by which one seed trains at a time
    ],
)
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_layers_that_all_seeds_would_share_are_refused(given):
    shared = layers.Dense(1)

    def make():
        model = keras.Sequential([keras.Input((5,)), shared])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match=APART):
        fit_seeds(make, X, Y, seeds=2, verbose=0, **given)


def test_one_model_for_all_calls_of_build_is_refused():
    model = build()
    with pytest.raises(ValueError, match=APART):
        fit_seeds(lambda: model, X, Y, seeds=[0], verbose=0)


def test_a_model_without_targets_validates_on_inputs_alone():
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1, activity_regularizer="l2")])
        model.compile("sgd")
        return model

    given = {"batch_size": BATCH, "shuffle": False, "verbose": 0, "validation_data": TEST[0]}
    fit = fit_seeds(make, X, seeds=[3], check=False, **given)
    keras.utils.set_random_seed(3)
    model = make()
    assert_same(fit, 3, model, model.fit(X, **given))


@pytest.mark.skipif(not hasattr(keras.config, "set_max_epochs"), reason="an earlier Keras")
def test_what_keras_config_allows_is_the_most():
    keras.config.set_max_epochs(1)
    try:
        with pytest.warns(UserWarning, match="keras.config limits the training: epochs=1"):
            fit = fit_seeds(build, X, Y, seeds=1, epochs=3, verbose=0, check=False)
    finally:
        keras.config.set_max_epochs(None)
    assert fit.frame.epoch.tolist() == [1]


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (np.array([["a"], ["b"]] * 4), "x has dtype <U1"),
        ([X, np.full((len(X), 1), "1.5", dtype=object)], r"x\[1\] has dtype object"),
        (pd.DataFrame({"age": [1.0] * 8, "sex": ["f"] * 8}), r"x\['sex'\] has dtype"),
    ],
)
def test_text_in_place_of_numbers_is_named(x, named):
    with pytest.raises(ValueError, match=named + r".*holds no numbers; .* or, to a model that"):
        fit_seeds(build, x, Y[: len(x)], seeds=2, verbose=0)


def test_labels_in_words_are_to_be_counted():
    labels = np.array(["cat", "dog"] * 10)
    with pytest.raises(ValueError, match=r"y has dtype <U3, .* np\.unique\(y, return_inverse"):
        fit_seeds(build, X, labels, seeds=2, verbose=0)


DAY = pd.Timestamp("2020-01-01")
FRAME = pd.DataFrame(X)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (FRAME.assign(day=DAY), r"x\['day'\] has dtype datetime64.*days since the first date"),
        (FRAME.round().astype("Int64"), r"x\[0\] has dtype Int64.*\.astype\('float32'\)"),
        (FRAME.assign(flag=True), r"mixes truth values and numbers.*\.astype\('float32'\)"),
        (FRAME.assign(word="a"), r"x\['word'\] has dtype .*holds no numbers"),
    ],
)
def test_columns_that_keras_refuses_are_named(x, message):
    with pytest.raises(ValueError, match=message):
        fit_seeds(build, x, Y, seeds=1, verbose=0)


KINDS = ["int8", "float32", "bool", "float64", "uint8"]
MIXED = pd.DataFrame({i: (abs(X[:, i]) * 3).astype(kind) for i, kind in enumerate(KINDS)})


@pytest.mark.parametrize("x", [FRAME > 0, MIXED])
def test_frames_with_truth_values_are_taken_where_fit_takes_them(x):
    fit = fit_seeds(build, x, Y, seeds=1, shuffle=False, verbose=0)
    keras.utils.set_random_seed(0)
    history = build().fit(x, Y, shuffle=False, verbose=0).history
    np.testing.assert_allclose(fit.frame.loss, history["loss"], rtol=1e-5)


def test_weights_of_validation_that_do_not_fit_are_told_first(capsys):
    with pytest.raises(ValueError, match=r"validation_data do not fit the model: .*ncompatible"):
        fit_seeds(build, X, Y, seeds=1, validation_data=(X, Y, X), verbose=2)
    assert not capsys.readouterr().out
