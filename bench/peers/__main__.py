"""`python -m bench.peers`: `fit_seeds` beside other ways to train many seeds of one network.

Full MNIST, the thread's ReLU network, 8 seeds, 5 epochs. Each contender trains in a process of its
own, after a first call that trains nothing but imports: seconds are from the call to the trained
weights, compilation included; memory is the most that the process and those that it starts hold.
The accuracy tells that all of them train the same network. Run it with the interpreter of
`make peers`, which has what `requirements.txt` in this folder names; no part of the package needs
it.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import Self

import pandas as pd
import psutil

from bench.contest import RESULTS, show
from bench.peers.contenders import CONTENDERS
from bench.peers.task import Task, accuracy, make_task

SEEDS, EPOCHS = 8, 5
LOOKS_EVERY = 0.05  # seconds
BACKENDS = {"keras.Model.fit on JAX": "jax"}  # TensorFlow for the others


def main() -> None:
    """Time all contenders; keep and show the table."""
    with tempfile.TemporaryDirectory() as folder:
        make_task(SEEDS, EPOCHS).save(folder)
        rows = [contest(name, folder) for name in CONTENDERS]
    table = pd.DataFrame(rows)
    table["times_first"] = (table["seconds_a_seed"].iloc[0] / table["seconds_a_seed"]).round(2)
    table.to_csv(RESULTS / "peers.csv", index=False, lineterminator="\n")
    show(table)


def contest(name: str, folder: str) -> dict[str, object]:
    """Return a contender's row, from a process of its own."""
    backend = {"KERAS_BACKEND": BACKENDS.get(name, "tensorflow")}
    process = subprocess.run(
        [sys.executable, "-m", "bench.peers", name, folder],
        env=os.environ | backend,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(process.stdout))


def measure(name: str, folder: str) -> dict[str, object]:
    """Train a task here; return its row."""
    task, train = Task.load(folder), CONTENDERS[name]
    warm_up(task, name)
    with Memory() as memory:
        start = time.perf_counter()
        weights = train(task)
        seconds = time.perf_counter() - start
    return {
        "contender": name,
        "seconds_a_seed": float(f"{seconds / task.seeds:.4g}"),
        "most_mib": memory.peak >> 20,
        "accuracy": round(accuracy(task, *weights), 4),
    }


def warm_up(task: Task, name: str) -> None:
    """Import what a contender needs, by a call that trains a hundred images once."""
    short = Task(
        images=task.images[:100],
        digits=task.digits[:100],
        orders=task.orders[:1, :1, :100] * 0,
        w1=task.w1[:1],
        w2=task.w2[:1],
    )
    CONTENDERS[name](short)


class Memory:
    """Watches how much memory this process and those that it started hold.

    Attributes:
        peak: bytes.
    """

    def __init__(self) -> None:
        self.peak, self._ended = 0, threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(LOOKS_EVERY):
            held = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    held += process.memory_info().rss
                except psutil.Error:  # it has ended
                    continue
            self.peak = max(self.peak, held)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main()
