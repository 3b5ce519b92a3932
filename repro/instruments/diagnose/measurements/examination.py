"""Measure a network's data, and for every seed its layers, before training and in first steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from repro.instruments.diagnose.measurements.added import layers_with_losses
from repro.instruments.diagnose.measurements.apart import skill_lost_between
from repro.instruments.diagnose.measurements.baselines import linear_skill, neighbour_skill
from repro.instruments.diagnose.measurements.columns import (
    farthest_value,
    find_codes,
    share_of_zeros,
    share_off_a_line,
)
from repro.instruments.diagnose.measurements.crossing import Crossing, find_crossing
from repro.instruments.diagnose.measurements.erased import Erased, find_erased
from repro.instruments.diagnose.measurements.gradient import Cut, find_cut
from repro.instruments.diagnose.measurements.inputs import Inputs, measure_inputs
from repro.instruments.diagnose.measurements.leaks import leaking_features
from repro.instruments.diagnose.measurements.loss import OwnLoss, measure_own_loss
from repro.instruments.diagnose.measurements.metrics import BlindMetric, find_blind_metric
from repro.instruments.diagnose.measurements.missed import Missed
from repro.instruments.diagnose.measurements.mixed import mixed_axes, unmixed
from repro.instruments.diagnose.measurements.pairing import change_by_pairing
from repro.instruments.diagnose.measurements.past import Past, find_past
from repro.instruments.diagnose.measurements.relation import (
    UNRELATED,
    Relation,
    relate,
    relate_tokens,
    relate_validation,
    with_shift,
)
from repro.instruments.diagnose.measurements.renamed import best_names
from repro.instruments.diagnose.measurements.reordered import column_order
from repro.instruments.diagnose.measurements.row_scale import (
    RowScale,
    find_row_scale,
    share_of_sized_rows,
)
from repro.instruments.diagnose.measurements.sides import Sides, find_sides
from repro.instruments.diagnose.measurements.steps import BuildTrained, first_steps, last_step
from repro.instruments.diagnose.measurements.turned import Order, turned_validation
from repro.instruments.diagnose.measurements.undefined import Undefined, find_undefined
from repro.instruments.diagnose.measurements.unseen import Unseen, find_unseen
from repro.instruments.diagnose.measurements.untracked import Untracked, find_untracked
from repro.instruments.diagnose.measurements.vectors import shifted_embeddings
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.errors import DiagnoseError, one_line
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair
from repro.instruments.diagnose.setup.task import as_table


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All measurements.

    Attributes:
        inputs: scale and centre of the inputs; None if they are indices.
        relation: how well labels go with their rows; None if that can't be told.
        validation: p-value that labels go with the validation rows, where those of training do
            for certain; NaN elsewhere.
        linear: the skill of ridge regression; NaN if that is no match for the task.
        neighbours: the skill of the mean of the nearest rows; NaN likewise.
        layers: one row a seed, step and layer: `seed, step, label, dead, saturated, signal,
            gradient, ratio, alike`; ratio: length of the step's update over that of the weights;
            alike: 1 if all units of the layer have the same weights.
        outputs: one row a seed and step: `seed, step, loss, constant`.
        own_loss: what a loss of the user's own says of right and wrong predictions; None of others.
        by_pairing: share by which such a loss changes if targets change places; NaN of others.
        undefined: rows whose loss is finite and whose gradient isn't, where the loss ends so.
        cut: where the gradient ends before it gets to all layers; None if it gets there.
        erased: the operation behind which all rows are alike, if there is one.
        crossing: the operation that mixes the rows of a batch, if there is one.
        row_scale: the layer that brings every row to one size before anything reads it, if any.
        sized_rows: share of the rows that were brought to one size before they were given.
        lost_between: skill that ridge regression loses from training to validation data.
        unseen: inputs from which no path leads to the output, if there are any.
        untracked: weights that predictions are made with and that are never trained, if any.
        adding: classes of the layers that add a loss to that of the targets.
        sides: which steps an output for a step depends on; None where there is none a step.
        blind_metric: a metric of the user's own that right predictions don't change, if any.
        shifted: numbers of the embeddings whose rows look shifted by one.
        by_turning: what baselines gain if validation inputs are reversed, or axes change places.
        turning: the order by which they gain most, then.
        past: the rows before a row that tell its target, where a recurrent layer reads one step.
        unmixed: training and test rows with a reshape undone that has mixed them up, if one has.
        mixed: how much a step's last channel goes on in the next step, as after a reshape; else 0.
        renamed: share of the validation rows that become right once their classes are renamed.
        names: the place among training's classes of each class of the validation labels, then.
        leaks: features that tell the targets in training and not on the rows scored on.
        codes: features of whole numbers that tell more as categories.
        as_codes: by how much the skill of ridge regression grows if they are taken so.
        outlier: distance of the farthest value from the quartiles, in distances between these.
        coarse: share of the inputs that are 0, if all others are 1; 0 if they are not.
        off_a_line: share of the inputs' variance that isn't along one line; NaN of few features.
        reordered: what ridge regression gains if the validation columns change places.
        order: the place of each training column among the validation columns, then.
        missed: a rare class that the trained network hardly ever names, if there is one.
        fails: the error that training ends in, if it does.
    """

    inputs: Inputs | None
    relation: Relation | None
    linear: float
    layers: pd.DataFrame
    outputs: pd.DataFrame
    validation: float = np.nan
    reordered: float = 0.0
    order: tuple[int, ...] = ()
    missed: Missed | None = None
    fails: str = ""
    neighbours: float = np.nan
    own_loss: OwnLoss | None = None
    by_pairing: float = np.nan
    undefined: Undefined | None = None
    cut: Cut | None = None
    erased: Erased | None = None
    crossing: Crossing | None = None
    row_scale: RowScale | None = None
    sized_rows: float = 0.0
    lost_between: float = 0.0
    unseen: Unseen | None = None
    untracked: Untracked | None = None
    adding: tuple[str, ...] = ()
    sides: Sides | None = None
    blind_metric: BlindMetric | None = None
    shifted: tuple[int, ...] = ()
    by_turning: float = 0.0
    turning: Order | None = None
    past: Past | None = None
    unmixed: tuple[Pair, Pair] | None = None
    mixed: float = 0.0
    leaks: tuple[int, ...] = ()
    codes: tuple[int, ...] = ()
    as_codes: float = 0.0
    outlier: float = 0.0
    coarse: float = 0.0
    off_a_line: float = np.nan
    renamed: float = 0.0
    names: tuple[int, ...] = ()

    @property
    def baseline(self) -> float:
        """The better of the two baselines; NaN if there is none."""
        return float(np.fmax(self.linear, self.neighbours))


