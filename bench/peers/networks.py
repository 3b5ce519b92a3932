"""`python -m bench.peers.networks`: other networks than the thread's, by ways that map a model.

A small CNN, an LSTM and a block of attention, as Keras has them, 8 seeds, 3 epochs of 5,120 rows in
batches of 128, plain SGD. JAX trains the same Keras model on its backend, mapped over the seeds.
PyTorch is not among them: `torch.func` can't map Keras' convolution, and maps its attention by a
loop. Each contender runs in a process of its own: seconds are from the call to the trained weights,
compilation included; the loss tells that all train the same network. Run it with the interpreter of
`make peers`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.contest import RESULTS, show
from bench.peers.__main__ import Memory

SEEDS, EPOCHS, ROWS, BATCH, RATE = 8, 3, 5_120, 128, 0.05
NETWORKS = ("cnn", "lstm", "transformer")
Stacked = list[NDArray[Any]]  # a model's weights, each stacked over the seeds


def main() -> None:
    """Time all contenders; keep and show the table."""
    rows = []
    for network in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            in_a_process("tensorflow", network, folder, "first weights")
            for name, (backend, _) in CONTENDERS.items():
                rows.append(json.loads(in_a_process(backend, network, folder, name)))
    table = pd.DataFrame(rows)
    fit = table.groupby("network")["seconds_a_seed"].transform("first")
    table["times_fit"] = (fit / table["seconds_a_seed"]).round(2)
    table.to_csv(RESULTS / "peers_networks.csv", index=False, lineterminator="\n")
    show(table)


def in_a_process(backend: str, *arguments: str) -> str:
    """Return what this module prints, called with arguments, with a backend of Keras."""
    process = subprocess.run(
        [sys.executable, "-m", "bench.peers.networks", *arguments],
        env=os.environ | {"KERAS_BACKEND": backend},
        stdout=subprocess.PIPE,
        check=True,
    )
    return process.stdout.decode()


def build(network: str) -> Any:
    """Return a network with plain SGD, on whatever backend Keras has."""
    import keras

    from bench.models import network as of_models

    model = of_models(network, dropout=0.0)
    model.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
    return model


def rows(network: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return inputs and labels."""
    from bench.models import READ

    rng = np.random.default_rng(0)
    x = rng.integers(0, 1000, (ROWS, 40)) if network in READ else rng.random((ROWS, 28, 28))
    labels = (x.reshape(ROWS, -1)[:, :10]).argmax(axis=1)
    return x.astype("int32" if network in READ else "float32"), labels.astype("int32")


def orders(seed: int) -> NDArray[np.int64]:
    """Return the samples of all steps of a seed, shape (steps, batch)."""
    from repro import data_order

    passes = [data_order(seed, epoch + 1, ROWS) for epoch in range(EPOCHS)]
    return np.stack(passes).reshape(-1, BATCH)


def save_first_weights(network: str, file: Path) -> None:
    """Write the first weights of every seed, as `fit_seeds` draws them."""
    import keras

    drawn = []
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        drawn.append(build(network).get_weights())
    np.savez(file, *[np.stack(weights) for weights in zip(*drawn, strict=True)])


def by_fit(network: str, first: Stacked) -> Stacked:
    """`keras.Model.fit`, a seed after the other."""
    x, y = rows(network)
    trained = []
    for seed in range(SEEDS):
        model = build(network)
        model.set_weights([w[seed] for w in first])
        for order in orders(seed).reshape(EPOCHS, -1):
            model.fit(x[order], y[order], batch_size=BATCH, shuffle=False, verbose=0)
        trained.append(model.get_weights())
    return [np.stack(weights) for weights in zip(*trained, strict=True)]


def by_fit_seeds(network: str, first: Stacked) -> Stacked:
    """`repro.fit_seeds`, whose seeds draw the first weights and orders by themselves."""
    import repro

    options = {"epochs": EPOCHS, "batch_size": BATCH, "verbose": 0}
    fit = repro.fit_seeds(lambda: build(network), *rows(network), seeds=SEEDS, **options)
    trained = [fit.model(seed).get_weights() for seed in range(SEEDS)]
    return [np.stack(weights) for weights in zip(*trained, strict=True)]


def by_jax(network: str, first: Stacked) -> Stacked:
    """JAX: all steps of a seed in one `scan`, mapped over the seeds."""
    import jax
    import jax.numpy as jnp
    import keras

    model = build(network)
    x, y = map(jnp.asarray, rows(network))
    fixed = [v.value for v in model.non_trainable_variables]

    def loss(weights: Any, chosen: Any) -> Any:
        outputs, _ = model.stateless_call(weights, fixed, x[chosen], training=True)
        return keras.losses.sparse_categorical_crossentropy(y[chosen], outputs).mean()

    def step(weights: Any, chosen: Any) -> Any:
        change = jax.grad(loss)(weights, chosen)
        return [w - RATE * g for w, g in zip(weights, change, strict=True)], None

    def train(weights: Any, steps: Any) -> Any:
        return jax.lax.scan(step, weights, steps)[0]

    steps = jnp.asarray(np.stack([orders(seed) for seed in range(SEEDS)]))
    return [*map(np.asarray, jax.jit(jax.vmap(train))([*map(jnp.asarray, first)], steps))]


CONTENDERS: dict[str, tuple[str, Callable[[str, Stacked], Stacked]]] = {
    "keras.Model.fit": ("tensorflow", by_fit),
    "keras.Model.fit on JAX": ("jax", by_fit),
    "fit_seeds": ("tensorflow", by_fit_seeds),
    "JAX vmap and scan": ("jax", by_jax),
}


def measure(network: str, file: Path, name: str) -> dict[str, Any]:
    """Train all seeds here; return the contender's row."""
    import keras  # noqa: F401  imported before the clock starts

    with np.load(file) as saved:
        first = [saved[key] for key in saved.files]
    with Memory() as memory:
        start = time.perf_counter()
        trained = CONTENDERS[name][1](network, first)
        seconds = time.perf_counter() - start
    model = build(network)
    x, y = rows(network)
    model.set_weights([w[0] for w in trained])
    loss = model.evaluate(x, y, batch_size=1024, verbose=0)
    return {
        "network": network,
        "contender": name,
        "seconds_a_seed": float(f"{seconds / SEEDS:.4g}"),
        "most_mib": memory.peak >> 20,
        "loss_of_seed_0": round(float(loss), 5),
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        network_name, folder_name, contender = sys.argv[1:]
        weights_file = Path(folder_name, "first.npz")
        if contender == "first weights":
            save_first_weights(network_name, weights_file)
        else:
            print(json.dumps(measure(network_name, weights_file, contender)))
    else:
        main()
