"""Let TensorFlow keep its notes on graphs to itself; those on its start, `repro.startup` holds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow

BACKEND = os.environ.get("KERAS_BACKEND") or "tensorflow"
if BACKEND != "tensorflow":  # before Keras is imported, which fails without a word on this package
    raise ImportError(f"repro needs Keras on TensorFlow: KERAS_BACKEND=tensorflow, not {BACKEND}")


@contextmanager
def without_graph_notes() -> Iterator[None]:
    """Hold back TensorFlow's notes on graphs: that there are many, and what can not be mapped."""
    logger = tensorflow.get_logger()
    level = logger.level
    logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        logger.setLevel(level)
