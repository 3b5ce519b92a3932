"""Measure every layer of a model over all rows: its activations, and the gradient that reaches it.

Definitions, of a layer with activations a (rows, units) and loss L over the rows:

- dead: share of units that are 0 or below for every row, of ReLU and its like (Lu et al. 2020);
- saturated: share of a where the activation's slope is below `FLAT_SLOPE` of its largest, of
  sigmoid and tanh (Glorot & Bengio 2010);
- signal: standard deviation of a over rows, mean over units;
- gradient: root mean square of dL/da (Glorot & Bengio 2010), over the first rows.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.instruments.diagnose.setup.anatomy import CLIPPED, SATURATING, Site, trace

if TYPE_CHECKING:
    import keras

CHUNK = 512
FLAT_SLOPE = 0.05  # of the activation's largest slope
CONSTANT_SPREAD = 1e-3  # of the targets' spread
LAYER_COLUMNS = ("label", "dead", "saturated", "signal", "gradient")


class Probe:
    """Measures the layers of one model, whatever weights it has at the time.

    Args:
        model: built; its weights are read at every call.
        sites: its layers, as `anatomy.sites` gives them; may be empty.
    """

    def __init__(self, model: "keras.Model", sites: tuple[Site, ...]):
        import keras
        import tensorflow as tf

        self.model, self.sites = model, sites
        watched = None
        if sites:
            traced = trace(model)
            hidden = [traced.outputs[site.activated_at] for site in sites]
            watched = keras.Model(traced.model.input, [*hidden, traced.model.output])

        def measure(x: Any, y: Any) -> tuple[Any, ...]:
            with tf.GradientTape() as tape:
                *hidden, out = watched(x, training=False) if watched else [model(x, training=False)]
                loss = _loss(model, x, y, out)
            gradients = tape.gradient(loss, hidden) if hidden else []
            summaries = [_summaries(s, a) for s, a in zip(sites, hidden, strict=True)]
            return loss, out, summaries, [_root_mean_square(g) for g in gradients]

        self._measure = tf.function(measure, reduce_retracing=True)

    def __call__(self, x: Any, y: Any) -> tuple[pd.DataFrame, dict[str, float]]:
        """Return one row a layer (`LAYER_COLUMNS`), and the model's `loss` and `constant`.

        `constant`: 1 if no prediction differs from another by more than `CONSTANT_SPREAD` of the
        targets' spread (or of the predictions' own size), else 0.
        """
        import keras

        rows = len(y)
        chunks = []
        for start in range(0, rows, CHUNK):
            span = slice(start, start + CHUNK)
            chunk = keras.tree.map_structure(lambda a, s=span: a[s], (x, y))
            chunks.append(self._measure(*chunk))
        losses, predictions, summaries, gradients = zip(*chunks, strict=True)
        sizes = np.array([min(CHUNK, rows - start) for start in range(0, rows, CHUNK)])
        loss = float(np.average([float(chunk) for chunk in losses], weights=sizes))
        layers = [
            {
                "label": site.label,
                **_merged(site, [chunk[i] for chunk in summaries]),
                "gradient": float(gradients[0][i]),
            }
            for i, site in enumerate(self.sites)
        ]
        frame = pd.DataFrame(layers, columns=list(LAYER_COLUMNS))
        outputs = np.concatenate([np.asarray(chunk) for chunk in predictions])
        return frame, {"loss": loss, "constant": float(_is_constant(outputs, np.asarray(y)))}


def _loss(model: "keras.Model", x: Any, y: Any, predictions: Any) -> Any:
    """Return the compiled loss; NaN where the user's own training step holds the only one."""
    import keras
    import tensorflow as tf

    if model.loss is None and type(model).compute_loss is keras.Model.compute_loss:
        return tf.reduce_mean(predictions) * np.nan
    return model.compute_loss(x=x, y=y, y_pred=predictions, training=False)


def _root_mean_square(gradient: Any) -> Any:
    import tensorflow as tf

    if gradient is None:
        return tf.constant(np.nan)
    return tf.sqrt(tf.reduce_mean(tf.square(gradient)))


def _summaries(site: Site, activations: Any) -> tuple[Any, ...]:
    """Return each unit's largest value, sum and sum of squares, saturated entries, and rows."""
    import tensorflow as tf

    a = tf.cast(tf.reshape(activations, (-1, activations.shape[-1])), tf.float64)
    slopes = {
        "sigmoid": lambda: 4 * a * (1 - a),
        "hard_sigmoid": lambda: tf.cast((a > 0) & (a < 1), tf.float64),
        "tanh": lambda: 1 - a * a,
        "softsign": lambda: tf.square(1 - tf.abs(a)),
    }
    flat = tf.zeros((), tf.float64)
    if site.activation in slopes:
        flat = tf.reduce_sum(tf.cast(slopes[site.activation]() < FLAT_SLOPE, tf.float64))
    columns = (tf.reduce_max(a, 0), tf.reduce_sum(a, 0), tf.reduce_sum(a * a, 0))
    return (*columns, flat, tf.cast(tf.shape(a)[0], tf.float64))


def _merged(site: Site, chunks: list[tuple[Any, ...]]) -> dict[str, float]:
    columns = [np.stack([np.asarray(chunk[i]) for chunk in chunks]) for i in range(5)]
    largest, total, squares = columns[0].max(0), columns[1].sum(0), columns[2].sum(0)
    flat, count = columns[3].sum(), columns[4].sum()
    with np.errstate(all="ignore"):
        variance = np.maximum(squares / count - (total / count) ** 2, 0)
    clipped = site.activation in CLIPPED
    saturating = site.is_plain and site.activation in SATURATING
    return {
        "dead": float(np.mean(largest <= 0)) if clipped else np.nan,
        "saturated": float(flat / (count * len(largest))) if saturating else np.nan,
        "signal": float(np.sqrt(variance).mean()),
    }


def _is_constant(predictions: Any, y: Any) -> bool:
    flat = predictions.reshape(len(predictions), -1).astype(float)
    if not np.isfinite(flat).all() or len(flat) < 2:
        return False
    spread = np.asarray(y, float).reshape(len(y), -1).std(axis=0).max()
    scale = max(min(spread, np.abs(flat).max()), 1e-12)
    return bool(flat.std(axis=0).max() < CONSTANT_SPREAD * scale)
