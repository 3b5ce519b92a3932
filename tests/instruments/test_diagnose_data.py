"""The forms in which `diagnose` takes data: tables, data sets, weights, several outputs, steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from repro.instruments.diagnose import DiagnoseError
from repro.instruments.diagnose.setup.datasets import read_dataset
from repro.instruments.diagnose.setup.loading import load_data
from repro.instruments.diagnose.setup.outputs import are_several, outputs_of
from repro.instruments.diagnose.setup.reading import Data, read
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.skill import best_constant, metric
from repro.instruments.diagnose.setup.weights import row_weights

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(60, 4)).astype("float32")


# Tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("t.tsv", "\t")])
def test_a_column_of_a_table_is_the_target(tmp_path, name, separator):
    rows = [["size", "price"], ["1", "10.5"], ["2", "20"]]
    (tmp_path / name).write_text("\n".join(separator.join(row) for row in rows))
    data = load_data(str(tmp_path / name), "price")
    assert data["x"].tolist() == [[1], [2]]
    assert data["y"].tolist() == [10.5, 20]


def test_a_target_of_text_becomes_classes_from_0(tmp_path):
    (tmp_path / "t.csv").write_text("a,kind\n1,house\n2,flat\n3,house\n")
    assert load_data(str(tmp_path / "t.csv"), "kind")["y"].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        ("a,b\n1,2\n", None, r"needs --target NAME; its columns are a, b"),
        ("a,price\n1,2\n", "prise", r"no column 'prise'; did you mean 'price'"),
        ("a,b\nx,2\ny,3\n", "b", r"column 'a' holds no numbers; leave it out, or write it as"),
        ("a,b\n1,2\n3,\n", "b", r"the target has empty cells"),
        ("b\n1\n", "b", r"no column besides the target"),
        ("", "b", r"is no table"),
        ("a,b\n", "b", r"has a heading and no rows"),
        ("1.5,2\n2.5,3\n", "b", r"no column 'b'; its first line is to name the columns"),
        ("a;b\n1,5;2,5\n", "b", r"parted by semicolons; write it anew with commas"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_one_line(tmp_path, text, target, says):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DiagnoseError, match=says) as raised:
        load_data(str(tmp_path / "t.csv"), target)
    assert "\n" not in str(raised.value)


def test_a_target_of_what_is_no_table_is_refused(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.ones((3, 2)), y=np.ones(3))
    for name in (str(tmp_path / "t.npz"), "my_data.py:load"):
        with pytest.raises(DiagnoseError, match=r"--target names a column of a table, and .* is"):
            load_data(name, "price")


# Data sets, weights ------------------------------------------------------------------------------


def test_a_data_set_is_read_with_its_batches_order_and_weights():
    y, weights = np.arange(60), np.linspace(0, 1, 60, dtype="float32")
    dataset = tf.data.Dataset.from_tensor_slices((X, y, weights))
    rows = read_dataset(dataset.batch(16))
    assert np.array_equal(rows.x, X)
    assert np.array_equal(rows.y, y)
    assert np.array_equal(rows.sample_weight, weights)
    assert (rows.batch_size, rows.shuffle) == (16, False)
    assert read_dataset(dataset.shuffle(60).batch(8)).shuffle
    with pytest.raises(DiagnoseError, match=r"single rows; make batches"):
        read_dataset(dataset)
    with pytest.raises(DiagnoseError, match=r"must yield \(inputs, targets\)"):
        read_dataset(tf.data.Dataset.from_tensor_slices(X).batch(8))


def test_all_arrays_may_come_in_one_tuple():
    data = read(Data(x=(X, X[:, 0], X[:5], X[:5, 0]), y=None))
    assert data.y.shape == (60,)
    assert data.validation_data[0].shape == (5, 4)
    with pytest.raises(DiagnoseError, match="y is missing"):
        read(Data(x=X, y=None))


def test_weights_of_rows_and_classes_are_multiplied():
    y = np.array([0, 1, 1])
    assert row_weights(y, None, None) is None
    assert row_weights(y, [1, 2, 3], {0: 10.0, 1: 0.5}).tolist() == [10, 1, 1.5]
    with pytest.raises(DiagnoseError, match="no weight for class 1"):
        row_weights(y, None, {0: 1.0})
    with pytest.raises(DiagnoseError, match="a number of at least 0 for each of 3 rows"):
        row_weights(y, [1, -1, 1], None)


# Several outputs, classes a step -----------------------------------------------------------------


def two_outputs():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, "relu")(inputs)
    good = keras.layers.Dense(1, name="good")(hidden)
    bad = keras.layers.Dense(1, "softmax", name="bad")(hidden)
    model = keras.Model(inputs, [good, bad])
    model.compile(keras.optimizers.Adam(0.05), ["mse", "binary_crossentropy"])
    return model


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*softmax over axis -1")
def test_the_worst_of_several_outputs_comes_first():
    x = np.tile(X, (4, 1))
    y = [x[:, 0], (x[:, 1] > 0).astype(int)]
    assert are_several(y)
    assert not are_several(y[0].tolist())
    worst, best = outputs_of(two_outputs, x, y, None, epochs=10, batch_size=16)
    assert (worst.name, best.name) == ("bad", "good")
    assert worst.joint_skill < 0.1
    assert best.joint_skill > 0.5
    alone = worst.build()
    assert alone.loss == "binary_crossentropy"
    assert alone.output_shape == (None, 1)


def test_a_class_a_step_is_scored_step_by_step():
    steps = DRAW.integers(0, 3, (60, 5))

    def build():
        model = keras.Sequential([keras.Input((5, 2)), keras.layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    x = DRAW.normal(size=(60, 5, 2))
    setup = make_setup(build, x, steps, epochs=1, batch_size=16, seeds=[0], budget=9)
    assert setup.task.per_step
    assert setup.task.classes == 3
    assert setup.targets.shape == (len(setup.train[1]) * 5, 1)
    shares = np.bincount(steps.reshape(-1)) / steps.size
    assert best_constant(setup.task, steps) == pytest.approx(shares.max())
    perfect = np.eye(3, dtype="float32")[steps]
    assert (
        np.asarray(metric(setup.task, False)(steps, perfect)).tolist() == np.ones((60, 5)).tolist()
    )
