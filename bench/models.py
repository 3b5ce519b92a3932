"""`python -m bench.models [NETWORK …]`: fit_seeds against keras.Model.fit on kinds of network.

Eight seeds, batches of 32 and 128, 40 steps an epoch, Adam. Seconds are of an epoch and a seed once
graphs are built; `start` is what the first epoch of eight seeds takes besides, `check` what the
self-check adds to that; `start_fit` is eight times what the first epoch of `fit` takes besides.
All of a row is measured three times, one call after the other, and the medians count. What the
three do not agree on, whether it is more than nothing, can't be told and is left empty. MiB is what
a process grows by, at its peak. Each row is a process of its own. Networks that are named are
measured alone; the other rows stay as they are. The table is printed in docs/fit-seeds.md, too.
"""

import json
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.progress import track

from bench.contest import RESULTS, seconds, show
from bench.growth import peak_memory
from bench.mnist_job import in_another_process
from bench.pages import splice
from repro.findings.markdown import markdown_table

SEEDS, STEPS, REPEATS = 8, 40, 3
USUAL_EPOCHS, EPOCHS = 3, {"mlp": 60}  # enough to be told from the start
NETWORKS = ("mlp", "cnn", "convnet", "lstm", "words", "transformer", "autoencoder")
READ = ("words", "transformer")  # ids, in place of images
SIZES = (32, 128)
PAGE = Path(__file__).parent.parent / "docs" / "fit-seeds.md"
TITLES = {
    "mlp": "784-100-10",
    "cnn": "small CNN: 8 and 16 filters",
    "convnet": "CNN: 32 and 64 filters",
    "lstm": "LSTM over image rows",
    "words": "embedding and LSTM",
    "transformer": "block of attention",
    "autoencoder": "convolutional autoencoder",
}
COLUMNS = {  # of the table in Markdown; what counts comes first, where a phone shows it
    "times": "times",
    "fit": "`fit`, ms",
    "fit_seeds": "`fit_seeds`, ms",
    "start_fit": "graphs of `fit`, s",
    "start": "graphs, s",
    "check": "self-check, s",
    "mib_fit": "`fit`, MiB",
    "mib": "MiB",
}


def network(name: str, dropout: float = 0.1) -> Any:
    """Return a network, compiled; inputs are 28 x 28 images, or ids."""
    import keras
    from keras import layers

    dense = layers.Dense(10, activation="softmax")
    if name == "transformer":
        model = transformer(dense, dropout)
    else:
        inputs = keras.Input((40,), dtype="int32") if name in READ else keras.Input((28, 28))
        model = keras.Sequential([inputs, *stack(name, dense)])
    loss = "mse" if name == "autoencoder" else "sparse_categorical_crossentropy"
    model.compile("adam", loss)
    return model


def stack(name: str, dense: Any) -> list[Any]:
    """Return the layers of a network behind its inputs; `dense` is the last one of a classifier."""
    from keras import layers

    stacks = {
        "mlp": lambda: [layers.Flatten(), layers.Dense(100, activation="relu"), dense],
        "cnn": lambda: [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            dense,
        ],
        "convnet": lambda: [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            dense,
        ],
        "lstm": lambda: [layers.LSTM(32), dense],
        "words": lambda: [layers.Embedding(1000, 32, mask_zero=True), layers.LSTM(32), dense],
        "autoencoder": lambda: [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
            layers.Flatten(),
            layers.Reshape((28, 28)),
        ],
    }
    return stacks[name]()


def transformer(dense: Any, dropout: float) -> Any:
    """Return a small text classifier: embedding, one block of attention, average, two layers."""
    import keras
    from keras import layers

    ids = keras.Input((40,), dtype="int32")
    embedded = layers.Embedding(1000, 32)(ids)
    attended = layers.MultiHeadAttention(2, 16)(embedded, embedded)
    normal = layers.LayerNormalization()(embedded + layers.Dropout(dropout)(attended))
    fed = layers.Dense(32)(layers.Dense(64, activation="relu")(normal))
    pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(normal + fed))
    return keras.Model(ids, dense(pooled))


def measure(name: str, size: int, contender: str) -> dict[str, float]:
    """Return what a contender takes for a network and a batch size."""
    import keras
    import numpy as np

    rng = np.random.default_rng(0)
    rows = size * STEPS
    x = rng.integers(0, 1000, (rows, 40)) if name in READ else rng.random((rows, 28, 28))
    x = x.astype("int32" if name in READ else "float32")
    y = x if name == "autoencoder" else rng.integers(0, 10, rows)
    keras.utils.set_random_seed(0)
    with peak_memory() as peak:
        times = by_fit(name, size, x, y) if contender == "fit" else fused(name, size, x, y)
    return times | {"mib": peak[0]}


