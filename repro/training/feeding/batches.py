"""A data set that yields batches itself."""

import copy
import itertools
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from types import FunctionType, GeneratorType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.trainers.data_adapters import get_data_adapter, is_tf_dataset
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from repro.training.feeding.reading import Reader
from repro.training.feeding.structures import Triple, map_tensors, unpack
from repro.training.generators import Generators
from repro.training.shared_state import names_in

DRAWING = frozenset(["random", "rng", "shuffle", "permutation", "sample", "choice", "integers"])
MOST_COPIED = 2**30  # bytes of a data set that is copied for each seed


class Replayed:
    """A generator's batches, kept as they are read, so that each seed's training sees them all.

    Args:
        generator: to be read by nobody else.
    """

    def __init__(self, generator: Iterator[Any]):
        self._generator, self._kept = generator, list[Any]()
        self._reading = threading.Lock()  # `fit` reads ahead, in threads of its own

    def anew(self) -> Generator[Any, None, None]:
        """Yield all batches from the first on."""
        for place in itertools.count():
            with self._reading:
                if place == len(self._kept):
                    batch = tuple(itertools.islice(self._generator, 1))
                    if not batch:
                        return
                    self._kept.append(map_tensors(_copied, batch[0]))
            yield self._kept[place]


def _copied(a: Any) -> Any:
    return a.copy() if isinstance(a, np.ndarray) else a  # a generator may fill one array again


@dataclass(frozen=True)
class Batches:
    """A data set that yields batches; all seeds see the same ones, read once.

    Attributes:
        source: a `tf.data.Dataset`, a `keras.utils.PyDataset`, a torch DataLoader, `Replayed`.
        class_weight: as in `fit`.
        steps: batches an epoch; None: until it is exhausted.
    """

    source: Any
    class_weight: dict[int, float] | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        """Copy what reading would change; keep what can be read but once."""
        if isinstance(self.source, GeneratorType):
            object.__setattr__(self, "source", Replayed(self.source))
        _ = self.unread

    @property
    def dense(self) -> bool:
        """Return whether all batches are of dense tensors of numbers."""
        spec = keras.tree.flatten(self.adapter().get_tf_dataset().element_spec)
        return all(isinstance(s, tf.TensorSpec) and s.dtype != tf.string for s in spec)

    @property
    def has_single_rows(self) -> bool:
        """Return whether its batches are none, as where some of a row's parts are one number."""
        if not isinstance(self.source, tf.data.Dataset):
            return False
        spec = keras.tree.flatten(self.source.element_spec)
        return any(isinstance(s, tf.TensorSpec) and s.shape.rank == 0 for s in spec)

    @property
    def is_generator(self) -> bool:
        """Return whether each training reads on in what an earlier one has begun, in `fit`."""
        return isinstance(self.source, Replayed)

    @property
    def is_python(self) -> bool:
        """Return whether it is a `keras.utils.PyDataset`, of which an item can be looked at."""
        return isinstance(self.source, keras.utils.PyDataset)

    @property
    def goes_on(self) -> bool:
        """Return whether a reading goes on where the last one ended, and none can begin anew.

        It may shuffle, or draw from a state of its own, or call Python.
        """
        steps = [self.source] if isinstance(self.source, tf.data.Dataset) else []
        while steps:
            step = steps.pop()
            if getattr(step, "_reshuffle_each_iteration", False) or _has_state(step):
                return True
            steps += step._inputs()
        return False

    @property
    def tells_its_length(self) -> bool:
        """Return whether the number of batches is known, or without end."""
        return self.adapter().num_batches is not None or self.is_endless

    @property
    def is_endless(self) -> bool:
        """Return whether it repeats for ever."""
        adapter = self.adapter()
        endless = tf.data.experimental.INFINITE_CARDINALITY
        return adapter.num_batches is None and bool(
            adapter.get_tf_dataset().cardinality() == endless
        )

    @cached_property
    def opened(self) -> Reader:
        """The reader of its first reading; of a copy, where there can be one."""
        return Reader(self.adapter(), self.steps)

    def reader(self, *, anew: bool = True) -> Reader:
        """Return what reads it from the beginning, for another training.

        Args:
            anew: whether to read it as it was before; else callbacks may hold it, to change it.
        """
        if self.is_python and self.unread is not None:
            source = self.adapter(self.fed(anew=anew))
            return Reader(source, self.steps, looked_at=self.opened.look())
        if not self.opened.begun:
            return self.opened
        return Reader(self.adapter(self.as_unread()), self.steps)

    @cached_property
    def draws_from(self) -> str | None:
        """Name a generator of the process that its reading draws from; None if none is seen.

        Each seed sets these, so that each seed's `fit` would see batches of its own.
        """
        begun = Generators.at_present()
        try:
            if not self._can_read_a_batch():
                return _drawing_code(type(self.source))
            return begun.drawn_eagerly_from()
        finally:
            begun.give_back()

    def _can_read_a_batch(self) -> bool:
        """Read a batch, and end an epoch, of a copy; return False if there can be none."""
        if self.is_python and self.unread is None:
            return False
        if self.is_python:
            source = self.as_unread()
            source.on_epoch_begin()
            source[0]
            source.on_epoch_end()
        elif not self.is_generator:
            self.opened.look()
        return True

    @cached_property
    def unread(self) -> Any:
        """A copy of the source before it is read, if reading may change it and it can be copied."""
        if not self.is_python:
            return None
        held = keras.tree.flatten(vars(self.source))
        if sum(getattr(value, "nbytes", 0) for value in held) > MOST_COPIED:
            return None
        try:
            return copy.deepcopy(self.source)
        except Exception:  # it holds a file, a lock or the like
            return None

    @cached_property
    def looked_at(self) -> Any:
        """The source in a copy to look at, which may change it; or itself."""
        return self.as_unread()

    def as_unread(self) -> Any:
        """Return the source, as it was before it was first read if it can be copied."""
        if isinstance(self.source, Replayed):
            return self.source.anew()
        return self.source if self.unread is None else copy.deepcopy(self.unread)

    def fed(self, *, anew: bool) -> Any:
        """Return what `fit` takes as x: the source itself, or as it was before it was read."""
        if self._can_be_gone_on_with():
            return self._from_the_look_on()
        return self.as_unread() if anew or isinstance(self.source, Replayed) else self.source

    def _can_be_gone_on_with(self) -> bool:
        return self.goes_on and not self.opened.begun and not (self.steps or self.class_weight)

    def _from_the_look_on(self) -> tf.data.Dataset:
        """Return the reading that the look at it has begun: a second one would see others."""
        spec, count = self.opened.dataset.element_spec, self.adapter().num_batches
        rest = tf.data.Dataset.from_generator(lambda: self.opened.epoch(), output_signature=spec)
        return rest if count is None else rest.apply(tf.data.experimental.assert_cardinality(count))

    def adapter(self, source: Any = None) -> DataAdapter:
        """Return Keras' view of the data set, the one that `fit` uses; None: for a look."""
        source = self.looked_at if source is None else source
        return get_data_adapter(source, shuffle=False, class_weight=self.class_weight)


