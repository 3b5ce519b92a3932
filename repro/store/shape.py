"""The shape of what the store holds: a right checksum does not excuse a wrong one."""

import json
import math
from collections.abc import Collection, Mapping
from typing import Any

from repro.study.text import controls, texts

MOST_SEEDS = 2**32  # what generators take

Row = tuple[str, int, str, str, int, str, str, float]


def wrong_settings(content: str) -> str:
    """Return what is wrong with a block's settings, or nothing."""
    settings = _read(content)
    if not isinstance(settings, dict) or not isinstance(settings.get("parameters"), dict):
        return "are no settings of a block"
    seeds = settings.get("seeds")
    if not isinstance(seeds, list) or not seeds or not all(map(_is_seed, seeds)):
        return "have no seeds"
    return "have a control character" if _has_controls(settings) else ""


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
    if not (math.isfinite(seconds) and seconds >= 0):
        return "took no time that there is"
    if not _is_record(_read(metrics)):
        return "has no metrics"
    points = _read(curve)
    if not isinstance(points, list) or not all(map(_is_record, points)):
        return "has no curve"
    return ""


def wrong_metrics(metrics: Mapping[str, Any], names: Collection[str]) -> str:
    """Return what is wrong with the metrics of an experiment's run, or nothing."""
    if metrics.get("status") not in ("ok", "diverged", "crashed"):
        return "has no status"
    for name in names:
        if not isinstance(metrics.get(name), bool | int | float):
            return f"has no number as its {name}"
    return ""


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
