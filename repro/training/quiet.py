"""Let TensorFlow keep its notes on graphs to itself; those on its start, `repro.startup` holds."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow


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
