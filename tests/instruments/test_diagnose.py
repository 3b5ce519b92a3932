"""`repro.diagnose`: what it measures, what it concludes, on the patients in bench/patients.

Slow: all patients but one, and most symptoms; a whole patient twice.
"""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from repro.instruments.diagnose import DiagnoseError
from repro.instruments.diagnose.measurements.baselines import linear_skill
from repro.instruments.diagnose.report.text import show
from repro.instruments.diagnose.setup.loading import load_data, load_object
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.skill import margin, metric, skill
from repro.instruments.diagnose.setup.task import Task, balanced, infer_task, is_one_hot

ROOT = Path(__file__).parent.parent.parent
PATIENTS = ROOT / "bench" / "patients"
NAMES = sorted(p.stem for p in PATIENTS.glob("*.py") if p.stem != "small_data")
SICK, HEALTHY = "softmax_on_one_unit", "healthy_iris"
TABLE = ROOT / "bench" / "results" / "diagnose.csv"


def known(name, attribute):
    return load_object(f"{PATIENTS / name}.py:{attribute}")


def setup_of(name, **settings):
    data = load_data(f"{PATIENTS / name}.py:data")
    validation = (data["x_val"], data["y_val"]) if "x_val" in data else None
    settings = {"epochs": known(name, "EPOCHS"), "batch_size": known(name, "BATCH_SIZE")} | settings
    settings = {"seeds": range(3), "budget": 110} | settings
    return make_setup(known(name, "build"), data["x"], data["y"], validation, **settings)


def diagnosed(name, **settings):
    import repro

    data = load_data(f"{PATIENTS / name}.py:data")
    validation = (data["x_val"], data["y_val"]) if "x_val" in data else None
    return repro.diagnose(
        known(name, "build"),
        data["x"],
        data["y"],
        validation_data=validation,
        epochs=known(name, "EPOCHS"),
        batch_size=known(name, "BATCH_SIZE"),
        budget=3600,
        retune=False,
        **settings,
    )


def symptoms_before_training(name):
    from repro.instruments.diagnose.measurements.examination import examine
    from repro.instruments.diagnose.symptoms.find import find_symptoms

    setup = setup_of(name)
    examination = examine(setup)
    return {s.key: s for s in find_symptoms(setup, examination, None)}, examination


# Task and score ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "loss", "activation", "units", "kind"),
    [
        (np.tile([0, 1, 2], 20), "sparse_categorical_crossentropy", "softmax", 3, "classification"),
        (np.tile([0, 1, 2], 20), "mean_squared_error", "linear", 1, "regression"),
        (np.tile([0, 1, 2], 20), "mean_squared_error", "linear", 3, "classification"),
        (np.tile([0.0, 1.0], 20), "mean_squared_error", "sigmoid", 1, "classification"),
        (np.linspace(0, 1, 60), "binary_crossentropy", "sigmoid", 1, "regression"),
        (np.arange(60), "mean_squared_error", "linear", 1, "regression"),
        (np.eye(3)[np.tile([0, 1, 2], 20)], "mean_squared_error", "linear", 3, "classification"),
    ],
)
def test_the_task_is_read_from_targets_loss_and_output(y, loss, activation, units, kind):
    task = infer_task(y, loss=loss, activation=activation, units=units, wants_accuracy=False)
    assert task.kind == kind


def test_one_hot_is_told_from_other_tables():
    assert is_one_hot(np.eye(3))
    assert is_one_hot(0.98 * np.eye(3) + 0.01)
    assert not is_one_hot(np.array([[1, 1, 0], [0, 1, 0]]))
    assert not is_one_hot(np.array([[0], [1]]))


def test_skill_is_0_for_a_constant_and_1_for_no_error():
    classes, numbers = Task("classification", (0.0, 1.0), 1), Task("regression", (), 1)
    y = np.array([0, 0, 0, 1])
    assert skill(classes, [0.75, 1.0, 0.5, np.nan], y).tolist() == [0, 1, 0, 0]
    assert skill(classes, 0.875, y) == 0.5
    assert skill(numbers, [y.var(), 0, np.inf], y).tolist() == [0, 1, 0]
    # targets standardized by a deviation of 10: an error of 1 there is one of 100 here
    assert skill(numbers, 0.5, 10 * np.array([-1.0, 1.0]), unit=10) == 0.5


