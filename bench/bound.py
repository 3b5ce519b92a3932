"""`python -m bench.bound`: the least that the MNIST study can take on this machine.

The multiplications and additions of the layers in all runs, forward, backward and for the
validation after each epoch; the minutes of this machine's cores that they take at the rate at which
these multiply two large float32 matrices; and the minutes of all cores that the committed runs took
where they were made, which may be another machine.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.contest import CORES, RESULTS, show
from bench.fit_seeds import peak
from repro.store.results import read_results
from repro.study.folder import RESULTS as RESULTS_OF_STUDIES
from repro.study.plan import make_plan
from repro.study.schema import load_study

STUDY, PIXELS, DIGITS, TRAINED, VALIDATED = "mnist_relu", 784, 10, 60_000, 10_000


def operations(parameters: Mapping[str, Any]) -> int:
    """Return the multiplications and additions of a run's layers."""
    first, second = (n * parameters["hidden_units"] for n in (PIXELS, DIGITS))
    images = parameters["steps_per_epoch"] * parameters["batch_size"] or TRAINED
    gradients = parameters["frozen"] in ("nothing", "hidden_biases")  # of the first weights
    trained = images * ((1 + gradients) * first + 3 * second)
    return 2 * parameters["epochs"] * (trained + VALIDATED * (first + second))


def table() -> pd.DataFrame:
    """Return the study's operations, the minutes that they take here, and those recorded."""
    study, rate = load_study(STUDY), peak()
    plan = make_plan(study)
    total = sum(len(plan.seeds[v]) * operations(p) for v, p in plan.parameters.items())
    recorded = read_results(RESULTS_OF_STUDIES / STUDY, STUDY).provenance.seconds
    row: dict[str, Any] = {
        "runs": len(plan.runs),
        "operations": f"{total:.3g}",
        "operations_a_second": f"{rate:.3g}",
        "cores": CORES,
        "least_minutes": round(total / rate / 60, 1),
        "minutes_recorded": round(recorded / CORES / 60, 1),
    }
    return pd.DataFrame([row])


if __name__ == "__main__":
    measured = table()
    measured.to_csv(RESULTS / "bound.csv", index=False, lineterminator="\n")
    show(measured)
