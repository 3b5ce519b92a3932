"""`python -m bench.four_layers`: the compiled loop against the posted numpy code, per seed.

One pass over the 60,000 images of MNIST. The posted code learns the first 1,000 of them and is
extrapolated; the loop learns them all, with one seed on one core and with a seed a core, compiled
beforehand. Contenders take turns; medians of three. Times depend on the machine, and on what else
it does, ratios less so.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bench.contest import CORES, Contest, run, seconds, show
from repro.data import load
from repro.four_layers.loop import Images, sparse, train
from repro.four_layers.posted import PostedNetwork, scaled, targets_of
from repro.four_layers.rebuilt import as_layers, draw, rule_of
from repro.four_layers.settings import Settings

POSTED_IMAGES = 1_000
NETWORKS = {
    "sigmoid, rate 0.1": Settings(hidden_activation="sigmoid", output_activation="sigmoid"),
    "ReLU, rate 0.001 (alive)": Settings(learning_rate=0.001),
    "ReLU, rate 0.1 (dies)": Settings(),
}


def posted_pass(settings: Settings, x: np.ndarray, y: np.ndarray) -> float:
    """Return the seconds of a pass of the posted code over 60,000 images, extrapolated."""
    weights = draw(settings, np.random.RandomState(0).normal)
    network = PostedNetwork(
        weights, activation=settings.hidden_activation, learning_rate=settings.learning_rate
    )

    def learn() -> None:
        for image, target in zip(x, y, strict=True):
            network.train(image, target)

    with np.errstate(all="ignore"):  # ReLU as posted overflows
        return seconds(learn) * 60_000 / len(x)


def compiled_pass(settings: Settings, images: Images, seeds: int) -> float:
    """Return the seconds per seed of a pass of the loop, all seeds at once, a thread a seed."""
    order, rule = np.arange(len(images.label)), rule_of(settings)

    def learn(seed: int) -> None:
        layers = as_layers(draw(settings, np.random.RandomState(seed).normal))
        train(layers, images, order, rule=rule, correct=np.zeros(len(order), bool))

    with ThreadPoolExecutor(seeds) as pool:
        return seconds(lambda: list(pool.map(learn, range(seeds)))) / seeds


def contests() -> dict[str, Contest]:
    """Return a contest for each network."""
    digits = load("mnist")
    x, y = scaled(digits.x_train[:POSTED_IMAGES]), targets_of(digits.y_train[:POSTED_IMAGES])
    images = sparse(digits.x_train, digits.y_train)
    compiled_pass(NETWORKS["sigmoid, rate 0.1"], sparse(digits.x_test[:9], digits.y_test[:9]), 1)
    return {
        f"{name}: 60,000 online updates, a seed": {
            "as posted": lambda s=settings: posted_pass(s, x, y),
            "compiled, 1 core": lambda s=settings: compiled_pass(s, images, 1),
            f"compiled, {CORES} cores": lambda s=settings: compiled_pass(s, images, CORES),
        }
        for name, settings in NETWORKS.items()
    }


if __name__ == "__main__":
    show(run("four_layers"))