def test_the_margin_grows_as_rows_get_few():
    task = Task("classification", (0.0, 1.0), 1)
    small, large = np.tile([0, 1], 10), np.tile([0, 1], 50_000)
    # accuracy 0.9 on 20 rows: 2 sqrt(0.09 / 20) = 0.134 of accuracy, twice that of skill
    assert margin(task, 0.8, small) == pytest.approx(0.268, abs=1e-3)
    assert margin(task, 0.8, large) == 0.05


def test_the_linear_model_learns_a_plane_and_no_more():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3)) * [1, 100, 0.01]
    numbers = Task("regression", (), 1)
    plane, ring = x @ [1, 0.01, 100], x[:, 0] ** 2
    assert linear_skill(numbers, (x, plane), (x, plane)) > 0.99
    assert linear_skill(numbers, (x, ring), (x, ring)) < 0.1


def test_of_numbers_of_very_different_size_all_count_alike():
    y = np.random.default_rng(0).normal(size=(500, 2)) * [1, 1000]
    task = balanced(Task("regression", (), 2), y)
    predicted = np.stack([np.full(500, y[:, 0].mean()), y[:, 1]], axis=1)  # the large one alone
    score = np.mean(metric(task, False)(y.astype("float32"), predicted.astype("float32")))
    assert skill(task, score, y) == pytest.approx(0.5, abs=1e-3)
    assert balanced(Task("regression", (), 2), y / [1, 200]).spreads == ()


@pytest.mark.parametrize(
    ("y", "predictions", "labels", "logits", "hits"),
    [
        ([0, 1], [[0.4], [0.6]], (0.0, 1.0), False, [1, 1]),
        ([0, 1], [[-0.4], [0.3]], (0.0, 1.0), True, [1, 1]),
        ([-1, 1], [[-0.2], [-0.1]], (-1.0, 1.0), False, [1, 0]),
        ([2, 0], [[0, 0, 1], [0, 1, 0]], (0.0, 1.0, 2.0), False, [1, 0]),
        ([2, 0], [[1.8], [0.7]], (0.0, 1.0, 2.0), False, [1, 0]),
    ],
)
def test_hits_are_counted_however_labels_are_written(y, predictions, labels, logits, hits):
    score = metric(Task("classification", labels, 1), logits)
    found = score(np.array(y, "float32"), np.array(predictions, "float32"))
    assert np.asarray(found).tolist() == hits


# Measurements ------------------------------------------------------------------------------------


def test_the_largest_eigenvalue_is_that_of_the_second_moment():
    from repro.instruments.diagnose.measurements.inputs import largest_eigenvalue

    x = np.array([[2.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 1.0]])
    assert largest_eigenvalue(x) == pytest.approx(2.0)  # of diag(8, 2) / 4
    assert largest_eigenvalue(np.ones((3, 700))) == pytest.approx(700)


def test_a_probe_sees_dead_units_saturation_and_constant_outputs():
    import keras

    from repro.instruments.diagnose.measurements.probe import Probe
    from repro.instruments.diagnose.setup.anatomy import sites

    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "sigmoid")]
    )
    model.compile("sgd", "mean_squared_error")
    # for x in 1, 2: units 1 and 2 are off, 3 and 4 on; the outputs lie in the sigmoid's flat parts
    model.set_weights(
        [np.array([[-1, -1, 1, 1.0]]), np.zeros(4), np.full((4, 2), [[50, 0]]), np.zeros(2)]
    )
    x = np.array([[1.0], [2.0]], "float32")
    layers, outputs = Probe(model, tuple(sites(model)))(x, np.array([[0.0, 0], [1, 1]], "float32"))
    assert layers.dead.tolist()[0] == 0.5
    assert np.isnan(layers.dead[1])
    assert layers.saturated[1] == 0.5
    assert layers.signal[0] == pytest.approx(0.25)  # deviations 0, 0, 1/2, 1/2
    assert outputs["constant"] == 1  # 1 - 1e-22 and 1/2, for every row


def test_a_layers_activation_is_found_wherever_it_stands():
    import keras

    from repro.instruments.diagnose.setup.anatomy import sites

    inputs = keras.Input((4,))
    h = keras.layers.BatchNormalization()(keras.layers.Dense(3)(inputs))
    h = keras.ops.relu(h)
    h = keras.layers.LeakyReLU()(keras.layers.Dense(3)(h))
    h = keras.layers.Dense(3, activation=lambda z: keras.ops.maximum(z, 0.0))(h)
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax")(h))
    found = sites(model)
    assert [s.activation for s in found] == ["relu", "leaky_relu", "relu", "softmax"]
    assert [s.label for s in found] == ["Dense 1", "Dense 2", "Dense 3", "Dense 4"]


