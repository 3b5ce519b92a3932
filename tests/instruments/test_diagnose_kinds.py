"""`repro.diagnose` on the kinds of faults that it must tell: each by a small program of its own.

Slow: the printed text of all changes but two programs' ones.
"""

from dataclasses import replace
from functools import reduce

import keras
import numpy as np
import pytest
from keras import layers

from repro.instruments.diagnose import diagnose
from repro.instruments.diagnose.changes.catalogue import CATALOGUE, applicable
from repro.instruments.diagnose.changes.change import NOTHING, Change, changed_build, combine
from repro.instruments.diagnose.changes.merging import merged_code
from repro.instruments.diagnose.check import check
from repro.instruments.diagnose.measurements.baselines import linear_skill, neighbour_skill
from repro.instruments.diagnose.measurements.examination import examine, examine_data
from repro.instruments.diagnose.measurements.inputs import largest_eigenvalue, share_a_scale
from repro.instruments.diagnose.proof.attribution import attribute
from repro.instruments.diagnose.proof.judge import Proof, judge
from repro.instruments.diagnose.proof.prove import Suspects
from repro.instruments.diagnose.proof.train import Trained, train
from repro.instruments.diagnose.setup.sequences import padding_in_front
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.skill import metric, skill
from repro.instruments.diagnose.setup.task import Task, infer_task, is_one_hot
from repro.instruments.diagnose.symptoms.causes import CAUSES, capital, explain
from repro.instruments.diagnose.symptoms.find import find_symptoms

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(80, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
NO_ACCURACY = {"wants_accuracy": False}
CLASSES = DRAW.integers(0, 3, 80)


def sequential(*stack, loss="binary_crossentropy", optimizer="adam", metrics=None):
    """A build function of these layers, each a function without arguments."""

    def build():
        model = keras.Sequential([make() for make in stack])
        model.compile(optimizer() if callable(optimizer) else optimizer, loss, metrics=metrics)
        return model

    return build


def dense(*arguments, **settings):
    return lambda: layers.Dense(*arguments, **settings)


HIDDEN, SIGMOID = dense(8, "relu"), dense(1, "sigmoid")
SOFTMAX = sequential(HIDDEN, dense(3, "softmax"), loss="sparse_categorical_crossentropy")


def setup_of(build, x, y, validation=None, **settings):
    settings = {"epochs": 2, "batch_size": 16, "seeds": range(2), "budget": 110} | settings
    return make_setup(build, x, y, validation, **settings)


def examined(setup):
    """The causes that code and data point at, and the changes on offer; nothing is trained."""
    examination = examine_data(setup)
    symptoms = find_symptoms(setup, examination, None)
    causes = [finding.key for finding in explain(symptoms)]
    keys = frozenset(symptom.key for symptom in symptoms)
    offers = [change for group in CATALOGUE for change in group(setup, examination, keys)]
    return causes, {change.key: change for change in offers}


# What a task is ----------------------------------------------------------------------------------


def test_two_columns_that_never_tie_are_no_classes():
    t = np.arange(40)
    y = np.stack([1 + t % 10, 10 - t % 10], axis=1)
    assert not is_one_hot(y)
    task = infer_task(y, loss="mean_squared_error", activation="softmax", units=2, **NO_ACCURACY)
    assert task.kind == "regression"
    normal = DRAW.normal(size=(40, 2))
    task = infer_task(normal, loss="mse", activation="softmax", units=2, **NO_ACCURACY)
    assert task.kind == "regression"


def test_targets_under_a_softmax_must_sum_to_one():
    y = DRAW.uniform(0.5, 0.9, (80, 2))
    causes, changes = examined(
        setup_of(sequential(HIDDEN, dense(2, "softmax"), loss="mean_squared_error"), X, y)
    )
    assert "unreachable" in causes
    assert changes["linear_output"].code == "keras.layers.Dense(2)  # Dense 2"


def test_ties_share_a_hit_so_that_flat_outputs_earn_no_skill():
    task = Task("classification", (0.0, 1.0, 2.0), 1)
    flat = np.ones((6, 3), "float32")
    y = np.array([0, 0, 0, 0, 1, 2], "float32")
    hits = np.asarray(metric(task, False)(y, flat))
    assert hits.tolist() == pytest.approx([1 / 3] * 6)
    assert skill(task, hits.mean(), y) == 0


# Scales ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        (1e-6, "Adam's rate 1e-06 is below the smallest that is usual for it, 1e-05"),
        (1e-5, "Adam's rate 1e-05 is at the smallest that is usual for it, 1e-05"),
        (2e-5, None),
        (0.03, None),
        (0.1, "Adam's rate 0.1 is above the largest that is usual for it, 0.03"),
    ],
)
def test_a_rate_is_compared_with_the_usual_as_it_is_written(rate, says):
    setup = setup_of(
        sequential(HIDDEN, SIGMOID, optimizer=lambda: keras.optimizers.Adam(rate)), X, Y
    )
    said = [symptom.says for symptom in find_symptoms(setup, examine_data(setup), None)]
    assert [text for text in said if "usual" in text] == [says] * (says is not None)


def test_features_of_different_scale_are_standardized_one_by_one():
    x = X * 10.0 ** np.linspace(0, 9, 6)
    x[:, 5] = 7.0  # a constant feature
    setup = setup_of(sequential(HIDDEN, SIGMOID), x, Y)
    causes, changes = examined(setup)
    assert "input_scale" in causes
    (changed, _), _ = changes["standardize_input"].data(setup.train, setup.test)
    assert np.allclose(changed[:, :5].std(axis=0), 1, atol=1e-3)
    assert np.allclose(changed[:, 5], 0)