def _has_state(step: tf.data.Dataset) -> bool:
    """Return whether functions of a data set use variables or Python."""
    for wrapper in step._functions():
        function = wrapper.function
        if any(tensor.dtype == tf.resource for tensor in function.captured_inputs):
            return True
        if any("PyFunc" in node.op for node in function.graph.as_graph_def().node):
            return True
    return False


def _drawing_code(kind: type) -> str | None:
    """Say so if the code of batches and epochs looks as if it drew numbers."""
    methods = ("on_epoch_begin", "on_epoch_end", "__getitem__")
    functions = [getattr(kind, name, None) for name in methods]
    names = set(chain(*(names_in(f) for f in functions if isinstance(f, FunctionType))))
    return "what may be numpy.random or the like" if names & DRAWING else None


def first_batch(batches: Batches) -> Triple:
    """Return the first batch of a data set; raise ValueError if it has none."""
    _ = batches.draws_from  # before anybody else has looked
    for batch in batches.opened.look():
        return unpack(batch)
    raise ValueError("x is a data set that yields no batch")


def is_batches(x: Any, name: str = "x") -> bool:
    """Return whether data yield batches themselves, and with them targets and batch size."""
    kinds = DataAdapter | keras.utils.PyDataset | GeneratorType | Replayed
    if isinstance(x, kinds) or is_tf_dataset(x):
        return True
    if isinstance(x, Iterator):
        raise ValueError(
            f"{name} is an iterator, which fit does not take either; give arrays, a generator, a "
            "tf.data.Dataset or a keras.utils.PyDataset"
        )
    return (
        not isinstance(x, list | tuple | dict | str)
        and hasattr(x, "__iter__")
        and not hasattr(x, "__array__")
        and not hasattr(x, "shape")
    )
