"""`python -m bench.bound`: the least that each study can take on this machine.

What a study's networks must multiply and add, at the rate at which this machine does arithmetic of
that kind and nothing else; and the minutes of all cores that the committed runs took where they
were made, which may be another machine, some of them beside other work. Where an amount is not in
the tables, the smaller one is taken: reading memory, drawing, measuring and start-up are left out,
and so are runs that may stop early. No study can be faster than this without fewer numbers.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from bench.contest import CORES, RESULTS, show
from repro.add_numbers.posted import X as SUMS
from repro.four_layers.posted import WIDTHS
from repro.relu_at_zero.posted import D_in, H, N
from repro.store.results import Results, read_results
from repro.study.folder import RESULTS as RESULTS_OF_STUDIES
from repro.study.plan import make_plan
from repro.study.schema import load_study
from repro.truth_table.loop import INPUTS, ROWS, UNITS

PIXELS, DIGITS, TRAINED, VALIDATED = 784, 10, 60_000, 10_000
INKED = 149.9  # pixels of a training image that are not black, their mean
SIGMOID = 35  # operations of one, by the polynomial of `repro.training.loops.exponential`
SIZE, TERMS, REPEATS = 4096, 4, 20_000

Amounts = dict[str, float]  # operations by their kind


def mnist_relu(parameters: Mapping[str, Any], rows: pd.DataFrame) -> Amounts:
    """Products of matrices: of the layers, in training and in validation."""
    first, second = (n * parameters["hidden_units"] for n in (PIXELS, DIGITS))
    images = parameters["steps_per_epoch"] * parameters["batch_size"] or TRAINED
    gradients = parameters["frozen"] in ("nothing", "hidden_biases")  # of the first weights
    trained = images * ((1 + gradients) * first + 3 * second)
    epochs = parameters["epochs"] * len(rows)
    return {"products": 2 * epochs * (trained + VALIDATED * (first + second))}


def relu_at_zero(parameters: Mapping[str, Any], rows: pd.DataFrame) -> Amounts:
    """Sums from left to right, of inputs that are not zero: half of what ReLU gives."""
    if parameters["network"] == "snippet":
        trained = rows.runs_to_end.sum() * 2  # with the derivative and with 0
        weights = N * H * (3 * D_in + 3)
        return {"float64": 2 * trained * parameters.get("steps", 200) * weights}
    layers, units = parameters.get("hidden_layers", 3), parameters.get("hidden_units", 256)
    images = rows.looked_at.sum() / (layers * units)
    terms = INKED * units + (layers - 1) * units**2 / 2 + units * DIGITS / 2
    kind = "float64" if parameters["precision"] == "float64" else "float32"
    return {kind: 2 * images * terms}


def four_layers(parameters: Mapping[str, Any], rows: pd.DataFrame) -> Amounts:
    """Products forward and back for each image, and the weights' changes, in 64 bits."""
    _, first, second, outputs = WIDTHS
    active = 1.0 if parameters["hidden_activation"] == "sigmoid" else 0.5  # of the units
    rest = active * (first * second + second * outputs)
    image = 2 * (INKED * first + rest) + first * second + second * outputs
    images = parameters["images"] * parameters["epochs"] * (1 + bool(parameters["twin"]))
    ended = rows[(rows.status == "ok") & (rows.died == 0)]  # others learn less
    return {"contracted": 2 * len(ended) * images * image}


def truth_table(parameters: Mapping[str, Any], rows: pd.DataFrame) -> Amounts:
    """All samples at once; without a sigmoid a network may stop early, and is not counted."""
    hidden, output = (
        parameters[f"{layer}_activation"] == "sigmoid" for layer in ("hidden", "output")
    )
    if not output:
        return {}
    weights = INPUTS * UNITS + UNITS
    step = 2 * (2 * weights + UNITS) + SIGMOID * (UNITS * hidden + output)
    return {"contracted": len(rows) * parameters["iterations"] * ROWS * step}