def test_pixels_share_one_scale_and_quantities_do_not():
    pixels = DRAW.integers(0, 256, (50, 64)) * (DRAW.uniform(size=64) > 0.2)
    assert share_a_scale(pixels)
    assert not share_a_scale(X)
    assert not share_a_scale(pixels * np.r_[np.ones(63), 1e6])


# Baselines are bounded ---------------------------------------------------------------------------


def test_baselines_look_at_some_of_very_many_features():
    x = DRAW.normal(size=(300, 3072))
    numbers = Task("regression", (), 1)
    pair = (x, x.mean(axis=1))
    assert np.isfinite(linear_skill(numbers, pair, pair))
    assert np.isfinite(neighbour_skill(numbers, pair, pair))
    wide = DRAW.normal(size=(600, 700))
    exact = np.linalg.eigvalsh(wide.T @ wide)[-1] / 600
    assert largest_eigenvalue(wide) == pytest.approx(exact, rel=1e-6)


# What proves a cause -----------------------------------------------------------------------------

OWN = Change(key="own", title="own remedy", size=1, removes=("input_scale",))
OTHER = Change(key="other", title="another change", size=1, removes=("narrow",))
FASTER = Change(key="faster", title="a higher rate", size=1, removes=("rate_low",))
HELP = Change(key="help", title="help", size=1, treats=("input_scale",))


def attributed(gains, causes, certain=(), before=0.0, baseline=np.nan, vague=()):
    setup = setup_of(sequential(SIGMOID), np.tile(X, (6, 1)), np.tile(Y, 6))
    seeds = 0.005 * np.arange(5)
    proof = Proof(Trained(change=NOTHING, test=before + seeds, train=seeds), baseline=baseline)
    results = [Trained(change=c, test=g + seeds, train=g + seeds) for c, g in gains.items()]
    judge(setup, proof, results)
    suspects = Suspects(causes=causes, certain=frozenset(certain), vague=frozenset(vague))
    return attribute(proof, suspects)


def test_of_causes_that_fit_as_well_the_one_that_can_be_seen_comes_first():
    longer = Change(key="longer", title="", size=1, removes=("epochs",), treats=("rate_low",))
    still_longer = replace(longer, key="still longer", epochs=9)
    faster = replace(FASTER, treats=("epochs",))
    gains = {replace(longer, epochs=3): 0.9, still_longer: 0.91, faster: 0.92}
    found = attributed(gains, ["rate_low", "epochs"], vague=["rate_low"])
    assert (found.cause, found.proven) == ("epochs", True)
    assert found.judged.change.epochs == 3  # no longer than need be
    assert attributed(gains, ["rate_low", "epochs"]).cause == "rate_low"


def test_a_cause_is_proven_by_its_own_remedy_alone():
    found = attributed({OWN: 0.9, OTHER: 0.1}, ["input_scale"])
    assert (found.cause, found.proven, found.rivals) == ("input_scale", True, ())
    found = attributed({OWN: 0.9, HELP: 0.9}, ["input_scale"])
    assert found.proven  # what would help against it speaks for it


def test_a_cause_that_can_be_seen_goes_before_one_that_only_the_failure_points_at():
    causes = ["input_scale", "rate_low"]
    found = attributed({OWN: 0.8, FASTER: 0.9}, causes, vague=["rate_low"])
    assert (found.cause, found.judged.change, found.proven) == ("input_scale", OWN, False)
    assert [rival.change for rival in found.rivals] == [FASTER]
    assert attributed({OWN: 0.8, FASTER: 0.9}, causes).cause == "rate_low"  # if both can be seen
    found = attributed({OWN: 0.5, FASTER: 0.9}, causes, vague=["rate_low"])
    assert (found.cause, found.proven) == ("rate_low", True)  # far from as good


def test_what_a_vague_remedy_among_several_makes_up_for_is_named_if_it_can_be_seen():
    adam = Change(
        key="adam", title="Adam", size=1, removes=("optimizer",), treats=("rate_high",), group="a"
    )
    lower = Change(key="lower", title="a lower rate", size=1, removes=("rate_high",), group="a")
    gains = {combine(OTHER, adam): 0.9, adam: 0.5, lower: 0.4}
    causes, vague = ["rate_high", "optimizer"], ["optimizer"]
    found = attributed(gains, causes, vague=vague)
    assert (found.cause, found.proven) == ("rate_high", False)
    gains[lower] = 0.0
    assert attributed(gains, causes, vague=vague).cause == "optimizer"


def test_a_cause_is_not_proven_if_another_change_does_as_well():
    found = attributed({OWN: 0.9, OTHER: 0.9}, ["input_scale"])
    assert not found.proven
    assert [rival.change.key for rival in found.rivals] == ["other"]
    assert attributed({OWN: 0.9, OTHER: 0.9}, ["input_scale"], ["input_scale"]).proven


def test_a_cause_whose_remedy_does_not_recover_is_not_the_one():
    found = attributed({OWN: 0.1, OTHER: 0.9}, ["input_scale", "narrow"])
    assert found.cause == "narrow"
    found = attributed({HELP: 0.9}, ["input_scale"])
    assert (found.cause, found.proven) == ("input_scale", False)


