"""Rounding to float16, and lanes."""

import numpy as np

from repro.relu_at_zero.loop import LANES, Rule, to_half, train


def every_half() -> np.ndarray:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    return halves[np.isfinite(halves)]


def test_to_half_is_numpys_cast_at_and_around_every_tie() -> None:
    halves = np.sort(every_half())
    ties = ((halves[1:].astype(float) + halves[:-1]) / 2).astype(np.float32)
    above, below = (np.nextafter(ties, np.float32(side)) for side in (np.inf, -np.inf))
    edges = np.array([65504, 65519.996, 65520, 1e30, -65520, np.inf, -np.inf], np.float32)
    for values in (halves, ties, above, below, edges):
        with np.errstate(over="ignore"):
            expected = values.astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(to_half(values), expected)
    assert np.isnan(to_half(np.array([np.nan], np.float32))).all()


def test_to_half_keeps_shape_and_takes_any_layout() -> None:
    values = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    expected = values.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(to_half(values), expected)
    np.testing.assert_array_equal(to_half(values.T), expected.T)


def test_a_seeds_place_in_the_lanes_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    shapes = ((4, 3), (4, 1), (3, 30), (30, 1))
    starts = [rng.normal(size=(LANES + 2, *shape)) for shape in shapes]
    rule, logged = Rule(0.01), np.array([1, 5])
    together = train(*starts, rule, logged=logged)
    alone = train(*(a[[LANES + 1, 0]] for a in starts), rule, logged=logged)
    for name in ("w1", "w2", "losses"):
        np.testing.assert_array_equal(getattr(together, name)[[LANES + 1, 0]], getattr(alone, name))


def test_training_leaves_its_arguments_alone_and_moves_the_weights() -> None:
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=(2, *s)) for s in ((4, 3), (4, 1), (3, 30), (30, 1))]
    before = [a.copy() for a in starts]
    trained = train(*starts, Rule(0.002), logged=np.array([3]))
    for a, b in zip(starts, before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (trained.w1 != starts[2]).any()
    assert (trained.w2 != starts[3]).any()
