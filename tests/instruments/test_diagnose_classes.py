"""`repro.diagnose` on rare classes, on rows put another way in training than in validation.

And the metrics in the code to paste.
"""

import keras
import numpy as np
import pytest
from keras import layers

import repro
from bench.faults.public import FAULTS
from repro.instruments.diagnose.changes.code import compile_code
from repro.instruments.diagnose.changes.inputs import input_changes
from repro.instruments.diagnose.changes.merging import merged_code
from repro.instruments.diagnose.changes.rows import row_changes, token_changes
from repro.instruments.diagnose.measurements.examination import examine_data
from repro.instruments.diagnose.measurements.missed import missed_class
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.splitting import split_rows
from repro.instruments.diagnose.symptoms.find import find_symptoms

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(300, 6)).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def network(units, activation, loss, optimizer="adam", **settings):
    def build():
        model = keras.Sequential([layers.Dense(8, "relu"), layers.Dense(units, activation)])
        model.compile(optimizer, loss, **settings)
        return model

    return build


def setup_of(build, x, y, validation=None, **settings):
    settings = {"epochs": 2, "batch_size": 16, "seeds": range(2), "budget": 110} | settings
    return make_setup(build, x, y, validation, **settings)


def keys_of(setup):
    return {symptom.key for symptom in find_symptoms(setup, examine_data(setup), None)}


# Classes that rows lack --------------------------------------------------------------------------


def held_out_alone():
    """Labels of which class 2 has one row, which a split at random would hold out."""
    y = DRAW.integers(0, 2, 300)
    held_out = np.random.default_rng(0).permutation(300)[0]
    y[held_out] = 2
    return y


def test_a_class_of_one_row_is_trained_on_and_no_fault_of_the_split():
    y = held_out_alone()
    setup = setup_of(network(3, "softmax", SPARSE), X, y)
    assert 2 in setup.train[1]
    assert "unseen_classes" not in keys_of(setup)


@pytest.mark.parametrize("y", [DRAW.integers(0, 3, 300), DRAW.normal(size=300)])
def test_the_split_is_as_ever_where_training_has_all_classes(y):
    held_out = np.sort(np.random.default_rng(0).permutation(300)[:60])
    assert np.array_equal(split_rows(X, y, None).test[0], X[held_out])


def test_classes_that_only_the_users_validation_data_have_are_a_fault():
    y = DRAW.integers(0, 2, 300)
    setup = setup_of(network(3, "softmax", SPARSE), X, y, (X[:60], y[:60] + 1))
    assert "unseen_classes" in keys_of(setup)


def test_classes_of_other_shares_are_told_of_the_users_own_split_alone():
    y = np.repeat([0, 1, 2], 100)
    last = (X[240:], y[240:])
    setup = setup_of(network(3, "softmax", SPARSE), X[:240], y[:240], last)
    assert "class_shares" in keys_of(setup)
    changes = row_changes(setup, examine_data(setup), frozenset({"class_shares"}))
    mixing = next(change for change in changes if change.key == "mix_split")
    (_, mixed), (_, test) = mixing.rows(setup.train, setup.test)
    assert set(test) == set(mixed) == {0, 1, 2}
    drawn = np.random.default_rng(4).integers(0, 3, 300)
    for validation in (None, (X[240:], drawn[240:])):
        setup = setup_of(network(3, "softmax", SPARSE), X[:240], drawn[:240], validation)
        assert "class_shares" not in keys_of(setup)


def test_rows_that_are_sorted_by_class_keep_all_classes_where_not_all_can_be_used():
    y = np.repeat([0, 1, 2], 1000)
    x = DRAW.normal(size=(3000, 6)).astype("float32")
    setup = setup_of(network(3, "softmax", SPARSE), x, y, (x[::9], y[::9]), batch_size=1, budget=11)
    assert len(setup.train[1]) < 1000
    assert set(setup.train[1]) == {0, 1, 2}
    assert (np.diff(setup.train[1]) >= 0).all()  # in their order
    assert "unseen_classes" not in keys_of(setup)


# Rare classes ------------------------------------------------------------------------------------


class Constant:
    """Predicts the same for every row, as a network does that learned the commonest class."""

    def __init__(self, *outputs):
        self.outputs = np.array(outputs, float)

    def predict(self, x, **settings):
        return np.tile(self.outputs, (len(x), 1))


def test_a_class_of_a_tenth_that_is_never_named_is_found():
    y = DRAW.choice(3, 300, p=[0.5, 0.4, 0.1])
    setup = setup_of(network(3, "softmax", SPARSE), X, y, (X, y))
    missed = missed_class(setup, [Constant(0.6, 0.3, 0.1)] * 2)
    assert (missed.label, missed.missed) == (2, 1)
    assert missed.share == pytest.approx(np.mean(y == 2))
    assert missed_class(setup, [Constant(0, 0, 1), Constant(1, 0, 0)]).missed == 0  # one names it


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.7, 0.3], [0.99, 0.01]])
def test_no_class_is_rare_of_those_that_are_common_or_have_too_few_rows(shares):
    y = np.repeat([0, 1], np.multiply(300, shares).astype(int))
    setup = setup_of(network(1, "sigmoid", "binary_crossentropy"), X, y, (X, y))
    assert missed_class(setup, [Constant(0.1)] * 2) is None


