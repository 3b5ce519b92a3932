"""A failure that comes from the budget's cut of the training is no fault of the network."""

import time
from dataclasses import replace

import keras
import numpy as np
import pytest

from repro.instruments.diagnose.changes.change import NOTHING, Change
from repro.instruments.diagnose.changes.steps import length_changes
from repro.instruments.diagnose.changes.targets import target_changes
from repro.instruments.diagnose.measurements.examination import examine, examine_data
from repro.instruments.diagnose.proof.attribution import attribute
from repro.instruments.diagnose.proof.judge import Gain, Judged, Proof
from repro.instruments.diagnose.proof.length import own_budget, train_as_long
from repro.instruments.diagnose.proof.prove import Suspects, Trials, prove
from repro.instruments.diagnose.proof.train import Trained, Trainer, train
from repro.instruments.diagnose.setup.budget import seconds_of_steps
from repro.instruments.diagnose.setup.setup import Setup, make_setup
from repro.instruments.diagnose.symptoms.find import find_symptoms
from repro.instruments.diagnose.symptoms.symptom import detect

EPOCHS = 80


def build() -> keras.Model:
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile(keras.optimizers.Adam(0.01), "mean_squared_error")
    return model


@pytest.fixture(scope="module")
def setup() -> Setup:
    x = np.random.default_rng(0).normal(size=(200, 2))
    y = 3 * x[:, 0] + x[:, 1] + 20
    return make_setup(build, x, y, None, epochs=EPOCHS, batch_size=20, seeds=4, budget=4)


@pytest.fixture(scope="module")
def short(setup: Setup) -> tuple[Trainer, Trained]:
    trainer = Trainer(setup, time.monotonic() + 600)
    return trainer, trainer.train(NOTHING)


def say(task: str, number: int, count: int) -> None:
    pass


@pytest.mark.slow
def test_a_cut_network_that_learns_in_its_own_epochs_is_taken_by_these(setup, short):
    trainer, original = short
    assert setup.epochs < EPOCHS and original.test.mean() < 0.5  # the cut makes it fail
    trainer = Trainer(setup, time.monotonic() + 600)
    trainer.longest = 1.0
    longer = train_as_long(trainer, original, say)
    assert longer.test.mean() > 0.9 and longer.change is NOTHING
    assert f"has {EPOCHS} epochs" in trainer.setup.notes[-1]
    assert own_budget(trainer, longer, []) == 0


@pytest.mark.long
def test_without_time_for_its_own_epochs_nothing_is_known(setup, short):
    trainer, original = short
    trainer.deadline = time.monotonic()
    assert train_as_long(trainer, original, say) is original
    assert own_budget(trainer, original, list(detect("slow", 0.5, "the loss falls"))) > 0
    assert own_budget(trainer, original, []) == 0  # more steps of what stands still are no news


def test_what_may_learn_by_itself_proves_no_cause():
    zeros, remedy = np.zeros(4), Change(key="mend", title="", size=1, removes=("target_scale",))
    trained = Trained(change=remedy, test=zeros + 0.9, train=zeros + 0.9)
    gained = Gain(0.9, 0.8, 1.0)
    judged = [Judged(trained=trained, gained=gained, superiority=1.0, helps=True, recovers=True)]
    proof = Proof(replace(trained, change=NOTHING, test=zeros, train=zeros), judged=judged)
    suspects = Suspects(causes=["target_scale"])
    assert attribute(proof, suspects).proven
    proof.own_budget = 100
    assert not attribute(proof, suspects).proven
    fact = Suspects(causes=["target_scale"], certain=frozenset({"target_scale"}))
    assert attribute(proof, fact).proven


def test_epochs_that_the_budget_cut_off_are_no_change(setup):
    keys = [c.key for c in length_changes(setup, examine_data(setup), frozenset({"slow"}))]
    assert "more_epochs" not in keys
    whole = replace(setup, own_steps=setup.steps)
    assert "more_epochs" in [c.key for c in length_changes(whole, None, frozenset({"slow"}))]


