"""A data set is opened as often as `fit` opens it, whoever has left the block."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import callbacks as kc

from repro import fit_seeds
from tests.training.plain import assert_same
from tests.training.test_arguments import X, Y, build

LAST = {3: 0, 0: 1, 5: 4, 1: 4}  # each seed's last epoch


class Stops(kc.Callback):
    def __init__(self, last):
        super().__init__()
        self.last = last

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch >= self.last


class Growing(keras.utils.PyDataset):
    """Has other samples in each epoch."""

    epochs = 0

    def __len__(self):
        return 3

    def __getitem__(self, step):
        rows = slice(step * 8, step * 8 + 8)
        return X[rows] * (1 + 0.1 * self.epochs), Y[rows]

    def on_epoch_end(self):
        self.epochs += 1


def in_order():
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)


def shuffled():
    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20, seed=1).batch(8)


def eager():
    model = build()
    model.run_eagerly = True
    return model


def assert_read_as_by_fit(make_data, *, callbacks=None, **given):
    given = {"epochs": 5, "verbose": 0} | given
    keras.utils.set_random_seed(9)  # of which a shuffled data set makes use
    fit = fit_seeds(build, make_data(), seeds=list(LAST), callbacks=callbacks, **given)
    assert fit.one_at_a_time is None
    for seed in (3, 1):
        keras.utils.set_random_seed(9)
        data, own = make_data(), callbacks and callbacks(seed)
        keras.utils.set_random_seed(seed)
        model = build()
        history = model.fit(data, shuffle=False, callbacks=own, **given)
        assert_same(fit, seed, model, history)


def test_a_data_set_that_is_shuffled_anew_is_so_as_by_fit():
    assert_read_as_by_fit(shuffled, validation_data=in_order())


# of three batches the second of every two epochs has but one, as `fit` says, too
@pytest.mark.filterwarnings("ignore:the data ran out", "ignore:.*[Yy]our input ran out of data")
@pytest.mark.parametrize(
    ("make_data", "steps"),
    [(Growing, None), *(pytest.param(d, 2, marks=pytest.mark.slow) for d in (in_order, Growing))],
)
def test_whoever_leaves_the_block_does_not_begin_the_data_again(make_data, steps):
    def callbacks(seed):
        return [Stops(LAST[seed])]

    assert_read_as_by_fit(make_data, callbacks=callbacks, steps_per_epoch=steps)


class Lengthening(Growing):
    """Has more batches in every second epoch than `fit` has counted in the beginning."""

    def __len__(self):
        return 2 + self.epochs % 2


@pytest.mark.long
def test_a_data_set_that_grows_is_read_as_far_as_by_fit():
    assert_read_as_by_fit(Lengthening)


@pytest.mark.long
@pytest.mark.parametrize("batches", [None, 2])
def test_each_block_and_each_seed_alone_reads_a_data_set_from_its_beginning(batches):
    given = {"epochs": 2, "verbose": 0, "check": False}
    together = fit_seeds(build, Growing(), seeds=4, **given)
    if batches:
        apart = fit_seeds(build, Growing(), seeds=4, block_size=batches, **given)
    else:
        with pytest.warns(UserWarning, match="one seed at a time"):
            apart = fit_seeds(eager, Growing(), seeds=4, **given)
    np.testing.assert_allclose(apart.frame, together.frame, rtol=1e-4)
