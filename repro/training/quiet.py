"""Import TensorFlow without its notes on start-up, which no setting of its own silences."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what is written to standard error; pass it on if what is done inside fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


with quiet_start():
    import tensorflow  # for what it says when first imported

    tensorflow.constant(0)  # and when it first computes


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