def test_unscaled_input_is_seen_with_its_numbers():
    found, examination = symptoms_before_training("unscaled_input")
    assert {"input_scale", "over_limit", "killed"} <= set(found)
    x = setup_of("unscaled_input").inputs
    eigenvalue = np.linalg.eigvalsh(x.T.astype(float) @ x / len(x))[-1]
    assert found["over_limit"].value == pytest.approx(0.01 * eigenvalue / 2)
    assert f"{found['over_limit'].value:,.3g} times the limit" in found["over_limit"].says
    assert re.search(r"Dense 1: \d\d.* % of 64 units dead after \d+ steps", found["killed"].says)
    assert set(examination.layers.step) == {0, 1, 2, 4, 8, 16, 32}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("labels_one_row_late", "labels_shifted"),
        *(
            pytest.param(*patient, marks=pytest.mark.slow)
            for patient in (
                ("saturated_sigmoids", "saturated_at_birth"),
                ("integer_labels", "labels_encoding"),
                ("unreachable_targets", "unreachable"),
                ("bottleneck", "narrow"),
                ("labels_shuffled", "labels_unrelated"),
                ("labels_from_one", "labels_range"),
                ("deep_glorot", "vanishing_signal"),
                ("deep_sigmoid", "vanishing_gradient"),
                ("validation_not_scaled", "validation_differs"),
                ("relu_under_cross_entropy", "loss_output"),
                ("unscaled_targets", "target_scale"),
            )
        ),
    ],
)
def test_a_symptom_is_seen_before_anything_is_proven(name, key):
    found, _ = symptoms_before_training(name)
    assert key in found
    assert found[key].says
    assert found[key].definition.source


# Changes -----------------------------------------------------------------------------------------


def test_an_edit_keeps_the_weights_that_fit():
    import keras

    from repro.instruments.diagnose.changes import edits
    from repro.instruments.diagnose.setup.anatomy import sites

    model = keras.Sequential([keras.layers.Dense(5, "relu"), keras.layers.Dense(2)])
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
    before = np.asarray(model(x))
    kernel, _, *rest = model.get_weights()
    hidden = sites(model)[:1]
    leaky = edits.activate(hidden, "leaky_relu")(model)
    assert np.array_equal(leaky.get_weights()[0], kernel)
    assert not np.allclose(leaky(x), before)
    drawn = edits.draw_anew([(hidden[0], "he_normal")])(model)
    assert not np.array_equal(drawn.get_weights()[0], kernel)
    assert np.array_equal(drawn.get_weights()[2], rest[0])
    wide = edits.widen({hidden[0].position: 9})(model)
    assert [w.shape for w in wide.get_weights()] == [(3, 9), (9,), (9, 2), (2,)]
    assert np.allclose(np.asarray(model(x)), before)  # the original is as it was


def test_another_rate_keeps_the_optimizers_other_settings():
    import keras

    from repro.instruments.diagnose.changes.change import with_rate

    slower = with_rate(keras.optimizers.SGD(0.5, momentum=0.9, clipnorm=2.0), 0.1)
    assert float(slower.learning_rate) == pytest.approx(0.05)
    assert (slower.momentum, slower.clipnorm) == (0.9, 2.0)

    def rate():  # as the threads' rebuilds have it
        return np.float64(0.5)

    double = with_rate(keras.optimizers.SGD(rate), 0.1)
    assert float(double.learning_rate) == pytest.approx(0.05)


# Diagnoses ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sick():
    return diagnosed(SICK, seeds=range(3))


@pytest.mark.long
def test_cause_and_smallest_change_are_right(sick):
    assert sick.cause == known(SICK, "CAUSE"), str(sick)
    assert sick.change.change.key in known(SICK, "CHANGES"), str(sick)


def test_in_a_narrow_terminal_code_is_not_broken_and_paragraphs_keep_their_margin(sick):
    width = max(map(len, sick.code.splitlines())) - 1
    console = Console(file=io.StringIO(), width=width)
    show(sick, console)
    told, _, code = console.file.getvalue().partition("\nTo paste:\n")
    assert code.rstrip("\n") == sick.code.rstrip("\n")
    measured = told.partition("\n\n")[0].partition("\n  ")[2].splitlines()
    assert len(measured) > 1
    assert all(line.startswith("  ") for line in measured[1:])


