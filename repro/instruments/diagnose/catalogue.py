"""The changes that apply to a network and its data."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from repro.instruments.diagnose import edits
from repro.instruments.diagnose.anatomy import CLIPPED, REACH, SATURATING, Site
from repro.instruments.diagnose.case import Case, DiagnoseError
from repro.instruments.diagnose.changes import Change, Pair, changed_build, settings_of, with_rate
from repro.instruments.diagnose.examine import Examination
from repro.instruments.diagnose.symptoms import Symptom
from repro.instruments.diagnose.task import Array, table

Changes = Iterator[Change]
WIDER = 8
RATES = (0.1, 0.01, 10.0, 100.0)


def applicable(case: Case, seen: Examination, symptoms: Sequence[Symptom]) -> list[Change]:
    """Return the changes that can be made; those that treat a symptom's cause are not marked."""
    keys = {symptom.key: symptom for symptom in symptoms}
    makers: tuple[Callable[..., Changes], ...] = (
        _of_inputs, _of_labels, _of_targets, _of_output, _of_layers, _of_optimizer, _of_length,
    )  # fmt: skip
    found = [change for maker in makers for change in maker(case, seen, keys)]
    return [change for change in found if _can_be_built(case, change)]


def _can_be_built(case: Case, change: Change) -> bool:
    if change.edit is None:
        return True
    try:
        changed_build(case, change)()
    except DiagnoseError:
        raise
    except Exception:  # a graph that this edit can't be made in; then it is no change to offer
        return False
    return True


# Data --------------------------------------------------------------------------------------------


