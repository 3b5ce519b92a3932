"""The outputs of thread 002's network, made of its output layer's sums."""

from typing import Any

LOWEST, HIGHEST = 1e-10, 0.999999  # the second answer's limits of a clipped output


def read_out(sums: Any, activation: str, clips: bool) -> Any:
    """Return the network's outputs for the output layer's sums (batch, 10).

    Args:
        sums: of the output layer.
        activation: its activation.
        clips: whether the outputs are clipped.
    """
    import keras

    outputs = keras.activations.get(activation)(sums)
    return keras.ops.clip(outputs, LOWEST, HIGHEST) if clips else outputs
