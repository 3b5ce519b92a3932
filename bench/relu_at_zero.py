"""`python -m bench.relu_at_zero`: the compiled loop against the snippet as a user would run it.

The snippet runs one seed at a time, 200 steps, with its `print` at every step (into nowhere) and
without.
"""

import io
from collections.abc import Callable
from contextlib import redirect_stdout

import numpy as np

from bench.contest import Contest, run, seconds, show
from repro.relu_at_zero.loop import train
from repro.relu_at_zero.posted import Floats, Start
from repro.relu_at_zero.precision import Precision
from repro.relu_at_zero.rebuilt import draw, rule_of
from repro.relu_at_zero.settings import PrecisionName, Snippet

SEEDS, POSTED_SEEDS, STEPS = 1024, 3, 200
LOGGED = np.array([1, STEPS])
PRECISIONS: tuple[PrecisionName, ...] = ("float64", "float32", "float16")


def contests() -> dict[str, Contest]:
    """Return a contest for each precision."""
    return {
        f"{precision}, {STEPS} steps, a seed": contenders(precision) for precision in PRECISIONS
    }


def contenders(precision: PrecisionName) -> Contest:
    """Return what trains and gives the seconds per seed."""
    starts = [draw(np.random.RandomState(seed)) for seed in range(SEEDS)]
    posted = [Start(*(a.astype(precision) for a in start)) for start in starts[:POSTED_SEEDS]]
    rounded = Precision(precision).rounded
    x, y, w1, w2 = (rounded(np.stack(arrays)) for arrays in zip(*starts, strict=True))
    rule = rule_of(Snippet(precision=precision))
    train(x, y, w1, w2, rule=rule, logged=LOGGED)  # compiles, or loads what was compiled
    return {
        "the snippet": lambda: silently(lambda: run_posted(posted, prints=True)) / POSTED_SEEDS,
        "without print": lambda: silently(lambda: run_posted(posted, prints=False)) / POSTED_SEEDS,
        "compiled": lambda: silently(lambda: train(x, y, w1, w2, rule=rule, logged=LOGGED)) / SEEDS,
    }


def run_posted(starts: list[Start], prints: bool) -> None:
    """Run the thread's loop once a start."""
    for start in starts:
        _run_posted(*(a.copy() for a in start), prints=prints)


def _run_posted(x: Floats, y: Floats, w1: Floats, w2: Floats, *, prints: bool) -> None:
    loss_col = []
    for t in range(STEPS):
        h = x.dot(w1)
        h_relu = np.maximum(h, 0)
        y_pred = h_relu.dot(w2)
        loss = np.square(y_pred - y).sum()
        loss_col.append(loss)
        if prints:
            print(t, loss, y_pred)
        grad_y_pred = 2.0 * (y_pred - y)
        grad_w2 = h_relu.T.dot(grad_y_pred)
        grad_h_relu = grad_y_pred.dot(w2.T)
        grad_h = grad_h_relu.copy()
        grad_h[h < 0] = 0
        grad_w1 = x.T.dot(grad_h)
        w1 -= 0.002 * grad_w1
        w2 -= 0.002 * grad_w2


def silently(job: Callable[[], object]) -> float:
    """Return the wall time of a call that prints into nowhere."""
    with redirect_stdout(io.StringIO()):
        return seconds(job)


if __name__ == "__main__":
    show(run("relu_at_zero"))