@pytest.mark.long
def test_a_rare_class_that_overlaps_is_told_by_weights():
    draw = np.random.default_rng(3)
    y = (draw.uniform(size=1200) < 0.16).astype(int)
    x = draw.normal(size=(1200, 6))
    x[:, :3] += 0.6 * y[:, None]
    build = network(1, "sigmoid", "binary_crossentropy", metrics=["accuracy"])
    validation = (x[800:], y[800:])
    settings = {"validation_data": validation, "epochs": 12, "seeds": 4}
    diagnosis = repro.diagnose(build, x[:800], y[:800], **settings)
    assert diagnosis.cause == "imbalance"
    assert diagnosis.verdict in ("proven", "likely")
    assert "class_weight" in diagnosis.code
    assert "class 1 has" in diagnosis.details or "class 1 has" in str(diagnosis)


# A reshape of the training rows alone ------------------------------------------------------------


def test_rows_that_were_right_stay_so_where_others_are_put_right():
    fault = next(fault for fault in FAULTS if fault.name == "reshaped_archive")
    x, y, x_test, y_test = fault.data()
    setup = setup_of(fault.build, x, y, (x_test, y_test))
    (_, labels), (test, _) = examine_data(setup).unmixed
    assert np.array_equal(test, x_test) and np.array_equal(labels, y)


# Columns and padding that differ in validation ---------------------------------------------------

ORDER = [3, 5, 0, 2, 1, 4]


def table(x, y, order):
    return setup_of(network(1, "sigmoid", "binary_crossentropy"), x, y, (x[:, order], y))


def offered(setup):
    """The examination, the symptoms and the changes of the inputs and rows, by their keys."""
    examination = examine_data(setup)
    symptoms = frozenset(s.key for s in find_symptoms(setup, examination, None))
    changes = [
        change
        for group in (input_changes, token_changes)
        for change in group(setup, examination, symptoms)
    ]
    return symptoms, {change.key: change for change in changes}


def test_validation_columns_in_another_order_are_put_in_order():
    y = (X[:, 0] - 2 * X[:, 1] + 0.5 * X[:, 2] > 0).astype(int)
    symptoms, changes = offered(table(X, y, ORDER))
    assert "columns_reordered" in symptoms
    names = {"x_val": X[:, ORDER]}
    exec(changes["order_columns"].code, names)  # noqa: S102  # our own text
    told = [0, 1, 2]  # the others tell nothing, and may stand in any order
    assert np.array_equal(names["x_val"][:, told], X[:, told])
    (_, (changed, _)) = changes["order_columns"].data((X, y), (X[:, ORDER], y))
    assert np.array_equal(changed, names["x_val"])


def test_columns_in_order_or_that_tell_nothing_stay_in_place():
    y = (X[:, 0] - 2 * X[:, 1] > 0).astype(int)
    assert "columns_reordered" not in offered(table(X, y, list(range(6))))[0]
    assert "columns_reordered" not in offered(table(X, DRAW.integers(0, 2, 300), ORDER))[0]


def recurrent():
    model = keras.Sequential([layers.Embedding(10, 4), layers.GRU(4), layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return model


def test_sequences_padded_behind_in_validation_alone_are_padded_in_front():
    tokens = DRAW.integers(1, 10, (100, 12))
    in_front = np.where(np.arange(12) < 7, 0, tokens)
    behind = np.roll(in_front, 5, axis=1)
    y = DRAW.integers(0, 2, 100)
    assert "padding_differs" not in offered(setup_of(recurrent, in_front, y, (in_front, y)))[0]
    symptoms, changes = offered(setup_of(recurrent, in_front, y, (behind, y)))
    assert "padding_differs" in symptoms
    change = changes["pre_padding"]
    assert "validation" in change.removes
    (train, _), (test, _) = change.data((in_front, y), (behind, y))
    assert np.array_equal(train, in_front) and np.array_equal(test, in_front)


# Metrics in the code to paste --------------------------------------------------------------------


def my_own(y, p):
    return keras.ops.mean(p)


@pytest.mark.parametrize(
    ("metrics", "written"),
    [
        (["accuracy"], '["accuracy"]'),
        (["mae", keras.metrics.BinaryAccuracy()], '["mae", "accuracy"]'),
        ([keras.metrics.AUC(num_thresholds=50), my_own], "[keras.metrics.AUC(num_thresholds=50)]"),
        ([keras.metrics.OneHotIoU(2, [1])], None),
        ([keras.metrics.binary_accuracy], '["accuracy"]'),
    ],
)
def test_code_to_paste_keeps_the_metrics(metrics, written):
    y = (X[:, 0] > 0).astype(int)
    setup = setup_of(network(1, "sigmoid", "binary_crossentropy", metrics=metrics), X, y)
    code = merged_code(setup, compile_code("keras.optimizers.Adam()"))
    assert "keras.optimizers.Adam(), loss=model.loss, metrics=[" in code
    assert written is None or f"metrics={written})" in code
    assert ("my_own" in code) == (my_own in metrics)
    model = setup.build()
    exec(code, {"keras": keras, "np": np, "model": model})  # noqa: S102  # our own text
    model.evaluate(X, y, verbose=0)


def test_no_accuracy_is_written_for_numbers_and_none_where_none_was():
    for metrics, says in ((["accuracy", "mae"], ', metrics=["mae"])'), (None, "loss=model.loss)")):
        setup = setup_of(network(1, None, "mse", metrics=metrics), X, X[:, 0])
        assert merged_code(setup, compile_code()).endswith(says)
    assert merged_code(setup, "y = y - 1") == "y = y - 1"
