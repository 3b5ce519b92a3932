"""The MNIST thread's network, trained by `fit` or by `fit_seeds`, as several benches time it."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

from bench.contest import seconds
from repro import fit_seeds
from repro.mnist_relu.settings import Pixels, make_settings

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1"}  # of a product: blocks then train side by side
PLAIN = "keras.Model.fit"


class Job:
    """The thread's ReLU network on pixels/255.

    Args:
        epochs: passes over the images.
        batch_size: images a step.
        images: how many; None for all 60,000.
        settings: others of `repro.mnist_relu.experiment`.
    """

    def __init__(
        self, epochs: int, batch_size: int = 100, images: int | None = None, **settings: Any
    ):
        self._x, self._y = pixels(images)
        self._fit = {"epochs": epochs, "batch_size": batch_size}
        self._settings = make_settings(hidden_activation="relu", **settings)

    def plain(self, steps: int = 1) -> float:
        """Return the seconds of `fit` with that many steps an execution."""
        import keras

        def train() -> object:
            keras.utils.set_random_seed(0)
            model = self._build()
            model.compile(
                model.optimizer,
                "categorical_crossentropy",
                metrics=["accuracy"],
                steps_per_execution=steps,
            )
            return model.fit(self._x, self._y, verbose=0, **self._fit)

        return seconds(train)

    def fused(self, seeds: int) -> float:
        """Return the seconds a seed of `fit_seeds`."""
        data = self._x, self._y
        return (
            seconds(lambda: fit_seeds(self._build, *data, seeds=range(seeds), **self._fit)) / seeds
        )

    def _build(self) -> Any:
        from repro.mnist_relu.rebuilt import build_model

        return build_model(self._settings)


@cache
def pixels(images: int | None) -> tuple[Any, Any]:
    """Return the first so many training images, scaled, and their digits, one-hot."""
    from repro.mnist_relu.pixels import prepare

    (x, y), _ = prepare(Pixels(input_scale=1 / 255))
    return (x, y) if images is None else (x[:images].copy(), y[:images].copy())


def in_another_process(bench: str, arguments: dict[str, Any], flags: dict[str, str]) -> Any:
    """Return what a bench prints, as JSON, when its module is called with these arguments."""
    process = subprocess.run(
        [sys.executable, "-m", bench, json.dumps(arguments)],
        env=os.environ | flags,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(process.stdout)
