"""A block whose workers are killed is tried again, but not for ever."""

from repro.running.workers import TRIES, Tries
from repro.study.plan import Block


def test_each_block_is_tried_so_often_and_no_more():
    tries, block, other = Tries(), Block("relu", {}), Block("relu", {})
    assert [tries.allow(block) for _ in range(TRIES + 1)] == [True] * (TRIES - 1) + [False] * 2
    assert tries.allow(other)