@pytest.mark.slow
def test_a_healthy_network_gets_no_change():
    diagnosis = diagnosed(HEALTHY, seeds=range(4))
    assert (diagnosis.verdict, diagnosis.cause) == ("fine", known(HEALTHY, "CAUSE"))
    assert diagnosis.change is None
    assert diagnosis.code == ""
    assert "Nothing wrong was found" in str(diagnosis)
    assert len(diagnosis.table) > 5  # it was tried all the same


def test_the_table_holds_paired_gains(sick):
    table = sick.table.set_index("change")
    original, best = sick.proof.original, sick.change
    assert table.skill["as_is"] == pytest.approx(original.test.mean())
    assert table.gain[best.change.key] == pytest.approx((best.trained.test - original.test).mean())
    assert table.smallest.fillna(False).sum() == 1
    assert table.superiority[best.change.key] == 1


def test_the_report_says_cause_number_and_code(sick, tmp_path):
    text = str(sick)
    assert "softmax over one unit is always 1" in text
    assert 'activation="sigmoid"' in sick.code
    assert sick.code in text
    sick.save(tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"diagnosis.txt", "changes.csv", "symptoms.csv", "layer_1.png", "changes.svg"} <= written


@pytest.mark.slow
def test_the_same_call_gives_the_same_table(sick):
    assert diagnosed(SICK, seeds=range(3)).table.equals(sick.table)


def test_the_page_holds_the_committed_table_and_the_definitions():
    page = (ROOT / "docs" / "diagnose.md").read_text(encoding="utf-8")
    page_of = load_object(f"{ROOT / 'bench' / 'diagnose.py'}:page_of")
    rows = pd.read_csv(TABLE)
    assert set(rows.patient) <= set(NAMES)
    assert page_of(page, rows) == page


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_patient_gets_the_row_that_is_committed(name):
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = {row["patient"]: row for row in csv.DictReader(file)}
    if name not in rows:
        pytest.skip("not in the committed table")
    diagnosis = diagnosed(name)
    change = diagnosis.change.change.key if diagnosis.change else ""
    found = diagnosis.verdict, diagnosis.cause, change
    assert found == tuple(rows[name][key] for key in ("verdict", "cause", "change"))


# What can't be diagnosed -------------------------------------------------------------------------


def a_model(loss="mse", compiled=True):
    import keras

    model = keras.Sequential([keras.layers.Dense(1)])
    if compiled:
        model.compile("sgd", loss)
    return model


def with_input(columns):
    import keras

    model = keras.Sequential([keras.Input((columns,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def with_metric(name):
    import keras

    model = a_model()
    model.compile("sgd", "mse", metrics=["mae", "acc", keras.metrics.R2Score(), name])
    return model


def raising():
    raise RuntimeError("no such\nfile")


X, Y = np.ones((8, 2)), np.arange(8.0)


@pytest.mark.parametrize(
    ("build", "x", "y", "says"),
    [
        (raising, X, Y, r"build\(\) raised RuntimeError: no such"),
        (lambda: a_model(compiled=False), X, Y, "isn't compiled"),
        (lambda: a_model("sparse_crossentropy"), X, Y, "did you mean 'sparse_categorical_cross"),
        (lambda: with_metric("acuracy"), X, Y, "no metric 'acuracy'; did you mean 'accuracy'?"),
        (lambda: 3, X, Y, "must return a compiled keras.Model, got int"),
        (a_model, X, Y[:5], r"x and y must have as many rows, got 8 and 5"),
        (a_model, list(X), Y, r"got 2 and 8; a list of arrays .* np.array\(x\) makes rows"),
        (lambda: with_input(16), X.reshape(2, 2, 4), Y[:2], r"Expected shape \(None, 16\)"),
        (a_model, np.where(X > 0, np.nan, X), Y, "x is NaN or infinite in 16 of"),
        (a_model, np.array([["a", "b"]] * 8), Y, "x must hold numbers"),
        (a_model, np.ones(()), Y, "x must have at least two rows"),
    ],
)
def test_bad_input_is_named_in_one_line(build, x, y, says):
    import repro

    with pytest.raises(DiagnoseError, match=says) as raised:
        repro.diagnose(build, x, y)
    assert "\n" not in str(raised.value)


def test_a_model_for_other_shapes_is_named():
    import keras

    import repro

    def build():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(DiagnoseError, match=r"can't take x of shape \(8, 2\)"):
        repro.diagnose(build, X, Y)
    with pytest.raises(DiagnoseError, match="validation x has shape"):
        repro.diagnose(a_model, X, Y, validation_data=(np.ones((4, 3)), np.arange(4.0)))