def test_several_faults_are_named_together():
    both = combine(OWN, OTHER)
    found = attributed({OWN: 0.2, OTHER: 0.2, both: 0.95}, ["input_scale", "narrow"])
    assert (found.cause, found.also, found.proven) == ("input_scale", ("narrow",), True)


def test_what_makes_a_fit_better_that_a_clear_remedy_mends_is_no_cause():
    extra = Change(key="extra", title="an extra", size=1, removes=("rate_low",))
    both, gains = combine(OWN, extra), {OWN: 0.7, extra: 0.3}
    found = attributed(gains | {both: 0.9}, ["input_scale"])
    assert (found.cause, found.also, found.judged.change, found.proven) == (
        "input_scale",
        (),
        OWN,
        True,
    )
    assert found.further.change is both
    assert attributed(gains | {OTHER: 0.69, both: 0.9}, ["input_scale"]).rivals
    found = attributed({OWN: 0.55, extra: 0.3, both: 0.9}, ["input_scale"])
    assert found.judged.change is both  # most of it takes both
    found = attributed(gains | {both: 0.9}, ["input_scale", "rate_low"])
    assert found.also == ("rate_low",)  # which has signs of its own, too


def test_a_recovery_needs_a_skill_that_deserves_the_word():
    assert attributed({OWN: 0.12}, ["input_scale"]) is None
    assert attributed({OWN: 0.12}, ["input_scale"], baseline=0.05) is None
    assert attributed({OWN: 0.35}, ["input_scale"], baseline=0.9) is None
    assert attributed({OWN: 0.35}, ["input_scale"], baseline=0.4) is not None


# The catalogue -----------------------------------------------------------------------------------


def l2(strength):
    return lambda: layers.Dense(8, "relu", kernel_regularizer=keras.regularizers.L2(strength))


def decaying():
    return keras.optimizers.AdamW(1e-3, weight_decay=0.5)


def smoothed(share):
    return keras.losses.CategoricalCrossentropy(label_smoothing=share)


ONE_HOT = np.eye(3)[CLASSES]


def tokens(rows):
    return sequential(lambda: layers.Embedding(rows, 2), layers.Flatten, SIGMOID)


OTHERS = np.random.default_rng(1)  # whose draws leave those of the tests as they were
TOKENS = OTHERS.integers(0, 9, (80, 3))
SOFT = {"loss": "sparse_categorical_crossentropy"}
THREE = dense(3, "softmax")
PROGRAMS = [
    ("penalty", "no_penalty", sequential(l2(1.0), SIGMOID), X, Y),
    ("penalty", "no_penalty", sequential(HIDDEN, SIGMOID, optimizer=decaying), X, Y),
    ("loss_choice", "squared_loss", sequential(HIDDEN, dense(1), loss="mae"), X, X[:, 0]),
    ("loss_choice", "softmax_output", sequential(HIDDEN, THREE, loss="mse"), X, np.eye(3)[CLASSES]),
    (
        "double_activation",
        "one_activation",
        sequential(HIDDEN, THREE, layers.Softmax, **SOFT),
        X,
        CLASSES,
    ),
    (
        "double_activation",
        "one_activation",
        sequential(HIDDEN, dense(3, "relu"), layers.Softmax, **SOFT),
        X,
        CLASSES,
    ),
    (
        "output_loss",
        "sigmoid_output",
        sequential(HIDDEN, SIGMOID, loss="kl_divergence"),
        X,
        Y,
    ),
    (
        "output_loss",
        "linear_output",
        sequential(HIDDEN, dense(1, "tanh"), loss="cosine_similarity"),
        X,
        Y,
    ),
    (
        "output_noise",
        "no_output_noise",
        sequential(HIDDEN, SIGMOID, lambda: layers.Dropout(0.5)),
        X,
        Y,
    ),
    ("hidden_softmax", "hidden_relu", sequential(dense(8, "softmax"), SIGMOID), X, Y),
    ("frozen", "unfreeze", sequential(dense(8, "relu", trainable=False), SIGMOID), X, Y),
    (
        "clip",
        "no_clip",
        sequential(HIDDEN, SIGMOID, optimizer=lambda: keras.optimizers.SGD(0.1, clipnorm=1e-4)),
        X,
        Y,
    ),
    (
        "initial_weights",
        "initializer",
        sequential(
            dense(8, "relu", kernel_initializer=keras.initializers.RandomNormal(0, 9)), SIGMOID
        ),
        X,
        Y,
    ),
    (
        "index_range",
        "larger_embedding",
        sequential(lambda: layers.Embedding(5, 2), layers.Flatten, SIGMOID),
        DRAW.integers(0, 9, (80, 3)),
        Y,
    ),
    (
        "mask",
        "mask",
        sequential(lambda: layers.Embedding(9, 2), lambda: layers.LSTM(3), SIGMOID),
        DRAW.integers(1, 9, (80, 6)) * (np.arange(6) < 3),
        Y,
    ),
    (
        "mask",
        "pre_padding",
        sequential(lambda: layers.GRU(3), SIGMOID),
        DRAW.normal(size=(80, 6, 2)) * (np.arange(6) < 3)[:, None],
        Y,
    ),
    ("output_loss", "sigmoid_output", sequential(HIDDEN, dense(1)), X, Y),
    (
        "output_loss",
        "softmax_output",
        sequential(HIDDEN, dense(3, "relu"), **SOFT),
        X,
        CLASSES,
    ),
    (
        "output_loss",
        "linear_output",
        sequential(HIDDEN, SIGMOID, loss="binary_crossentropy"),
        X,
        9 * X[:, 0],
    ),
    ("loss_settings", "usual_loss", sequential(HIDDEN, THREE, loss=smoothed(1.0)), X, ONE_HOT),
    ("cut_tokens", "count_tokens", tokens(9), TOKENS / 9, Y),
    ("cut_tokens", "count_tokens", tokens(9), (TOKENS - TOKENS.mean(0)) / TOKENS.std(0), Y),
    (
        "target_outliers",
        "clip_targets",
        sequential(HIDDEN, dense(1), loss="mse"),
        X,
        X[:, 0] * np.where(np.arange(80) % 20, 1.0, 1e4),
    ),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("cause", "key", "build", "x", "y"), PROGRAMS, ids=[f"{p[0]}-{p[1]}" for p in PROGRAMS]
)
def test_a_cause_is_measured_and_its_remedy_removes_it(cause, key, build, x, y):
    setup = setup_of(build, x, y)
    causes, changes = examined(setup)
    assert cause in causes
    assert cause in changes[key].removes
    change = changes[key]
    pairs = change.rows(setup.train, setup.test) if change.rows else (setup.train, setup.test)
    data = change.data(*pairs) if change.data else pairs
    model = changed_build(setup, change)()
    x, y = (np.asarray(a[:16]) for a in data[0])
    assert np.isfinite(float(model.compute_loss(x=x, y=y, y_pred=model(x))))
    if cause not in ("loss_choice", "mask", "output_loss"):

        def changed():
            return changed_build(setup, change)()

        again, _ = examined(setup_of(changed, *data[0]))
        assert cause not in again


