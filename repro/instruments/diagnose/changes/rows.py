"""Changes of the rows: their split, order, weights; tokens, masks and padding."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes import edits
from repro.instruments.diagnose.changes.change import Change, ChangeData, Changes
from repro.instruments.diagnose.changes.code import layer_code
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.mixed import channels_apart
from repro.instruments.diagnose.setup.arrays import leaves, map_arrays, select_rows
from repro.instruments.diagnose.setup.sequences import (
    MASKS,
    embeddings,
    padding_in_front,
    padding_value,
    single_input,
)
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair
from repro.instruments.diagnose.symptoms.written import backward_places

APART = {
    "unseen_classes",
    "class_shares",
    "validation_differs",
    "validation_shifted",
    "feature_shifted",
}
TABLE_AXES = 2
STEP_UNITS = 32
HELD_OUT_OF = 5  # one row of so many
SHUFFLING = "order = np.random.default_rng(0).permutation(len(x))"
SPLITTING = """\
x_val, y_val = x[order[:count]], y[order[:count]]
x, y = x[order[count:]], y[order[count:]]"""
DEFINED = """\
# keras.ops.sqrt(keras.ops.maximum(x, 1e-7)) in place of the root is better; what was tried:
import tensorflow as tf

def has_gradient(rows):
    with tf.GradientTape() as tape:
        loss = model.compute_loss(y=y[rows], y_pred=model(x[rows]))
    gradients = tape.gradient(loss, model.trainable_variables)
    known = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    return not any(np.isnan(g).any() for g in known)

kept = [i for i in range(len(x)) if has_gradient([i])]
x, y = x[kept], y[kept]"""
TOGETHER = """\
tokens = np.unique(x)  # of the training inputs; better: the tokens as they were before scaling
x = np.searchsorted(tokens, x)"""
APIECE = """\
tokens = [np.unique(column) for column in x.T]  # better: the tokens as they were before scaling
x = np.stack([np.searchsorted(t, column) for t, column in zip(tokens, x.T)], axis=1)"""
PRE_PADDING = """\
empty = x == 0 if x.ndim == 2 else (x == 0).all(axis=2)
shift = np.logical_and.accumulate(empty[:, ::-1], axis=1).sum(axis=1)
x = np.stack([np.roll(row, count, axis=0) for row, count in zip(x, shift)])"""


def row_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Mix, shuffle, or weigh the rows anew."""
    yield from _selections(setup, examination, symptoms)
    yield from _transpositions(setup, examination, symptoms)
    if "sorted_rows" in symptoms:
        yield Change(
            key="shuffle",
            title="rows in random order",
            size=1,
            code=f"{SHUFFLING}\nx, y = x[order], y[order]  # and fit(…, shuffle=True)",
            removes=("order",),
            group="order",
            shuffle=True,
        )
    if symptoms & {"weighted", "weighted_classes"}:
        yield Change(
            key="no_weights",
            title="the same weight for every row",
            size=1,
            code="sample_weight = None  # and class_weight = None",
            removes=("weights",),
            group="weights",
            unweighted=True,
        )
    weighs = setup.task.factors and not (setup.task.several or setup.task.per_step)
    if weighs or (setup.task.classes and "weighted_classes" in symptoms):
        yield _weighing(setup)


