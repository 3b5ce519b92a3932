"""Map a function over seeds in one graph: `tf.vectorized_map`, with rules that it lacks."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import tensor_util
from tensorflow.python.ops import handle_data_util
from tensorflow.python.ops.parallel_for import pfor

RULES = pfor._pfor_converter_registry
SIZED = "SizedByValuesOf"  # begins the name of a mark in the graph
SIZED_BY_VALUES = re.compile("Where|Unique|ListDiff|DynamicPartition|.*Set|NonMax|String|Sparse")
LOOPED = pfor._fallback_converter
CONDITION, SCATTER, ZEROS = (RULES[name] for name in ("If", "TensorScatterUpdate", "ZerosLike"))
ELEMENT_SHAPE = RULES["TensorListElementShape"]
LOOPS = {name: RULES[name] for name in ("StatelessWhile", "While")}
CONDITIONALS = ("If", "StatelessIf")
ONE_AT_A_TIME = threading.RLock()  # threads that build graphs: the rules are the process's


def over_seeds(function: Callable[[Any], Any], stacked: Any) -> Any:
    """Return the function's results for all seeds, stacked.

    Args:
        function: of one seed's tensors. What it uses besides is shared by all seeds.
        stacked: tensors with a leading seed axis.
    """
    with ONE_AT_A_TIME, _one_operation_a_seed():
        return tf.vectorized_map(function, stacked, warn=False)


@contextmanager
def _one_operation_a_seed() -> Iterator[None]:
    # Where an operation has no rule, TensorFlow loops over the seeds in the graph, which costs more
    # than small operations do. One operation a seed, side by side, is what `fit` would compute.
    own = dict.fromkeys(CONDITIONALS, _condition)
    own |= {"TensorScatterUpdate": _scatter, "ZerosLike": _zeros}
    own |= {"TensorListElementShape": _element_shape} | dict.fromkeys(LOOPS, _loop)
    own |= {"Roll": _roll, "PadV2": _pad}
    usual = {name: RULES[name] for name in own}
    pfor._fallback_converter = _unrolled
    RULES.update(own)
    try:
        yield
    finally:
        pfor._fallback_converter = LOOPED
        RULES.update(usual)


def _unrolled(pfor_input: Any, root_cause: str = "", warn: bool = False) -> Any:
    if SIZED_BY_VALUES.match(pfor_input.op_type) and not all(
        output.shape.is_fully_defined() for output in pfor_input.outputs
    ):
        tf.no_op(name=SIZED + pfor_input.op_type)  # seeds' results can't be stacked
    count = tensor_util.constant_value(pfor_input.pfor.loop_len_vector)
    if count is None:  # of the seeds that a loop of their own has not ended for
        return LOOPED(pfor_input, root_cause, warn)
    dtypes = [output.dtype for output in pfor_input.outputs]
    slices = [
        tf.unstack(tensor, int(count[0])) if stacked else [tensor] * int(count[0])
        for tensor, stacked, _ in pfor_input.inputs
    ]
    attributes = pfor_input.op.node_def.attr
    results = [
        pfor._create_op(pfor_input.op_type, list(inputs), dtypes, attrs=attributes).outputs
        for inputs in zip(*slices, strict=True)
    ]
    return tuple(pfor.wrap(tf.stack(outputs), True) for outputs in zip(*results, strict=True))


def _loop(pfor_input: Any) -> Any:
    try:
        return LOOPS[pfor_input.op_type](pfor_input)
    except AttributeError as error:  # some gradients' loops lack what TensorFlow's rule asks for
        name = pfor_input.op.name.rpartition("/")[2]
        raise NotImplementedError(f"TensorFlow's map has no rule for the loop {name}") from error


def _condition(pfor_input: Any) -> Any:
    # TensorFlow's rule takes both branches, each for the seeds that go there. Whatever has no rule
    # of its own would be looped over there, none or some seeds long.
    tensors = [*pfor_input.op.inputs, *pfor_input.op.outputs]
    differs_by_seed = pfor_input.input(0)[1] and all(t.dtype != tf.variant for t in tensors)
    return _unrolled(pfor_input) if differs_by_seed else CONDITION(pfor_input)


def _roll(pfor_input: Any) -> Any:
    # TensorFlow's rule takes the last axis, counted from the end, for that of the seeds
    if _are_stacked(pfor_input) != [True, False, False]:
        return _unrolled(pfor_input)
    tensor, shift, axis = (pfor_input.input(place).t for place in range(3))
    return pfor.wrap(tf.roll(tensor, shift, tf.where(axis < 0, axis, axis + 1)), True)


def _pad(pfor_input: Any) -> Any:
    # TensorFlow's rule pads with 0, whatever is asked for
    if _are_stacked(pfor_input) != [True, False, False]:
        return _unrolled(pfor_input)
    tensor, paddings, value = (pfor_input.input(place).t for place in range(3))
    of_seeds = tf.zeros([1, 2], paddings.dtype)
    padded = tf.raw_ops.PadV2(
        input=tensor, paddings=tf.concat([of_seeds, paddings], 0), constant_values=value
    )
    return pfor.wrap(padded, True)


def _are_stacked(pfor_input: Any) -> list[bool]:
    return [pfor_input.input(place).is_stacked for place in range(pfor_input.num_inputs)]


def _scatter(pfor_input: Any) -> Any:
    # TensorFlow's rule fails for indices of 64 bits
    return (SCATTER if pfor_input.input(1).t.dtype == tf.int32 else _unrolled)(pfor_input)


def _zeros(pfor_input: Any) -> Any:
    # TensorFlow's rule fails for lists of tensors, the gradients of loops over time. Their elements
    # are stacked, so that the zeros of one list are those of all seeds.
    tensor = pfor_input.stacked_input(0)
    if tensor.dtype != tf.variant:
        return ZEROS(pfor_input)
    zeros = tf.raw_ops.ZerosLike(x=tensor)
    handle_data_util.copy_handle_data(tensor, zeros)
    return pfor.wrap(zeros, True)


def _element_shape(pfor_input: Any) -> Any:
    # TensorFlow's rule drops the seeds' axis. Of a list whose shape is unknown it drops all axes.
    shape = ELEMENT_SHAPE(pfor_input).t
    rank = pfor_input.op.outputs[0].shape[0]
    if rank is None:
        return pfor.wrap(shape, False)
    known = tf.size(shape) == rank
    unknown = tf.fill([rank], tf.constant(-1, shape.dtype))
    return pfor.wrap(tf.cond(known, lambda: shape, lambda: unknown), False)


def _register(operation: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def register(rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
        try:
            return pfor.RegisterPFor(operation)(rule)
        except KeyError:  # a newer TensorFlow has a rule of its own
            return rule

    return register


@_register("Bitcast")  # Keras' argmax, and with it accuracy, bit-casts
def _bitcast(pfor_input: Any) -> Any:
    cast = tf.bitcast(pfor_input.stacked_input(0), pfor_input.get_attr("type"))
    return pfor.wrap(cast, True)