def test_a_healthy_program_has_none_of_them():
    causes, _ = examined(setup_of(sequential(HIDDEN, SIGMOID), X, Y))
    assert set(causes) <= {"labels_unrelated", "label_noise", "no_hidden"}  # 64 rows tell little


def test_rows_sorted_by_class_matter_where_they_are_not_shuffled():
    order = np.argsort(Y)
    build = sequential(HIDDEN, SIGMOID)
    rows = np.tile(X[order], (2, 1)), np.sort(np.tile(Y, 2))
    validation = (X, Y)
    causes, changes = examined(setup_of(build, *rows, validation, shuffle=False))
    assert "order" in causes
    assert changes["shuffle"].shuffle
    causes, _ = examined(setup_of(build, *rows, validation))
    assert "order" not in causes


def test_rows_in_the_order_of_a_number_matter_where_they_are_not_shuffled():
    build, order = sequential(HIDDEN, dense(1), loss="mse"), np.argsort(X[:, 0])
    causes, changes = examined(setup_of(build, X[order], X[order, 0], shuffle=False))
    assert "order" in causes
    assert changes["shuffle"].shuffle
    for x, shuffle in ((X[order], True), (X, False)):
        assert "order" not in examined(setup_of(build, x, x[:, 0], shuffle=shuffle))[0]


def test_a_loss_with_settings_in_use_is_usual():
    for loss in (smoothed(0.1), keras.losses.BinaryFocalCrossentropy(gamma=2), "mse"):
        build = sequential(HIDDEN, dense(3, "softmax"), loss=loss)
        assert "loss_settings" not in [finding.key for finding in check(build).findings]
    tiny = sequential(HIDDEN, dense(1), loss=keras.losses.Huber(delta=1e-5))
    assert "loss_settings" in [finding.key for finding in check(tiny).findings]


def test_a_recurrent_layer_of_a_single_unit_is_a_bottleneck_and_widened():
    steps = OTHERS.normal(size=(80, 5, 2))
    for layer, is_narrow in ((lambda: layers.LSTM(1), True), (lambda: layers.GRU(4), False)):
        setup = setup_of(sequential(layer, THREE, **SOFT), steps, CLASSES)
        causes, changes = examined(setup)
        assert ("narrow" in causes) is is_narrow
        if is_narrow:
            wide = changed_build(setup, changes["more_units"])()
            assert [w.units for w in wide.layers if hasattr(w, "units")] == [16, 3]


def attention(inputs):
    score = layers.Dense(1)(layers.Dense(8, "tanh")(inputs))
    weights = layers.Softmax(axis=1)(score)
    return layers.Dot(axes=1)([weights, inputs])


def shortcut(inputs):
    return layers.Add()([inputs, layers.Dense(6)(layers.Dense(1, "relu")(inputs))])


def gate(inputs):
    return layers.Multiply()([inputs, layers.Dense(1, "sigmoid")(inputs)])


def branches(inputs):
    return layers.Concatenate()([layers.Dense(1, "relu")(inputs) for _ in range(4)])


def thin(inputs):
    return layers.Dense(1, "relu")(inputs)


def last_state(inputs):
    return layers.LSTM(3, return_state=True)(inputs)[1]


def thin_beside_a_gate(inputs):
    return thin(gate(inputs))


@pytest.mark.parametrize(
    ("middle", "is_narrow"),
    [
        (attention, False),
        (last_state, False),
        (shortcut, False),
        (gate, False),
        (branches, False),
        (thin, True),
        (thin_beside_a_gate, True),
    ],
)
def test_only_what_every_path_passes_is_a_bottleneck(middle, is_narrow):
    def build():
        inputs = keras.Input((5, 6) if middle in (attention, last_state) else (6,))
        rows = layers.Flatten()(middle(inputs))
        model = keras.Model(inputs, layers.Dense(4, "softmax")(rows))
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    inputs = OTHERS.normal(size=(80, *build().input_shape[1:]))
    assert ("narrow" in examined(setup_of(build, inputs, CLASSES))[0]) is is_narrow


