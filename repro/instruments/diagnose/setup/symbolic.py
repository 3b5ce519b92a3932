"""Functions of TensorFlow on Keras' symbolic tensors, which know those of Keras alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

AS_KERAS = ("relu", "sigmoid", "tanh", "softmax", "softplus", "elu", "gelu")
"""Functions that Keras has by the same name: as such they are known for activations."""
_is_on = False


@contextmanager
def functions_of_tensorflow() -> Iterator[None]:
    """Let TensorFlow's functions take symbolic tensors: each becomes an operation of the graph."""
    global _is_on
    _register()
    was_on, _is_on = _is_on, True
    try:
        yield
    finally:
        _is_on = was_on


@cache
def _register() -> None:
    """Tell TensorFlow, once, whom to ask about tensors that it doesn't know."""
    import tensorflow as tf

    class Dispatcher(tf.__internal__.dispatch.GlobalOpDispatcher):
        def handle(self, op: Callable[..., Any], args: Any, kwargs: Any) -> Any:
            return _put_on_graph(op, args, kwargs) if _is_on else self.NOT_SUPPORTED

    Dispatcher().register()


def _put_on_graph(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    import keras

    name = getattr(function, "__name__", "function").removesuffix("_v2")
    values = [value for value in (*args, *kwargs.values()) if value is not None]
    if name in AS_KERAS and len(values) == 1:
        return getattr(keras.ops, name)(*values)
    return _operation(name, function)(*args, **kwargs)


def _operation(name: str, function: Callable[..., Any]) -> Any:
    """Return an operation of a class that is named like Keras' own: `ReduceMean`, `Argmax`."""
    import keras

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    kind = "".join(part.title() for part in name.split("_"))
    return type(kind, (keras.Operation,), {"call": call})()
