"""Take all seeds over the data once: in a graph where the data are arrays, else batch by batch."""

import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from repro.training.feeding.arrays import Arrays
from repro.training.feeding.batches import Batches
from repro.training.feeding.reading import Reader
from repro.training.feeding.structures import map_tensors, tensors_in, unpack
from repro.training.fused import FusedSeeds, Logs

HEARD_WITHIN = 0.4  # seconds that a graph runs before Python can hear Ctrl-C


class ArrayPass:
    """Go over arrays in a graph, for all seeds at once.

    Args:
        seeds: what is trained or evaluated.
        arrays: the data, dense.
        batch_size: samples a step; the last batch may be smaller.
        training: whether steps train or evaluate.
        batch_is_shared: whether all seeds see the samples in the same order.
    """

    def __init__(
        self,
        seeds: FusedSeeds,
        arrays: Arrays,
        *,
        batch_size: int,
        training: bool,
        batch_is_shared: bool,
    ):
        self._seeds, self._training, self._is_shared = seeds, training, batch_is_shared
        self._size, self._n = batch_size, arrays.n
        self._structure = map_tensors(lambda _: 0, arrays.data)
        self.take(arrays)
        self.seconds = 0.0  # that a step takes
        self.graph = self._graph()

    def take(self, arrays: Arrays) -> None:
        """Go over these arrays from now on, of the same shapes as those before."""
        # They are arguments of the graph, not captured: TensorFlow keeps graphs, and all they
        # capture, long after they are of use.
        self._arrays = arrays
        self._data = tensors_in(arrays.data)

    def run(
        self,
        order: NDArray[np.integer] | None = None,
        steps: int | None = None,
        stop: Event | None = None,
    ) -> Logs:
        """Go over the samples once; return each metric's name and its values, shape (seeds, …).

        Args:
            order: each seed's sample order, shape (seeds, n); None: as they are.
            steps: at most so many batches.
            stop: end as soon as it is set, by InterruptedError.
        """
        n = self._n if order is None else order.shape[1]
        end = -(-n // self._size)
        end = min(end, steps) if steps else end
        indices = self._indices(order)
        results, step = {}, 0
        while step < end:
            if stop is not None and stop.is_set():
                raise InterruptedError("another block failed, or was interrupted")
            last = min(end, step + self._steps_at_once())
            start = time.monotonic()
            results = self._run(indices, step, last)
            self.seconds = (time.monotonic() - start) / (last - step)
            step = last
        return results

    def first_steps(
        self, orders: Sequence[NDArray[np.integer]] | None = None
    ) -> tuple[Logs, list[Arrays]]:
        """Take the first and the last batch; return as `run` does, and these samples.

        Args:
            orders: each seed's sample order; None: as they are.
        """
        indices = self._indices(None if orders is None else np.stack(orders))
        end = -(-self._n // self._size)
        results = self._run(indices, 0, 1)
        results = self._run(indices, end - 1, end) if end > 1 else results
        places = np.arange(self._n)
        if end > 1:
            places = np.concatenate([places[: self._size], places[(end - 1) * self._size :]])
        samples = [self._arrays.select(order[places]) for order in orders or [np.arange(self._n)]]
        return results, samples

    def _run(self, order: tf.Tensor, first: int, last: int) -> Logs:
        results = self.graph(order, tf.constant(first), tf.constant(last), self._data)
        return {name: np.asarray(values) for name, values in results.items()}

    def _indices(self, order: NDArray[np.integer] | None) -> tf.Tensor:
        if order is None:
            return tf.zeros((1, self._n), tf.int32)
        return tf.constant(order[:1] if self._is_shared else order, tf.int32)

    def _graph(self) -> Any:
        order = tf.TensorSpec((1 if self._is_shared else self._seeds.size, None), tf.int32)
        step = tf.TensorSpec((), tf.int32)
        data = [tf.TensorSpec.from_tensor(a) for a in self._data]
        return tf.function(self._steps, autograph=False).get_concrete_function(
            order, step, step, data
        )

    def _steps(
        self, order: tf.Tensor, first: tf.Tensor, last: tf.Tensor, data: list[Any]
    ) -> dict[str, tf.Tensor]:
        def body(i: tf.Tensor) -> list[tf.Tensor]:
            batch = iter([self._batch(a, order, i * self._size) for a in data])
            samples = map_tensors(lambda _: next(batch), self._structure)
            if self._training:
                self._seeds.train_step(samples, batch_is_shared=self._is_shared)
            else:
                self._seeds.test_step(samples)
            return [i + 1]

        _run_if(first == 0, self._seeds.reset_metrics)
        tf.while_loop(lambda i: i < last, body, [first], parallel_iterations=1)
        return self._seeds.results()

    def _batch(self, a: tf.Tensor, order: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
        # As in `fit`, a graph knows the size of a batch only if that divides the number of samples.
        # Some of Keras' layers and losses ask for it, and do otherwise where it is unknown.
        size = self._size
        if self._n % size:
            size = tf.minimum(size, tf.shape(order)[1] - start)
        if self._training:
            chosen = tf.slice(order, [0, start], [order.shape[0], size])
            return tf.gather(a, chosen[0] if self._is_shared else chosen)
        return tf.slice(a, [start] + [0] * (a.ndim - 1), [size, *a.shape[1:]])

    def _steps_at_once(self) -> int:
        return max(1, int(HEARD_WITHIN / self.seconds)) if self.seconds else 1


class BatchPass:
    """Go over a data set's batches, the same for all seeds.

    Args:
        seeds: what is trained or evaluated.
        reader: of the data set's dense batches.
        training: whether steps train or evaluate.
    """

    def __init__(self, seeds: FusedSeeds, reader: Reader, *, training: bool):
        self._seeds, self._training, self.reader = seeds, training, reader
        self.graph = self._graph(self._add_step, reader.dataset.element_spec)
        self._results = self._graph(lambda: seeds.results())
        self._reset = self._graph(lambda: seeds.reset_metrics())

    def run(self) -> Logs:
        """Go over one epoch; return each metric's name and its values, shape (seeds, …)."""
        return self._go_over(self.reader.epoch())

    def first_steps(
        self, orders: Sequence[NDArray[np.integer]] | None = None
    ) -> tuple[Logs, list[Batches]]:
        """Take the first two batches; return as `run` does, and these batches."""
        first, spec = self.reader.look(), self.reader.dataset.element_spec
        source = tf.data.Dataset.from_generator(lambda: iter(first), output_signature=spec)
        source = source.apply(tf.data.experimental.assert_cardinality(len(first)))
        return self._go_over(first), [Batches(source)]

    def _go_over(self, batches: Iterable[Any]) -> Logs:
        self._reset()
        for batch in batches:
            self.graph(batch)
        return {name: np.asarray(values) for name, values in self._results().items()}

    def _add_step(self, batch: Any) -> None:
        samples = unpack(batch)
        if self._training:
            self._seeds.train_step(samples, batch_is_shared=True)
        else:
            self._seeds.test_step(samples)

    def _graph(self, function: Callable[..., Any], *specs: Any) -> Any:
        return tf.function(function, autograph=False).get_concrete_function(*specs)


def _run_if(condition: tf.Tensor, act: Callable[[], None]) -> None:
    def acted() -> tf.Tensor:
        act()
        return tf.constant(0)

    tf.cond(condition, acted, lambda: tf.constant(0))