def add_numbers(parameters: Mapping[str, Any], rows: pd.DataFrame) -> Amounts:
    """One sample after the other: forward, back, and the weights' changes."""
    units, layers = parameters["hidden_units"], parameters["hidden_layers"]
    inner = (layers - 1) * units**2 + units
    weights = SUMS.shape[1] * units + inner
    curved = [parameters[f"{layer}_activation"] for layer in ("hidden", "output")]
    sigmoids = sum(
        count * (name in ("sigmoid", "tanh"))
        for name, count in zip(curved, (layers * units, 1), strict=True)
    )
    sample = 2 * (2 * weights + inner) + SIGMOID * sigmoids
    return {"contracted": len(rows) * parameters["epochs"] * len(SUMS) * sample}


STUDIES: dict[str, Callable[[Mapping[str, Any], pd.DataFrame], Amounts]] = {
    study.__name__: study
    for study in (mnist_relu, relu_at_zero, four_layers, truth_table, add_numbers)
}


def rates() -> dict[str, float]:
    """Return the operations a second of all cores, by kind.

    By processor time, so that other work beside this one matters less.
    """
    import tensorflow as tf

    matrix, numbers = tf.random.normal((SIZE, SIZE)), np.full(1024, 0.25)
    repeated = 2 * TERMS * len(numbers) * REPEATS
    jobs = {
        "products": (lambda: (matrix @ matrix).numpy(), 2 * SIZE**3),
        "float32": (lambda: _multiply_add(numbers.astype(np.float32), REPEATS), repeated),
        "float64": (lambda: _multiply_add(numbers, REPEATS), repeated),
        "contracted": (lambda: _contracted(numbers, REPEATS), repeated),
    }
    return {kind: CORES * count / _seconds(job) for kind, (job, count) in jobs.items()}


def _seconds(job: Callable[[], object]) -> float:
    """Return the processor seconds of a call, the least of ten; the first compiles."""
    job()
    seconds = []
    for _ in range(10):
        start = time.process_time()
        job()
        seconds.append(time.process_time() - start)
    return min(seconds)


def _polynomials(x, repeats):  # type: ignore[no-untyped-def]
    """Multiply and add in registers; with more `TERMS` one would wait for the other."""
    for _ in range(repeats):
        for k in range(len(x)):
            value = x[k]
            total = value
            for _ in range(TERMS):
                total = total * value + value
            x[k] = total * x.dtype.type(0.5)


_multiply_add = njit(_polynomials)
_contracted = njit(_polynomials, fastmath={"contract"})


def amounts(results: Results) -> Amounts:
    """Return the operations of a study's runs, by kind."""
    totals: Amounts = {}
    plan = make_plan(load_study(results.provenance.experiment))
    for variant, rows in results.runs.groupby("variant"):
        parameters = plan.parameters[str(variant)]
        if parameters.get("engine", "compiled") == "compiled":
            own = STUDIES[results.provenance.experiment](parameters, rows)
            for kind, operations in own.items():
                totals[kind] = totals.get(kind, 0) + operations
    return totals


def table() -> pd.DataFrame:
    """Return, for each study, its operations, their least minutes here, and those recorded."""
    measured, rows = rates(), []
    for study in STUDIES:
        results = read_results(RESULTS_OF_STUDIES / study, study)
        totals = amounts(results)
        seconds = {kind: count / measured[kind] for kind, count in totals.items()}
        kind = max(seconds, key=seconds.__getitem__)
        rows.append(
            {
                "study": study,
                "runs": len(results.runs),
                "operations": f"{sum(totals.values()):.3g}",
                "mostly": kind,
                "a_second": f"{measured[kind]:.3g}",
                "cores": CORES,
                "least_minutes": round(sum(seconds.values()) / 60, 1),
                "minutes_recorded": round(results.provenance.seconds / CORES / 60, 1),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    measured = table()
    measured.to_csv(RESULTS / "bound.csv", index=False, lineterminator="\n")
    show(measured)
