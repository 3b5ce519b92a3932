"""The task of every contender: the same data, first weights and order of samples, from files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

RATE, BATCH, UNITS, CLASSES = 0.1, 100, 100, 10
PARTS = ("images", "digits", "orders", "w1", "w2")

Array = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """A network of 784, 100 ReLU and 10 softmax units, trained by plain SGD.

    Attributes:
        images: pixels/255, shape (n, 784).
        digits: shape (n,).
        orders: the sample order of each seed and epoch, shape (seeds, epochs, n).
        w1: first weights of the hidden layer, shape (seeds, 784, 100); biases begin at 0.
        w2: those of the output, shape (seeds, 100, 10).
    """

    images: Array
    digits: Array
    orders: Array
    w1: Array
    w2: Array

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(self.orders)

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return self.orders.shape[1]

    def batches(self, seed: int | None = None) -> Array:
        """Return the samples of all steps in turn: (steps, batch), or (steps, seeds, batch)."""
        if seed is not None:
            return self.orders[seed].reshape(-1, BATCH)
        return self.orders.reshape(self.seeds, -1, BATCH).transpose(1, 0, 2).copy()

    def one_hot(self) -> Array:
        """Return the digits as rows of a 1 among zeros."""
        return np.eye(CLASSES, dtype="float32")[self.digits]

    @classmethod
    def load(cls, folder: str) -> Self:
        """Read a task that was saved."""
        return cls(*(np.load(Path(folder, f"{part}.npy")) for part in PARTS))

    def save(self, folder: str) -> None:
        """Write it, a file a part."""
        for part in PARTS:
            np.save(Path(folder, f"{part}.npy"), getattr(self, part))


def make_task(seeds: int, epochs: int) -> Task:
    """Return the task for seeds 0, 1, …: weights and orders are those that `fit_seeds` gives."""
    import keras

    from bench.mnist_job import pixels
    from repro import data_order

    images, one_hot = pixels(None)
    n = len(images) - len(images) % BATCH
    first = []
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        first.append([w for w in build().get_weights() if w.ndim == 2])
    orders = [[data_order(seed, epoch + 1, n) for epoch in range(epochs)] for seed in range(seeds)]
    w1, w2 = (np.stack(weights) for weights in zip(*first, strict=True))
    digits = one_hot[:n].argmax(axis=1).astype("int32")
    return Task(images[:n], digits, orders=np.asarray(orders, "int32"), w1=w1, w2=w2)


def build() -> Any:
    """Return the network, compiled, on whatever backend Keras has."""
    import keras
    from keras import layers

    hidden, output = layers.Dense(UNITS, "relu"), layers.Dense(CLASSES, "softmax")
    model = keras.Sequential([keras.Input((784,)), hidden, output])
    model.compile(keras.optimizers.SGD(RATE), "categorical_crossentropy")
    return model


def accuracy(task: Task, w1: Array, b1: Array, w2: Array, b2: Array) -> float:
    """Return the mean over seeds of the accuracy on the training images; arrays are stacked."""
    hits = []
    for seed in range(task.seeds):
        hidden = np.maximum(task.images @ w1[seed] + b1[seed], 0)
        hits.append(np.mean((hidden @ w2[seed] + b2[seed]).argmax(axis=1) == task.digits))
    return float(np.mean(hits))
