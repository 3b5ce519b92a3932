"""`repro.diagnose` on models and data of many kinds: what it offers makes sense for each.

Slow: changes that are worth more than a rate, and no more; inputs that are scaled twice, where
those that the model normalizes are quick; labels that are scaled, where those counted from one are.
"""

import math
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import repro
from repro.instruments.diagnose import DiagnoseError
from repro.instruments.diagnose.changes.catalogue import applicable
from repro.instruments.diagnose.changes.change import NOTHING, Change, changed_build, combine
from repro.instruments.diagnose.measurements.baselines import linear_skill
from repro.instruments.diagnose.measurements.examination import Examination, examine
from repro.instruments.diagnose.proof.judge import Proof, judge
from repro.instruments.diagnose.proof.prove import remedies
from repro.instruments.diagnose.proof.retune import retune
from repro.instruments.diagnose.proof.train import Trained, Trainer, train
from repro.instruments.diagnose.report.diagnosis import Diagnosis
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.skill import best_constant, metric
from repro.instruments.diagnose.setup.task import Task, infer_task
from repro.instruments.diagnose.symptoms.find import find_symptoms

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(80, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
OF_INPUTS = {"scale_input", "standardize_input", "centre_input"}


def sequential(*stack, loss="binary_crossentropy", optimizer="adam"):
    """A build function of these layers, each made anew from (class, arguments)."""

    def build():
        model = keras.Sequential([kind(*arguments) for kind, *arguments in stack])
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model

    return build


def setup_of(build, x, y, **settings):
    settings = {"epochs": 2, "batch_size": 16, "seeds": range(2), "budget": 110} | settings
    return make_setup(build, x, y, None, **settings)


def examined(setup):
    """Keys of the symptoms before training, and the changes on offer by key."""
    examination = examine(setup)
    symptoms = find_symptoms(setup, examination, None)
    assert not examination.fails
    return {s.key for s in symptoms}, {c.key: c for c in applicable(setup, examination, symptoms)}


SIGMOID = (layers.Dense, 1, "sigmoid")
HIDDEN = (layers.Dense, 8, "relu")


# Inputs ------------------------------------------------------------------------------------------


def test_tokens_of_an_embedding_are_no_quantities():
    tokens = DRAW.integers(0, 1000, (80, 5))
    build = sequential((layers.Embedding, 1000, 4), (layers.Flatten,), SIGMOID)
    symptoms, changes = examined(setup_of(build, tokens, Y))
    assert not symptoms & {"input_scale", "over_limit"}
    assert "labels_unrelated" in symptoms  # which were drawn without these tokens
    assert not changes.keys() & OF_INPUTS


@pytest.mark.slow
def test_a_model_that_normalizes_by_itself_needs_no_scaling():
    build = sequential((layers.BatchNormalization,), HIDDEN, SIGMOID)
    symptoms, changes = examined(setup_of(build, 1000 * X, Y))
    assert "input_scale" not in symptoms
    assert not changes.keys() & OF_INPUTS


@pytest.mark.slow
def test_inputs_scaled_twice_are_seen_as_the_layers_see_them():
    build = sequential((layers.Rescaling, 1 / 255), HIDDEN, SIGMOID)
    symptoms, changes = examined(setup_of(build, X, Y))
    assert "input_tiny" in symptoms
    model = changed_build(setup_of(build, X, Y), changes["no_rescaling"])()
    assert "Rescaling" not in {type(layer).__name__ for layer in model.layers}
    symptoms, _ = examined(setup_of(build, 255 * X, Y))
    assert not symptoms & {"input_tiny", "input_scale"}


def test_several_inputs_are_standardized_each_by_itself():
    def build():
        inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((4,), name="b")}
        model = keras.Model(
            inputs, layers.Dense(1, "sigmoid")(layers.Concatenate()([*inputs.values()]))
        )
        model.compile("adam", "binary_crossentropy")
        return model

    x = {"a": 1000 * X[:, :2] + 5, "b": X[:, 2:] - 9}
    setup = setup_of(build, x, Y)
    symptoms, changes = examined(setup)
    assert "input_scale" in symptoms
    (changed, _), _ = changes["standardize_input"].data(setup.train, setup.test)
    assert [changed["a"].shape[1], changed["b"].shape[1]] == [2, 4]
    for part in changed.values():
        assert np.allclose(part.mean(axis=0), 0, atol=1e-4)
        assert np.allclose(part.std(axis=0), 1, atol=1e-4)


@pytest.mark.slow
def test_a_sequences_features_keep_their_steps_together():
    x = DRAW.normal(size=(80, 5, 2)) * [1, 100] + np.arange(5)[:, None]
    build = sequential((layers.LSTM, 4), SIGMOID)
    setup = setup_of(build, x, Y)
    _, changes = examined(setup)
    (changed, _), _ = changes["standardize_input"].data(setup.train, setup.test)
    assert np.allclose(changed.std(axis=(0, 1)), 1, atol=1e-4)
    assert changed[:, 4, 0].mean() > changed[:, 0, 0].mean() + 1  # a trend over the steps stays
    assert not changes.keys() & {"hidden_leaky_relu", "batch_normalization", "initializer"}