def examine_data(setup: Setup) -> Examination:
    """Measure data, loss and gradient as they are; nothing is trained."""
    are_indices = setup.preprocessing.looks_up  # whose distances and sizes mean nothing
    related = None if setup.task.per_step else _relation(setup, are_indices)
    codes, as_codes = ((), 0.0) if are_indices else find_codes(setup)
    reordered, order = (0.0, ()) if are_indices else column_order(setup)
    by_turning, turning = (0.0, None) if are_indices else turned_validation(setup)
    examination = Examination(
        by_turning=by_turning,
        turning=turning,
        reordered=reordered,
        order=order,
        codes=codes,
        as_codes=as_codes,
        outlier=0.0 if are_indices else farthest_value(setup),
        coarse=0.0 if are_indices else share_of_zeros(setup),
        off_a_line=np.nan if are_indices else share_off_a_line(setup),
        inputs=None if are_indices else measure_inputs(setup),
        relation=related,
        unmixed=unmixed(setup) if _may_be_mixed(related, are_indices) else None,
        mixed=0.0 if are_indices else mixed_axes(setup),
        validation=_validation(setup) if related and not are_indices else np.nan,
        linear=np.nan,
        leaks=() if are_indices else leaking_features(setup),
        own_loss=measure_own_loss(setup),
        by_pairing=change_by_pairing(setup),
        row_scale=find_row_scale(setup),
        sized_rows=0.0 if are_indices else share_of_sized_rows(setup),
        unseen=None if are_indices else find_unseen(setup),
        lost_between=skill_lost_between(setup),
        past=find_past(setup),
        layers=pd.DataFrame(),
        outputs=pd.DataFrame(),
    )
    return with_baselines(_with_flow(examination, setup), setup)


