"""The number of seeds in a block, and of blocks that train side by side."""

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.training.feeding.batches import Batches
from repro.training.job import Job

CACHE = 6.5 * 2**20  # bytes that one core's step may go over and stay fast; see bench/README.md
SEEDS_A_BLOCK = 8  # where threads share a block, which want large products


def most_at_once(job: Job, seeds: Sequence[int], *, one_thread: bool) -> int:
    """Return how many seeds make a block where nobody says.

    Args:
        job: what to train.
        seeds: all of them.
        one_thread: whether processes of one thread each are to train them.
    """
    if isinstance(job.data, Batches):
        return len(seeds)  # so that the data set is read once
    if not (one_thread or one_thread_a_block()) or not job.data.dense:
        return SEEDS_A_BLOCK  # threads that share a block want large products
    return fit_in_cache(weights=job.cost.weights, inputs=job.cost.inputs)


def split_evenly(seeds: list[int], size: int, *, in_pairs: bool = False) -> list[list[int]]:
    """Return blocks of at most `size` seeds, as equal as they can be.

    In pairs, none is left that has several cores for itself; the blocks do not depend on how many
    cores there are, so that neither do the numbers.
    """
    # `mnist_relu` leaves no seed alone, either, but by its `block_size`: that rule makes blocks of
    # three, this one of two. Made one, they would change the bits of that study's numbers.
    count = -(-len(seeds) // size)
    if in_pairs and count > 1:
        count = min(count + count % 2, len(seeds))
    return [block.tolist() for block in np.array_split(seeds, count)]


def seeds_in_cache(model: keras.Model, batch: Any) -> int:
    """Return how many seeds, 2 to 8, one core should train at once, by measurement.

    Args:
        model: any seed's.
        batch: the inputs of one step, an array or a list or dict of them.
    """
    inputs = sum(np.asarray(a).nbytes for a in keras.tree.flatten(batch))
    weights = sum(np.asarray(v).nbytes for v in model.trainable_variables)
    return fit_in_cache(weights=weights, inputs=inputs)


def fit_in_cache(*, weights: int, inputs: int) -> int:
    """Return how many seeds, 2 to 8, fit a core's cache: bytes of a seed's weights, and inputs."""
    # a step goes over the weights, their gradient and their change
    return min(SEEDS_A_BLOCK, max(2, int(CACHE // (inputs + 3 * weights))))


def blocks_at_once() -> int:
    """Return how many blocks train side by side: as many as cores, if each gets one thread."""
    inter = tf.config.threading.get_inter_op_parallelism_threads()
    inter = inter or int(os.environ.get("TF_NUM_INTEROP_THREADS") or os.cpu_count() or 1)
    return inter if one_thread_a_block() else 1


def one_thread_a_block() -> bool:
    """Return whether TensorFlow computes a product in one thread, in this process."""
    # Threads that share one block's products spend a quarter of their time on keeping in step. Each
    # on a block of its own need not; but only TensorFlow's user can say that products get one.
    intra = tf.config.threading.get_intra_op_parallelism_threads()
    return str(intra or os.environ.get("TF_NUM_INTRAOP_THREADS")) == "1"
