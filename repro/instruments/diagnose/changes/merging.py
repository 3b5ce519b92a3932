"""Merge the code of changes to one layer, so that it is printed once, with all of them."""

import ast
import re
from collections.abc import Mapping, Sequence

from repro.instruments.diagnose.changes.code import layer_code, metrics_code, with_reminder
from repro.instruments.diagnose.setup.setup import Setup

LAYER_LINE = re.compile(r"(keras\.layers\.\w+\(.*\))  # (.+)")
COMPILING = re.compile(r"^(model\.compile\(.*)\)$", re.MULTILINE)
FITTING = re.compile(r"model\.fit\(x, y, epochs=(\d+), batch_size=(\d+)\)")
MANY = re.compile(r"(.+) … (.+), (\d+) layers")

Settings = Mapping[str, str]
"""The arguments of a constructor as they are written; positional ones by their place."""


def merged_code(setup: Setup, code: str) -> str:
    """Return code to paste: no layer or `fit` is there twice, and the user's metrics are kept."""
    return _with_metrics(setup, _merged_fits(setup, _merged_layers(setup, code)))


def _merged_fits(setup: Setup, code: str) -> str:
    """Write one call of `fit` with all that differs from the user's in any of them."""
    calls = FITTING.findall(code)
    if len(calls) < 2:
        return code
    (epochs, size), *_ = calls
    epochs = next((own for own, _ in calls if int(own) != setup.epochs), epochs)
    size = next((own for _, own in calls if int(own) != setup.batch_size), size)
    rest = [line for line in code.splitlines() if not FITTING.fullmatch(line)]
    return "\n".join([*rest, f"model.fit(x, y, epochs={epochs}, batch_size={size})"])


def _with_metrics(setup: Setup, code: str) -> str:
    """Write the metrics that the model was compiled with into every call of `compile`."""
    if not COMPILING.search(code):
        return code
    metrics, unknown = metrics_code(setup)
    code = COMPILING.sub(lambda match: f"{match[1]}{metrics})", code)
    return with_reminder(code, unknown)


def _merged_layers(setup: Setup, code: str) -> str:
    labels = [site.label for site in setup.sites]
    lines = [_read(line, labels) for line in code.splitlines()]
    written = [label for _, named in lines for label in named]
    if len(written) == len(set(written)):
        return code
    originals = {s.label: layer_code(setup.operations[s.position]) for s in setup.sites}
    merged = {label: _merged(label, originals[label], lines) for label in dict.fromkeys(written)}
    rest = [line for line, named in lines if not named]
    first = next(i for i, (_, named) in enumerate(lines) if named)
    layers = [f"{line}  # {label}" for label, line in merged.items()]
    return "\n".join([*rest[:first], *layers, *rest[first:]])


def _read(line: str, labels: Sequence[str]) -> tuple[str, list[str]]:
    """Return a line of a layer without its comment, and the labels there; [] of any other line."""
    match = LAYER_LINE.fullmatch(line)
    named = _labels(match[2], labels) if match else []
    return (match[1], named) if match and named else (line, [])


def _labels(comment: str, labels: Sequence[str]) -> list[str]:
    """Return the labels in a comment: "Dense 1, Dense 2" or "Dense 1 … Dense 5, 5 layers"."""
    if many := MANY.fullmatch(comment):
        first, last, count = many.groups()
        if first in labels and last in labels:
            span = list(labels[labels.index(first) : labels.index(last) + 1])
            return span if len(span) == int(count) else []
    named = comment.split(", ")
    return named if set(named) <= set(labels) else []


def _merged(label: str, original: str, lines: Sequence[tuple[str, list[str]]]) -> str:
    """Return a layer's constructor with all that differs in any of its lines from the original."""
    name, settings = _settings(original)
    current = dict(settings)
    for line in [line for line, named in lines if label in named]:
        _, new = _settings(line)
        gone = [key for key in settings if key not in new]
        current = {k: v for k, v in current.items() if k not in gone}
        current |= {key: value for key, value in new.items() if settings.get(key) != value}
    places = [value for key, value in current.items() if key.isdigit()]
    keywords = [f"{key}={value}" for key, value in current.items() if not key.isdigit()]
    return f"{name}({', '.join([*places, *keywords])})"


def _settings(line: str) -> tuple[str, Settings]:
    call = ast.parse(line, mode="eval").body
    if not isinstance(call, ast.Call):
        return line, {}
    places = {str(i): _source(line, value) for i, value in enumerate(call.args)}
    keywords = {str(kw.arg): _source(line, kw.value) for kw in call.keywords}
    return _source(line, call.func), places | keywords


def _source(line: str, node: ast.expr) -> str:
    return ast.get_source_segment(line, node) or ""