def _of_inputs(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    x = case.inputs
    if x is None or seen.inputs is None or _is_embedded(case):
        return
    treats = ("input_scale", "saturated", "dead", "rate_high")
    largest = float(np.abs(x).max())
    if largest > 2 or 0 < largest < 0.1:
        yield Change(
            "scale_input", f"divide the input by {largest:.4g}", 1,
            f"x = x / {largest:.6g}  # training, validation and all that is predicted", treats,
            "input", data=_on_inputs(lambda a: a / largest),
        )  # fmt: skip
    mean, deviation, whole = _moments(x)
    near = np.all(np.abs(mean) < 0.3 * deviation) and np.all((deviation > 0.5) & (deviation < 2))
    if not near:
        axis = "" if whole else "axis=0"
        lines = f"mean, deviation = x.mean({axis}), x.std({axis})  # of the training inputs\n"
        lines += "x = (x - mean) / deviation  # the same two for validation and prediction"
        each = "all together" if whole else "feature by feature"
        yield Change(
            "standardize_input", f"standardize the input ({each})", 1, lines, treats, "input",
            data=_on_inputs(_affine(mean, deviation, x.shape[1])),
        )  # fmt: skip
    if seen.inputs.share_of_mean > 0.2:
        yield Change(
            "centre_input", "centre the input", 1,
            "x = x - mean  # mean = x.mean(axis=0) of the training inputs", ("rate_high",),
            "input", data=_on_inputs(_affine(x.mean(axis=0), 1.0, x.shape[1])),
        )  # fmt: skip
    if "validation_differs" in keys:
        yield Change(
            "match_validation", "preprocess the validation inputs as the training inputs", 1,
            "x_val = preprocess(x_val)  # the very function, with the very numbers, used for x",
            ("validation",), "validation", data=_matched,
        )  # fmt: skip


def _is_embedded(case: Case) -> bool:
    """Whether inputs are indices."""
    import keras

    layers = case.build()._flatten_layers(include_self=False)
    return any(isinstance(layer, keras.layers.Embedding) for layer in layers)


def _moments(x: Array) -> tuple[Array, Array, bool]:
    """Means and deviations: of each feature, or of all where some features hardly vary (images)."""
    mean, deviation = x.mean(axis=0, dtype=float), x.std(axis=0, dtype=float)
    whole = x.shape[1] > 100 or (deviation < 1e-6 * max(deviation.max(), 1e-30)).any()
    if whole:
        return np.array(x.mean(dtype=float)), np.array(x.std(dtype=float) or 1.0), True
    return mean, deviation, False


def _affine(mean: Any, deviation: Any, features: int) -> Callable[[Array], Array]:
    def apply(a: Array) -> Array:
        flat = a.reshape(len(a), features).astype(float)
        return ((flat - mean) / deviation).reshape(a.shape).astype("float32")

    return apply


def _on_inputs(function: Callable[[Array], Array]) -> Callable[[Pair, Pair], tuple[Pair, Pair]]:
    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        same = test[0] is train[0]
        x = np.asarray(function(train[0]))
        return (x, train[1]), (x if same else np.asarray(function(test[0])), test[1])

    return data


def _matched(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    x, x_test = train[0].astype(float), test[0].astype(float)
    spread = x_test.std(axis=0)
    standard = (x_test - x_test.mean(axis=0)) / np.where(spread > 0, spread, 1)
    matched = standard * x.std(axis=0) + x.mean(axis=0)
    return train, (matched.astype("float32"), test[1])


def _of_labels(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    y = table(case.train[1])
    if "labels_shifted" in keys:
        rows = int(keys["labels_shifted"].value)
        yield Change(
            "move_labels", f"move the labels by {rows:+d} rows", 1, f"y = np.roll(y, {rows}, axis=0)",
            ("labels_shifted",), "labels", data=_on_training_labels(rows),
        )  # fmt: skip
    values = np.unique(y)
    odd = y.shape[1] == 1 and case.task.classes > 0 and not np.array_equal(
        values, np.arange(len(values))
    )  # fmt: skip
    if odd and ("labels_range" in keys or "labels_encoding" in keys or "unreachable" in keys):
        yield Change(
            "count_labels", f"count the labels from 0 to {len(values) - 1}", 1,
            "y = np.unique(y, return_inverse=True)[1]", ("labels_encoding", "unreachable"),
            "labels", data=_on_targets(lambda a: np.searchsorted(values, a)),
        )  # fmt: skip


def _on_training_labels(rows: int) -> Callable[[Pair, Pair], tuple[Pair, Pair]]:
    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return (train[0], np.roll(train[1], rows, axis=0)), (
            test[0], np.roll(test[1], rows, axis=0),
        )  # fmt: skip

    return data


def _on_targets(function: Callable[[Array], Any]) -> Callable[[Pair, Pair], tuple[Pair, Pair]]:
    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return (train[0], function(train[1])), (test[0], function(test[1]))

    return data


def _of_targets(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    if case.task.kind != "regression":
        return
    y = table(case.train[1])
    mean, deviation = float(y.mean()), float(y.std())
    if deviation > 0 and (np.sqrt((y**2).mean()) > 3 or deviation < 0.1):
        yield Change(
            "standardize_targets", "standardize the targets", 2,
            f"y = (y - {mean:.6g}) / {deviation:.6g}  # and predictions * {deviation:.6g} + "
            f"{mean:.6g}", ("target_scale", "rate_high", "rate_low", "unreachable"), "targets",
            data=_on_targets(lambda a: ((a - mean) / deviation).astype("float32")), unit=deviation,
        )  # fmt: skip


# Output ------------------------------------------------------------------------------------------


def _of_output(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    output = case.output
    if output is None or len(case.output_shape) != 2:
        return
    for key, name, loss, units in _outputs_that_fit(case, output):
        edit, lines = [], []
        if units != output.units:
            edit.append(edits.widen([output], {output.position: units}))
        if name != output.activation:
            edit.append(edits.activate([output], name))
        if edit:
            lines.append(f'keras.layers.Dense({units}, activation="{name}")  # {output.label}')
        new_loss = None if _same_loss(loss, case) else loss
        if new_loss:
            lines.append(f'model.compile(..., loss="{loss}")')
        size = len(edit) + (new_loss is not None)
        if size:
            title = ", ".join(
                [f"{units} output unit{'s' * (units > 1)}"] * (units != output.units)
                + [f"{name} output"] * (name != output.activation)
                + [f"loss {loss}"] * (new_loss is not None)
            )
            treats = (
                "output_loss", "output_width", "unreachable", "labels_encoding", "relu_output",
                "saturated", "dead",
            )  # fmt: skip
            change = edits.chain(*edit) if edit else None
            yield Change(key, title, size, "\n".join(lines), treats, "output", edit=change, loss=new_loss)


def _outputs_that_fit(case: Case, output: Site) -> Iterator[tuple[str, str, str, int]]:
    """Key, activation, loss and units of outputs that fit the targets."""
    y, task = table(case.train[1]), case.task
    if task.kind == "regression":
        mse = "mean_squared_error"
        kept = mse if "crossentropy" in case.compiled.loss else case.compiled.loss
        low, high = float(y.min()), float(y.max())
        yield "linear_output", "linear", kept, y.shape[1]
        for name in ("sigmoid", "tanh"):
            if REACH[name][0] < low and high < REACH[name][1] and output.activation in CLIPPED:
                yield f"{name}_output", name, kept, y.shape[1]
    elif y.shape[1] > 1:
        yield "softmax_output", "softmax", "categorical_crossentropy", y.shape[1]
    elif task.classes == 2:
        yield "sigmoid_output", "sigmoid", "binary_crossentropy", 1
        if output.units > 1:
            yield "softmax_output", "softmax", "sparse_categorical_crossentropy", 2
    else:
        units = max(task.classes, int(y.max()) + 1) if y.min() >= 0 else task.classes
        units = task.classes if units > 4 * task.classes else units
        sparse = "sparse_categorical_crossentropy"
        yield "softmax_output", "softmax", sparse, units


def _same_loss(loss: str, case: Case) -> bool:
    """Whether the user's loss is that one: by name, and not from logits under a new activation."""
    return case.compiled.loss == loss and not case.compiled.from_logits


# Layers ------------------------------------------------------------------------------------------


def _of_layers(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    hidden = case.sites[:-1]
    if not hidden:
        return
    clipped = [site for site in hidden if site.activation in CLIPPED]
    if clipped:
        yield _activation("leaky_relu", clipped, ("dead", "initial_weights", "relu_output"))
    curved = [site for site in hidden if site.activation in SATURATING]
    if curved:
        treats = ("vanishing", "saturated", "initial_weights", "rate_low")
        yield _activation("relu", curved, treats)
    straight = [site for site in hidden if site.activation == "linear" and site.kind == "Dense"]
    if straight:
        yield _activation("relu", straight, ("linear_stack",), key="hidden_relu")
    yield _initializer(hidden)
    if "BatchNormalization" not in {type(v).__name__ for v in case.build().layers}:
        sums = [site for site in hidden if site.kind == "Dense" or site.kind.startswith("Conv")]
        if sums:
            treats = ("initial_weights", "vanishing", "saturated", "dead", "input_scale", "rate_low")
            yield Change(
                "batch_normalization", "batch normalization in front of the activations", len(sums),
                _lines(sums, "BatchNormalization() between the sums and the activation"), treats,
                "normalization", edit=edits.normalize(sums),
            )  # fmt: skip
    yield from _of_settings(case, hidden, keys)


def _of_settings(case: Case, hidden: Sequence[Site], keys: dict[str, Symptom]) -> Changes:
    if "no_bias" in keys:
        treats = ("no_bias", "relu_output", "dead")
        yield Change(
            "bias", "biases on all layers", len(case.sites), _lines(case.sites, "use_bias=True"),
            treats, "bias", edit=edits.set_arguments(case.sites, use_bias=True),
        )  # fmt: skip
    dense = [site for site in hidden if site.kind == "Dense"]
    if "narrow" in keys and dense:
        units = {s.position: max(WIDER * s.units, 16) for s in dense if s.units <= 16}
        thin = [site for site in dense if site.position in units]
        yield Change(
            "more_units", "more units in the hidden layers", len(thin),
            "\n".join(f"units={units[s.position]}  # {s.label}" for s in thin),
            ("narrow", "dead"), "units", edit=edits.widen(dense, units),
        )  # fmt: skip
    if "dropout" in keys:
        yield Change(
            "no_dropout", "no dropout", 1, "# remove the Dropout layers", ("dropout",), "dropout",
            edit=edits.without_dropout,
        )  # fmt: skip


def _activation(name: str, sites: Sequence[Site], treats: tuple[str, ...], key: str = "") -> Change:
    words = name.replace("_", " ").replace("relu", "ReLU")
    return Change(
        key or f"hidden_{name}", f"{words} in the hidden layers", len(sites),
        _lines(sites, f'activation="{name}"'), treats, "activation",
        edit=edits.activate(sites, name),
    )  # fmt: skip


def _initializer(hidden: Sequence[Site]) -> Change:
    """He's draws in front of ReLU and its like, Glorot's in front of all else."""
    like_relu = (*CLIPPED, "leaky_relu", "elu", "gelu", "silu", "swish")
    chosen = [(s, "he_normal" if s.activation in like_relu else "glorot_uniform") for s in hidden]
    lines = "\n".join(f'kernel_initializer="{name}"  # {site.label}' for site, name in chosen)
    names = " and ".join(sorted({name for _, name in chosen}))
    return Change(
        "initializer", f"initial weights by {names}", len(chosen), lines,
        ("alike", "initial_weights", "vanishing", "dead", "saturated"), "initializer",
        edit=edits.draw_anew(chosen),
    )  # fmt: skip


def _lines(sites: Sequence[Site], argument: str) -> str:
    return "\n".join(f"{argument}  # {site.label}" for site in sites)


# Steps -------------------------------------------------------------------------------------------


def _of_optimizer(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    name, rate = case.compiled.optimizer, case.compiled.rate
    for factor in RATES:
        high = factor < 1
        yield Change(
            f"rate_x{factor:g}", f"learning rate {rate * factor:.2g}", 1,
            f"optimizer=keras.optimizers.{name}(learning_rate={rate * factor:.6g})",
            ("rate_high", "dead", "input_scale", "target_scale") if high else ("rate_low",), "rate",
            optimizer=lambda o, factor=factor: with_rate(o, factor),
        )  # fmt: skip
    if not name.startswith(("Adam", "Nadam")):
        yield Change(
            "adam", "Adam at its default rate", 1, "optimizer=keras.optimizers.Adam()",
            ("rate_high", "rate_low", "vanishing", "input_scale", "target_scale"), "rate",
            optimizer=_adam,
        )  # fmt: skip
    if {"diverges", "nan_loss", "large_steps", "over_limit", "killed", "exploding_gradient"} & set(keys):
        yield Change(
            "clip_gradient", "gradients clipped to length 1", 1,
            f"optimizer=keras.optimizers.{name}(learning_rate={rate:g}, global_clipnorm=1.0)",
            ("rate_high", "target_scale", "dead"), "clip", optimizer=_clipped,
        )  # fmt: skip


def _adam(optimizer: Any) -> Any:
    import keras

    return keras.optimizers.Adam()


def _clipped(optimizer: Any) -> Any:
    rate = float(np.asarray(optimizer.learning_rate))
    config = settings_of(optimizer) | {"clipnorm": None, "clipvalue": None}
    return type(optimizer).from_config(config | {"learning_rate": rate, "global_clipnorm": 1.0})


def _of_length(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    if "large_batch" in keys:
        yield Change(
            "small_batch", "batches of 32", 1, "model.fit(..., batch_size=32)",
            ("large_batch", "rate_low"), "batch", batch_size=32,
        )  # fmt: skip
    if "slow" in keys or "stalls" in keys or "below_linear" in keys:
        yield Change(
            "more_epochs", f"{4 * case.epochs} epochs", 1,
            f"model.fit(..., epochs={4 * case.epochs})", ("epochs", "rate_low"), "epochs", epochs=4,
        )  # fmt: skip
