"""A Keras layer that counts the images which no hidden unit sees, or which teach nothing."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from repro.mnist_relu.read_out import read_out

NAMES = ("silent_images", "silent_correct", "stuck_images")


class ImageActivity(keras.layers.Layer):
    """Pass outputs on unchanged and report, when evaluating, what becomes of the images.

    Its inputs are outputs, the output layer's sums and digits, of shape (batch, 10), and hidden
    activations (batch, units). Over an evaluation the model then also reports shares of images:

    - `silent_images`: all hidden units are exactly zero. The network then sees nothing of the
      image: its outputs are those of the output layer's biases alone;
    - `silent_correct`: silent, and called right all the same;
    - `stuck_images`: called wrong, and all derivatives of the loss by the output layer's sums are
      exactly zero, so that training on the image would change nothing.

    While training it does nothing, and its names read 0 in the training columns of the history.

    Args:
        activation: of the output layer.
        clips: whether the outputs are clipped.
    """

    def __init__(self, activation: str, clips: bool):
        super().__init__()
        self.activation, self.clips = activation, clips

    def build(self, input_shape: Any) -> None:
        """Make the metrics' variables."""
        self.shares = [keras.metrics.Mean(name=name) for name in NAMES]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the outputs' shape, which Keras would trace a call for."""
        return input_shape[0]

    def call(self, inputs: list[Any], training: bool | None = None) -> Any:
        """Return the outputs unchanged."""
        outputs, sums, hidden, digits = inputs
        if not training:
            silent = ops.all(hidden == 0, axis=1)
            right = ops.argmax(outputs, axis=1) == ops.argmax(digits, axis=1)
            teaches = ops.any(self._gradient(sums, digits) != 0, axis=1)
            events = (silent, silent & right, ~right & ~teaches)
            for share, images in zip(self.shares, events, strict=True):
                share.update_state(ops.cast(images, share.dtype))
        return outputs

    def _gradient(self, sums: Any, digits: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(sums)
            outputs = read_out(sums, self.activation, self.clips)
            loss = keras.losses.categorical_crossentropy(digits, outputs)
        return tape.gradient(loss, sums)
