"""Take all seeds over the data once: in a graph where the data are arrays, else batch by batch."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from repro.training.feeding import Arrays, Batches, map_tensors, tensors_in, unpack
from repro.training.fused import FusedSeeds, Logs

HEARD_WITHIN = 0.4  # seconds that a graph runs before Python can hear Ctrl-C


class ArrayPass:
    """Go over arrays in a graph, for all seeds at once.

    Args:
        seeds: what is trained or evaluated.
        arrays: the data, dense.
        batch_size: samples a step; the last batch may be smaller.
        training: whether steps train, each seed on an order of its own, or evaluate.
    """

    def __init__(self, seeds: FusedSeeds, arrays: Arrays, *, batch_size: int, training: bool):
        self._seeds, self._training = seeds, training
        self._size, self._n = batch_size, arrays.n
        self._arrays = arrays
        self._structure = map_tensors(lambda _: 0, arrays.data)
        # The data are arguments, not captured: TensorFlow keeps graphs, and all they capture, long
        # after they are of use.
        self._data = tensors_in(arrays.data)
        full, rest = divmod(arrays.n, batch_size)
        self._seconds = 0.0  # that a step takes
        self.graphs = {size: self._graph(size) for size in (batch_size * (full > 0), rest) if size}

    def run(self, order: NDArray[np.integer] | None = None, steps: int | None = None) -> Logs:
        """Go over the samples once; return each metric's name and its values, shape (seeds, …).

        Args:
            order: each seed's sample order, shape (seeds, n); None: as they are.
            steps: at most so many batches.
        """
        n = self._n if order is None else order.shape[1]
        full, rest = divmod(min(n, steps * self._size) if steps else n, self._size)
        indices = tf.constant(np.zeros((1, 0)) if order is None else order, tf.int32)
        results, step = {}, 0
        while step < full:
            last = min(full, step + self._steps_at_once())
            start = time.monotonic()
            results = self._run(self._size, indices, step, last)
            self._seconds = (time.monotonic() - start) / (last - step)
            step = last
        if rest:
            results = self._run(rest, indices, full, full + 1)
        return {name: np.asarray(values) for name, values in results.items()}

    def first_steps(
        self, orders: Sequence[NDArray[np.integer]] | None = None
    ) -> tuple[Logs, list[Arrays]]:
        """Take the first and the last batch; return as `run` does, and these samples.

        Args:
            orders: each seed's sample order; None: as they are.
        """
        indices = tf.constant(np.zeros((1, 0)) if orders is None else np.stack(orders), tf.int32)
        full, rest = divmod(self._n, self._size)
        results = self._run(self._size, indices, 0, 1) if full else {}
        if rest:
            results = self._run(rest, indices, full, full + 1)
        elif full > 1:
            results = self._run(self._size, indices, full - 1, full)
        places = np.arange(self._n)
        if full:  # the two batches may be the same one
            last = places[-(rest or self._size) :] if rest or full > 1 else places[:0]
            places = np.concatenate([places[: self._size], last])
        samples = [self._arrays.select(order[places]) for order in orders or [np.arange(self._n)]]
        return {name: np.asarray(values) for name, values in results.items()}, samples

    def _run(self, size: int, order: tf.Tensor, first: int, last: int) -> dict[str, tf.Tensor]:
        return self.graphs[size](order, tf.constant(first), tf.constant(last), self._data)

    def _graph(self, size: int) -> Any:
        order = tf.TensorSpec((self._seeds.size if self._training else 1, None), tf.int32)
        step = tf.TensorSpec((), tf.int32)
        data = [tf.TensorSpec.from_tensor(a) for a in self._data]
        function = tf.function(lambda *inputs: self._steps(size, *inputs), autograph=False)
        return function.get_concrete_function(order, step, step, data)

    def _steps(
        self, size: int, order: tf.Tensor, first: tf.Tensor, last: tf.Tensor, data: list[Any]
    ) -> dict[str, tf.Tensor]:
        # as in `fit`, where batches are of one size only if that divides the number of samples
        rows = size + 0 * first if self._n % self._size else None

        def body(i: tf.Tensor) -> list[tf.Tensor]:
            batch = iter([self._batch(a, order, i * self._size, size) for a in data])
            samples = map_tensors(lambda _: next(batch), self._structure)
            if self._training:
                self._seeds.train_step(samples, batch_is_shared=False, rows=rows)
            else:
                self._seeds.test_step(samples, rows=rows)
            return [i + 1]

        _run_if(first == 0, self._seeds.reset_metrics)
        if size == self._size:
            tf.while_loop(lambda i: i < last, body, [first], parallel_iterations=1)
        else:
            body(first)
        return self._seeds.results()

    def _batch(self, a: tf.Tensor, order: tf.Tensor, start: Any, size: int) -> tf.Tensor:
        # slices of static size: with a dynamic one the batch has no static shape
        if self._training:
            return tf.gather(a, tf.slice(order, [0, start], [self._seeds.size, size]))
        return tf.slice(a, [start] + [0] * (a.ndim - 1), [size, *a.shape[1:]])

    def _steps_at_once(self) -> int:
        return max(1, int(HEARD_WITHIN / self._seconds)) if self._seconds else 1


class BatchPass:
    """Go over a data set's batches, the same for all seeds.

    Args:
        seeds: what is trained or evaluated.
        batches: the data set, of dense batches.
        training: whether steps train or evaluate.
    """

    def __init__(self, seeds: FusedSeeds, batches: Batches, *, training: bool):
        self._seeds, self._training = seeds, training
        self._epochs = batches.epochs()
        spec = self._epochs._distributed_dataset.element_spec
        self._step = self._graph(self._add_step, spec)
        self._results = self._graph(lambda: seeds.results())
        self._reset = self._graph(lambda: seeds.reset_metrics())
        self.graphs = {0: self._step}

    def run(self) -> Logs:
        """Go over one epoch; return each metric's name and its values, shape (seeds, …)."""
        if not self._training:
            self._epochs.reset()
        return self.go_over(self._read())

    def first_steps(
        self, orders: Sequence[NDArray[np.integer]] | None = None
    ) -> tuple[Logs, list[Batches]]:
        """Take the first two batches; return as `run` does, and these batches."""
        first = list(itertools.islice(self._read(), 2))
        self._epochs.reset()
        spec = self._epochs._distributed_dataset.element_spec
        source = tf.data.Dataset.from_generator(lambda: iter(first), output_signature=spec)
        source = source.apply(tf.data.experimental.assert_cardinality(len(first)))
        return self.go_over(first), [Batches(source)]

    def go_over(self, batches: Iterable[Any]) -> Logs:
        """Go over some batches; returns as `run` does."""
        self._reset()
        for batch in batches:
            self._step(batch)
        return {name: np.asarray(values) for name, values in self._results().items()}

    def _read(self) -> Iterator[Any]:
        with self._epochs.catch_stop_iteration():
            for _, _, iterator in self._epochs:
                yield next(iterator)

    def _add_step(self, batch: Any) -> None:
        samples = unpack(batch)
        if self._training:
            self._seeds.train_step(samples, batch_is_shared=True)
        else:
            self._seeds.test_step(samples)

    def _graph(self, function: Callable[..., Any], *specs: Any) -> Any:
        return tf.function(function, autograph=False).get_concrete_function(*specs)


Pass = ArrayPass | BatchPass


def _run_if(condition: tf.Tensor, act: Callable[[], None]) -> None:
    def acted() -> tf.Tensor:
        act()
        return tf.constant(0)

    tf.cond(condition, acted, lambda: tf.constant(0))
