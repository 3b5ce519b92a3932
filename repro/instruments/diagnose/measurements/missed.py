"""Find a rare class that the trained network hardly ever names, though it tells the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.renamed import predicted_places
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import class_places

RARE = 0.5  # of an equal share of the rows: a class of fewer is rare
FEWEST_ROWS = 10  # of a class among those scored on, from which its share right tells something


@dataclass(frozen=True)
class Missed:
    """A rare class: its `label`, its `share` of the rows, and the share of its rows `missed`."""

    label: float
    share: float
    missed: float


def missed_class(setup: Setup, models: Sequence[Any]) -> Missed | None:
    """Return the rare class of which the models miss most rows; None if no class is rare.

    Where one class has nearly all rows, all classes count alike from the start.

    Args:
        setup: the training that is diagnosed.
        models: trained ones, each from another seed.
    """
    task = setup.task
    if not task.classes or task.per_step or task.factors or len(setup.output_shape) != 2:
        return None
    places = class_places(task, setup.test[1])
    counts = np.bincount(places, minlength=task.classes)
    rare = np.flatnonzero((counts >= FEWEST_ROWS) & (counts < RARE * len(places) / task.classes))
    wrong = [_wrong(setup, model, places) for model in models] if rare.size else []
    known = [row for row in wrong if row is not None]
    if not known or len(known) < len(wrong):
        return None
    missed = {int(k): min(float(row[places == k].mean()) for row in known) for k in rare}
    worst = max(missed, key=lambda k: missed[k])
    label = task.labels[worst] if task.labels else worst
    return Missed(float(label), float(counts[worst] / len(places)), missed[worst])


def _wrong(setup: Setup, model: Any, places: Array) -> Array | None:
    """Tell of every row whether another class is predicted; None if predictions aren't numbers."""
    predictions = np.asarray(model.predict(setup.test[0], batch_size=1024, verbose=0))
    if not np.isfinite(predictions).all():
        return None
    return np.asarray(predicted_places(setup, predictions) != places)
