"""What a user would do by hand: `keras.Model.fit`, one seed after the other."""

import keras
import numpy as np

from repro import data_order

BATCH = 8


class InTurn(keras.utils.PyDataset):
    """Arrays in the order in which `fit_seeds` shows them to a seed."""

    def __init__(self, seed, *arrays, batch_size=BATCH):
        super().__init__()
        self.seed, self.arrays, self.size, self.epoch = seed, arrays, batch_size, 0

    def __len__(self):
        return -(-len(self.arrays[0]) // self.size)

    def __getitem__(self, step):
        order = data_order(self.seed, max(self.epoch, 1), len(self.arrays[0]))
        rows = order[step * self.size : (step + 1) * self.size]
        return tuple(a[rows] for a in self.arrays)

    def on_epoch_end(self):  # Keras calls it before the first epoch, too
        self.epoch += 1


def fit_by_hand(build, seed, *arrays, batch_size=BATCH, **fit):
    keras.utils.set_random_seed(seed)
    model = build()
    data = InTurn(seed, *arrays, batch_size=batch_size)
    history = model.fit(data, shuffle=False, verbose=0, **fit)
    return model, history


def state(model):
    return [np.asarray(v) for v in (*model.variables, *model.optimizer.variables)]


def assert_same(fit, seed, model, history, *, rtol=1e-4):
    """Compare what `fit_seeds` gave a seed with a model and history of `fit`."""
    ours = fit.history(seed)
    assert set(ours.history) == set(history.history)
    assert ours.epoch == history.epoch
    for name, values in history.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=rtol, atol=1e-6, err_msg=name)
    for here, there in zip(state(fit.model(seed)), state(model), strict=True):
        assert here.dtype == there.dtype
        np.testing.assert_allclose(here, there, rtol=rtol, atol=2e-6)
