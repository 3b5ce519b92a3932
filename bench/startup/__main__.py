"""`python -m bench.startup`: times what comes before the MNIST study's first number, by stage.

A fresh process of one thread, as the study's workers are, imports its libraries, reads the data and
trains blocks of two seeds for an epoch. Of each stage: its seconds, those of the processor, and how
many graphs TensorFlow traced, which shows that a block whose graph is there traces none.
"""

from statistics import median
from typing import Any

import pandas as pd

from bench.contest import REPEATS, RESULTS, show
from bench.mnist_job import ONE_THREAD, in_another_process

TIMES = ("seconds", "processor_seconds")


def table() -> pd.DataFrame:
    """Return the stages with the medians of several processes, and the seconds from the start."""
    rounds = [in_another_process("bench.startup.stages", {}, ONE_THREAD) for _ in range(REPEATS)]
    stages = pd.DataFrame([middle(runs) for runs in zip(*rounds, strict=True)])
    stages.insert(2, "seconds_from_start", stages.seconds.cumsum())
    return stages.round(2)


def middle(runs: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return a stage of several processes with the medians of what each took."""
    return runs[0] | {key: median(stage[key] for stage in runs) for key in TIMES}


if __name__ == "__main__":
    measured = table()
    measured.to_csv(RESULTS / "startup.csv", index=False, lineterminator="\n")
    show(measured)
