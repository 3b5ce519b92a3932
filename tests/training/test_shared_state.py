"""Callbacks that change what seeds share see one training after the other, as with `fit`."""

import itertools

import keras
import numpy as np
import pytest
from keras import callbacks as kc

from repro import fit_seeds
from repro.training.shared_state import what_is_shared
from tests.training.plain import BATCH, assert_same, fit_by_hand
from tests.training.test_arguments import X, Y, build

COUNTS = {"epochs": 0}
NAMES = ["dense", "dense_1"]
ROWS: list[float] = []
GENERATOR = np.random.default_rng(0)
TURNS = itertools.count()
RATE = keras.Variable(0.1)
TOTAL = 0


class Tracker:
    def __init__(self):
        self.best = 1.0

    def see(self, loss):
        self.best = min(self.best, loss)


TRACKER = Tracker()


class InClass(kc.Callback):
    count = 0

    def on_epoch_end(self, epoch, logs=None):
        InClass.count += 1


class InItsType(kc.Callback):
    count = 0

    def on_epoch_end(self, epoch, logs=None):
        type(self).count += 1


class InRowsOfClass(kc.Callback):
    rows: list[float] = []  # noqa: RUF012

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(logs["loss"])


class InDefault(kc.Callback):
    def on_epoch_end(self, epoch, logs=None, seen=[]):  # noqa: B006
        seen.append(epoch)


class InGlobal(kc.Callback):
    def on_epoch_end(self, epoch, logs=None):
        global TOTAL
        TOTAL += 1


class InAttribute(kc.Callback):
    def __init__(self):
        super().__init__()
        self.tracker, self.rows = TRACKER, ROWS

    def on_epoch_end(self, epoch, logs=None):
        self.rows += [logs["loss"]]
        self.rows.append(1.0)


def count_epochs():
    COUNTS["epochs"] += 1


def nonlocals():
    count = 0

    def end(epoch, logs):
        nonlocal count
        count += 1

    return end


TOGETHER = nonlocals()


def lambda_of(function):
    return lambda: kc.LambdaCallback(on_epoch_end=function)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (InClass, "InClass"),
        (InItsType, "an attribute of its class"),
        (InRowsOfClass, "rows"),
        (InDefault, "seen"),
        (InGlobal, "TOTAL"),
        (InAttribute, "rows"),
        (lambda_of(lambda epoch, logs: count_epochs()), "COUNTS"),
        (lambda_of(lambda epoch, logs: ROWS.append(logs["loss"])), "ROWS"),
        (lambda_of(lambda epoch, logs: logs.update(noise=GENERATOR.normal())), "GENERATOR"),
        (lambda_of(lambda epoch, logs: logs.update(turn=next(TURNS))), "TURNS"),
        (lambda_of(lambda epoch, logs: RATE.assign(0.5)), "RATE"),
        (lambda_of(lambda epoch, logs: TRACKER.see(logs["loss"])), "TRACKER"),
        (lambda_of(lambda epoch, logs: setattr(TRACKER, "best", 0)), "TRACKER"),
        (lambda_of(TOGETHER), "nonlocal count"),
    ],
)
def test_what_callbacks_of_two_seeds_change_is_named(make, name):
    assert what_is_shared([[make()], [make()]]).endswith(f" changes {name}, which seeds share")
    assert what_is_shared([[make()]]) is None


class OfItsOwn(kc.Callback):
    """Change itself, its model and its logs; read what is shared."""

    count = 0

    def __init__(self, names=NAMES):
        super().__init__()
        self.names, self.rows, self.seen, self.best = names, [], {}, 1.0

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1
        self.rows.append(logs["loss"])
        self.seen[epoch] = self.best = min(self.best, logs["loss"])
        for name in self.names:
            logs[f"norm/{name}"] = float(np.linalg.norm(X)) + COUNTS["epochs"]
            self.model.get_layer(name).trainable = False
        for layer in self.model.layers:
            if layer.name in NAMES:
                layer.kernel.assign(0.9 * layer.kernel)
        self.model.optimizer.learning_rate = 0.1 / (epoch + 1)


@pytest.mark.parametrize(
    "make",
    [
        OfItsOwn,
        lambda: kc.LambdaCallback(on_epoch_end=nonlocals()),
        lambda: kc.LearningRateScheduler(lambda epoch, rate: rate * np.random.uniform()),
        lambda: kc.EarlyStopping("loss"),
        lambda_of(lambda epoch, logs: logs.update(first=ROWS[:1], mean=float(X.mean()))),
    ],
)
def test_what_is_each_seeds_own_or_read_alone_is_none(make):
    assert what_is_shared([[make()], [make()], [make()]]) is None


@pytest.mark.long
def test_a_rate_that_seeds_share_is_set_by_one_training_after_the_other():
    COUNTS["epochs"] = 0

    class Slower(kc.Callback):
        def on_epoch_end(self, epoch, logs=None):
            count_epochs()
            self.model.optimizer.learning_rate = 0.1 / COUNTS["epochs"]

    with pytest.warns(UserWarning, match="one seed at a time: callback Slower changes COUNTS"):
        fit = fit_seeds(
            build, X, Y, seeds=[3, 0], epochs=3, batch_size=BATCH, verbose=0, callbacks=Slower()
        )
    COUNTS["epochs"] = 0
    for seed in (3, 0):
        assert_same(fit, seed, *fit_by_hand(build, seed, X, Y, epochs=3, callbacks=[Slower()]))