def test_plain_lists_of_numbers_will_do():
    setup = setup_of(sequential((layers.Dense, 1), loss="mse"), [1.0, 2, 3, 4], [2.0, 4, 6, 8])
    assert setup.train[0].shape == (4, 1)
    setup = setup_of(sequential((layers.Dense, 1), loss="mse"), X, list(np.float64(X[:, 0])))
    assert setup.train[1].shape == (64,)


# Several labels a row ----------------------------------------------------------------------------


def infer(y, loss, activation):
    return infer_task(y, loss=loss, activation=activation, units=3, wants_accuracy=False)


def test_columns_of_yes_and_no_are_classes_of_their_own():
    y = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1]])
    task = infer(y, "binary_crossentropy", "sigmoid")
    assert task == Task("classification", (), 3, several=True)
    assert not infer(np.eye(3), "mse", "softmax").several
    assert infer(y / 2, "mse", "linear").kind == "regression"
    # the commonest answers, 1 1-or-0 1-or-0, are right in 3 of 4, 2 of 4 and 2 of 4 rows
    assert best_constant(task, y) == pytest.approx((3 + 2 + 2) / 12)
    score = metric(task, from_logits=False)
    predicted = np.array([[0.9, 0.2, 0.1], [0.1, 0.1, 0.1]], "float32")
    assert np.asarray(score(y[:2], predicted)).tolist() == pytest.approx([2 / 3, 1])
    steps = np.zeros((2, 5, 3), "float32")
    assert score(steps, steps).shape == (2, 5)  # Keras masks steps
    assert linear_skill(task, (X, (X[:, :3] > 0)), (X, (X[:, :3] > 0))) > 0.7


def test_a_softmax_over_labels_that_go_together_is_named():
    y = (X[:, :3] > 0).astype(int)
    stack = (HIDDEN, (layers.Dense, 3, "softmax"))
    setup = setup_of(sequential(*stack, loss="categorical_crossentropy"), X, y)
    symptoms, changes = examined(setup)
    assert "loss_output" in symptoms
    assert 'activation="sigmoid"' in changes["sigmoid_output"].code
    assert 'loss="binary_crossentropy"' in changes["sigmoid_output"].code


# Changes -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_labels_that_are_counted_anew_are_scored_as_counted():
    # an optimizer made outside of build, once for all models, as many programs have it
    setup = setup_of(
        sequential(HIDDEN, SIGMOID, optimizer=keras.optimizers.SGD(0.5)), X, Y + 1, epochs=10
    )
    _, changes = examined(setup)
    assert train(setup, changes["count_labels"], setup.seeds).train.min() > 0.7


@pytest.mark.slow
def test_labels_divided_like_the_inputs_are_counted():
    y = DRAW.integers(0, 4, 80) / 255
    stack = (HIDDEN, (layers.Dense, 4, "softmax"))
    symptoms, changes = examined(
        setup_of(sequential(*stack, loss="sparse_categorical_crossentropy"), X, y)
    )
    assert "labels_encoding" in symptoms
    assert "count_labels" in changes


@pytest.mark.slow
def test_of_two_changes_each_edits_the_layers_that_it_means():
    setup = setup_of(
        sequential((layers.Dense, 8, "tanh"), (layers.Dense, 8, "tanh"), SIGMOID), X, Y
    )
    _, changes = examined(setup)
    for pair in (("batch_normalization", "hidden_relu"), ("hidden_relu", "batch_normalization")):
        model = changed_build(setup, combine(*(changes[key] for key in pair)))()
        kinds = [type(layer).__name__ for layer in model.layers]
        assert kinds[1:] == 2 * ["Dense", "BatchNormalization", "Activation"] + ["Dense"]
        named = [
            layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")
        ]
        assert named == ["linear", "relu", "linear", "relu", "sigmoid"]


def test_each_cause_gets_the_remedy_that_is_foremost_made_for_it():
    _, changes = examined(
        setup_of(sequential(HIDDEN, (layers.Dense, 1, "relu"), loss="mse"), 50 * X, 90 * X[:, 0])
    )
    ranked = [changes[key] for key in ("rate_x0.1", "standardize_targets", "linear_output")]
    chosen = remedies(ranked, ["unreachable", "target_scale", "relu_output"])
    assert [change.key for change in chosen] == ["linear_output", "standardize_targets"]


# What can't be diagnosed -------------------------------------------------------------------------


def a_model():
    return sequential((layers.Dense, 1), loss="mse")()


def two_outputs():
    x = keras.Input(X.shape[1:])
    model = keras.Model(x, {name: layers.Dense(1, name=name)(x) for name in ("first", "second")})
    model.compile("sgd", {"first": "mse", "second": "mse"})
    return model