def test_a_recurrent_layer_that_has_to_remember_many_steps_is_told():
    steps = OTHERS.normal(size=(80, 30, 2))
    setup = setup_of(sequential(lambda: layers.SimpleRNN(3), SIGMOID), steps, Y)
    causes, changes = examined(setup)
    assert "forgets" in causes
    (changed, _), _ = changes["reverse_steps"].data(setup.train, setup.test)
    assert np.array_equal(changed[:, 0], setup.train[0][:, -1])
    gated = changed_build(setup, changes["gated"])
    assert {"GRU", "Dense"} <= {type(layer).__name__ for layer in gated().layers}
    assert "SimpleRNN" not in {type(layer).__name__ for layer in gated().layers}
    assert "forgets" not in examined(setup_of(gated, steps, Y))[0]
    for layer in (lambda: layers.Bidirectional(layers.SimpleRNN(3)), lambda: layers.LSTM(3)):
        assert "forgets" not in examined(setup_of(sequential(layer, SIGMOID), steps, Y))[0]


@pytest.mark.long
def test_the_first_suspect_on_the_screen_is_a_fact_of_the_data_if_there_is_one(capsys):
    stack = [lambda: layers.Embedding(9, 2), layers.GlobalAveragePooling1D, SIGMOID]
    diagnose(sequential(*stack), TOKENS / 9, Y, epochs=1, seeds=2, budget=3, verbose=1)
    first = next(line for line in capsys.readouterr().err.splitlines() if "first suspect" in line)
    assert "tokens that are no whole numbers" in first


def test_classes_that_training_never_saw_are_named_and_mixed_in():
    old = CLASSES < 2
    setup = setup_of(
        sequential(HIDDEN, THREE, **SOFT), X[old], CLASSES[old], (X[~old], CLASSES[~old])
    )
    causes, changes = examined(setup)
    assert causes[0] == "split"
    (_, y), (_, y_test) = changes["mix_split"].rows(setup.train, setup.test)
    assert set(np.unique(y)) == {0, 1, 2}
    assert len(y_test) == (~old).sum()


def test_validation_rows_from_another_range_are_seen_in_one_feature():
    other = X.copy()
    other[:, 3] += 6
    causes, changes = examined(setup_of(sequential(HIDDEN, SIGMOID), X, Y, (other, Y)))
    assert "validation" in causes
    assert {"match_validation", "mix_split"} <= changes.keys()


def test_labels_that_contradict_their_neighbours_are_counted():
    x = DRAW.normal(size=(900, 2))
    y = (x[:, 0] > 0).astype(int)
    noisy = np.where(DRAW.uniform(size=900) < 0.28, 1 - y, y)
    setup = setup_of(sequential(HIDDEN, SIGMOID), x, noisy)
    assert "label_noise" in examined(setup)[0]
    assert "label_noise" not in examined(setup_of(sequential(HIDDEN, SIGMOID), x, y))[0]


@pytest.mark.parametrize("rows", [1, 7, -40])
@pytest.mark.parametrize("is_apart", [False, True])
def test_labels_are_moved_back_by_as_many_rows_as_it_takes(rows, is_apart):
    x = DRAW.normal(size=(400, 4))
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    validation = (x[300:], y[300:]) if is_apart else None
    x, y = (x[:300], y[:300]) if is_apart else (x, y)
    causes, changes = examined(
        setup_of(SOFTMAX, x, np.roll(y, rows, axis=0), validation, batch_size=32)
    )
    assert "labels_shifted" in causes
    setup = setup_of(SOFTMAX, x, y, validation, batch_size=32)
    moved = changes["move_labels"].rows(setup.train, setup.test)
    for (_, back), (_, right) in zip(moved, (setup.train, setup.test), strict=True):
        np.testing.assert_array_equal(back, right)


def test_no_shift_is_found_for_labels_of_no_rows():
    draw = np.random.default_rng(0)  # its own: one draw in twenty is related by chance
    x = draw.normal(size=(400, 4))
    causes, _ = examined(setup_of(SOFTMAX, x, draw.integers(0, 3, 400)))
    assert "labels_unrelated" in causes and "labels_shifted" not in causes


def test_near_rows_of_many_features_prove_no_noise_in_labels_that_a_line_tells_apart():
    x = OTHERS.normal(size=(800, 40))
    y = (x[:, :4].sum(axis=1) > 0).astype(int)
    setup = setup_of(sequential(HIDDEN, SIGMOID), x, y)
    relation = examine_data(setup).relation
    assert relation.p_value < 0.01 and relation.noise > 0.25
    assert "label_noise" not in examined(setup)[0]


def test_batch_normalization_needs_rows():
    build = sequential(HIDDEN, layers.BatchNormalization, SIGMOID)
    causes, changes = examined(setup_of(build, X, Y, batch_size=1))
    assert "batch_norm_alone" in causes
    assert "batch_norm_alone" in changes["small_batch"].removes
    assert "batch_norm_alone" not in examined(setup_of(build, X, Y))[0]


