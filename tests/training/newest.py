"""A mark for what the lowest version of Keras that we allow does not have yet."""

import keras
import pytest

newest_keras = pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"), reason="is of Keras 3.15"
)
