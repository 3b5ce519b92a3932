"""Keras callbacks, one list a seed, that see a model of their own."""

import copy
import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeAlias

import keras
import numpy as np

from repro.training.shared_state import functions_of, names_in, what_is_shared

Callback: TypeAlias = keras.callbacks.Callback

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")
EARLY_HOOKS = ("on_train_begin", "on_epoch_begin", "on_test_begin", "on_test_end")
SETTERS = ("set_model", "set_params")  # which `fit` calls before it makes its graph
REMAKES = frozenset(["compile", "make_train_function", "train_function"])
WRITES_TO = {  # what is the same for all seeds if one callback is given for all
    "CSVLogger": "filename",
    "ModelCheckpoint": "filepath",
    "TensorBoard": "log_dir",
    "BackupAndRestore": "backup_dir",
}


class CallbacksOf:
    """The callbacks of each seed, made when they are first asked for.

    Args:
        make: returns a seed's own.
    """

    def __init__(self, make: Callable[[int], Sequence[Callback]]):
        self._make, self._by_seed = make, dict[int, Sequence[Callback]]()

    def __call__(self, seed: int) -> Sequence[Callback]:
        """Return a seed's own callbacks, the same ones each time."""
        if seed not in self._by_seed:
            self._by_seed[seed] = self._make(seed)
        return self._by_seed[seed]

    def begin_anew(self) -> None:
        """Make others from now on, for a training that is begun once more."""
        self._by_seed = {}


def check_callbacks(callbacks: Any, seeds: Sequence[int]) -> CallbacksOf | None:
    """Return what makes each seed's callbacks; None if there are none.

    Args:
        callbacks: a callback, several, a function of the seed that returns either, or None.
        seeds: the seeds to be trained.

    Raises:
        TypeError: for what is no callback, or can't be copied for each seed.
        ValueError: for callbacks of which all seeds would write to one file.
    """
    if callbacks is None or (isinstance(callbacks, Sequence) and not callbacks):
        return None
    if isinstance(callbacks, type):
        raise TypeError(
            f"callbacks is the class {callbacks.__name__}; give one: {callbacks.__name__}(…)"
        )
    if makes_callbacks(callbacks):
        _check_takes_a_seed(callbacks, seeds[0])
        return CallbacksOf(lambda seed: _listed(callbacks(seed)))
    prototypes = _listed(callbacks)
    for callback in prototypes if len(seeds) > 1 else ():
        _check_writes_apart(callback)
    try:
        copy.deepcopy(prototypes)
    except Exception as error:
        raise TypeError(
            f"callbacks can not be copied, one for each seed ({error}); give a function of the "
            "seed that makes them: callbacks=lambda seed: […]"
        ) from error
    return CallbacksOf(lambda _: copy.deepcopy(prototypes))


def makes_callbacks(callbacks: Any) -> bool:
    """Return whether callbacks are given as a function that makes them."""
    is_class = isinstance(callbacks, type)
    is_callback = isinstance(callbacks, keras.callbacks.Callback)
    return callable(callbacks) and not is_class and not is_callback


def _check_takes_a_seed(make: Callable[..., Any], seed: int) -> None:
    try:
        inspect.signature(make).bind(seed)
    except TypeError as error:
        raise TypeError(
            f"callbacks is a function that makes a seed's callbacks and is called with the seed: "
            f"callbacks=lambda seed: […]; {error}"
        ) from None
    except ValueError:  # not all that can be called tells what it takes
        return


