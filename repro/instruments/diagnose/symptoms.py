"""Symptoms: what can be measured to be wrong, each with its definition, threshold and source.

Thresholds without a source are ours: set once, before the patients were looked at, and meant to be
generous, since a symptom only asks for a proof.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from repro.instruments.diagnose.anatomy import CLIPPED, PROBABILITIES, REACH
from repro.instruments.diagnose.case import Case
from repro.instruments.diagnose.examine import Examination
from repro.instruments.diagnose.task import margin, skill, table


@dataclass(frozen=True)
class Definition:
    """What a symptom is, from which value on it counts, and who says so."""

    title: str
    definition: str
    threshold: float
    source: str


OURS = "ours"
DEFINITIONS = {
    # of the data
    "labels_encoding": Definition(
        "labels don't fit the loss", "the loss can't be computed from labels written this way", 0,
        "Keras' documentation of its losses",
    ),
    "labels_range": Definition(
        "labels out of range", "share of integer labels that name no output unit", 0,
        "Keras: labels count from 0",
    ),
    "labels_shifted": Definition(
        "labels belong to other rows", "rows to shift the labels by, so that near rows agree; "
        "permutation test", 0.05, OURS,
    ),
    "labels_unrelated": Definition(
        "labels unrelated to the inputs", "p-value that near rows have labels alike; permutation "
        "test", 0.05, OURS,
    ),
    "input_scale": Definition(
        "inputs not scaled", "root mean square of the inputs, or ratio of the features' (over 10)",
        10, "LeCun et al. 1998 ask for variances near 1; the factor is ours",
    ),
    "input_tiny": Definition(
        "inputs too small", "root mean square of the inputs", 0.01,
        "LeCun et al. 1998 ask for variances near 1; the factor is ours",
    ),
    "over_limit": Definition(
        "rate over the stability limit", "rate / (2 (1 + momentum) / largest eigenvalue of x'x/n)",
        1, "LeCun et al. 1998, Efficient BackProp (linear unit, squared error)",
    ),
    "target_scale": Definition(
        "targets not scaled", "root mean square of the targets of a regression", 10, OURS
    ),
    "validation_differs": Definition(
        "validation preprocessed differently", "ratio of the inputs' standard deviations, or shift "
        "in standard deviations (over 2)", 3, OURS,
    ),
    # of the network as written
    "softmax_one_unit": Definition(
        "softmax on one unit", "units under a softmax: one is always 1", 1, "softmax's definition"
    ),
    "loss_output": Definition(
        "loss doesn't fit the output", "cross-entropy of what is no probability, or of logits that "
        "are probabilities", 0, "Keras' documentation of its losses",
    ),
    "loss_task": Definition(
        "loss doesn't fit the targets", "a loss for classes on numbers, or the other way round", 0,
        "definition of the losses",
    ),
    "target_shape": Definition(
        "targets and output differ in width", "columns of the targets beside units of the output",
        0, "Keras' documentation of its losses",
    ),
    "unreachable": Definition(
        "targets out of the output's reach", "share of targets that the output's activation can't "
        "put out", 0.01, "range of the activation; the share is ours",
    ),
    "relu_output": Definition(
        "ReLU on the output", "an output that is off for a row learns nothing from it", 0,
        "Lu et al. 2020",
    ),
    "no_bias": Definition(
        "no biases", "share of rows that are all zero, whose output no weight can move", 0,
        "arithmetic: w·0 = 0",
    ),
    "linear_stack": Definition(
        "nothing but linear layers", "hidden layers in a row without an activation", 1,
        "a product of matrices is a matrix",
    ),
    "dropout": Definition("heavy dropout", "largest dropout rate", 0.7, OURS),
    "narrow": Definition(
        "bottleneck", "units of the narrowest hidden layer, beside log2 of the classes (or 2)", 0,
        OURS,
    ),
    "large_batch": Definition("large batch", "batch size over rows", 0.5, OURS),
    "accuracy_metric": Definition(
        "accuracy of numbers", "accuracy asks for equality, which real numbers never have", 0,
        "definition of accuracy",
    ),
    # of the layers
    "alike": Definition(
        "units all alike", "share of seeds in which all units of a layer have the same weights",
        0.5, "Goodfellow et al. 2016, section 8.4",
    ),
    "born_dead": Definition(
        "dead at birth", "share of a layer's units that are 0 for every row before training", 0.5,
        "Lu et al. 2020; the share is ours",
    ),
    "killed": Definition(
        "killed by training", "share of a layer's units that training has switched off for every "
        "row", 0.25, "Lu et al. 2020; the share is ours",
    ),
    "output_dead": Definition(
        "output dead", "share of seeds whose ReLU output is 0 for every row", 0.1,
        "Lu et al. 2020; the share is ours",
    ),
    "saturated_at_birth": Definition(
        "saturated at birth", "share of a layer's activations with a slope below 5 % of the "
        "largest, before training", 0.5, "Glorot & Bengio 2010; the share is ours",
    ),
    "saturated": Definition(
        "saturated", "the same, after training", 0.8, "Glorot & Bengio 2010; the share is ours"
    ),
    "vanishing_gradient": Definition(
        "gradient vanishes", "gradient at the first layer over that at the last hidden one, before "
        "training", 1e-3, "Glorot & Bengio 2010; the factor is ours",
    ),
    "exploding_gradient": Definition(
        "gradient explodes", "the same ratio", 1e3, "Pascanu et al. 2013; the factor is ours"
    ),
    "vanishing_signal": Definition(
        "signal vanishes", "deviation of the last hidden layer's activations over the first's",
        1e-3, "He et al. 2015; the factor is ours",
    ),
    "exploding_signal": Definition(
        "signal explodes", "the same ratio", 1e3, "He et al. 2015; the factor is ours"
    ),
    "large_steps": Definition(
        "steps too large", "length of an early update over that of the weights, largest layer", 0.3,
        "about 0.001 is usual (Karpathy, CS231n notes); the factor is ours",
    ),
    "tiny_steps": Definition(
        "steps too small", "the same, of the layer that moves most", 1e-5,
        "about 0.001 is usual (Karpathy, CS231n notes); the factor is ours",
    ),
    # of the training
    "crash": Definition("training fails", "Keras raises", 0, "Keras"),
    "nan_loss": Definition("loss is NaN", "share of seeds whose loss is not finite", 0, OURS),
    "diverges": Definition(
        "loss diverges", "share of seeds whose loss ends above that before training", 0.25, OURS
    ),
    "stalls": Definition(
        "loss stalls", "share of seeds with a training skill below 0.05: as good as a constant",
        0.25, OURS,
    ),
    "constant": Definition(
        "predictions are constant", "share of seeds whose predictions differ by less than 0.1 % of "
        "the targets' deviation", 0.25, OURS,
    ),
    "some_seeds": Definition(
        "fails for some seeds", "share of seeds below half of the best seed's skill", 0.15, OURS
    ),
    "slow": Definition(
        "still learning", "share of the fall of the loss that comes in the last fifth", 0.1, OURS
    ),
    "below_linear": Definition(
        "worse than a linear model", "skill of ridge regression minus that of the network; counts "
        "from the margin on", 0.05, OURS,
    ),
    "overfits": Definition(
        "overfits", "skill on the training rows minus that on the rows held out", 0.25, OURS
    ),
}  # fmt: skip
FAILURES = ("crash", "nan_loss", "diverges", "stalls", "constant", "some_seeds", "below_linear")
"""Symptoms of a fit that is not fine; the others are only seen."""


@dataclass(frozen=True)
class Symptom:
    """One symptom that was found: the number measured, where, and a sentence that says so."""

    key: str
    value: float
    says: str
    where: str = ""

    @property
    def definition(self) -> Definition:
        """Its definition, threshold and source."""
        return DEFINITIONS[self.key]


Found = Iterator[Symptom]


def find_symptoms(case: Case, seen: Examination, curve: pd.DataFrame | None) -> list[Symptom]:
    """Return the symptoms, in the order of `DEFINITIONS`.

    Args:
        case: what is diagnosed.
        seen: the measurements, those of the trained models among them.
        curve: `fit_seeds`' frame of the network as it is; None if it can't be trained.
    """
    looks: tuple[Callable[..., Found], ...] = (_of_labels, _of_inputs, _of_output, _of_network)
    found = [symptom for look in looks for symptom in look(case, seen)]
    if seen.fails:
        found.append(Symptom("crash", 1, f"Keras can't train it: {seen.fails}"))
    if not seen.layers.empty:
        found += [*_of_layers(case, seen), *_of_depth(case, seen)]
    if curve is not None:
        found += _of_training(case, seen, curve)
    order = list(DEFINITIONS)
    return sorted(found, key=lambda symptom: order.index(symptom.key))


def percent(share: float) -> str:
    """A share in per cent, two digits."""
    return f"{100 * share:.3g} %"


# Data --------------------------------------------------------------------------------------------


def _of_labels(case: Case, seen: Examination) -> Found:
    y, units, loss = table(case.train[1]), int(case.output_shape[-1] or 1), case.compiled.loss
    sparse, categorical = "sparse" in loss, loss.startswith("categorical")
    if categorical and y.shape[1] == 1 and units > 1:
        yield Symptom(
            "labels_encoding", 1,
            f"loss {loss} wants one column a class ({units}), y has one column of "
            f"{len(np.unique(y))} values",
        )  # fmt: skip
    elif sparse and y.shape[1] > 1:
        yield Symptom(
            "labels_encoding", y.shape[1],
            f"loss {loss} wants one column of integers, y has {y.shape[1]} columns",
        )  # fmt: skip
    elif not sparse and y.shape[1] != units and len(case.output_shape) == 2:
        what = f"the output has {units} units, y {y.shape[1]} column" + "s" * (y.shape[1] > 1)
        yield Symptom("target_shape", abs(y.shape[1] - units), what)
    if sparse and y.shape[1] == 1:
        outside = float(np.mean((y < 0) | (y >= units)))
        if outside > 0:
            yield Symptom(
                "labels_range", outside,
                f"labels run from {y.min():g} to {y.max():g}, {units} output units stand for 0 to "
                f"{units - 1}: {percent(outside)} of the labels name no unit",
            )  # fmt: skip
    yield from _of_relation(seen)


def _of_relation(seen: Examination) -> Found:
    relation = seen.relation
    if relation is None or relation.p_value <= DEFINITIONS["labels_unrelated"].threshold:
        return
    p = f"p = {relation.p_value:.2g}"
    if relation.best_shift and relation.shifted_p_value <= 0.01:
        yield Symptom(
            "labels_shifted", relation.best_shift,
            f"near rows don't have labels alike ({p}), but they do once the labels are moved by "
            f"{relation.best_shift:+d} rows (p = {relation.shifted_p_value:.2g})",
        )  # fmt: skip
    else:
        yield Symptom(
            "labels_unrelated", relation.p_value, f"near rows don't have labels alike ({p})"
        )


def _of_inputs(case: Case, seen: Examination) -> Found:
    inputs, rate = seen.inputs, case.compiled.rate
    if inputs is None:
        return
    if inputs.rms > DEFINITIONS["input_scale"].threshold:
        yield Symptom(
            "input_scale", inputs.rms, f"the inputs' root mean square is {inputs.rms:.3g}, not 1"
        )
    elif inputs.ratio_of_scales > 100 and inputs.rms > 3:
        yield Symptom(
            "input_scale", inputs.ratio_of_scales,
            f"the largest feature is {inputs.ratio_of_scales:,.0f} times the smallest",
        )  # fmt: skip
    if inputs.rms < DEFINITIONS["input_tiny"].threshold:
        yield Symptom("input_tiny", inputs.rms, f"the inputs' root mean square is {inputs.rms:.2g}")
    if rate > inputs.limit:
        yield Symptom(
            "over_limit", rate / inputs.limit,
            f"input's largest eigenvalue {inputs.largest_eigenvalue:.2g}, so rate {rate:g} is "
            f"{rate / inputs.limit:,.3g} times the limit {inputs.limit:.2g}"
            + (f" ({percent(inputs.share_of_mean)} of it is the mean)"
               if inputs.share_of_mean > 0.5 else ""),
        )  # fmt: skip
    ratio = max(inputs.validation_ratio, 1 / max(inputs.validation_ratio, 1e-12))
    if ratio > DEFINITIONS["validation_differs"].threshold or inputs.validation_shift > 2:
        yield Symptom(
            "validation_differs", ratio,
            f"the validation inputs' deviation is {inputs.validation_ratio:.3g} times that of the "
            f"training inputs, their mean {inputs.validation_shift:.2g} deviations away",
        )  # fmt: skip


# The network as written --------------------------------------------------------------------------


def _of_output(case: Case, seen: Examination) -> Found:
    output, loss, task = case.output, case.compiled.loss, case.task
    y = table(case.train[1])
    entropy = "crossentropy" in loss
    if task.kind == "regression" and case.compiled.wants_accuracy:
        yield Symptom("accuracy_metric", 1, "accuracy is asked for, the targets are numbers")
    if task.kind == "regression" and entropy and (y.min() < 0 or y.max() > 1):
        yield Symptom(
            "loss_task", 1, f"loss {loss} is for classes, y runs from {y.min():.3g} to {y.max():.3g}"
        )
    if task.kind == "regression":
        rms = float(np.sqrt((y**2).mean()))
        if rms > DEFINITIONS["target_scale"].threshold:
            yield Symptom("target_scale", rms, f"the targets' root mean square is {rms:.3g}")
    if output is None:
        return
    name, units = output.activation, int(case.output_shape[-1] or 1)
    if name == "softmax" and units == 1:
        yield Symptom("softmax_one_unit", 1, f"{output.label}: softmax over one unit is always 1")
    yield from _of_loss(name, case, entropy)
    low, high = REACH.get(name, (-np.inf, np.inf))
    outside = float(np.mean((y < low) | (y > high)))
    if outside > DEFINITIONS["unreachable"].threshold and "sparse" not in loss:
        yield Symptom(
            "unreachable", outside,
            f"{output.label}: {percent(outside)} of the targets ({y.min():.3g} to {y.max():.3g}) "
            f"lie outside of what {name} can put out ({low:g} to {high:g})", output.label,
        )  # fmt: skip
    if name in CLIPPED:
        yield Symptom("relu_output", 1, f"{output.label}: the output is a {name}", output.label)


def _of_loss(name: str, case: Case, entropy: bool) -> Found:
    loss, logits = case.compiled.loss, case.compiled.from_logits
    output = case.sites[-1].label
    if entropy and not logits and name not in PROBABILITIES:
        yield Symptom(
            "loss_output", 1, f"{output}: {loss} takes probabilities, {name} puts out none", output
        )
    if entropy and logits and name != "linear":
        yield Symptom(
            "loss_output", 1, f"{output}: {loss} from logits, but the output is a {name}", output
        )
    values = case.task.values
    if entropy and loss.startswith("binary") and values and len(values) > 2:
        yield Symptom(
            "loss_task", len(values), f"{loss} tells two classes, y has {len(values)}", output
        )
    elif entropy and "binary" in loss and values and not set(values) <= {0.0, 1.0}:
        shown = ", ".join(f"{v:g}" for v in values)
        yield Symptom("labels_encoding", 1, f"{loss} wants labels 0 and 1, y has {shown}")


def _of_network(case: Case, seen: Examination) -> Found:
    hidden = case.sites[:-1]
    linear = [site.label for site in hidden if site.activation == "linear"]
    if hidden and len(linear) == len(hidden):
        yield Symptom("linear_stack", len(linear), f"no activation on {', '.join(linear)}")
    classes = case.task.classes
    least = max(2, int(np.ceil(np.log2(classes))) if classes > 1 else 2)
    dense = [site for site in hidden if site.kind == "Dense"]
    if dense:
        thin = min(dense, key=lambda site: site.units)
        if thin.units < least or thin.units * 3 <= classes:
            yield Symptom(
                "narrow", thin.units,
                f"{thin.label} has {thin.units} unit{'s' * (thin.units > 1)} for "
                f"{f'{classes} classes' if classes else 'a regression'}", thin.label,
            )  # fmt: skip
    rows = len(case.train[1])
    if case.batch_size > 0.5 * rows and rows > 64:
        yield Symptom(
            "large_batch", case.batch_size / rows,
            f"batches of {case.batch_size} of {rows} rows: {case.steps} steps in "
            f"{case.epochs} epochs",
        )  # fmt: skip
    yield from _of_settings(case)


def _of_settings(case: Case) -> Found:
    import keras

    model = case.build()
    layers = list(model._flatten_layers(include_self=False))
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    if rates and max(rates) >= DEFINITIONS["dropout"].threshold:
        yield Symptom("dropout", max(rates), f"dropout of {percent(max(rates))}")
    dense = [layer for layer in layers if hasattr(layer, "use_bias")]
    if dense and not any(layer.use_bias for layer in dense) and case.inputs is not None:
        empty = float((case.inputs == 0).all(axis=1).mean())
        yield Symptom(
            "no_bias", empty, f"no layer has a bias; {percent(empty)} of the rows are all zero"
        )


# Layers ------------------------------------------------------------------------------------------


def _of_layers(case: Case, seen: Examination) -> Found:
    steps = seen.layers.groupby(["label", "step"], sort=False)[
        ["dead", "saturated", "alike"]
    ].mean()
    for site in case.sites:
        of = steps.loc[site.label]
        birth, last = of.iloc[0], of.iloc[-1]
        if birth.alike > DEFINITIONS["alike"].threshold:
            yield Symptom("alike", birth.alike, f"{site.label}: all units start alike", site.label)
        if site.is_output:
            yield from _of_dead_output(site.label, seen.layers)
            continue
        dead = f"of {site.units} units"
        if birth.dead > DEFINITIONS["born_dead"].threshold:
            text = f"{site.label}: {percent(birth.dead)} {dead} dead at birth"
            yield Symptom("born_dead", birth.dead, text, site.label)
        worst = of.dead.max() if of.dead.notna().any() else 0.0
        if worst - birth.dead > DEFINITIONS["killed"].threshold:
            # the first checkpoint by which most of those that will die are dead
            reached = of.index[of.dead >= birth.dead + 0.9 * (worst - birth.dead)][0]
            text = f"{site.label}: {percent(worst)} {dead} dead after {reached} steps"
            text += f" ({percent(birth.dead)} at birth)"
            yield Symptom("killed", worst - birth.dead, text, site.label)
        for key, at, when in (("saturated_at_birth", birth, "at birth"), ("saturated", last, "")):
            if at.saturated > DEFINITIONS[key].threshold:
                text = f"{site.label}: {percent(at.saturated)} of {site.activation} outputs saturated"
                yield Symptom(key, at.saturated, f"{text} {when}".rstrip(), site.label)


def _of_dead_output(label: str, layers: pd.DataFrame) -> Found:
    of = layers[layers.label == label]
    share = of.assign(all_dead=of.dead >= 1).groupby("step").all_dead.mean()
    if share.max() > DEFINITIONS["output_dead"].threshold:
        text = f"{label}: zero for every row in {percent(share.iloc[0])} of the seeds at birth, "
        text += f"in {percent(share.iloc[-1])} after {share.index[-1]} steps"
        yield Symptom("output_dead", share.max(), text, label)


def _of_depth(case: Case, seen: Examination) -> Found:
    hidden = [site.label for site in case.sites[:-1]]
    birth = seen.layers[seen.layers.step == 0]
    # the square root of two units' product is between them, so medians over seeds are robust
    at_birth = birth.groupby("label")[["signal", "gradient"]].median()
    if len(hidden) >= 3:
        first, last = at_birth.loc[hidden[0]], at_birth.loc[hidden[-1]]
        ratios = {
            "gradient": (first.gradient, last.gradient, f"{hidden[0]} over {hidden[-1]}"),
            "signal": (last.signal, first.signal, f"{hidden[-1]} over {hidden[0]}"),
        }
        for what, (above, below, where) in ratios.items():
            ratio = above / below if below > 0 else np.nan
            for key in (f"vanishing_{what}", f"exploding_{what}"):
                limit = DEFINITIONS[key].threshold
                if (ratio < limit) if limit < 1 else (ratio > limit):
                    yield Symptom(key, ratio, f"{what}, {where}: {ratio:.2g} at birth")
    ratios_of = seen.layers[seen.layers.step > 0].groupby("label").ratio.median().dropna()
    if not len(ratios_of):
        return
    top = str(ratios_of.idxmax())
    if ratios_of[top] > DEFINITIONS["large_steps"].threshold:
        text = f"{top}: an early step is {percent(ratios_of[top])} of the weights"
        yield Symptom("large_steps", ratios_of[top], text, top)
    if ratios_of[top] < DEFINITIONS["tiny_steps"].threshold:
        text = f"no layer moves by more than {ratios_of[top]:.1g} of its weights a step"
        yield Symptom("tiny_steps", ratios_of[top], text)


# Training ----------------------------------------------------------------------------------------


def _of_training(case: Case, seen: Examination, curve: pd.DataFrame) -> Found:
    loss = curve.pivot_table(index="seed", columns="epoch", values="loss", dropna=False)
    last = curve.groupby("seed").last()
    train = skill(case.task, last.score, case.train[1])
    test = skill(case.task, last.val_score, case.test[1])
    first = seen.outputs[seen.outputs.step == 0].set_index("seed").loss.reindex(loss.index)
    final = loss.iloc[:, -1]
    finite = np.isfinite(loss.to_numpy(float)).all(axis=1)
    shares = {
        "nan_loss": (1 - finite.mean(), "the loss is not finite"),
        "diverges": (float((final[finite] > first[finite]).mean()) if finite.any() else 0.0,
                     f"the loss ends above where it started (median {final.median():.3g} after "
                     f"{first.median():.3g})"),
        "stalls": (float((train < 0.05).mean()), "the network ends no better than a constant"),
        "constant": (_constant(seen), "the predictions are the same for every row"),
        "some_seeds": (float((train < train.max() / 2).mean()) if train.max() > 0.1 else 0.0,
                       f"skill stays below half of the best seed's {train.max():.2f}"),
    }  # fmt: skip
    for key, (share, text) in shares.items():
        if share > DEFINITIONS[key].threshold:
            yield Symptom(key, share, f"{text} in {percent(share)} of {len(loss)} seeds")
    yield from _of_fit(case, seen, float(train.mean()), float(test.mean()))
    falls = (loss.iloc[:, 0] - final).median()
    late = (loss.iloc[:, int(0.8 * (loss.shape[1] - 1))] - final).median()
    if falls > 0 and late / falls > DEFINITIONS["slow"].threshold and loss.shape[1] > 5:
        text = f"{percent(late / falls)} of the loss's fall comes in the last fifth of training"
        yield Symptom("slow", late / falls, text)


def _constant(seen: Examination) -> float:
    return float(seen.outputs[seen.outputs.step == seen.outputs.step.max()].constant.mean())


def _of_fit(case: Case, seen: Examination, train: float, test: float) -> Found:
    if seen.linear - test > margin(case.task, max(seen.linear, test), case.test[1]):
        text = f"skill {test:.2f} on {case.tested_on}, that of ridge regression {seen.linear:.2f}"
        yield Symptom("below_linear", seen.linear - test, text)
    if train - test > DEFINITIONS["overfits"].threshold:
        text = f"skill {train:.2f} on the training rows, {test:.2f} on {case.tested_on}"
        yield Symptom("overfits", train - test, text)