def _transpositions(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Undo a reshape where axes were to change places."""
    if "mixed_rows" in symptoms and (pairs := examination.unmixed) is not None:
        yield Change(
            key="transpose",
            title="transpose in place of reshape",
            size=1,
            code=(
                "x = np.moveaxis(x.reshape(*x.shape[1:], len(x)), -1, 0)"
                "  # undoes the reshape: leave it out, and transpose"
            ),
            removes=("mixed_rows",),
            group="rows",
            rows=lambda train, test: pairs,
        )
    if "mixed_axes" in symptoms and (x := single_input(setup)) is not None:
        steps, channels = x.shape[1:]
        yield Change(
            key="transpose_steps",
            title="transpose in place of reshape",
            size=1,
            code=(
                f"x = x.reshape(len(x), {channels}, {steps}).transpose(0, 2, 1)"
                "  # undoes the reshape: leave it out, and transpose"
            ),
            removes=("mixed_axes",),
            group="rows",
            rows=_transpose_steps,
        )


def _selections(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Train on other rows; weights, where there are any, belong to those that are."""
    if setup.weights is not None:
        return
    if symptoms & APART and setup.tested_on == "validation data":
        yield _mixing()
    if "validation_unrelated" in symptoms:
        yield _holding_out()
    if examination.undefined is not None:
        yield _keeping_defined(examination.undefined.rows)


def _keeping_defined(rows: Sequence[int]) -> Change:
    """Leave out the rows without a gradient: what is left shows whether nothing else is wrong."""

    def kept(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return select_rows(train, np.delete(np.arange(len(train[1])), rows)), test

    return Change(
        key="defined_rows",
        title="without the rows whose gradient is NaN",
        size=1,
        code=DEFINED,
        removes=("undefined_gradient",),
        treats=("rate_high",),
        group="rows",
        rows=kept,
    )


def _weighing(setup: Setup) -> Change:
    classes = "y.argmax(axis=1)" if setup.task.columns > 1 else "y"
    return Change(
        key="class_weights",
        title="the same weight for every class",
        size=1,
        code=(
            f"classes, counts = np.unique({classes}, return_counts=True)\n"
            "class_weight = {int(c): len(y) / (len(classes) * n) for c, n in zip(classes, counts)}"
            "  # fit(…, class_weight=class_weight)"
        ),
        removes=("imbalance", "weights"),
        group="weights",
        weighs_classes=True,
    )


def _mixing() -> Change:
    lines = "x, y = np.concatenate([x, x_val]), np.concatenate([y, y_val])\n"
    lines += f"{SHUFFLING}\ncount = len(x_val)\n{SPLITTING}"
    return Change(
        key="mix_split",
        title="training and validation rows drawn from the same rows",
        size=1,
        code=lines,
        removes=("split",),
        treats=("validation",),
        group="validation",
        rows=_mix,
    )


def _holding_out() -> Change:
    lines = "# until x_val and y_val are in one order again\n"
    lines += f"{SHUFFLING}\ncount = len(x) // {HELD_OUT_OF}\n{SPLITTING}"
    return Change(
        key="hold_out",
        title="scored on rows held out of the training rows",
        size=1,
        code=lines,
        removes=("validation_labels",),
        group="validation",
        rows=_hold_out,
    )


def _transpose_steps(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    pairs = [(map_arrays(x, channels_apart), y) for x, y in (train, test)]
    return pairs[0], pairs[1]


def _hold_out(train: Pair, _test: Pair) -> tuple[Pair, Pair]:
    return _split(train, len(train[1]) // HELD_OUT_OF)


def _mix(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    """Put mixed together, and draw as many of each at random."""
    arrays = iter([np.concatenate(pair) for pair in _pairs(train, test)])
    x = map_arrays(train[0], lambda _: next(arrays))
    return _split((x, np.concatenate([train[1], test[1]])), len(test[1]))


def _split(rows: Pair, count: int) -> tuple[Pair, Pair]:
    """Do what `SHUFFLING` and `SPLITTING` say: return what is left, and so many rows at random."""
    order = np.random.default_rng(0).permutation(len(rows[1]))
    return select_rows(rows, order[count:]), select_rows(rows, order[:count])


def _pairs(train: Pair, test: Pair) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(leaves(train[0]), leaves(test[0]), strict=True))


def token_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Give an embedding enough rows; mask the padding, or put it in front."""
    layers = embeddings(setup)
    if "index_range" in symptoms:
        rows = 1 + int(max(a.max() for pair in (setup.train, setup.test) for a in leaves(pair[0])))
        yield Change(
            key="larger_embedding",
            title=f"an embedding of {rows:,} rows",
            size=1,
            code=layer_code(layers[0], input_dim=rows),
            removes=("index_range",),
            group="embedding",
            edit=edits.replace_kind("Embedding", input_dim=rows),
        )
    x = single_input(setup)
    if "shifted_rows" in symptoms:
        yield Change(
            key="shift_rows",
            title="rows of the embedding one place further",
            size=1,
            code="# matrix[i] = vector, where i is the number of the token, counted as in x",
            removes=("shifted_rows",),
            treats=("frozen",),
            group="embedding",
            edit=edits.shift_rows(examination.shifted),
        )
    if "cut_tokens" in symptoms and x is not None and x.ndim == TABLE_AXES:
        yield from _counting_tokens(x, min(layer.input_dim for layer in layers))
    if "masked_data" in symptoms:
        yield _unmasked(setup)
    if "many_steps" in symptoms:
        yield _reversing()
        yield from _gating(setup)
    if "unmasked" in symptoms and x is not None:
        yield _masking(layers, padding_value(x))
    if symptoms & {"unmasked", "padding_differs"} and x is not None:
        yield _pre_padding(symptoms, padding_value(x))


def _masking(layers: Sequence[Any], value: float) -> Change:
    return Change(
        key="mask",
        title="padding masked",
        size=1,
        code=layer_code(layers[0], mask_zero=True)
        if layers
        else f"keras.layers.Masking(mask_value={value})  # in front of the first layer",
        removes=("mask",),
        group="mask",
        edit=edits.replace_kind("Embedding", mask_zero=True)
        if layers
        else edits.mask_inputs(value),
    )


def _pre_padding(symptoms: frozenset[str], value: float) -> Change:
    return Change(
        key="pre_padding",
        title="padding in front of the data",
        size=1,
        code=PRE_PADDING.replace("== 0", f"== {value:g}"),
        removes=("mask", "validation") if "padding_differs" in symptoms else ("mask",),
        group="mask",
        data=_pre_pad,
    )


def _counting_tokens(x: np.ndarray, rows: int) -> Changes:
    """Number the values from 0 in their order; those of every step alone, if these were scaled."""
    for axis, code in ((None, TOGETHER), (0, APIECE)):
        known = [np.unique(x)] * x.shape[1] if axis is None else [np.unique(a) for a in x.T]
        if max(map(len, known)) <= rows:
            yield Change(
                key="count_tokens",
                title="tokens numbered from 0",
                size=1,
                code=code,
                removes=("cut_tokens",),
                treats=("index_range",),
                group="tokens",
                data=_numbered(known),
            )
            return


def _numbered(known: Sequence[np.ndarray]) -> ChangeData:
    def numbered(a: np.ndarray) -> np.ndarray:
        columns = [
            np.searchsorted(v, c).clip(0, len(v) - 1) for v, c in zip(known, a.T, strict=True)
        ]
        return np.stack(columns, axis=1)

    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return (map_arrays(train[0], numbered), train[1]), (map_arrays(test[0], numbered), test[1])

    return data


def _reversing() -> Change:
    def reverse(pair: Pair) -> Pair:
        return map_arrays(pair[0], lambda a: a[:, ::-1]), pair[1]

    return Change(
        key="reverse_steps",
        title="the steps in reverse order",
        size=1,
        code=(
            "x = x[:, ::-1]  # of all data; or keras.layers.Bidirectional around the recurrent "
            "layer"
        ),
        removes=("forgets",),
        group="steps_order",
        data=lambda train, test: (reverse(train), reverse(test)),
    )


def step_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Put backward steps into their order, and let outputs of a step see the others."""
    if "backward_steps" in symptoms:
        places = backward_places(setup.operations)
        yield Change(
            key="turn_back",
            title="steps of backward layers put into their order",
            size=len(places),
            code="# h = keras.ops.flip(h, axis=1), behind each layer with go_backwards=True",
            removes=("backward_steps",),
            group="backward",
            edit=edits.turn_back(places),
        )
    if "unread_steps" in symptoms and setup.output is not None:
        yield Change(
            key="read_both_ways",
            title=f"a GRU of {STEP_UNITS} units in both directions in front of the output",
            size=1,
            code=(
                f"keras.layers.Bidirectional(keras.layers.GRU({STEP_UNITS}, "
                "return_sequences=True))  # in front of the output"
            ),
            removes=("unread_steps",),
            treats=("narrow", "forgets"),
            group="steps",
            edit=edits.read_both_ways(setup.output, STEP_UNITS),
            inserts=True,
        )


def _gating(setup: Setup) -> Changes:
    simple = [o for o in setup.operations if type(o).__name__ == "SimpleRNN"]
    if simple:
        yield Change(
            key="gated",
            title="GRU in place of SimpleRNN",
            size=len(simple),
            code="\n".join(
                f"keras.layers.GRU({o.units}, return_sequences={o.return_sequences})"
                for o in simple
            ),
            removes=("forgets",),
            treats=("rate_low", "rate_high"),
            group="recurrent",
            edit=edits.gate,
        )


def _unmasked(setup: Setup) -> Change:
    layers = embeddings(setup)
    unmask = edits.replace_kind("Embedding", mask_zero=False)
    return Change(
        key="no_mask",
        title="nothing masked",
        size=1,
        code=layer_code(layers[0], mask_zero=False) if layers else "# remove the Masking layer",
        removes=("masked_data",),
        group="mask",
        edit=unmask if layers else edits.remove(MASKS),
    )


def _pre_pad(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    def pad(pair: Pair) -> Pair:
        return map_arrays(pair[0], padding_in_front), pair[1]

    return pad(train), pad(test)
