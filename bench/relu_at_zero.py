"""`python -m bench.relu_at_zero`: the compiled loop against the snippet as a user would run it.

The snippet runs one seed at a time, 200 steps, with its `print` at every step (into nowhere) and
without. Contenders take turns; each number is the best of its turns, since what else the machine
does only ever adds time.
"""

import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout

import numpy as np
from rich.console import Console
from rich.table import Table

from repro.posted.relu_at_zero import Floats, Start
from repro.rebuilt.relu_at_zero import draw
from repro.training.compiled.relu_at_zero import Rule, train
from repro.training.random_mlp import Precision

SEEDS, POSTED_SEEDS, STEPS, TURNS = 1024, 3, 200, 5
LOGGED = np.array([1, STEPS])


def main() -> None:
    """Print seconds per seed and ratios, precision by precision."""
    table = Table(title=f"ReLU'(0): {STEPS} steps, microseconds a seed")
    for heading in ("precision", "snippet, prints", "snippet, silent", "compiled", "ratios"):
        table.add_column(heading, justify="right")
    for precision in ("float64", "float32", "float16"):
        printing, silent, compiled = best_of_turns(contenders(precision))
        numbers = [f"{1e6 * seconds:,.1f}" for seconds in (printing, silent, compiled)]
        ratios = f"{printing / compiled:,.0f} and {silent / compiled:,.0f}"
        table.add_row(precision, *numbers, ratios)
    Console().print(table)


def contenders(precision: str) -> list[Callable[[], float]]:
    """Return what trains and gives the seconds per seed: printing, silent, compiled."""
    starts = [draw(np.random.RandomState(seed)) for seed in range(SEEDS)]
    posted = [Start(*(a.astype(precision) for a in start)) for start in starts[:POSTED_SEEDS]]
    rounded = Precision(precision).rounded
    x, y, w1, w2 = (rounded(np.stack(arrays)) for arrays in zip(*starts, strict=True))
    rule = Rule(0.002, 0.0, 1.0, False, precision == "float16")
    train(x, y, w1, w2, rule, logged=LOGGED)  # compiles, or loads what was compiled
    return [
        lambda: timed(lambda: run_posted(posted, prints=True), POSTED_SEEDS),
        lambda: timed(lambda: run_posted(posted, prints=False), POSTED_SEEDS),
        lambda: timed(lambda: train(x, y, w1, w2, rule, logged=LOGGED), SEEDS),
    ]


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


def timed(job: Callable[[], object], seeds: int) -> float:
    """Return the seconds per seed."""
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        job()
    return (time.perf_counter() - start) / seeds


def best_of_turns(jobs: list[Callable[[], float]]) -> list[float]:
    """Return each job's best time."""
    return np.min([[job() for job in jobs] for _ in range(TURNS)], axis=0).tolist()


if __name__ == "__main__":
    main()
