"""Take the stages of a process until its first number; nothing is imported before them."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

TRACED: list[str] = []  # the names of the graphs that TensorFlow has traced
RELU = {"hidden_activation": "relu", "input_scale": 1 / 255}
RAW = {"hidden_activation": "relu"}
SIGMOID = {"hidden_activation": "sigmoid"}


def stages() -> Iterator[dict[str, Any]]:
    """Yield what this process takes for each stage, and how many graphs it traces."""
    for name, stage in STAGES.items():
        wall, processor, graphs = time.perf_counter(), time.process_time(), len(TRACED)
        stage()
        yield {
            "stage": name,
            "seconds": time.perf_counter() - wall,
            "processor_seconds": time.process_time() - processor,
            "graphs_traced": len(TRACED) - graphs,
        }


def import_tables() -> None:
    """Import what tables need."""
    import pandas  # noqa: F401


def import_keras() -> None:
    """Import Keras and TensorFlow; from now on each graph that is traced is noted."""
    import repro  # noqa: F401  (keeps TensorFlow from printing)

    import keras  # noqa: F401  isort: skip
    from tensorflow.python.framework import func_graph

    trace = func_graph.func_graph_from_py_func

    def count_and_trace(name: str, *arguments: Any, **options: Any) -> Any:
        TRACED.append(name)
        return trace(name, *arguments, **options)

    func_graph.func_graph_from_py_func = count_and_trace


def import_study() -> None:
    """Import the experiment and what trains it."""
    from repro.mnist_relu import engine, experiment  # noqa: F401


def read_pixels() -> None:
    """Read full MNIST and scale it."""
    from repro.mnist_relu.pixels import tensors
    from repro.mnist_relu.settings import Pixels

    tensors(Pixels(input_scale=RELU["input_scale"]))


def block(settings: dict[str, Any], *seeds: int) -> Callable[[], None]:
    """Return a stage that trains these seeds for an epoch."""

    def train() -> None:
        from repro.mnist_relu.engine import train
        from repro.mnist_relu.settings import make_settings

        train(make_settings(epochs=1, **settings), seeds)

    return train


STAGES: dict[str, Callable[[], None]] = {
    "pandas imported": import_tables,
    "TensorFlow and Keras imported": import_keras,
    "the study imported": import_study,
    "the pixels read and scaled": read_pixels,
    "a block of two seeds, one epoch": block(RELU, 0, 1),
    "other seeds": block(RELU, 2, 3),
    "other pixels": block(RAW, 0, 1),
    "another network": block(SIGMOID, 0, 1),
    "that again, other seeds": block(SIGMOID, 2, 3),
}

if __name__ == "__main__":
    print(json.dumps(list(stages())))
