"""Seeds in lanes, and the steps that are logged."""

from itertools import count

import numpy as np

from repro.training.loops.lanes import in_lanes, into_lanes, out_of_lanes
from repro.training.loops.logged import logged_steps


def test_lanes_hold_one_seed_each_and_give_it_back():
    values = np.arange(5 * 3 * 2).reshape(5, 3, 2)
    blocks = into_lanes(values, 4)
    assert blocks.shape == (2, 3, 2, 4)
    np.testing.assert_array_equal(blocks[1, :, :, 0], values[4])
    assert not blocks[1, :, :, 1:].any()
    np.testing.assert_array_equal(out_of_lanes(blocks, 5), values)


def test_a_job_changes_every_seed_and_leaves_what_it_was_given():
    a, b = np.arange(10.0).reshape(5, 2), np.zeros(5)

    def job(block, sums):
        sums[:] = block.sum(axis=0)
        block *= 2

    doubled, sums = in_lanes(job, 4, a, b)
    np.testing.assert_array_equal(doubled, 2 * a)
    np.testing.assert_array_equal(sums, a.sum(axis=1))
    assert a[0, 1] == 1
    assert not b.any()


def test_logged_steps_end_with_the_last():
    assert logged_steps((1, 10, 100), 10) == [1, 10]
    assert logged_steps((1, 10, 100), 1000) == [1, 10, 100, 1000]
    assert logged_steps((step * 10**i for i in count() for step in (1, 3)), 40) == [
        1,
        3,
        10,
        30,
        40,
    ]
