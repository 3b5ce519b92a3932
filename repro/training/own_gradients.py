"""Find weights that a function uses which takes gradients itself, without being given them.

TensorFlow hands such a function (`tf.custom_gradient`, `tf.recompute_grad`) the variables that it
has used, to take their gradients, too. Of tensors in their place it knows nothing.
"""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

OWN_GRADIENT = "_gradient_op_type"  # by which TensorFlow marks the results of such a function


def closed_over(weights: Iterable[Any]) -> set[Any]:
    """Return which weights are used in a function that takes gradients itself.

    Args:
        weights: references to tensors of one graph.
    """
    weights = {weight for weight in weights if tf.is_symbolic_tensor(weight.deref())}
    used: set[Any] = set()
    for graph in {weight.deref().graph for weight in weights}:
        for operation in graph.get_operations():
            if operation.type == "IdentityN" and OWN_GRADIENT in operation.node_def.attr:
                used |= weights & _origins(operation)
    return used


def _origins(operation: Any) -> set[Any]:
    """Return what the results of such a function are made of, but for its arguments."""
    # Its marked copies are those of the results, which somebody uses, and those of the arguments.
    pairs = list(zip(operation.inputs, operation.outputs, strict=True))
    arguments = {tensor.ref() for tensor, copied in pairs if not copied.consumers()}
    waiting = [tensor for tensor, copied in pairs if copied.consumers()]
    origins: set[Any] = set()
    while waiting:
        tensor = waiting.pop()
        if tensor.ref() not in origins | arguments:
            origins.add(tensor.ref())
            waiting += tensor.op.inputs
    return origins
