"""The shape of what the store holds: a right checksum does not excuse a wrong one."""

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from repro.study.metrics import RANGES, SLACK
from repro.study.records import STATUS
from repro.study.text import controls, texts

MOST_SEEDS = 2**32  # what generators take
LARGEST = 2**63  # whole numbers that an array can hold are below
AXES = ("epoch", "step")

LONGEST = 1e9  # seconds of a run
SETTINGS = {"code": str, "data": str, "fingerprint": dict, "parameters": dict, "seeds": list}
ADOPTION = {"code_before": str, "code_after": str, "sample": str, "date": str}
DATE = r"^\d{4}-\d\d-\d\dT"

Row = tuple[str, int, str, str, int, str, str, float]


def wrong_settings(content: str) -> str:
    """Return what is wrong with a block's settings, or nothing."""
    settings = _read(content)
    if not _has_types(settings, SETTINGS):
        return "are no settings of a block"
    seeds = settings["seeds"]
    if not seeds or not all(map(_is_seed, seeds)):
        return "have no seeds"
    return "have a control character" if _has_controls(settings) else ""


def wrong_adoption(content: str) -> str:
    """Return what is wrong with a note on runs that were carried over, or nothing."""
    adoption = _read(content)
    if not _has_types(adoption, ADOPTION) or _has_controls(adoption):
        return "is none"
    return "" if re.match(DATE, adoption["date"]) else "has no date"


def wrong_run(row: Row, seeds: Mapping[str, Collection[int]]) -> str:
    """Return what is wrong with a run, or nothing.

    Args:
        row: of the table `runs`, without its checksum.
        seeds: of the blocks whose settings are stored, by their digests.
    """
    identity, copy, settings, variant, seed, metrics, curve, seconds = row
    if not identity or copy < 0 or _has_controls([identity, variant]):
        return "has no identity or variant"
    if seed not in seeds.get(settings, ()):
        return "is none of the block whose settings it has"
    if not 0 <= seconds <= LONGEST:
        return "took no time that there is"
    if not _is_record(_read(metrics)):
        return "has no metrics"
    points = _read(curve)
    if not isinstance(points, list) or not all(map(_is_point, points)):
        return "has no curve"
    return ""


def wrong_metrics(metrics: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    """Return what is wrong with the metrics of an experiment's run, or nothing.

    Args:
        metrics: of the run, with its status.
        kinds: of the experiment's metrics, by name; see `repro.study.metrics`.
    """
    if metrics.get("status") not in STATUS:
        return "has no status"
    for name, kind in kinds.items():
        if not _is_number(metrics.get(name)):
            return f"has no number as its {name}"
        if metrics["status"] == "ok" and not _is_within(metrics[name], kind):
            return f"has a {name} that is no {kind}"
    return ""


def _is_within(value: float, kind: str) -> bool:
    low, high = RANGES[kind]
    return math.isnan(value) or low - SLACK <= value <= high + SLACK


def _is_number(value: Any) -> bool:
    """Return whether a value is a number that an array can hold."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST)


def _is_point(value: Any) -> bool:
    """Return whether a value is a point of a curve: numbers at an epoch or a step."""
    return (
        _is_record(value)
        and not {"variant", "seed"} & set(value)
        and any(isinstance(value.get(axis), int) and value[axis] >= 0 for axis in AXES)
        and all(number is None or _is_number(number) for number in value.values())
    )


def _has_types(value: Any, types: Mapping[str, type]) -> bool:
    """Return whether a value is a dict with these keys, each with something of its type."""
    return isinstance(value, dict) and all(
        isinstance(value.get(key), kind) for key, kind in types.items()
    )


def _is_record(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(item, bool | int | float | str | None) for item in value.values())
        and not _has_controls(value)
    )


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_SEEDS


def _has_controls(value: Any) -> bool:
    return any(True for text in texts(value) for _ in controls(text))


def _read(content: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