def test_a_list_of_inputs_of_unlike_widths_is_examined():
    def build():
        inputs = [keras.Input((5,)), keras.Input((1,))]
        model = keras.Model(inputs, SIGMOID()(HIDDEN()(layers.Concatenate()(inputs))))
        model.compile("adam", "binary_crossentropy")
        return model

    causes, _ = examined(setup_of(build, [X[:, :5], 90_000 + 20_000 * X[:, 5:]], Y))
    # one feature of large numbers doesn't make a line of the rows
    assert "input_scale" in causes and "inputs_line" not in causes


class Signs(layers.Layer):
    def call(self, inputs):
        return keras.ops.cast(inputs > 0, "float32")


STOPPING = [
    (lambda: layers.Lambda(keras.ops.stop_gradient), "StopGradient"),
    (Signs, "Greater"),
]


@pytest.mark.parametrize(("make", "kind"), STOPPING)
def test_what_lets_no_gradient_through_is_named_and_not_what_follows_it(make, kind):
    build = sequential(HIDDEN, lambda: layers.Activation("tanh"), make, HIDDEN, SIGMOID)
    cut = examine_data(setup_of(build, X, Y)).cut
    assert (cut.kind, cut.position, cut.layers) == (kind, 2, ("Dense 1",))


def offers(build, *symptoms):
    setup = setup_of(build, X, Y)
    examination = examine_data(setup)
    found = [c for group in CATALOGUE for c in group(setup, examination, frozenset(symptoms))]
    return setup, {change.key: change for change in found}


def test_one_hidden_layer_of_few_units_that_fails_is_widened_and_given_another():
    setup, changes = offers(sequential(dense(3, "relu"), SIGMOID), "stalls")
    assert "narrow" in changes["hidden_layer"].removes
    for key, units in (("hidden_layer", [3, 64, 1]), ("more_units", [64, 1])):
        model = changed_build(setup, changes[key])()
        assert [layer.units for layer in model.layers if hasattr(layer, "units")] == units
    deep = sequential(HIDDEN, HIDDEN, SIGMOID)
    for build, symptom in ((deep, "stalls"), (sequential(HIDDEN, SIGMOID), "slow")):
        assert "hidden_layer" not in offers(build, symptom)[1]


def test_a_relu_in_front_of_a_softmax_is_the_one_to_leave_out():
    build = sequential(HIDDEN, dense(3, "relu"), layers.Softmax, **SOFT)
    setup = setup_of(build, X, CLASSES)
    causes, changes = examined(setup)
    assert "double_activation" in causes
    assert not {"output_loss", "relu_output"} & set(causes)
    mended = changed_build(setup, changes["one_activation"])()
    output = mended.predict(X, verbose=0)
    np.testing.assert_allclose(output.sum(axis=1), 1, rtol=1e-5)
    assert [layer.activation.__name__ for layer in mended.layers if layer.name.startswith("dense")][
        -1
    ] == "linear"


def test_weights_that_a_few_rows_hold_are_seen():
    weights = np.where(np.arange(80) < 4, 1.0, 1e-6)
    causes, changes = examined(setup_of(sequential(HIDDEN, SIGMOID), X, Y, sample_weight=weights))
    assert "weights" in causes
    assert changes["no_weights"].unweighted
    setup = setup_of(sequential(HIDDEN, SIGMOID), X, Y, class_weight={0: 1.0, 1: 2.0})
    assert set(setup.weights) == {1.0, 2.0}
    assert "weights" not in examined(setup)[0]


def test_rows_that_are_held_out_are_not_said_to_be_left_unused():
    notes = setup_of(sequential(HIDDEN, SIGMOID), X, Y).notes
    assert not any("training rows are used" in note for note in notes)


def test_padding_goes_in_front_and_zeros_within_stay():
    x = np.array([[3, 0, 4, 0, 0], [1, 2, 3, 4, 5]])
    assert padding_in_front(x).tolist() == [[0, 0, 3, 0, 4], [1, 2, 3, 4, 5]]