MADE_ONCE = a_model()


@pytest.mark.parametrize(
    ("build", "x", "y", "says"),
    [
        (sequential((layers.Dense, 1), loss="binary_croosentropy"), X, Y, "no loss 'binary_croo"),
        (a_model(), X, Y, "must be a function that makes a new model, got a Sequential"),
        (lambda: MADE_ONCE, X, Y, "returns the same model again"),
        (a_model, pd.DataFrame({"a": Y, "b": "text"}), Y, r"x\['b'\] must hold numbers, got obj"),
        (two_outputs, X, {"first": Y, "secnd": Y}, "y has no 'second', an output; it has first, s"),
        (a_model, X, np.zeros(80), "y is the same in all rows"),
        (
            sequential((layers.Dense, 2, "softmax"), loss="categorical_crossentropy"),
            X,
            keras.utils.to_categorical(keras.utils.to_categorical(Y)),
            "made one-hot twice; leave out one to_categorical",
        ),
    ],
)
def test_bad_input_is_named_in_one_line(build, x, y, says):
    with pytest.raises(DiagnoseError, match=says) as raised:
        repro.diagnose(build, x, y)
    assert "\n" not in str(raised.value)


# Rates re-tuned ----------------------------------------------------------------------------------


def retuned(setup, key):
    """What a change is worth once both sides have the rate that suits them best."""
    _, changes = examined(setup)
    trainer = Trainer(setup, math.inf)
    proof = Proof(trainer.train(NOTHING))
    judge(setup, proof, [trainer.train(changes[key])])
    assert proof.judged[0].helps
    titles = []
    retune(proof, [changes[key]], trainer, lambda title, number, count: titles.append(title))
    assert len(titles) == 2
    return proof.retuned[0]


@pytest.mark.slow
def test_a_change_that_is_worth_no_more_than_a_rate_is_named():
    build = sequential((layers.Dense, 1), loss="mse", optimizer=keras.optimizers.SGD(0.05))
    x = DRAW.normal(size=(500, 6))
    tuned = retuned(
        setup_of(build, 0.2 * x, x @ np.arange(6.0), batch_size=64, epochs=10),
        "standardize_input",
    )
    assert tuned.through_rate
    assert tuned.factor_original == 10


@pytest.mark.slow
def test_a_change_that_is_worth_more_than_a_rate_is_named():
    build = sequential(HIDDEN, SIGMOID, optimizer=keras.optimizers.SGD(0.5))
    tuned = retuned(setup_of(build, np.tile(X, (3, 1)), np.tile(Y + 1, 3)), "count_labels")
    assert not tuned.through_rate
    assert tuned.gained.low > 0.3


# Verdicts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "verdict", "says"),
    [
        (0.80, 0.95, "fine", "Nothing wrong was found. One change still gains: biases on all"),
        (0.80, 0.81, "fine", "Nothing wrong was found, and no change that was tried helps"),
        (0.50, 0.95, "proven", "Cause: no biases. Change: biases on all layers. "),
    ],
)
def test_what_a_good_fit_still_gains_is_no_fault(before, after, verdict, says):
    setup = setup_of(sequential(SIGMOID), np.tile(X, (6, 1)), np.tile(Y, 6))
    change = Change(
        key="bias", title="biases on all layers", size=1, code="use_bias=True", removes=("no_bias",)
    )
    skills = 0.01 * np.arange(5)
    proof = Proof(Trained(change=NOTHING, test=before + skills, train=before + skills))
    judge(setup, proof, [Trained(change=change, test=after + skills, train=after + skills)])
    nothing = pd.DataFrame()
    examination = Examination(
        inputs=None, relation=None, linear=np.nan, layers=nothing, outputs=nothing
    )
    diagnosis = Diagnosis(
        setup=setup, examination=examination, symptoms=[], findings=[], proof=proof
    )
    assert diagnosis.verdict == verdict
    assert (diagnosis.change is None) == (verdict == "fine")
    assert bool(diagnosis.code) == (after > 0.9)
    assert says in " ".join(str(diagnosis).split())


def test_within_the_rows_margin_the_smaller_change_recovers():
    setup = setup_of(sequential(SIGMOID), X, Y)  # 16 rows to score on: a margin of 0.3 or so
    small = Change(key="small", title="small", size=1)
    large, poor = replace(small, key="large", size=2), replace(small, key="poor")
    skills = 0.01 * np.arange(5)
    proof = Proof(Trained(change=NOTHING, test=skills, train=skills))
    gains = {small: 0.75, large: 0.9, poor: 0.6}
    judge(
        setup,
        proof,
        [Trained(change=c, test=gain + skills, train=skills) for c, gain in gains.items()],
    )
    assert proof.margin > 0.2
    assert proof.smallest([]).change is small
    assert {j.change.key for j in proof.judged if j.recovers} == {"small", "large"}
