"""Tell a loss that asks for distances: small outputs for pairs that belong together, labelled 1."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import is_own_loss

NEXT_TO_NOTHING = 0.01  # of the loss of outputs that equal the labels


def asks_for_distances(loss: Any, y: Array, units: int) -> bool:
    """Tell whether a loss of the user's own is next to 0 if every label is answered by the other.

    A loss that rewards error by mistake has no such floor: it falls below 0.
    """
    labels = np.asarray(y, "float32").reshape(len(y), -1)
    if not is_own_loss(loss) or units != 1 or set(np.unique(labels)) != {0.0, 1.0}:
        return False
    try:
        losses = [np.asarray(loss(labels, p)) for p in (labels, 1 - labels)]
    except Exception:  # whatever a function of the user's raises on such predictions
        return False
    of_labels, of_others = (float(np.mean(values)) for values in losses)
    return 0 <= of_others <= NEXT_TO_NOTHING * of_labels and of_labels > 0
