"""Code to paste: a layer's or an optimizer's constructor, with the arguments that differ.

Every line that is printed runs: `keras`, `np`, and the user's `x`, `y`, `model` are all it needs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from repro.instruments.diagnose.setup.anatomy import Site
from repro.instruments.diagnose.setup.compiled import compile_arguments
from repro.instruments.diagnose.setup.outputs import Joint
from repro.instruments.diagnose.setup.setup import Setup

REQUIRED = ("units", "filters", "kernel_size", "input_dim", "output_dim", "rate", "pool_size")
ACCURACY = '"accuracy"'
ACCURACIES = (
    "acc",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
)
UNTOLD = ("name", "trainable", "dtype", "seed", "build_config", "cell", "quantization_config")


def layer_code(layer: Any, **arguments: Any) -> str:
    """Return the constructor of a layer like this one but for some arguments."""
    config = layer.get_config() | arguments
    required = {key: config[key] for key in REQUIRED if key in config}
    usual = type(layer)(**required).get_config()
    listed = dict(required)
    for key, value in config.items():
        if key not in required and key not in UNTOLD and value != usual.get(key):
            listed[key] = value
    return f"keras.layers.{type(layer).__name__}({_arguments(listed)})"


def optimizer_code(optimizer: Any, **arguments: Any) -> str:
    """Return the constructor of an optimizer like this one but for some arguments."""
    usual = type(optimizer)().get_config()
    config = optimizer.get_config() | arguments
    listed = {"learning_rate": config["learning_rate"]}
    listed |= {k: v for k, v in config.items() if k not in UNTOLD and v != usual.get(k)}
    return f"keras.optimizers.{type(optimizer).__name__}({_arguments(listed)})"


def _arguments(arguments: Mapping[str, Any]) -> str:
    listed_code = {key: _value(value) for key, value in arguments.items()}
    return ", ".join(
        value if key in ("units", "filters") else f"{key}={value}"
        for key, value in listed_code.items()
        if value
    )


def _value(value: Any) -> str:
    """Return a value as code; "" for a function of the user's own, which only they can name."""
    if isinstance(value, dict):
        if not (
            str(value.get("module")).startswith("keras.") and isinstance(value["config"], dict)
        ):
            return ""
        settings = {k: v for k, v in value["config"].items() if v is not None}
        return f"{value['module']}.{value['class_name']}({_arguments(settings)})"
    if isinstance(value, float):
        digits = f"{value:.6g}"
        # Keras takes no whole number for a rate
        return digits if set(digits) & set(".en") else f"{digits}.0"
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value) if isinstance(value, int | tuple | list) else ""


def compile_code(optimizer: str = "model.optimizer", loss: str = "model.loss") -> str:
    """Return the call of `compile`; what isn't given stays as the model was compiled with."""
    return f"model.compile(optimizer={optimizer}, loss={loss})"


def metrics_code(setup: Setup) -> tuple[str, list[str]]:
    """Return the user's metrics as an argument of `compile`, "" if none; and names of their own.

    An accuracy is written as the word that Keras fits to labels and loss, and left out for numbers.
    A metric of the user's own only they can write.
    """
    metrics = keras_leaves(compile_arguments(setup.build())["metrics"])
    codes = dict.fromkeys(code for metric in metrics if (code := _metric_code(metric)))
    if setup.task.kind == "regression":
        codes.pop(ACCURACY, None)
    user_names = [spoken_name(metric) for metric in metrics if not _metric_code(metric)]
    return f", metrics=[{', '.join(codes)}]" if codes else "", user_names


def weighed_code(joint: Joint) -> str:
    """Return the call of `compile` by which the losses of all outputs are alike."""
    numbers = ", ".join(f"{weight:g}" for weight in joint.weights)
    metrics = _nested_metrics(joint.metrics)
    code = f"model.compile(optimizer=model.optimizer, loss=model.loss, loss_weights=[{numbers}]"
    code += f", metrics={metrics})" if joint.metrics else ")"
    user_names = [spoken_name(m) for m in keras_leaves(joint.metrics) if not _metric_code(m)]
    return with_reminder(code, user_names)


def with_reminder(code: str, user_names: Sequence[str]) -> str:
    """Return code with a line under it that names the metrics that only the user can write."""
    return (
        f"{code}\n# and metrics of your own again: {', '.join(user_names)}" if user_names else code
    )


def _nested_metrics(metrics: Any) -> str:
    """Return metrics as code, in the lists and by the names in which they were given."""
    if isinstance(metrics, dict):
        named = [f'"{name}": {_nested_metrics(metric)}' for name, metric in metrics.items()]
        return f"{{{', '.join(named)}}}"
    if isinstance(metrics, list | tuple):
        parts = [_nested_metrics(metric) for metric in metrics]
        return f"[{', '.join(part for part in parts if part)}]"
    return _metric_code(metrics) if metrics is not None else "None"


def keras_leaves(nested: Any) -> list[Any]:
    """Return what a nested list or dict holds, without what is None."""
    import keras

    return [leaf for leaf in keras.tree.flatten(nested) if leaf is not None]


def spoken_name(metric: Any) -> str:
    """Return the name of a string, a function, or an object's class."""
    return metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)


def _metric_code(metric: Any) -> str:
    """Return a metric as code; "" for one of the user's own."""
    kind = metric if hasattr(metric, "__name__") else type(metric)
    if not isinstance(metric, str) and not str(kind.__module__).startswith("keras."):
        return ""
    name = spoken_name(metric)
    if name in ACCURACIES:
        return ACCURACY
    return f'"{name}"' if isinstance(metric, str) or kind is metric else _made_metric(metric)


def _made_metric(metric: Any) -> str:
    config = {k: v for k, v in metric.get_config().items() if k not in UNTOLD}
    try:
        usual = type(metric)().get_config()
    except TypeError:  # some ask for an argument, such as num_classes
        usual = {}
    listed = {k: v for k, v in config.items() if v is not None and v != usual.get(k)}
    return f"keras.metrics.{type(metric).__name__}({_arguments(listed)})"


def changed_layers(setup: Setup, sites: Sequence[Site], **arguments: Any) -> str:
    """Return a line a layer, with other arguments; those that are alike share a line."""
    lines: dict[str, list[str]] = {}
    for site in sites:
        line = layer_code(setup.operations[site.position], **arguments)
        lines.setdefault(line, []).append(site.label)
    return "\n".join(f"{line}  # {_listed(labels)}" for line, labels in lines.items())


def _listed(labels: Sequence[str]) -> str:
    if len(labels) > 3:
        return f"{labels[0]} … {labels[-1]}, {len(labels)} layers"
    return ", ".join(labels)
