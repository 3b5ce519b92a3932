"""A data set is opened as often as `fit` opens it, whoever has left the block."""

import random
from functools import partial

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


class Shuffling(Growing):
    """Has its rows in another order in each epoch, drawn as people draw it."""

    def __init__(self, draw):
        super().__init__()
        self.draw, self.rows = draw, np.arange(len(X))

    def __getitem__(self, step):
        rows = self.rows[step * 8 : step * 8 + 8]
        return X[rows], Y[rows]

    def on_epoch_end(self):
        self.rows = self.draw(self.rows)


class WithModule(Shuffling):
    """Can't be copied."""

    def __init__(self):
        super().__init__(None)
        self.rng = np.random

    def on_epoch_end(self):
        self.rng.shuffle(self.rows)


class Noisy(Growing):
    """Adds noise to each batch."""

    def __getitem__(self, step):
        x, y = super().__getitem__(step)
        return x + np.random.normal(size=x.shape), y

    def on_epoch_end(self):
        pass


def drawn_with_numpy():
    def batches():
        for _ in range(3):
            rows = np.random.permutation(len(X))[:8]
            yield X[rows], Y[rows]

    shapes = [tf.TensorSpec((None, a.shape[1]), a.dtype) for a in (X, Y)]
    data = tf.data.Dataset.from_generator(batches, output_signature=tuple(shapes))
    return data.apply(tf.data.experimental.assert_cardinality(3))


def by_python(rows):
    return np.array(random.sample(list(rows), len(rows)))


@pytest.mark.parametrize(
    ("make_data", "generator"),
    [
        (partial(Shuffling, lambda rows: np.random.permutation(rows)), "numpy.random"),
        (partial(Shuffling, by_python), "Python's random"),
        (partial(Shuffling, lambda rows: np.asarray(tf.random.shuffle(rows))), "tf.random"),
        (Noisy, "numpy.random"),
        (drawn_with_numpy, "numpy.random"),
    ],
)
def test_a_data_set_that_draws_sees_each_seeds_own_numbers(make_data, generator):
    given = {"epochs": 2, "verbose": 0}
    with pytest.warns(UserWarning, match=f"the data set draws from {generator}"):
        fit = fit_seeds(build, make_data(), seeds=[3, 1], **given)
    for seed in (3, 1):
        data = make_data()
        keras.utils.set_random_seed(seed)
        model = build()
        assert_same(fit, seed, model, model.fit(data, shuffle=False, **given))


class NoisyByItself(Noisy):
    """Draws from what it holds."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise

    def __getitem__(self, step):
        x, y = Growing.__getitem__(self, step)
        return self.noise(x), y


class Noise:
    def __init__(self):
        self.rng, self.calls = np.random.default_rng(1), 0

    def __call__(self, x):
        self.calls += 1
        return x * self.calls + self.rng.normal(size=x.shape)


class LayerOfNoise:
    def __init__(self):
        self.layer = keras.layers.GaussianNoise(0.5, seed=3)

    def __call__(self, x):
        return np.asarray(self.layer(x, training=True))


@pytest.mark.parametrize("make", [build, eager])
@pytest.mark.parametrize("kind", [Noise, LayerOfNoise])
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_a_data_set_with_noise_of_its_own_is_read_from_its_beginning(make, kind):
    given = {"epochs": 2, "verbose": 0}
    fit = fit_seeds(make, NoisyByItself(kind()), seeds=[3, 1], **given)
    assert (fit.one_at_a_time is None) == (make is build)
    for seed in (3, 1):
        data = NoisyByItself(kind())
        keras.utils.set_random_seed(seed)
        model = make()
        assert_same(fit, seed, model, model.fit(data, shuffle=False, **given))


def test_a_data_set_that_draws_and_can_not_be_copied_is_read_on_as_by_fit():
    given = {"epochs": 2, "verbose": 0}
    with pytest.warns(UserWarning, match="draws from what may be numpy.random"):
        fit = fit_seeds(build, WithModule(), seeds=[3, 1], **given)
    data = WithModule()
    for seed in (3, 1):
        keras.utils.set_random_seed(seed)
        model = build()
        assert_same(fit, seed, model, model.fit(data, shuffle=False, **given))


def test_a_data_set_with_a_generator_of_its_own_is_read_once_for_all_seeds():
    generator = np.random.default_rng(0)
    fit = fit_seeds(build, Shuffling(generator.permutation), seeds=2, epochs=2, verbose=0)
    assert fit.one_at_a_time is None


def augmented():
    noise = keras.layers.GaussianNoise(0.5, seed=4)
    return in_order().map(lambda x, y: (noise(x, training=True), y))


@pytest.mark.parametrize(
    ("given", "shuffled"), [({"block_size": 1}, shuffled), ({}, shuffled), ({}, augmented)]
)
def test_readings_of_other_batches_are_told(given, shuffled):
    make = build if given else eager
    with pytest.warns(UserWarning, match="each of them sees other batches"):
        fit_seeds(make, shuffled(), seeds=2, verbose=0, **given)


@pytest.mark.parametrize("make_data", [shuffled, augmented])
@pytest.mark.filterwarnings("ignore:one seed at a time")
def test_seeds_alone_see_what_a_loop_of_fit_would_show_them(make_data):
    given = {"epochs": 3, "verbose": 0}
    keras.utils.set_random_seed(9)
    fit = fit_seeds(eager, make_data(), seeds=[3, 1], **given)
    keras.utils.set_random_seed(9)
    data = make_data()
    for seed in (3, 1):
        keras.utils.set_random_seed(seed)
        model = eager()
        assert_same(fit, seed, model, model.fit(data, shuffle=False, **given))


def test_a_data_set_without_a_state_is_read_alike_each_time(recwarn):
    together, apart = (
        fit_seeds(build, in_order().map(lambda x, y: (x * 2, y)), seeds=2, verbose=0, block_size=n)
        for n in (2, 1)
    )
    np.testing.assert_allclose(apart.frame, together.frame, rtol=1e-4)
    assert not [w for w in recwarn.list if "sees other batches" in str(w.message)]