def why_callbacks_not_fused(
    lists: Sequence[Sequence[Callback]], *, validates_late: bool = False
) -> str | None:
    """Name a callback that does or sees more than seeds that train at once can show it.

    Args:
        lists: each seed's callbacks.
        validates_late: whether the first validation, which `fit` makes a graph for, comes after
            a first epoch's end.
    """
    callbacks = list(chain(*lists))
    if len({id(callback) for callback in callbacks}) < len(callbacks):
        return "seeds share a callback, which sees one training after the other"
    for callback in callbacks:
        name = type(callback).__name__
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            return f"callback {name} may start each seed at an epoch of its own"
        if _only_epochs(callback):
            continue
        hooks = [h for h in (*BATCH_HOOKS, *TEST_HOOKS) if not _is_default(getattr(callback, h))]
        if hooks:
            return f"callback {name} looks at batches ({', '.join(hooks)})"
        hooks = [hook for hook in (*SETTERS, *EARLY_HOOKS) if not _is_inert(callback, hook)]
        if hooks:
            return f"callback {name} may change the model before a step ({', '.join(hooks)})"
        if validates_late and not _is_inert(callback, "on_epoch_end"):
            return f"callback {name} may change what the first validation's graph is made of"
        if named := sorted(REMAKES.intersection(chain(*map(names_in, functions_of(callback))))):
            return f"callback {name} may make the graph of fit anew ({', '.join(named)})"
    return what_is_shared(lists)


def call_list(
    callbacks: Sequence[Callback], model: keras.Model, *, epochs: int, steps: int | None
) -> keras.callbacks.CallbackList:
    """Return Keras' list of callbacks for a model, as `fit` makes it."""
    return keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=False,
        verbose=0,
        epochs=epochs,
        steps=steps,
        model=model,
    )


def row_of(epoch: int, logs: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the history, its epoch counted from 1; a log of that name is renamed."""
    return {"epoch": epoch + 1} | {n: np.asarray(v)[()] for n, v in renamed(logs).items()}


def renamed(logs: dict[str, Any]) -> dict[str, Any]:
    """Return logs of which none is called as a column of the frame that holds them."""
    return {f"logged_{n}" if n in ("seed", "epoch") else n: v for n, v in logs.items()}


def named_by_keras(name: str) -> str:
    """Return what a log is called that `renamed` may have renamed."""
    own = name.removeprefix("logged_")
    return own if own in ("seed", "epoch") else name


class Recorder(keras.callbacks.Callback):
    """Keep what each epoch ends with, after the other callbacks have added to it.

    Attributes:
        rows: one dict an epoch: `epoch`, counted from 1, and Keras' logs.
        last: the logs of the last epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.last: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add a row."""
        self.last = logs or {}
        self.rows.append(row_of(epoch, self.last))


def _listed(callbacks: Any) -> list[Callback]:
    listed = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in listed:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                "callbacks must be Keras callbacks, or a function of the seed that returns some, "
                f"got {callback!r:.60}"
            )
    return listed


def _check_writes_apart(callback: Callback) -> None:
    name = type(callback).__name__
    target = getattr(callback, WRITES_TO.get(name, ""), None)
    if target is not None:
        raise ValueError(
            f"{name}({str(target)!r}) would write all seeds to one place; give a function of the "
            f"seed: callbacks=lambda seed: [{name}(f'…{{seed}}…')]"
        )


def _only_epochs(callback: Callback) -> bool:
    # it counts batches all the time, and looks at the count only if it saves by batches
    return type(callback) is keras.callbacks.ModelCheckpoint and callback.save_freq == "epoch"


def _is_inert(callback: Callback, hook: str) -> bool:
    """Return whether a hook is Keras' own, of a callback that changes rates and itself alone."""
    known = (
        keras.callbacks.EarlyStopping,
        keras.callbacks.ReduceLROnPlateau,
        keras.callbacks.LearningRateScheduler,
        keras.callbacks.CSVLogger,
        keras.callbacks.ModelCheckpoint,
        keras.callbacks.History,
    )
    method = getattr(callback, hook)
    is_kerass = isinstance(callback, known) and hook not in vars(callback)
    return _is_default(method) or (is_kerass and method.__func__.__module__.startswith("keras."))


def _is_default(method: Any) -> bool:
    setters = [getattr(keras.callbacks.Callback, name) for name in SETTERS]
    return getattr(method, "_is_default", False) or getattr(method, "__func__", None) in setters