def _with_flow(examination: Examination, setup: Setup) -> Examination:
    """Add what the network lets through, and what of it Keras doesn't know or count rightly."""
    return replace(
        examination,
        cut=find_cut(setup),
        erased=find_erased(setup),
        crossing=find_crossing(setup),
        untracked=find_untracked(setup),
        adding=layers_with_losses(setup),
        sides=find_sides(setup),
        blind_metric=find_blind_metric(setup),
        shifted=shifted_embeddings(setup),
    )


def with_baselines(examination: Examination, setup: Setup) -> Examination:
    """Add what baselines reach at the task that the setup now has."""
    is_seen = setup.test is setup.train  # a row would be its own neighbour
    is_far = setup.preprocessing.looks_up or is_seen
    return replace(
        examination,
        linear=_baseline(setup, linear_skill),
        neighbours=np.nan if is_far else _baseline(setup, neighbour_skill),
    )


def examine(setup: Setup) -> Examination:
    """Measure the data, and the network before training and in its first steps, over the seeds."""
    return with_first_steps(examine_data(setup), setup)


def with_first_steps(
    examination: Examination, setup: Setup, seconds: float = np.inf
) -> Examination:
    """Add the measurements before training and in the first steps, or the error they end in."""
    try:
        layers, outputs = first_steps(setup, seconds)
    except DiagnoseError:
        raise
    except Exception as error:  # whatever TensorFlow says of labels and shapes that don't fit
        return replace(examination, fails=one_line(error))
    return replace(examination, layers=layers, outputs=outputs)


def with_trained(
    examination: Examination, setup: Setup, trained: BuildTrained | None, fails: str
) -> Examination:
    """Add the measurements of the trained models, or the error that training ended in.

    Where the first steps could not be taken one by one, but training could, no layer was measured.
    """
    if trained is None:
        return replace(examination, fails=examination.fails or fails)
    layers, outputs = last_step(setup, trained)
    layers = layers.iloc[:0] if examination.fails else layers
    is_lost = not np.isfinite(outputs.loss).all()
    renamed, names = best_names(setup, trained(setup.seeds[0]))
    return replace(
        examination,
        fails="",
        undefined=find_undefined(setup) if is_lost else None,
        renamed=renamed,
        names=names,
        layers=pd.concat([examination.layers, layers], ignore_index=True),
        outputs=pd.concat([examination.outputs, outputs], ignore_index=True),
    )


def _relation(setup: Setup, are_indices: bool) -> Relation | None:
    """Relate labels to the nearest rows; of tokens, to rows that hold the same ones."""
    if not are_indices:
        related = relate(setup.inputs, setup.train[1])
        if related is None or related.p_value <= UNRELATED:
            return related
        return with_shift(related, setup.all_inputs, setup.whole[0][1])
    tokens = single_input(setup)
    return None if tokens is None or tokens.ndim != 2 else relate_tokens(tokens, setup.train[1])


def _may_be_mixed(related: Relation | None, are_indices: bool) -> bool:
    return related is not None and related.p_value > UNRELATED and not are_indices


def _validation(setup: Setup) -> float:
    if setup.tested_on != "validation data":
        return np.nan
    train, test = (setup.inputs, setup.train[1]), (setup.test_inputs, setup.test[1])
    return relate_validation(train, test)


def _baseline(setup: Setup, score: Callable[..., float]) -> float:
    train, test = (setup.inputs, setup.train[1]), (setup.test_inputs, setup.test[1])
    if setup.task.per_step or _are_same(setup.inputs, as_table(setup.train[1])):
        return np.nan  # an autoencoder's: no feat for a matrix
    return score(setup.task, train, test)


def _are_same(x: Array, y: Array) -> bool:
    return x.shape == y.shape and np.allclose(x, y)
