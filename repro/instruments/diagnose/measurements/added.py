"""Find layers that add losses of their own, such as the divergence of a variational autoencoder."""

from typing import Any

from repro.instruments.diagnose.setup.arrays import first_rows
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 2


def layers_with_losses(setup: Setup) -> tuple[str, ...]:
    """Return the classes of the layers that call `add_loss`, in their order."""
    model = setup.build()
    try:
        model(first_rows(setup.train[0], ROWS), training=True)
    except Exception:  # rows that it can't take are looked at elsewhere
        return ()
    layers = [layer for layer in model._flatten_layers() if adds_losses(layer)]
    return tuple(dict.fromkeys(type(layer).__name__ for layer in layers))


def adds_losses(layer: Any) -> bool:
    """Tell whether a layer that was called added a loss that is no penalty on its activations."""
    is_penalty = getattr(layer, "activity_regularizer", None) is not None
    return bool(layer._losses) and not is_penalty