def test_a_network_without_a_hidden_layer_is_told_when_it_needs_one():
    x = DRAW.uniform(-1, 1, (600, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    setup = setup_of(sequential(SIGMOID), x, y)
    causes, changes = examined(setup)
    assert "no_hidden" in causes
    model = changed_build(setup, changes["hidden_layer"])()
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [64, 1]


# Trained by the user's own steps -----------------------------------------------------------------


class OwnSteps(keras.Model):
    """Trains by steps of its own, and keeps no score; as it is compiled without a loss."""

    def train_step(self, data):
        import tensorflow as tf

        x, y = data[0], data[1]
        with tf.GradientTape() as tape:
            y = tf.reshape(tf.cast(y, "float32"), (-1, 1))
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(y, self(x, training=True)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def own_steps():
    inputs = keras.Input((6,))
    model = OwnSteps(inputs, SIGMOID()(HIDDEN()(inputs)))
    model.compile(keras.optimizers.Adam(0.05))
    return model


def test_a_custom_train_step_is_trained_and_scored():
    setup = setup_of(own_steps, np.tile(X, (2, 1)), np.tile(Y, 2), epochs=8, seeds=[0])
    examination = examine(setup)
    assert not examination.fails
    trained = train(setup, NOTHING, setup.seeds)
    assert not trained.fails
    assert trained.test.min() > 0.5
    changes = applicable(setup, examination, find_symptoms(setup, examination, trained.curve))
    leaky = next(change for change in changes if change.key == "hidden_leaky_relu")
    assert isinstance(changed_build(setup, leaky)(), OwnSteps)  # its steps stay


# Code to paste runs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", [0, 9, *(pytest.param(p, marks=pytest.mark.slow) for p in (3, 6, 12, 15))]
)
def test_every_change_runs_from_its_printed_text(place):
    _, _, build, x, y = PROGRAMS[place]
    setup = setup_of(build, 30 * x if x.dtype.kind == "f" else x, y)
    _, changes = examined(setup)
    for key, change in changes.items():
        assert change.code, key
        model = setup.build()
        names = {"keras": keras, "np": np, "model": model, "x": x, "y": y, "x_val": x, "y_val": y}
        exec(compile(change.code, key, "exec"), names)  # noqa: S102  # our own text


def test_pasted_code_does_what_the_trial_did():
    setup = setup_of(sequential(dense(8, "sigmoid"), dense(1), optimizer="sgd"), 50 * X, Y)
    _, changes = examined(setup)
    names = {"np": np, "x": setup.train[0]}
    exec(changes["standardize_input"].code, names)  # noqa: S102  # our own text
    (changed, _), _ = changes["standardize_input"].data(setup.train, setup.test)
    assert np.allclose(names["x"], changed, atol=1e-4)
    layer = eval(changes["hidden_relu"].code.split("  #")[0], {"keras": keras})  # noqa: S307
    assert (layer.units, layer.activation.__name__) == (8, "relu")
    names = {"keras": keras, "model": setup.build()}
    exec(changes["rate_x0.1"].code, names)  # noqa: S102  # our own text
    assert float(names["model"].optimizer.learning_rate) == pytest.approx(0.001)


@pytest.mark.parametrize("scaled", [TOKENS / 9, (TOKENS - TOKENS.mean(0)) / TOKENS.std(0)])
def test_tokens_that_were_scaled_are_tokens_again(scaled):
    setup = setup_of(tokens(9), scaled, Y)
    change = examined(setup)[1]["count_tokens"]
    names = {"np": np, "x": setup.train[0]}
    exec(change.code, names)  # noqa: S102  # our own text
    (numbered, _), _ = change.data(setup.train, setup.test)
    assert np.array_equal(names["x"], numbered)
    known = setup_of(tokens(9), TOKENS, Y).train[0]
    assert np.array_equal(numbered, known)


def test_a_number_far_out_that_repeats_stands_for_what_is_missing():
    draw = np.random.default_rng(2)
    x = np.where(draw.uniform(size=X.shape) < 0.1, -999, X)
    setup = setup_of(sequential(HIDDEN, SIGMOID), x, Y)
    causes, changes = examined(setup)
    assert "outliers" in causes
    (changed, _), _ = changes["fill_codes"].data(setup.train, setup.test)
    names = {"np": np, "x": setup.train[0]}
    exec(changes["fill_codes"].code, names)  # noqa: S102  # our own text
    assert np.allclose(names["x"], changed, atol=1e-4)
    assert np.abs(changed).max() < 5
    assert np.allclose(changed[setup.train[0] == -999], 0, atol=1e-4)  # the mean, standardized
    far = np.where(np.arange(80)[:, None] % 20, X, 300 * X)  # far out, and no code
    assert "fill_codes" not in examined(setup_of(sequential(HIDDEN, SIGMOID), far, Y))[1]


def test_validation_targets_in_other_units_are_told_and_brought_to_those_of_training():
    build, y = sequential(HIDDEN, dense(1), loss="mse"), X[:, :1]
    setup = setup_of(build, X, y, (X, 5 + 40 * y))
    examination = examine_data(setup)
    findings = explain(find_symptoms(setup, examination, None))
    assert [f.key for f in findings if f.is_certain] == ["validation_targets"]
    change = examined(setup)[1]["match_targets"]
    (_, kept), (_, matched) = change.rows(setup.train, setup.test)
    assert np.array_equal(kept, setup.train[1])
    names = {"np": np, "y": y, "y_val": 5 + 40 * y}
    exec(change.code, names)  # noqa: S102  # our own text
    assert np.allclose(matched, names["y_val"], atol=1e-4)
    assert np.allclose(matched, y, atol=1e-4)
    far = np.where(np.arange(80)[:, None] % 20, y, 1e4)  # some targets far out are no other unit
    for targets, validation in ((y, (X, y)), (far, (X, y)), (40 * y, None)):
        assert "validation_targets" not in examined(setup_of(build, X, targets, validation))[0]


def test_validation_rows_that_are_training_rows_are_told():
    build = sequential(HIDDEN, SIGMOID)
    causes, _ = examined(setup_of(build, X, Y, (X[:40], Y[:40])))
    assert "shared_rows" in causes
    assert "shared_rows" not in examined(setup_of(build, X[40:], Y[40:], (X[:40], Y[:40])))[0]
    table = np.tile([[0.0, 0], [0, 1], [1, 0], [1, 1]], (20, 1))
    truth = table.any(axis=1).astype(int)
    assert "shared_rows" not in examined(setup_of(build, table, truth, (table, truth)))[0]


def test_rows_are_changed_by_each_of_several_changes():
    add = Change(key="add", title="add", size=1, rows=lambda a, b: (a + 1, b))
    double = Change(key="double", title="double", size=1, rows=lambda a, b: (2 * a, 2 * b))
    assert combine(add, double).rows(1, 5) == (4, 10)


def test_targets_far_out_are_clipped_in_training_alone():
    x, y = np.tile(X, (2, 1)), np.tile(X[:, 0], 2)
    far = np.where(np.arange(160) % 20, y, -1e4)
    setup = setup_of(sequential(HIDDEN, dense(1), loss="mse"), x, far, (X, X[:, 0]))
    causes, changes = examined(setup)
    assert "target_outliers" in causes
    (_, clipped), (_, test) = changes["clip_targets"].rows(setup.train, setup.test)
    names = {"np": np, "y": far}
    exec(changes["clip_targets"].code, names)  # noqa: S102  # our own text
    assert np.allclose(np.ravel(clipped), np.ravel(names["y"]), atol=1e-5)
    assert np.abs(clipped).max() < 10
    assert np.array_equal(np.ravel(test), X[:, 0])
    images = np.where(OTHERS.uniform(size=(80, 9)) < 0.1, 255, OTHERS.integers(0, 2, (80, 9)))
    setup = setup_of(sequential(dense(9), loss="mse"), X, images)
    assert "target_outliers" not in examined(setup)[0]
    causes, changes = examined(setup_of(sequential(HIDDEN, dense(1), loss="mse"), x, y))
    assert "target_outliers" not in causes
    assert "clip_targets" not in changes


def test_what_several_changes_make_of_a_layer_is_one_line():
    ones = keras.initializers.Constant(1.0)
    stack = [dense(8, kernel_initializer=ones), dense(8, kernel_initializer=ones), SIGMOID]
    setup = setup_of(sequential(*stack, optimizer="sgd"), 50 * X, Y)
    _, changes = examined(setup)
    chosen = [changes[key] for key in ("initializer", "standardize_input", "relu_on_linear")]
    code = merged_code(setup, reduce(combine, chosen).code)
    layer = "keras.layers.Dense(8, "
    assert sum(line.startswith(layer) for line in code.splitlines()) == 2
    line = next(line for line in code.splitlines() if line.startswith(layer))
    made = eval(line.split("  #")[0], {"keras": keras})  # noqa: S307  # our own text
    assert made.activation.__name__ == "relu"
    assert type(made.kernel_initializer).__name__ == "GlorotUniform"
    assert "x = (x - mean) / deviation" in code
    alone = changes["initializer"].code
    assert merged_code(setup, alone) == alone


# Before any data ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "build"),
    [
        ("output_loss", sequential(HIDDEN, dense(1, "softmax"))),
        ("output_loss", sequential(HIDDEN, dense(1))),
        ("output_loss", sequential(HIDDEN, dense(1, "sigmoid"), loss="categorical_crossentropy")),
        (
            "output_loss",
            sequential(HIDDEN, SIGMOID, loss=keras.losses.BinaryCrossentropy(from_logits=True)),
        ),
        ("linear_stack", sequential(dense(8), dense(8), SIGMOID)),
        ("initial_weights", sequential(*[dense(32, "relu")] * 34, SIGMOID)),
        ("rate_high", sequential(HIDDEN, SIGMOID, optimizer=lambda: keras.optimizers.Adam(0.5))),
        ("rate_low", sequential(HIDDEN, SIGMOID, optimizer=lambda: keras.optimizers.SGD(1e-7))),
        ("vanishing", sequential(*[dense(8, "sigmoid")] * 6, SIGMOID)),
        ("relu_output", sequential(HIDDEN, dense(1, "relu"), loss="mse")),
    ],
)
def test_check_names_what_is_written_wrong(cause, build):
    found = check(build)
    assert cause in [finding.key for finding in found.findings]
    assert CAUSES[cause].remedy in str(found)


@pytest.mark.parametrize(
    "build",
    [
        sequential(HIDDEN, SIGMOID),
        sequential(HIDDEN, dense(1), loss=keras.losses.BinaryCrossentropy(from_logits=True)),
        sequential(HIDDEN, THREE, loss="sparse_categorical_crossentropy", optimizer="sgd"),
        sequential(dense(32, "tanh"), dense(1), loss="mse", optimizer="rmsprop"),
        sequential(lambda: layers.LSTM(8), dense(1), loss="mae"),
        sequential(lambda: layers.Conv2D(4, 3, activation="relu"), layers.Flatten, THREE, **SOFT),
    ],
)
def test_check_finds_nothing_in_healthy_programs(build):
    found = check(build)
    assert not found.findings, str(found)
    assert "Nothing is written wrong" in str(found)


# Words -------------------------------------------------------------------------------------------


def test_every_cause_has_signs_a_remedy_and_one_sentence():
    for key, cause in CAUSES.items():
        assert cause.signs, key
        assert cause.remedy, key
        assert not cause.says.endswith("."), key


def test_what_several_changes_make_of_the_training_is_one_call():
    setup = setup_of(sequential(HIDDEN, SIGMOID), X, Y)
    epochs, size = setup.epochs, setup.batch_size
    calls = [(9 * epochs, size), (epochs, size + 1)]
    first, second = (f"model.fit(x, y, epochs={e}, batch_size={s})" for e, s in calls)
    code = merged_code(setup, f"{first}\ny = y - 1\n{second}")
    assert code == f"y = y - 1\nmodel.fit(x, y, epochs={9 * epochs}, batch_size={size + 1})"
    assert merged_code(setup, first) == first


def test_a_sentence_does_not_change_a_name_of_code():
    assert capital("mean_squared_error: of shares") == "mean_squared_error: of shares"
    assert capital("rates are high") == "Rates are high"