@pytest.mark.parametrize(("rate", "epochs"), [(0.001, 3), (0.0005, 3), (0.001, 60)])
def test_few_steps_at_the_usual_rate_are_seen_and_many_more_are_offered(rate, epochs):
    def build():
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(keras.optimizers.RMSprop(rate), "mse")
        return model

    x = np.random.default_rng(0).normal(size=(100, 2))
    setup = make_setup(build, x, 50 + x[:, 0], epochs=epochs, batch_size=16, seeds=2, budget=110)
    examination, trained = examine(setup), train(setup, NOTHING, setup.seeds)
    symptoms = find_symptoms(setup, examination, trained.curve)
    keys = frozenset(symptom.key for symptom in symptoms)
    is_seen = rate == 0.001 and epochs == 3
    assert ("few_steps" in keys) == is_seen
    offers = {change.key: change for change in length_changes(setup, examination, keys)}
    assert offers["more_epochs"].epochs == 4
    assert ("enough_epochs" in offers) == is_seen
    if is_seen:
        assert setup.steps * offers["enough_epochs"].epochs > 1900


def test_many_epochs_of_few_steps_are_expected_to_take_little_more_than_a_few(setup):
    trainer = Trainer(setup, time.monotonic() + 100)
    trainer.longest = 6.0
    longer = Change(key="longer", title="", size=1, epochs=50)
    assert trainer.seconds(NOTHING) == 6
    dense = seconds_of_steps(setup.build(), steps=setup.steps, visits=160 * setup.epochs * 4)
    assert trainer.seconds(longer) == pytest.approx(6 + 49 * dense)
    assert dense < 6 / 10
    trainer.longest = dense / 2  # nothing takes longer than it was seen to
    assert trainer.seconds(longer) == pytest.approx(50 * dense / 2)

    def recurrent():
        model = keras.Sequential([keras.layers.LSTM(2), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        return model

    x = np.random.default_rng(0).normal(size=(60, 3, 1))
    read = make_setup(recurrent, x, x[:, 0, 0], epochs=2, batch_size=16, seeds=2, budget=9)
    trainer = Trainer(read, time.monotonic() + 100)
    trainer.longest = 6.0
    assert trainer.seconds(longer) == 300


@pytest.mark.long
def test_without_time_for_each_remedy_alone_all_are_tried_at_once(setup, short):
    trainer, original = Trainer(setup, time.monotonic() + 61), short[1]
    trainer.longest, trainer.budget = 60.0, 200.0  # as if a training took so long
    harmless = Change(key="harmless", title="", size=1, removes=("input_scale",))
    targets = next(
        change
        for change in target_changes(setup, examine_data(setup), frozenset({"target_scale"}))
        if change.key == "standardize_targets"
    )
    suspects = Suspects(causes=["input_scale", "target_scale"])
    proof = prove(original, [harmless, targets], suspects, trainer=trainer, say=say)
    assert [judged.change.key for judged in proof.judged] == ["harmless+standardize_targets"]
    found = attribute(proof, suspects)
    assert {found.cause, *found.also} == {"input_scale", "target_scale"}
    assert not found.proven  # one of them may do alone
    assert {change.key for change in proof.untried} >= {"harmless"}


def test_the_first_change_is_tried_even_if_the_network_as_it_is_took_all_the_time(setup, short):
    trainer, original = Trainer(setup, time.monotonic() + 600), short[1]
    trainer.deadline, trainer.longest = time.monotonic(), 1.0
    trials = Trials(trainer, Proof(original), say)
    mend = Change(key="mend", title="mend", size=1)
    trials.add([mend, replace(mend, key="other")], 0.1)
    assert [trained.change.key for trained in trials.results] == ["mend"]
    assert [change.key for change in trials.proof.untried] == ["other"]
    trainer.longest = trainer.budget  # a trial that would double the time is not begun
    trials = Trials(trainer, Proof(original), say)
    trials.add([mend], 0.1)
    assert not trials.results