def by_fit(name: str, size: int, x: Any, y: Any) -> dict[str, float]:
    """Time `fit`: an epoch once its graph is built, and what the first takes besides."""
    options = {"batch_size": size, "verbose": 0}

    epochs = EPOCHS.get(name, USUAL_EPOCHS)

    def measurement() -> dict[str, float]:
        model = network(name)
        first = seconds(lambda: model.fit(x, y, **options))
        epoch = seconds(lambda: model.fit(x, y, epochs=epochs, **options)) / epochs
        return {"seconds": epoch, "start": SEEDS * (first - epoch)}

    return repeated(measurement)


def fused(name: str, size: int, x: Any, y: Any) -> dict[str, float]:
    """Time `fit_seeds` a seed, what its first epoch takes besides, and its self-check."""
    from repro import fit_seeds

    def train(epochs: int, check: bool = False) -> float:
        options = {"seeds": SEEDS, "batch_size": size, "verbose": 0, "n_jobs": 1}
        options |= {"epochs": epochs, "check": check}
        return seconds(lambda: fit_seeds(lambda: network(name), x, y, **options))

    added = EPOCHS.get(name, USUAL_EPOCHS)
    train(1)  # the first call of a process imports what the others find there

    def measurement() -> dict[str, float]:
        first, checked, longer = train(1), train(1, check=True), train(1 + added)
        epoch = (longer - first) / added
        return {"seconds": epoch / SEEDS, "start": first - epoch, "check": checked - first}

    return repeated(measurement)


def repeated(measurement: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return the medians of several measurements, NaN for what is not above 0 in all of them."""
    repeats = [measurement() for _ in range(REPEATS)]
    columns = {name: [values[name] for values in repeats] for name in repeats[0]}
    return {n: statistics.median(v) if min(v) > 0 else math.nan for n, v in columns.items()}


def table(names: Sequence[str] = NETWORKS) -> pd.DataFrame:
    """Return a row for each network and batch size."""
    rows = []
    for name, size in track([(name, size) for name in names for size in SIZES]):
        plain, ours = (
            in_another_process("bench.models", {"name": name, "size": size, "contender": c}, {})
            for c in ("fit", "fit_seeds")
        )
        row = {
            "network": name,
            "batch": size,
            "fit": plain["seconds"],
            "fit_seeds": ours["seconds"],
        }
        row["times"] = plain["seconds"] / ours["seconds"]
        row |= {"start_fit": plain["start"], "start": ours["start"], "check": ours["check"]}
        rows.append(row | {"mib_fit": plain["mib"], "mib": ours["mib"]})
    return pd.DataFrame(rows).map(lambda v: float(f"{v:.3g}") if isinstance(v, float) else v)


def write(measured: pd.DataFrame, path: Path) -> None:
    """Write the rows to a file, in place of those of the same networks."""
    others = pd.read_csv(path) if path.exists() else measured[:0]
    others = others[~others.network.isin(measured.network)]
    rows = pd.concat([others, measured]) if len(others) else measured
    rows = rows.sort_values("network", key=lambda n: n.map(NETWORKS.index), kind="stable")
    rows.to_csv(path, index=False, lineterminator="\n")


def in_markdown(measured: pd.DataFrame) -> str:
    """Return the table as Markdown: of an epoch milliseconds, of what is paid once seconds."""
    shown = measured.assign(fit=1e3 * measured.fit, fit_seeds=1e3 * measured.fit_seeds)
    cells = shown[list(COLUMNS)].map(lambda v: "–" if math.isnan(v) else f"{float(f'{v:.2g}'):g}")
    names = measured.network.map(TITLES)
    rows = pd.concat([names, measured.batch.astype(str), cells], axis=1)
    table = markdown_table(["network", "batch", *COLUMNS.values()], rows.itertuples(index=False))
    left, right = "| --- |", " ---: |"
    return table.replace(left + (len(COLUMNS) + 1) * " --- |", left + (len(COLUMNS) + 1) * right)


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].startswith("{"):
        print(json.dumps(measure(**json.loads(sys.argv[1]))))
    else:
        measured = table(sys.argv[1:] or NETWORKS)
        write(measured, RESULTS / "models.csv")
        block = in_markdown(pd.read_csv(RESULTS / "models.csv"))
        PAGE.write_text(splice(PAGE.read_text("utf-8"), "networks", block), encoding="utf-8")
        show(measured)
